"""`branchxr assets validate`: Khronos' rules by Khronos' validator, and ours."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from branchxr.cli.assets import app
from branchxr.errors import MissingTool
from branchxr_assets import khronos, validation
from branchxr_assets.build import build_scene
from branchxr_assets.presets import Budgets, Preset


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["validate", *map(str, arguments)])


def issues(path: Path) -> dict[str, str]:
    found = validation.validate(path, with_khronos=False, now=0)
    return {issue.code: issue.path for issue in found.issues}


@pytest.fixture
def broken(maker: Any) -> bytes:
    """Return a GLB with an index beyond its vertices and a bad enumeration."""
    maker.node(mesh=maker.mesh([[0, 0, 0], [1, 0, 0], [0, 0, 1]], [[0, 1, 7]]))
    maker.root["materials"] = [{"alphaMode": "SOMETIMES"}]
    return bytes(maker.bytes())


def test_both_engines_say_the_same(
    broken: bytes, hall: Path, needs_tool: Callable[[str], str]
) -> None:
    needs_tool("node")
    for asset in (broken, b"no scene at all"):
        by_node = khronos.validate(asset, using="node")
        assert by_node == khronos.validate(asset, using="quickjs")
        assert by_node.counts[0] >= 1
    whole = khronos.validate(hall.read_bytes(), using="quickjs")
    assert whole.counts[:2] == (0, 3)


def test_its_findings_have_codes_and_places(broken: bytes) -> None:
    found = khronos.validate(broken, using="quickjs").findings
    errors = {(f.code, f.pointer) for f in found if f.severity == "error"}
    assert ("ACCESSOR_INDEX_OOB", "/meshes/0/primitives/0/indices") in errors
    assert any(f.code == "VALUE_NOT_IN_LIST" for f in found)


def test_files_beside_a_gltf_are_given_to_it(maker: Any, tmp_path: Path) -> None:
    maker.node(mesh=maker.box())
    root = {**maker.root, "buffers": [{"byteLength": len(maker.binary), "uri": "a%20b.bin"}]}
    root = {key: value for key, value in root.items() if value not in ([], {})}
    path = tmp_path / "scene.gltf"
    path.write_text(json.dumps(root))
    (tmp_path / "a b.bin").write_bytes(bytes(maker.binary))
    found = validation.validate(path, with_khronos=True, now=0)
    assert found.errors == 0
    (tmp_path / "a b.bin").write_bytes(bytes(maker.binary)[:-4])
    found = validation.validate(path, with_khronos=True, now=0)
    assert found.errors == 1


def test_a_scene_khronos_refuses_is_listed_and_exits_with_3(broken: bytes, tmp_path: Path) -> None:
    path = tmp_path / "broken.glb"
    path.write_bytes(broken)
    result = run(path)
    assert result.exit_code == 3
    assert "ACCESSOR_INDEX_OOB" in result.stdout


def test_warnings_are_errors_only_when_strict(maker: Any, tmp_path: Path) -> None:
    maker.node(mesh=maker.box())
    path = maker.save()
    result = run(path, "--json")
    assert result.exit_code == 0
    found = json.loads(result.stdout)
    assert list(found) == ["schema", "file", "kind", "khronos", "issues", "errors", "warnings"]
    assert (found["schema"], found["kind"], found["errors"]) == (1, "scene", 0)
    assert found["khronos"]["engine"] in {"node", "quickjs"}
    assert found["khronos"]["runs"][0]["errors"] == 0
    assert run(path, "--strict").exit_code == 3


def test_without_an_engine_it_says_so_and_exits_with_4(
    maker: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    maker.room()
    path = maker.save()
    monkeypatch.setattr(khronos, "VALIDATOR", path.parent / "none.js")
    result = run(path)
    assert result.exit_code == 4
    assert "Khronos: NOT RUN" in result.stdout
    assert "khronos_not_run" in result.stderr
    left_out = run(path, "--no-khronos")
    assert left_out.exit_code == 0
    assert "--no-khronos" in left_out.stdout
    with pytest.raises(MissingTool):
        khronos.validate(b"")


def test_a_package_is_checked_chunk_by_chunk(hall_package: Path) -> None:
    found = validation.validate(hall_package, with_khronos=True, now=0)
    assert found.kind == "package"
    assert len(found.runs) == 4
    assert (found.errors, found.issues) == (0, ())


def test_an_anchor_behind_a_wall_is_named(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    maker.room()
    maker.node(mesh=maker.box((0.2, 3, 4.2)), name="Closed", translation=[0, 1.5, 0])
    path = maker.save()
    build_scene(path, tmp_path / "out", key=key, has_report=False)
    assert issues(path)["anchor_unreachable"] == "desk"
    assert issues(tmp_path / "out")["anchor_unreachable"] == "desk"


def test_a_wrong_unit_is_suspected(maker: Any) -> None:
    maker.node(mesh=maker.box((1700, 400, 900)))
    assert "scale_implausible" in issues(maker.save())


def test_a_giant_is_named_with_all_that_hangs_on_it(maker: Any) -> None:
    maker.room()
    body = maker.node(name="Teller", extras={"avatar": "teller"}, translation=[0, 1, 0])
    maker.node(body, mesh=maker.box((0.5, 2, 0.3)))
    assert "scale_person" not in issues(maker.save())
    maker.node(body, mesh=maker.box((0.5, 2, 0.3)), translation=[0, 2, 0])
    assert issues(maker.save())["scale_person"] == "Teller"


def test_budgets_are_named(maker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    maker.room()
    assert not any(code.startswith("budget_") for code in issues(maker.save()))
    tight = Preset(budgets=Budgets(triangles=1, draws=1))
    monkeypatch.setattr(validation, "Preset", lambda: tight)
    found = issues(maker.save())
    assert {"budget_triangles", "budget_draws"} <= set(found)
