"""The package compiles as Unity would compile it, and its own tests pass on Mono."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from . import mono

pytestmark = pytest.mark.tool


@pytest.fixture(autouse=True, scope="module")
def _tools(needs_tool: Callable[[str], str]) -> None:
    needs_tool("mono")
    needs_tool("mcs")


@pytest.mark.parametrize("configuration", mono.CONFIGURATIONS, ids=lambda one: one.name)
def test_the_package_compiles_without_a_warning(configuration: mono.Configuration) -> None:
    made = mono.compile_package(configuration)
    assert "BranchXR.Client" in made
    assert ("BranchXR.PythonNet" in made) == configuration.has_pythonnet
    assert ("BranchXR.Client.Editor" in made) == configuration.is_editor


def test_a_newer_language_than_unity_has_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "New.cs"
    source.write_text("class New { void M(int? x) { x ??= 1; } }")
    with pytest.raises(mono.CompileFailed):
        mono.compile_csharp("New", [source])


def test_a_warning_is_refused(tmp_path: Path) -> None:
    source = tmp_path / "Warned.cs"
    source.write_text("class Warned { void M() { int unused; } }")
    with pytest.raises(mono.CompileFailed, match="CS0168"):
        mono.compile_csharp("Warned", [source])


def test_the_packages_own_tests() -> None:
    tests = mono.PACKAGE / "Tests/Runtime"
    passed = mono.run_tests(mono.compile_tests("BranchXR.Client.Tests", [tests]))
    assert len(passed) >= 3


def test_a_failing_test_is_seen(tmp_path: Path) -> None:
    source = tmp_path / "Bad.cs"
    source.write_text(
        "public class Bad { [NUnit.Framework.Test] public void Fails() "
        '{ NUnit.Framework.Assert.AreEqual(1, 2, "as it must"); } }'
    )
    with pytest.raises(AssertionError, match="as it must"):
        mono.run_tests(mono.compile_tests("Bad", [source]))


def test_the_stub_keeps_unitys_rules() -> None:
    tests = mono.compile_tests("BranchXR.StubTests", [mono.HERE / "stub_tests"])
    assert len(mono.run_tests(tests)) >= 3


def test_the_editor_part() -> None:
    tests = mono.compile_tests(
        "BranchXR.Client.Editor.Tests",
        [mono.HERE / "editor_tests"],
        references=[mono.editor()],
        configuration=mono.EDITOR,
    )
    assert len(mono.run_tests(tests)) >= 7


def test_the_sample_plays_offline() -> None:
    sample = mono.compile_csharp(
        "BranchXR.Samples.HelloBranch",
        [mono.PACKAGE / "Samples~/HelloBranch"],
        references=[mono.engine(), mono.compile_package()["BranchXR.Client"]],
    )
    tests = mono.compile_tests(
        "BranchXR.SampleTests",
        [mono.HERE / "sample_tests"],
        references=[sample],
        configuration=mono.PLAYER,
    )
    assert len(mono.run_tests(tests)) == 4


def test_pythonnet_runs_on_debians_mono() -> None:
    """`Python.Runtime.dll` is built for netstandard 2.0, which Debian's Mono does not ship."""
    code = "import clr, System; print(System.Environment.Version.Major, clr.__name__)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=mono.mono_environment(),
        capture_output=True, text=True, timeout=60, check=False,
    )  # fmt: skip
    assert done.stdout.split() == ["4", "clr"], done.stderr
