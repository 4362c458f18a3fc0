"""A Python inside the game's process: a thread of its own, and nothing shared but the block.

The game calls `start` once. After that neither side ever calls the other: Python puts records into
the block and takes records from it, the game's main thread does the same and takes no lock that
Python could hold. There is no wake-up: the loop looks every `POLL_S`, below half a frame, which
takes 37 ms of CPU a second on a machine where numpy copies 88 KB in 3.4 us
(`benchmarks/unity/block.py`); for a moment after an event it looks more often, since another one
or an answer follows. A callback would be an address of C# code, which a domain reload leaves
dangling.
"""

import asyncio
import sys
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

from branchxr import script as scripts
from branchxr.errors import BranchXRError, ProtocolError, ScriptFailed, StageError
from branchxr.identity.authenticator import Authenticator
from branchxr.identity.soft_key import SoftKey
from branchxr.secret import Secret
from branchxr.settings import Settings
from branchxr.stages import lobby
from branchxr.stages.messages import Ended

from .block import Block
from .codec import HEADER
from .game import Game, Player
from .layout import BY_NAME, PythonState
from .records import Fault, encode_down
from .stage import SlabSink

POLL_S: Final = 0.004
TALK_POLL_S: Final = 0.0005
TALK_S: Final = 0.02
"""How long after an event; poses do not count, they come all the time."""

TELL_S: Final = 0.5
STATES: Final = tuple(PythonState)
KEY_SECRET: Final = "BRANCHXR_KEY_SECRET"  # noqa: S105 - the name of a variable

_FRAME: Final = BY_NAME["frame"].code
_POSE: Final = BY_NAME["pose"].code


def start(address: int, size: int, options: str) -> None:
    """Run a player's visit on a thread of its own; called by the game, which goes on at once.

    Args:
        address: of the block; it stays for as long as the process.
        size: of the block, in bytes.
        options: lines `branch=`, `script=`, `name=`, `key=`, `soft_key=1`.

    Raises:
        ProtocolError: `block_refused`: the game has another version of the layout.
    """
    block = Block.at(address, size)
    thread = threading.Thread(target=_serve, args=(block, options), name="branchxr", daemon=True)
    _set_state(block, PythonState.RUNNING)
    thread.start()


def _serve(block: Block, options: str) -> None:
    try:
        asyncio.run(Inside(block, _player(options)).run())
    except BranchXRError as error:
        trace = scripts.own_traceback(error) if isinstance(error, ScriptFailed) else ""
        came = f"{error.came}\n{trace}".strip()
        block.commands.put(encode_down(Fault(error.code, error.expected, came, error.remedy)))
        block.commands.put(encode_down(Ended(error.code, "The branch did not start", error.came)))
    except BaseException as error:  # a thread that ends without a word would be a riddle
        came = f"{type(error).__name__}: {error}"[:300]
        remedy = "look at Python's traceback in the game's log, and start the stage again"
        block.commands.put(
            encode_down(Fault("python_failed", "a Python that goes on", came, remedy))
        )
        raise
    finally:
        _set_state(block, PythonState.ENDED)


class Inside:
    """One visit over a block, until the game says goodbye."""

    def __init__(self, block: Block, player: Player) -> None:
        self._block = block
        self._sink = SlabSink(block.puppets)
        self._game = Game(player, puppets=lambda: self._sink)
        self._beats = block.word("heartbeat")
        self._talks_until = self._tells_at = 0.0
        self._era = block.word("fence")

    async def run(self) -> None:
        """Serve; returns after the goodbye."""
        visit = self._game.start()
        writing = asyncio.create_task(self._write())
        try:
            while True:
                self._look()
                if self._game.is_leaving:  # before a game that came back is greeted
                    return
                if writing.done():
                    writing.result()  # raises: nothing would be shown any more, without a word
                is_talking = time.monotonic() < self._talks_until
                await asyncio.sleep(TALK_POLL_S if is_talking else POLL_S)
        finally:
            for task in (writing, visit):
                task.cancel()
            await asyncio.gather(writing, visit, return_exceptions=True)

    @property
    def _is_fenced(self) -> bool:
        return self._block.word("fence") % 2 == 1

    def _look(self) -> None:
        """Do what is to be done once in a while: the fence, the heartbeat, the game's events."""
        self._sink.is_open = not self._is_fenced
        if self._is_fenced:
            self._game.link.detach()
            _set_state(self._block, PythonState.FENCED)
            return
        if self._era != (era := self._block.word("fence")):
            # Other code is there now; Python may have been inside a call for as long as it took.
            self._era = era
            self._game.link.detach()
        self._beats += 1
        self._block.set_word("heartbeat", self._beats)
        now = time.monotonic()
        if now >= self._tells_at:
            self._tells_at = now + TELL_S
            self._game.tell_dropped()
        try:
            for record, payload in self._block.events.take():
                self._game.take_record(record, payload)
                if record.code != _POSE:
                    self._talks_until = now + TALK_S
        except ProtocolError as error:
            fault = Fault(error.code, error.expected, error.came, error.remedy)
            self._game.link.say(fault)

    async def _write(self) -> None:
        """Put what is to be shown into the block, anew after each fence."""
        while True:
            while self._is_fenced:  # noqa: ASYNC110 - the game sets it, without asking Python
                await asyncio.sleep(POLL_S)
            _set_state(self._block, PythonState.RUNNING)
            try:
                async for record in self._outgoing():
                    await self._put(record)
            except StageError:
                continue  # the game was too slow, and is told everything anew

    async def _outgoing(self) -> AsyncIterator[bytes]:
        taken = self._block.word("events_read")
        async for record in self._game.link.outgoing(self._game.hello(taken)):
            yield record

    async def _put(self, record: bytes) -> None:
        commands = self._block.commands
        while not self._is_fenced and not commands.put(record):
            if HEADER.unpack_from(record)[1] == _FRAME:
                commands.count_dropped("commands_dropped")
                return
            await asyncio.sleep(POLL_S)


def _player(text: str) -> Player:
    pairs = (line.partition("=") for line in text.splitlines())
    options = {name: value for name, _, value in pairs if value}
    settings = Settings.load(branch=options.get("branch"), name=options.get("name"))
    main: scripts.Main = lobby.main
    if script := options.get("script"):
        _forget_modules(Path(script).resolve().parent)
        main = scripts.load(script)
    return Player(
        branch_url=settings.branch,
        authenticator=_key(options, settings.name),
        main=main,
        name=settings.name,
    )


def _key(options: dict[str, str], name: str) -> Authenticator | None:
    if "key" in options:
        return SoftKey.load(options["key"], secret=Secret.from_env(KEY_SECRET))
    return SoftKey.in_memory(name) if options.get("soft_key") == "1" else None


def _forget_modules(folder: Path) -> None:
    """Forget what an earlier run imported from beside its script: it may have been edited."""
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if file and Path(file).parent == folder:
            del sys.modules[name]


def _set_state(block: Block, state: PythonState) -> None:
    block.set_word("python_state", STATES.index(state))
