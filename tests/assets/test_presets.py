"""Presets: the files say what the code reads, and nothing is passed over."""

from pathlib import Path

import pytest

from branchxr.errors import InputRefused
from branchxr_assets.presets import NAMES, Preset, load


@pytest.mark.parametrize("name", NAMES)
def test_each_preset_is_whole(name: str) -> None:
    preset = load(name)
    assert preset.about
    assert preset == load(name)


def test_the_default_is_the_desktop_file() -> None:
    preset = load()
    assert preset == load("desktop")
    assert preset.geometry == Preset().geometry
    assert preset.textures == Preset().textures


def test_the_archive_rounds_nothing() -> None:
    preset = load("archive")
    assert preset.geometry.is_exact
    assert preset.textures.format == "keep"
    assert preset.animations.tolerance == 0


def test_mobile_is_the_smallest() -> None:
    mobile, desktop = load("mobile").budgets, load("desktop").budgets
    assert mobile.triangles < desktop.triangles
    assert mobile.draws < desktop.draws
    assert mobile.texture_bytes < desktop.texture_bytes
    assert mobile.download_bytes < desktop.download_bytes


def test_a_file_beside_the_scene_overrides_and_what_is_typed_overrides_both(tmp_path: Path) -> None:
    (tmp_path / "branchxr.toml").write_text(
        '[textures]\nquality = 60\nside_max_px = 512\n[geometry]\ncodec = "none"\n'
    )
    preset = load("mobile", beside=tmp_path, given={"textures": {"quality": 50, "format": None}})
    assert (preset.textures.quality, preset.textures.side_max_px) == (50, 512)
    assert preset.geometry.codec == "none"
    assert preset.textures.data_quality == load("mobile").textures.data_quality


@pytest.mark.parametrize(
    ("text", "named"),
    [
        (
            "[textures]\nqualty = 3",
            "'qualty' in [textures], which is none; did you mean 'quality'?",
        ),
        ("[texture]\nquality = 3", "[texture], which is none; did you mean 'textures'?"),
        ("[lods]\nxyz = 3", "'xyz' in [lods], which is none: there are count"),
        ("[textures]\nquality = 3\nquality = 4", "given twice"),
        ("[textures]\nquality = 3\n[textures]\nside_max_px = 512", "given twice"),
        ("[budgets]\ntriangles = 99999999999999999999999", "triangles"),
        ("[animations]\ntolerance = 1e999", "tolerance"),
        ("[animations]\ntolerance = nan", "tolerance"),
        ("[textures]\nquality = 0", "quality"),
        ('[textures]\nquality = "80"', "quality"),
        ('[geometry]\ncodec = "zip"', "codec"),
        ("textures = 3", "textures"),
        ("[lods]\ncount = 7", "count"),
        ("[geometry]\nis_exact = true", "is_exact"),
        ("[budgets\n", "Expected"),
        ("\x00", ""),
        ("[a]\n" + "a" * 70_000, "bytes"),
    ],
)
def test_what_is_no_preset_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    (tmp_path / "branchxr.toml").write_text(text)
    with pytest.raises(InputRefused) as caught:
        load(beside=tmp_path)
    assert caught.value.code == "preset_refused"
    assert "branchxr.toml" in str(caught.value)
    assert named in str(caught.value)


def test_what_is_typed_hides_nothing_wrong_in_the_file(tmp_path: Path) -> None:
    for text in ("geometry = 3", '[geometry]\ncodec = "zip"'):
        (tmp_path / "branchxr.toml").write_text(text)
        for typed in ({"codec": None}, {"codec": "draco"}):
            with pytest.raises(InputRefused, match="geometry") as caught:
                load(beside=tmp_path, given={"geometry": typed})
            assert caught.value.code == "preset_refused"


def test_a_name_that_is_no_preset() -> None:
    with pytest.raises(InputRefused) as caught:
        load("../../etc/passwd")
    assert caught.value.code == "preset_unknown"


def test_what_editors_put_before_the_text(tmp_path: Path) -> None:
    (tmp_path / "branchxr.toml").write_bytes(b"\xef\xbb\xbf[textures]\nquality = 61\n")
    assert load(beside=tmp_path).textures.quality == 61
    for encoding in ("utf-16", "latin-1"):
        (tmp_path / "branchxr.toml").write_bytes("# größer\n[textures]\n".encode(encoding))
        with pytest.raises(InputRefused, match="save the file as UTF-8"):
            load(beside=tmp_path)
