"""Every warning that the pipeline can give has words in both languages, and a remedy."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import branchxr_assets
from branchxr_assets import details
from branchxr_assets.details import in_russian
from branchxr_assets.report_page.warning_list import warning_list
from branchxr_assets.warnings import HIDDEN, SceneWarning
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


def texts(node: ast.expr) -> Iterator[str]:
    """Yield what a message may be, each value in it a word."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        yield node.value
    elif isinstance(node, ast.JoinedStr):
        parts = [p.value if isinstance(p, ast.Constant) else "word" for p in node.values]
        yield "".join(map(str, parts))
    elif isinstance(node, ast.IfExp):
        yield from texts(node.body)
        yield from texts(node.orelse)


def messages(tree: ast.Module) -> Iterator[str]:
    """Yield the messages that a module gives warnings: as they stand, or assigned before."""
    for function in ast.walk(tree):
        if not isinstance(function, ast.FunctionDef):
            continue
        inside = list(ast.walk(function))
        assigned = [n for n in inside if isinstance(n, ast.Assign)]
        for call in inside:
            if not (isinstance(call, ast.Call) and name(call.func) in GIVERS):
                continue
            place = 1 if name(call.func) == "_missing" else 2
            if len(call.args) <= place:
                continue
            message = call.args[place]
            if not isinstance(message, ast.Name):
                yield from texts(message)
                continue
            before = [
                n
                for n in assigned
                if n.lineno <= call.lineno and message.id in {name(t) for t in n.targets}
            ]
            if before:
                yield from texts(max(before, key=lambda n: n.lineno).value)


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


def test_every_message_is_said_in_russian_too() -> None:
    found: dict[str, str] = {}
    for path in sorted(SOURCES.rglob("*.py")):
        for message in messages(ast.parse(path.read_text(encoding="utf-8"))):
            found.setdefault(message, path.name)
    assert len(found) > 150
    assert HIDDEN in {m for m in found if "hidden" in m}
    missing = {m: file for m, file in found.items() if in_russian(m) is None}
    assert missing == {}


def test_values_keep_their_places_and_messages_in_messages_are_said_too() -> None:
    assert in_russian("'a;b' was not found; put 'b' beside the scene") == (
        "'a;b' не найдено; положите 'b' рядом со сценой"
    )
    assert in_russian("its texture is left out: no file is named") == (
        "текстура пропущена: файл не назван"
    )
    said = in_russian("7 points follow more than 4 joints; the strongest 4 are kept, at most 0.10 "
                      "of a weight is lost")  # fmt: skip
    assert said is not None
    assert said.startswith("точек, у которых больше 4 костей: 7;")
    assert in_russian("never heard of") is None


def test_a_name_of_commas_takes_no_time_and_a_value_is_as_short_as_can_be() -> None:
    assert in_russian(", " * 20_000) is None
    assert details._values("a b, c is plenty", ["", " ", ", ", " is plenty"]) == ["a", "b", "c"]
    assert details._values("a, b, c is plenty", ["", ", ", " is plenty"]) == ["a", "b, c"]
    for message in (" is plenty", "a,  is plenty", "a is plenty", "a, b is plenty!"):
        assert details._values(message, ["", ", ", " is plenty"]) is None


def test_the_report_says_the_details_in_both_languages() -> None:
    message = "its texture is left out: no file is named"
    page = warning_list([SceneWarning("image_missing", "a", message)], {})
    assert f'<span lang="en">{message}</span>' in page
    assert '<span lang="ru">текстура пропущена: файл не назван</span>' in page
    assert "<br>never heard of</li>" in warning_list([SceneWarning("x", "a", "never heard of")], {})


def test_every_template_can_be_filled() -> None:
    for english, russian in details._TABLE:
        count = english.count("{}")
        assert russian.format(*["word"] * count)
        if "{0}" not in russian and "{1}" not in russian:
            assert russian.count("{}") <= max(count, 0), english
        assert re.search(r"[А-Яа-яЁё]", russian), english
        assert not re.search(r"[А-Яа-яЁё]", english), english


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
