"""Scripts: what is one, and what happens when it raises."""

import asyncio
from pathlib import Path

import pytest

from branchxr import script
from branchxr.client import Branch
from branchxr.errors import InputRefused, ScriptFailed
from branchxr.stages.headless import HeadlessStage


def written(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "script.py"
    path.write_text(text)
    return path


async def test_a_script_runs(tmp_path: Path, ada: Branch) -> None:
    (tmp_path / "beside.py").write_text("MODEL = 'marker'\n")
    main = script.load(
        written(
            tmp_path,
            "import numpy as np\nimport beside\n\nasync def main(branch, stage):\n"
            "    await stage.spawn(beside.MODEL, np.zeros((1, 3)))\n",
        )
    )
    stage = HeadlessStage()
    await script.run(main, ada, stage)
    assert ada.participants  # it has entered before `main` begins
    assert [model for _, model, _ in stage.nodes()] == ["marker"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "script_refused"),
        ("def main(branch, stage): pass", "script_refused"),
        ("async def main(): pass", "script_refused"),
        ("async def main(branch, stage, more): pass", "script_refused"),
        ("async def main(branch, stage) pass", "script_refused"),
    ],
)
def test_what_is_no_script_is_refused(tmp_path: Path, text: str, code: str) -> None:
    with pytest.raises(InputRefused) as refusal:
        script.load(written(tmp_path, text))
    assert refusal.value.code == code


def test_an_absent_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputRefused) as refusal:
        script.load(tmp_path / "absent.py")
    assert refusal.value.code == "script_missing"


def test_a_file_that_raises_while_it_loads(tmp_path: Path) -> None:
    with pytest.raises(ScriptFailed) as failure:
        script.load(written(tmp_path, "x = 1\nraise RuntimeError('while loading')\n"))
    assert isinstance(failure.value.__cause__, RuntimeError)
    assert "line 2" in script.own_traceback(failure.value)


@pytest.mark.parametrize("text", ["import sys; sys.exit(0)\n", "raise BaseException('odd')\n"])
def test_a_file_that_would_end_its_host(tmp_path: Path, text: str) -> None:
    with pytest.raises(ScriptFailed):
        script.load(written(tmp_path, text))


async def test_a_script_that_raises_shows_its_own_traceback(tmp_path: Path, ada: Branch) -> None:
    main = script.load(
        written(tmp_path, "def deep():\n    return 1 / 0\n\nasync def main(b, s):\n    deep()\n")
    )
    with pytest.raises(ScriptFailed, match="ZeroDivisionError") as failure:
        await script.run(main, ada, HeadlessStage())
    text = script.own_traceback(failure.value)
    assert "return 1 / 0" in text
    assert "in run" not in text


async def test_it_may_be_like_any_other_program(tmp_path: Path, ada: Branch) -> None:
    (tmp_path / "beside_later.py").write_text("TEXT = 'later'\n")
    main = script.load(
        written(
            tmp_path,
            "from __future__ import annotations\nimport sys\nfrom dataclasses import dataclass\n"
            "sys.path.pop(0)\nsys.path.insert(0, __file__.rpartition('/')[0])\n"
            "@dataclass\nclass Note:\n    text: str\n\n"
            "async def main(branch, stage):\n"
            "    import beside_later\n"
            "    stage.emit(Note(beside_later.TEXT))\n",
        )
    )
    stage = HeadlessStage()
    await script.run(main, ada, stage)
    assert (await anext(stage.inputs())).text == "later"  # type: ignore[union-attr]


def test_it_may_change_the_path_of_imports(tmp_path: Path) -> None:
    script.load(
        written(tmp_path, "import sys\nsys.path.pop(0)\n\nasync def main(b, s):\n    pass\n")
    )


async def test_a_cancellation_of_its_own_is_a_failure_and_ours_is_none(
    tmp_path: Path, ada: Branch
) -> None:
    text = "import asyncio\nasync def main(b, s):\n    raise asyncio.CancelledError\n"
    with pytest.raises(ScriptFailed, match="CancelledError"):
        await script.run(script.load(written(tmp_path, text)), ada, HeadlessStage())
    text = "import asyncio\nasync def main(b, s):\n    await asyncio.sleep(60)\n"
    running = asyncio.create_task(
        script.run(script.load(written(tmp_path, text)), ada, HeadlessStage())
    )
    await asyncio.sleep(1)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
