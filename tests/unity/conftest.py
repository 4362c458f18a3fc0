"""Fixtures of the Unity stage: a branch that listens, and games on Mono."""

import sys
import sysconfig
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from branchxr.server.branch import BranchServer, ServerSettings
from branchxr.testing.scene import write_scene
from branchxr_unity.harness import MonoGame

from . import mono

EXAMPLES = Path(__file__).parents[2] / "examples"
Playing = Callable[..., AbstractAsyncContextManager[MonoGame]]


@pytest.fixture(scope="session")
def harness(needs_tool: Callable[[str], str]) -> Path:
    """Return the compiled harness, with the package and pythonnet beside it."""
    needs_tool("mono")
    needs_tool("mcs")
    return mono.harness()


@pytest.fixture
def playing(harness: Path) -> Playing:
    """Return a function that starts a game: `async with playing() as game:`."""

    def start(**options: Any) -> AbstractAsyncContextManager[MonoGame]:
        return MonoGame.started(harness, environment=mono.mono_environment(), **options)

    return start


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[BranchServer]:
    """Open a branch on ports of its own, with a small scene."""
    write_scene(folder / "scene")
    settings = ServerSettings(port=0, realtime_port=0, scene=folder / "scene",
                              host_secret="unity tests")  # fmt: skip
    async with BranchServer.open(settings) as opened, opened.listen():
        yield opened


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[BranchServer]:
    """Open a branch, for a test."""
    async with listening(tmp_path) as opened:
        yield opened


@pytest.fixture
def settings_of(server: BranchServer, tmp_path: Path) -> Callable[..., dict[str, object]]:
    """Return a function that makes `BranchSettings` for a game at that branch."""

    def make(**changes: object) -> dict[str, object]:
        return {
            "branch": server.address, "python": sys.executable, "folder": str(tmp_path / "project"),
            "playerName": "Uma", "newSoftKey": True, "script": str(EXAMPLES / "04_greeter.py"),
        } | changes  # fmt: skip

    return make


@pytest.fixture
def inside(settings_of: Callable[..., dict[str, object]]) -> Callable[..., dict[str, object]]:
    """Return a function that makes `BranchSettings` for a Python in the game's process."""

    def make(**changes: object) -> dict[str, object]:
        library = Path(sysconfig.get_config_var("LIBDIR")) / sysconfig.get_config_var("LDLIBRARY")
        return settings_of(
            carrier="InProcess", pythonLibrary=library, pythonHome=sys.base_prefix,
            pythonPaths=":".join(path for path in sys.path if path), **changes,
        )  # fmt: skip

    return make
