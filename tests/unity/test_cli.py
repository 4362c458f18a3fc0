"""`branchxr unity host` and `branchxr run --stage unity`."""

import asyncio
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from branchxr.cli.app import app
from branchxr.server.branch import BranchServer

from .conftest import EXAMPLES, Playing

Settings = Callable[..., dict[str, object]]
GREETER = str(EXAMPLES / "04_greeter.py")


@pytest.mark.parametrize(
    "words",
    [
        ["run", GREETER, "--stage", "unity"],
        ["run", GREETER, "--stage", "headless", "--ready", "x"],
        ["run", GREETER, "--stage", "webxr", "--ready", "x"],
        ["run", GREETER, "--stage", "unity", "--ready", "x", "--seed", "1"],
        ["unity", "host", "--key", "k", "--soft-key"],
        ["unity", "host", "--parent", "0"],
    ],
)
def test_options_that_do_nothing_are_refused(words: list[str]) -> None:
    assert CliRunner().invoke(app, words).exit_code == 2


def test_a_missing_script_is_refused_before_anything_listens(tmp_path: Path) -> None:
    words = ["unity", "host", str(tmp_path / "none.py"), "--ready", str(tmp_path / "host.txt")]
    done = CliRunner().invoke(app, words)
    assert done.exit_code == 3
    assert "script_missing" in done.output
    assert not (tmp_path / "host.txt").exists()


@pytest.mark.end_to_end
@pytest.mark.timeout(300)
async def test_a_game_joins_a_script_that_runs_already(
    server: BranchServer, playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    ready = tmp_path / "project/Temp/BranchXR/host.txt"
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "branchxr.cli", "run", GREETER, "--stage", "unity",
        "--branch", server.address, "--name", "Olga", "--ready", str(ready),
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            while not ready.exists():  # noqa: ASYNC110 - another process writes it
                await asyncio.sleep(0.05)
        async with playing() as game:
            await game.play(**settings_of(python="/none"))  # it could not start one itself
            seen = await game.until(lambda seen: seen["people"])
            assert [one["name"] for one in seen["people"]] == ["Olga"]
            await game.call("quit")
        async with asyncio.timeout(30):  # the goodbye ends it
            assert await process.wait() == 0
        assert not ready.exists()
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()
