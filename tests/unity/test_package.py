"""The UPM package as files: layout, versions, `.meta`, and its way into a project."""

import hashlib
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from typer.testing import CliRunner

import branchxr
from branchxr.cli.app import app
from branchxr.errors import InputRefused
from branchxr_unity import meta
from branchxr_unity.export import RECORD, export_package

from . import mono

PACKAGE = mono.PACKAGE
VERSION = "m_EditorVersion: 2022.3.5f1\nm_EditorVersionWithRevision: 2022.3.5f1 (9674261d40ee)\n"


def test_every_file_has_its_meta_and_no_meta_is_alone() -> None:
    wanted = meta.metas()
    there = {path: path.read_text(encoding="utf-8") for path in PACKAGE.rglob("*.meta")}
    hint = "type: python -m branchxr_unity.meta"
    assert sorted(there.keys() ^ wanted.keys()) == [], hint
    assert [path for path in wanted if there[path] != wanted[path]] == [], hint


def test_unity_finds_a_meta_beside_each_file_and_folder_that_it_sees() -> None:
    folders = 0
    for path in PACKAGE.rglob("*"):
        parts = path.relative_to(PACKAGE).parts
        is_seen = not any(part.endswith("~") or part.startswith(".") for part in parts)
        if path.suffix in {".meta", ".pyc"} or path.name == "__pycache__":
            continue
        assert path.with_name(f"{path.name}.meta").is_file() == is_seen, path
        folders += path.is_dir() and is_seen
    assert folders >= 8


def test_guids_are_unique_and_come_of_the_path() -> None:
    guids = Counter(
        re.findall(r"^guid: ([0-9a-f]{32})$", "\n".join(meta.metas().values()), re.MULTILINE)
    )
    assert set(guids.values()) == {1}
    assert len(guids) == len(meta.metas()) > 50
    # Scenes of games refer to it: it must never change.
    assert meta.guid_of(PACKAGE / "Runtime/BranchStage.cs") == "9b6f39dff31f11d39654ab323422eac3"


def test_the_manifest_says_what_is_there() -> None:
    manifest = json.loads((PACKAGE / "package.json").read_text())
    assert manifest["name"] == PACKAGE.name
    assert manifest["version"] == branchxr.__version__
    assert manifest["unity"] == "2021.3"
    for sample in manifest["samples"]:
        assert list((PACKAGE / sample["path"]).glob("*.cs"))
    for name in ("README.md", "CHANGELOG.md", "LICENSE", f"Documentation~/{PACKAGE.name}.md"):
        assert (PACKAGE / name).is_file()
    assert (PACKAGE / "LICENSE").read_text() == (mono.ROOT / "LICENSE").read_text()


def test_assembly_definitions_refer_to_what_there_is() -> None:
    files = {file: json.loads(file.read_text()) for file in PACKAGE.rglob("*.asmdef")}
    names = {definition["name"] for definition in files.values()}
    assert names >= {"BranchXR.Client", "BranchXR.Client.Editor", "BranchXR.Client.Tests"}
    for file, definition in files.items():
        assert file.stem == definition["name"]
        unknown = set(definition["references"]) - names
        assert unknown <= {"UnityEngine.TestRunner", "UnityEditor.TestRunner"}
        if "Editor" in file.relative_to(PACKAGE).parts:
            assert definition["includePlatforms"] == ["Editor"]


# --- export -----------------------------------------------------------------------------------


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "game/Assets").mkdir(parents=True)
    (tmp_path / "game/ProjectSettings").mkdir()
    (tmp_path / "game/ProjectSettings/ProjectVersion.txt").write_text(VERSION)
    (tmp_path / "game/Packages").mkdir()
    (tmp_path / "game/Packages/manifest.json").write_text("{}")
    return tmp_path / "game"


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_an_export_is_the_whole_package_and_nothing_else(project: Path) -> None:
    done = export_package(project)
    exported = contents(done.folder)
    exported.pop(RECORD)
    assert exported == {
        name: content for name, content in contents(PACKAGE).items() if "__pycache__" not in name
    }
    assert any(name.startswith("Samples~/") for name in exported)
    assert done.editor == "2022.3.5f1"
    before = contents(project)
    again = export_package(project)
    assert (again.written, again.removed, again.kept) == ((), (), ())
    assert contents(project) == before


def test_an_update_removes_only_what_was_ours(project: Path) -> None:
    folder = export_package(project).folder
    record = json.loads((folder / RECORD).read_text())
    for name in ("Runtime/Old/Gone.cs", "Runtime/Old/Changed.cs"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("as exported")
        record["files"][name] = "4c68e73fa5f15ba5d0c5cf9dd3d7f0f5a9a1a6b1b40c4f6ed9a6a7b2d1b8e7f3"
    record["files"]["Runtime/Old/Gone.cs"] = hashlib.sha256(b"as exported").hexdigest()
    record["files"]["../../Assets/theirs.txt"] = hashlib.sha256(b"theirs").hexdigest()
    (folder / RECORD).write_text(json.dumps(record))
    (project / "Assets/theirs.txt").write_text("theirs")
    (folder / "Runtime/Mine.cs").write_text("mine")
    (folder / "Runtime/Axes.cs").unlink()
    done = export_package(project)
    assert done.written == ("Runtime/Axes.cs",)
    assert done.removed == ("Runtime/Old/Gone.cs",)
    assert done.kept == ("Runtime/Old/Changed.cs",)
    assert (folder / "Runtime/Mine.cs").read_text() == "mine"
    assert (project / "Assets/theirs.txt").exists()


def test_what_stands_in_the_way_leaves_nothing_half_written(project: Path) -> None:
    folder = project / "Packages/com.branchxr.client"
    (folder / "package.json").mkdir(parents=True)
    with pytest.raises(OSError, match=r"package\.json"):
        export_package(project)
    assert not list(folder.rglob("*.new"))


def test_changes_are_not_overwritten_in_silence(project: Path) -> None:
    folder = export_package(project).folder
    axes = folder / "Runtime/Axes.cs"
    axes.write_text("mine")
    (folder / "README.md").unlink()
    with pytest.raises(InputRefused) as caught:
        export_package(project)
    assert caught.value.code == "package_changed"
    assert "Runtime/Axes.cs" in str(caught.value)
    assert axes.read_text() == "mine"
    assert not (folder / "README.md").exists()
    assert set(export_package(project, overwrite=True).written) == {"Runtime/Axes.cs", "README.md"}
    assert axes.read_bytes() == (PACKAGE / "Runtime/Axes.cs").read_bytes()


def test_what_is_no_project_is_refused(tmp_path: Path, project: Path) -> None:
    with pytest.raises(InputRefused) as caught:
        export_package(tmp_path)
    assert caught.value.code == "no_unity_project"
    assert not (tmp_path / "Packages").exists()
    (project / "ProjectSettings/ProjectVersion.txt").write_text("m_EditorVersion: 2020.3.48f1\n")
    with pytest.raises(InputRefused) as caught:
        export_package(project)
    assert caught.value.code == "unity_too_old"
    (project / "ProjectSettings/ProjectVersion.txt").write_text("garbage")
    with pytest.raises(InputRefused):
        export_package(project)


@pytest.mark.parametrize("place", ["", "Runtime", "Runtime/Axes.cs"])
def test_nothing_is_written_through_a_link(project: Path, tmp_path: Path, place: str) -> None:
    folder = project / "Packages" / PACKAGE.name
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (folder / place).parent.mkdir(parents=True, exist_ok=True)
    (folder / place).symlink_to(elsewhere)
    with pytest.raises(InputRefused) as caught:
        export_package(project)
    assert caught.value.code == "package_linked"
    assert contents(elsewhere) == {}


def test_the_command(project: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(app, ["unity", "export", str(project), "--json"])
    assert result.exit_code == 0
    said = json.loads(result.stdout)
    assert Path(said["folder"]) == project / "Packages" / PACKAGE.name
    assert said["version"] == branchxr.__version__
    assert CliRunner().invoke(app, ["unity", "export", str(tmp_path)]).exit_code == 3
