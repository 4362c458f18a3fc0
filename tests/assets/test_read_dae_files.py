"""COLLADA's files: encodings, archives, and what is broken or hostile."""
# ruff: noqa: E501 (XML reads better whole)

import tracemalloc
import zipfile
from pathlib import Path

import pytest
from PIL import Image
from typer.testing import CliRunner

from branchxr.cli.assets import app
from branchxr.errors import SceneRefused
from branchxr_assets.readers import read, zae

from .dae_text import (
    VERTEX,
    codes,
    document,
    scene,
    shown,
    triangles,
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-8-sig"])
def test_encodings_prefixes_and_suffixes(tmp_path: Path, encoding: str) -> None:
    text = shown(triangles())
    name = "SCENE.DAE"
    declared = text.replace(
        '<?xml version="1.0"?>', f'<?xml version="1.0" encoding="{encoding[:6].rstrip("-")}"?>'
    )
    assert scene(tmp_path, declared.encode(encoding), name).counts.triangles_drawn == 2
    prefixed = text.replace("<", "<c:").replace("<c:/", "</c:").replace("<c:?", "<?")
    prefixed = prefixed.replace("xmlns=", "xmlns:c=")
    assert scene(tmp_path, prefixed).counts.triangles_drawn == 2


def packed(folder: Path, files: dict[str, str | bytes]) -> Path:
    with zipfile.ZipFile(folder / "зал.zae", "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return folder / "зал.zae"


def test_an_archive_is_read_with_its_pictures(tmp_path: Path) -> None:
    Image.new("RGB", (2, 2)).save(tmp_path / "a.png")
    image = (tmp_path / "a.png").read_bytes()
    (tmp_path / "a.png").unlink()
    effect = (
        '<library_images><image id="i"><init_from>../tex/a.png</init_from></image></library_images>'
        '<library_effects><effect id="e"><profile_COMMON><technique><lambert><diffuse>'
        '<texture texture="i"/></diffuse></lambert></technique></profile_COMMON></effect></library_effects>'
        '<library_materials><material id="m"><instance_effect url="#e"/></material></library_materials>'
    )
    text = shown(triangles()).replace("<library_geometries>", f"{effect}<library_geometries>")
    manifest = "<dae_root>models/hall.dae</dae_root>"
    files = {"manifest.xml": manifest, "other.dae": "no", "models/hall.dae": text}
    path = packed(tmp_path, {**files, "models/tex/a.png": image})
    found = read(path)
    assert (found.file, found.format, found.counts.triangles_drawn) == ("зал.zae", "dae", 2)
    assert found.size_bytes == path.stat().st_size
    assert list(found.hashes) == ["зал.zae"]
    assert len(found.document.images) == 1
    assert read(packed(tmp_path, {"hall.DAE": text})).counts.triangles_drawn == 2


def test_an_archive_is_no_package_to_any_command(tmp_path: Path) -> None:
    path = packed(tmp_path, {"hall.dae": shown(triangles())})
    for words in (["inspect", "--json"], ["extract"], ["validate", "--no-khronos"]):
        result = CliRunner().invoke(app, [words[0], str(path), *words[1:]])
        assert (result.exit_code, "package" in result.output) == (0, False)


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"../a.dae": "x"}, "zae_path"),
        ({"C:a.dae": "x"}, "zae_path"),
        ({"a.txt": "x"}, "zae_malformed"),
        ({"a.dae": "<COLLADA"}, "scene_malformed"),
        ({"manifest.xml": "<!DOCTYPE x>", "a.dae": "x"}, "scene_malformed"),
    ],
)
def test_archives_that_are_broken_or_hostile_are_refused(
    tmp_path: Path, files: dict[str, str | bytes], code: str
) -> None:
    with pytest.raises(SceneRefused) as caught:
        read(packed(tmp_path, files))
    assert caught.value.code == code
    assert [entry.name for entry in tmp_path.iterdir()] == ["зал.zae"]


def test_an_archive_that_would_burst_is_refused_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(zae, "UNPACKED_BYTES_MAX", 100_000)
    path = packed(tmp_path, {"a.dae": bytes(1_000_000)})
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == "zae_too_large"
    # One that lies of its size gives no more than it says: its check sum is then wrong.
    raw = path.read_bytes().replace((1_000_000).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    path.write_bytes(raw)
    with pytest.raises(SceneRefused) as caught:
        read(path)
    assert caught.value.code == "zae_malformed"


LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha"}">' for n in range(9))


@pytest.mark.parametrize(
    "text",
    [
        f"<!DOCTYPE COLLADA [{LAUGHS}]><COLLADA><asset>&l8;</asset></COLLADA>",
        '<!DOCTYPE COLLADA [<!ENTITY x SYSTEM "file:///etc/passwd">]><COLLADA>&x;</COLLADA>',
        '<!DOCTYPE COLLADA [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x"> %x;]><COLLADA/>',
        "<COLLADA>",
        "<COLLADA></COLLADAS>",
        "<COLLADA>\0</COLLADA>",
        "<COLLADA>" + "<node>" * 100_000,
        "<x><COLLADA/></x>",
        shown(triangles("0 1 9")),
        shown(triangles("0 1 -1")),
        shown(triangles("0 1 x")),
        shown(triangles("0 1 2.5")),
        shown(triangles(), points="0 0 0 1"),
        shown(triangles(), points="0 0 0 a b c"),
        shown(f"<polylist>{VERTEX}<vcount>4 99999999</vcount><p>0 1 2 3</p></polylist>"),
        shown(f"<polylist>{VERTEX}<vcount>-4</vcount><p>0 1 2 3</p></polylist>"),
        shown(triangles()).replace('count="4" stride="3"', 'count="100000000" stride="3"'),
        shown(triangles()).replace('stride="3"', 'stride="-3"'),
        shown(triangles()).replace('offset="0"', 'offset="100000000"'),
        document("<node><matrix>1 2 3</matrix></node>"),
        document("<node><translate>1 nan 3</translate></node>"),
        document('<node id="a"><instance_node url="#a"/></node>'),
        document(
            '<node id="a"><node><instance_node url="#b"/></node></node><node id="b"><instance_node url="#a"/></node>'
        ),
    ],
)
def test_what_is_broken_or_hostile_is_refused(tmp_path: Path, text: str) -> None:
    tracemalloc.start()
    with pytest.raises(SceneRefused) as caught:
        scene(tmp_path, text)
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert caught.value.code in {"scene_malformed", "scene_cyclic"}
    assert "of 'scene.dae'" in caught.value.came
    assert most < 100_000_000


def test_nodes_that_double_with_every_level_are_refused(tmp_path: Path) -> None:
    nodes = "".join(
        f'<node id="n{n}"><instance_node url="#n{n + 1}"/><instance_node url="#n{n + 1}"/></node>'
        for n in range(40)
    )
    with pytest.raises(SceneRefused) as caught:
        scene(tmp_path, document(nodes + '<node id="n40"/>'))
    assert caught.value.code == "scene_too_large"


def test_other_files_are_not_followed(tmp_path: Path) -> None:
    text = document('<node><instance_geometry url="other.dae#g"/></node>')
    assert codes(scene(tmp_path, text)) == {"reference_outside", "geometry_missing"}
