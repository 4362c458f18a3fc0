"""Every warning that the pipeline can give has words in both languages, and a remedy."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import branchxr_assets
from branchxr_assets.wording import codes, wording

SOURCES = Path(branchxr_assets.__file__).parent
CODE = re.compile(r"[a-z0-9]+(_[a-z0-9]+)+")
GIVERS = {"SceneWarning", "warn", "_missing", "_say_once"}
"""What a warning's code is handed to, as first argument."""


def constants(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        value = node.value if isinstance(node, ast.Constant) else None
        if isinstance(value, str) and CODE.fullmatch(value):
            yield value


def name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else getattr(node, "id", "")


def given(tree: ast.Module) -> Iterator[str]:
    """Yield the codes that a module gives warnings, also by way of a variable or a table."""
    calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and name(n.func) in GIVERS]
    variables = {n.args[0].id for n in calls if n.args and isinstance(n.args[0], ast.Name)}
    for call in calls:
        if call.args and not isinstance(call.args[0], ast.Name):
            yield from constants(call.args[0])
    if not variables:
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and {name(t) for t in node.targets} & variables:
            value = node.value  # of a choice, what may come out of it
            chosen = [value.body, value.orelse] if isinstance(value, ast.IfExp) else [value]
            for each in chosen:
                yield from constants(each)
        elif isinstance(node, ast.For):
            if {n.id for n in ast.walk(node.target) if isinstance(n, ast.Name)} & variables:
                yield from constants(node.iter)
        elif isinstance(node, ast.AnnAssign) and name(node.target) == "_LOST" and node.value:
            yield from constants(node.value)


def every_code() -> dict[str, str]:
    found: dict[str, str] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        for code in given(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(code, path.name)
    return found


def test_every_code_has_words() -> None:
    found = every_code()
    assert {"anchor_unreachable", "budget_draws", "image_outside", "lines_lost"} <= set(found)
    assert {code: file for code, file in found.items() if code not in codes()} == {}


def test_both_languages_are_complete_and_are_what_they_say() -> None:
    for code in codes():
        words = wording(code)
        assert words is not None
        assert words.level in {"loss", "change", "advice"}, code
        for text in (words.en.title, words.en.remedy):
            assert re.search(r"[A-Za-z]{2}", text), code
            assert not re.search(r"[А-Яа-яЁё]", text), code
        for text in (words.ru.title, words.ru.remedy):
            assert re.search(r"[А-Яа-яЁё]{2}", text), code
        assert words.en.remedy.endswith("."), code
        assert words.ru.remedy.endswith("."), code
        assert not words.en.title.endswith("."), code
        assert not words.ru.title.endswith("."), code


def test_a_code_without_words_is_told_apart() -> None:
    assert wording("never_heard_of") is None
