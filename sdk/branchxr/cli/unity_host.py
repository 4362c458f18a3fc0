"""`branchxr unity host`: a Python beside a Unity game."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from .output import Exit, fail, reported, say

if TYPE_CHECKING:
    from branchxr_unity.watchdog import Watchdog

    from ..identity.soft_key import SoftKey
    from ..script import Main
    from ..settings import Settings

LOG_BYTES = 1_000_000


def host(
    script: Annotated[
        Path | None,
        typer.Argument(help="A file with `async def main(branch, stage)`. Default: the lobby."),
    ] = None,
    branch: Annotated[
        str | None,
        typer.Option(help="The branch's address. Default: BRANCHXR_BRANCH, else localhost:8710."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the player is called.")] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            help="Soft key of the player, encrypted with the secret in BRANCHXR_KEY_SECRET; made "
            "if there is none. Default: the player is a guest."
        ),
    ] = None,
    soft_key: Annotated[
        bool, typer.Option("--soft-key", help="A new soft key in memory, and a new customer.")
    ] = False,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="On 127.0.0.1; 0 takes any.")] = 0,
    ready: Annotated[
        Path | None,
        typer.Option(help="File to write port and token to once it listens; for the package."),
    ] = None,
    parent: Annotated[
        int | None, typer.Option(min=1, help="Process of the game: end when it has ended.")
    ] = None,
    keep: Annotated[
        float,
        typer.Option(min=0.1, max=86_400, help="Seconds the player stays without a game."),
    ] = 120.0,
    log: Annotated[
        Path | None, typer.Option(help="File to log to, 1 MB at most and one older.")
    ] = None,
) -> None:
    """Run a script for the player of a Unity game, in a process beside it.

    The package starts this by itself. It listens on loopback only, and lets in whoever shows the
    token of this launch, one game at a time. It ends when the game says goodbye, when its process
    has ended or the file --ready is gone, or when no game came back in time.
    """
    if key is not None and soft_key:
        raise typer.BadParameter("--soft-key makes its own; leave out --soft-key or --key")
    with reported():
        from branchxr_unity.watchdog import Watchdog

        from ..script import load
        from ..settings import Settings
        from ..stages.lobby import main as lobby

        _set_up_log(log)
        watchdog = Watchdog(parent=parent, ready=ready)
        watchdog.start()  # before the script, which may never come back
        settings = Settings.load(branch=branch, name=name)
        main = load(script) if script is not None else lobby
        beside_game(
            main, settings, key_of(key, is_soft=soft_key, name=settings.name),
            port=port, ready=ready, parent=parent, keep_s=keep, seconds=None,
            has_log=log is not None, watchdog=watchdog,
        )  # fmt: skip


def beside_game(
    main: "Main",
    settings: "Settings",
    key: "SoftKey | None",
    *,
    port: int,
    ready: Path | None,
    parent: int | None,
    keep_s: float,
    seconds: float | None,
    has_log: bool = False,
    watchdog: "Watchdog | None" = None,
) -> None:
    """Host a game until it has gone; SIGTERM ends it as well, with exit code 0."""
    import asyncio
    import signal
    from contextlib import suppress

    from branchxr_unity.game import Player
    from branchxr_unity.host import HostOptions, run_host

    player = Player(branch_url=settings.branch, authenticator=key, main=main, name=settings.name)
    options = HostOptions(port=port, ready=ready, parent=parent, keep_s=keep_s)

    async def run() -> None:
        quiet = _print_to_log if has_log else lambda: None
        running = asyncio.ensure_future(
            run_host(player, options, seconds=seconds, on_listening=quiet, watchdog=watchdog)
        )
        with suppress(NotImplementedError):  # Windows ends a process at once
            asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, running.cancel)
        with suppress(asyncio.CancelledError):
            await running

    try:
        asyncio.run(run())
    except OSError as error:
        from ..errors import InputRefused

        wanted = f"port {port} and the file {str(ready)!r} to be had"
        remedy = "choose others with --port and --ready"
        fail(InputRefused(wanted, str(error)[:200], remedy, code="host_refused"))


def key_of(path: Path | None, *, is_soft: bool, name: str) -> "SoftKey | None":
    """Open the key file, making it if there is none; or make one in memory, or none."""
    from ..identity.soft_key import SoftKey
    from .run import open_key

    if path is not None:
        return open_key(path, name=name)
    return SoftKey.in_memory(name) if is_soft else None


def _print_to_log() -> None:
    """Have what the script prints logged: the game reads our stderr only until we listen."""
    import logging
    import os
    import sys
    from typing import Any, cast

    class Lines:
        def __init__(self) -> None:
            self._line = ""

        def write(self, text: str) -> int:
            *whole, self._line = (self._line + text).split("\n")
            for line in whole:
                logging.getLogger("branchxr.unity.script").info("%s", line[:2000])
            self._line = self._line[:2000]
            return len(text)

        def flush(self) -> None:
            pass

    sys.stdout.flush()
    sys.stderr.flush()
    logging.raiseExceptions = False  # a full disk is not told to a stream that logs
    sys.stdout = sys.stderr = cast("Any", Lines())  # a stream of text, as far as `print` goes
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)  # what C code prints
    os.dup2(nowhere, 2)


def _set_up_log(path: Path | None) -> None:
    import logging
    from logging.handlers import RotatingFileHandler

    handler: logging.Handler = logging.StreamHandler()
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            handler = RotatingFileHandler(path, maxBytes=LOG_BYTES, backupCount=1)
        except OSError as error:
            say(f"cannot log to {path}: {error}")
            raise typer.Exit(Exit.INPUT_REFUSED) from None
    logging.basicConfig(
        level=logging.WARNING, handlers=[handler], format="%(asctime)s %(levelname)s %(message)s"
    )
    logging.getLogger("branchxr.unity").setLevel(logging.INFO)
    logging.getLogger("branchxr.unity.websockets").setLevel(logging.WARNING)
