"""`branchxr assets extract`: anchors as a table."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from branchxr.cli.assets import app
from branchxr_assets.build import build_scene
from branchxr_assets.contents.anchors import list_anchors
from branchxr_assets.prepare import prepare
from branchxr_assets.readers import read


def run(*arguments: object) -> Result:
    return CliRunner().invoke(app, ["extract", *map(str, arguments)])


@pytest.mark.parametrize("text", ["[1" + "0" * 400 + "]", "[1e999]", "[nan]", "[-1e999, 1]"])
def test_a_size_in_text_that_is_none_stays_text(maker: Any, text: str) -> None:
    maker.node(name="board", extras={"branch_anchor": "panel", "size_m": text})
    (anchor,), _ = list_anchors(prepare(read(maker.save())).whole)
    assert anchor["size_m"] == text


def test_a_scene_and_its_package_say_the_same(hall: Path, hall_package: Path) -> None:
    found = json.loads(run(hall, "--json").stdout)
    assert (found["schema"], found["file"], len(found["anchors"])) == (1, "hall.glb", 46)
    assert json.loads(run(hall_package, "--json").stdout)["anchors"] == found["anchors"]
    assert found["anchors"] == json.loads((hall_package / "branch.json").read_bytes())["anchors"]


def test_csv_has_a_column_for_each_property(hall: Path) -> None:
    rows = list(csv.DictReader(io.StringIO(run(hall, "--csv").stdout)))
    assert len(rows) == 46
    (first, *_) = [row for row in rows if row["kind"] == "atm"]
    assert first["path"].startswith("Branch_Root/")
    assert json.loads(first["services"]) == ["withdraw", "deposit", "balance"]
    assert first["device_id"].startswith("ATM-")
    assert first["desk"] == ""
    assert [float(first[name]) for name in ("qx", "qy", "qz", "qw")] == [0, 0, 0, 1]
    assert float(first["y"]) == 0


@pytest.mark.parametrize(("turn", "said"), [(0, "0°"), (0.7071068, "90°"), (-0.7071068, "-90°")])
def test_people_read_places_and_turns(maker: Any, turn: float, said: str) -> None:
    maker.node(
        name="a, b", translation=[1, 0, -2.5], rotation=[0, turn, 0, (1 - turn * turn) ** 0.5],
        extras={"branch_anchor": "panel", "size_m": [1.2, 0.8], "имя": "касса"},
    )  # fmt: skip
    line = run(maker.save()).stdout.splitlines()[1]
    assert line.split("  ")[0] == "panel"
    assert "1.00 0.00 -2.50" in line
    assert said in line.split()
    assert "size_m=[1.2, 0.8], имя=касса" in line


def test_a_scene_without_anchors_is_an_empty_table(maker: Any) -> None:
    maker.node(mesh=maker.box())
    path = maker.save()
    assert json.loads(run(path, "--json").stdout)["anchors"] == []
    assert run(path, "--csv").stdout.count("\n") == 1
    assert run(path).exit_code == 0


def test_two_formats_at_once_are_wrong_usage(hall: Path) -> None:
    assert run(hall, "--json", "--csv").exit_code == 2


def test_an_unsigned_package_needs_the_option(
    maker: Any, key: Ed25519PrivateKey, tmp_path: Path
) -> None:
    maker.room()
    build_scene(maker.save(), tmp_path / "out", key=key, has_report=False)
    (tmp_path / "out" / "manifest.json.sig").unlink()
    assert run(tmp_path / "out").exit_code == 3
    assert run(tmp_path / "out", "--allow-unsigned").exit_code == 0
