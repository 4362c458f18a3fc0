"""What others rely on by name, frozen: public names, error codes, and the help of each command.

After a change on purpose: `pytest tests/test_snapshots.py --update-golden`, and read the diff.
"""

from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from typer.main import get_command
from typer.testing import CliRunner

import branchxr
from branchxr import errors
from branchxr.cli.app import app
from branchxr.operations import COMMON_ERRORS, OPERATIONS

GOLDEN = Path(__file__).parent / "golden"


def check(name: str, text: str, *, update: bool) -> None:
    path = GOLDEN / name
    if update:
        path.write_text(text, encoding="utf-8")
    assert text == path.read_text(encoding="utf-8")


def tree(error: type[BaseException], depth: int = 0) -> Iterator[str]:
    code = getattr(error, "default_code", "")
    yield f"{'  ' * depth}{error.__name__} {code}"
    for child in error.__subclasses__():
        if child.__module__ == errors.__name__:
            yield from tree(child, depth + 1)


def commands(command: click.Command, words: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    yield words
    for name in sorted(getattr(command, "commands", {})):
        yield from commands(command.commands[name], (*words, name))  # type: ignore[attr-defined]


def test_public_names(update_golden: bool) -> None:
    for name in branchxr.__all__:
        assert getattr(branchxr, name) is not None
    check("names.txt", "\n".join(branchxr.__all__) + "\n", update=update_golden)


def test_error_tree(update_golden: bool) -> None:
    check("errors.txt", "\n".join(tree(errors.BranchXRError)) + "\n", update=update_golden)


def test_error_codes_of_the_wire(update_golden: bool) -> None:
    codes = sorted({code for o in OPERATIONS for code in o.errors} | set(COMMON_ERRORS))
    check("codes.txt", "\n".join(codes) + "\n", update=update_golden)


def test_help(update_golden: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setenv("TERMINAL_WIDTH", "100")
    runner = CliRunner()
    pages = []
    for words in commands(get_command(app), ()):
        result = runner.invoke(app, [*words, "--help"], prog_name="branchxr")
        assert result.exit_code == 0, words
        assert result.stdout.strip(), words
        pages.append(f"$ {' '.join(('branchxr', *words))} --help\n{result.stdout.rstrip()}\n")
    check("help.txt", "\n".join(pages), update=update_golden)
