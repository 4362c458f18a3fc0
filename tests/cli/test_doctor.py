"""`branchxr doctor`: it names what is missing, and the line that installs it."""

import json
import re
import tomllib
from pathlib import Path

import pytest
from typer.testing import CliRunner

from branchxr.cli.app import app
from branchxr.cli.doctor import _DISTRIBUTIONS, NEEDS

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text("utf-8"))[
    "project"
]


def test_it_knows_every_dependency_and_its_extra() -> None:
    lines = {_DISTRIBUTIONS.get(need.name, need.name): need.install for need in NEEDS}
    for asked in PROJECT["dependencies"]:
        assert lines[re.split(r"[\[><=]", asked)[0]] == "pip install -e ."
    extras = PROJECT["optional-dependencies"]
    named = {name for name in extras if f"pip install -e '.[{name}]'" in lines.values()}
    assert named == set(extras) - {"all", "webxr"}  # what `webxr` brings, `server` brings too
    for extra in named:
        for asked in extras[extra]:
            if asked.startswith("branchxr["):
                continue  # an extra that brings another
            assert re.split(r"[\[><=]", asked)[0] in lines


def test_what_is_missing_is_named_with_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", "")
    result = CliRunner().invoke(app, ["doctor"])
    assert result.exit_code == 4
    assert "MISSING  chromium      the browser tests: apt-get install chromium" in result.stdout
    assert "ok       numpy" in result.stdout
    needs = json.loads(CliRunner().invoke(app, ["doctor", "--json"]).stdout)["needs"]
    (node,) = [need for need in needs if need["name"] == "node"]
    assert (node["found"], node["install"]) == (None, "apt-get install nodejs npm")
