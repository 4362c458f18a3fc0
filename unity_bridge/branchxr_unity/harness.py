"""Drive a game on Mono from a test: the compiled package and a stub of UnityEngine, frame by frame.

    async with MonoGame.started(program, environment=...) as game:
        await game.play(branch=url, folder=str(tmp_path))
        await game.until(lambda seen: seen["state"] == "Running")

The program is `tests/unity/harness`, compiled: one command a line, one line of JSON back.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final

from branchxr.errors import DeadlineExceeded, StageError

FRAMES: Final = 9
"""Between two looks, once it has not held for a while: a tenth of a second."""

CALL_S: Final = 60.0
LINE_BYTES: Final = 1 << 22

Seen = dict[str, Any]
"""What a look at the game gives; see `Look` in `tests/unity/harness/Game.cs`."""


class MonoGame:
    """A game in a process of its own; made by `started`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self.said: list[str] = []

    @classmethod
    @asynccontextmanager
    async def started(
        cls,
        program: Path,
        *,
        environment: Mapping[str, str],
        is_root: bool = False,
        options: Sequence[str] = (),
    ) -> AsyncIterator["MonoGame"]:
        """Start a game, and end its process at the end whatever it does.

        Args:
            program: the compiled harness.
            environment: of the process.
            is_root: play in the root domain, as a player does; it cannot reload then.
            options: of Mono.
        """
        process = await asyncio.create_subprocess_exec(
            "mono", *options, str(program), *(["--root"] if is_root else []),
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE, env=dict(environment), limit=LINE_BYTES,
        )  # fmt: skip
        game = cls(process)
        reading = asyncio.create_task(game._read_log())
        try:
            yield game
        finally:
            with suppress(ConnectionError, RuntimeError, TimeoutError, ProcessLookupError):
                assert process.stdin is not None  # noqa: S101 - a pipe was asked for
                process.stdin.write(b"exit\n")
                async with asyncio.timeout(5):
                    await process.wait()
            with suppress(ProcessLookupError):
                process.kill()
            await process.wait()
            reading.cancel()
            await asyncio.gather(reading, return_exceptions=True)

    @property
    def process_id(self) -> int:
        """Of Mono."""
        return self._process.pid

    async def call(self, *words: str | float) -> Seen:
        """Do a command.

        Raises:
            StageError: `game_failed`: it raised, or the process has ended.
        """
        assert self._process.stdin is not None  # noqa: S101 - pipes were asked for
        assert self._process.stdout is not None  # noqa: S101
        self._process.stdin.write(("\t".join(map(str, words)) + "\n").encode())
        async with asyncio.timeout(CALL_S):
            line = await self._process.stdout.readline()
        if not line:
            came = f"an end with code {await self._process.wait()}: {' | '.join(self.said[-12:])}"
            raise StageError("a game that answers", came, "look at it", code="game_failed")
        answer: Seen = json.loads(line)
        if "error" in answer:
            raise StageError(
                f"{words[0]!r} done", answer["error"], "look at the game",
                code=answer.get("code", "game_failed"),
            )  # fmt: skip
        return answer

    async def play(self, **settings: object) -> Seen:
        """Begin to play, with a stage of these `BranchSettings`; `folder` is the project's."""
        words = (f"{name}={_word(value)}" for name, value in settings.items())
        return await self.call("play", *words)

    async def until(self, holds: Callable[[Seen], object], *, within_s: float = 60.0) -> Seen:
        """Run frames in real time until something holds, and return what was seen then.

        Raises:
            DeadlineExceeded: with what was seen last.
        """
        seen: Seen = {}
        frames = 1
        try:
            async with asyncio.timeout(within_s):
                while not holds(seen := await self.call("frames", frames)):
                    frames = min(FRAMES, frames * 2)
        except TimeoutError:
            log = " | ".join(self.said[-12:])
            raise DeadlineExceeded(
                f"it to hold within {within_s:g} s", f"{seen}; the log: {log}", "look at the game"
            ) from None
        return seen

    async def _read_log(self) -> None:
        assert self._process.stderr is not None  # noqa: S101 - a pipe was asked for
        while line := await self._process.stderr.readline():
            self.said.append(line.decode(errors="replace").rstrip())
            del self.said[:-500]


def _word(value: object) -> str:
    return str(int(value)) if isinstance(value, bool) else str(value)
