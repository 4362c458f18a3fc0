"""`branchxr run`: a script on a stage."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from .output import fail, reported, say

if TYPE_CHECKING:
    from ..identity.soft_key import SoftKey
    from ..script import Main
    from ..settings import Settings

KEY_SECRET = "BRANCHXR_KEY_SECRET"  # noqa: S105 - the name of a variable


def run(
    script: Annotated[Path, typer.Argument(help="A file with `async def main(branch, stage)`.")],
    stage: Annotated[
        Literal["headless", "webxr", "unity"],
        typer.Option(
            help="Where it runs: for a bot, for each person who opens the page, or for "
            "the player of a Unity game."
        ),
    ] = "headless",
    branch: Annotated[
        str | None,
        typer.Option(help="The branch's address. Default: BRANCHXR_BRANCH, else localhost:8710."),
    ] = None,
    key: Annotated[
        Path | None,
        typer.Option(
            help="Soft key of the bot, encrypted with the secret in BRANCHXR_KEY_SECRET; made if "
            "there is none. Default: a new one in memory, and with it a new customer. (headless, "
            "unity)"
        ),
    ] = None,
    guest: Annotated[
        bool, typer.Option("--guest", help="Do not sign in: look and walk only. (headless, unity)")
    ] = False,
    name: Annotated[
        str | None, typer.Option(help="What the bot or player is called. (headless, unity)")
    ] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.1, max=10_000_000, help="Stop after so long.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Repeat what is left to chance. (headless)")
    ] = None,
    port: Annotated[
        int,
        typer.Option(
            min=0, max=65_535, help="Port of the page; its origin must be allowed. (webxr)"
        ),
    ] = 8720,
    ready: Annotated[
        Path | None,
        typer.Option(
            help="File that tells the game where this listens: Temp/BranchXR/host.txt of its "
            "project, where its package looks first. (unity)"
        ),
    ] = None,
) -> None:
    """Run a script for one participant: a bot, everybody who opens the page, a game's player.

    The same script runs on every stage. It ends when `main` returns, after --seconds, or with
    Ctrl-C; a script that raises shows its traceback and makes the exit code 1.
    """
    if stage == "webxr" and (key is not None or guest or name is not None or seed is not None):
        raise typer.BadParameter("--key, --guest, --name and --seed are not for --stage webxr")
    if (stage == "unity") != (ready is not None):
        raise typer.BadParameter("--stage unity needs --ready FILE, and no other stage takes it")
    if stage == "unity" and seed is not None:
        raise typer.BadParameter("--seed is for --stage headless")
    if guest and key is not None:
        raise typer.BadParameter("--guest does not sign in; leave out --guest or --key")
    with reported():
        import asyncio

        from ..errors import ScriptFailed
        from ..script import load, own_traceback
        from ..settings import Settings

        try:
            settings = Settings.load(branch=branch, name=name)
            main = load(script)
            if stage == "webxr":
                asyncio.run(_on_page(main, settings, port=port, seconds=seconds))
            elif stage == "unity":
                from .unity_host import beside_game

                player_key = None if guest else open_key(key, name=settings.name)
                say("waiting for a game; Ctrl-C stops")
                beside_game(
                    main, settings, player_key,
                    port=0, ready=ready, parent=None, keep_s=seconds or 1e9, seconds=seconds,
                )  # fmt: skip
            else:
                bot_key = None if guest else open_key(key, name=settings.name)
                asyncio.run(_headless(main, settings, bot_key, seconds=seconds, seed=seed))
        except ScriptFailed as error:
            say(own_traceback(error))
            fail(error)


def open_key(path: Path | None, *, name: str) -> "SoftKey":
    """Open a key file, making it if there is none; without a path, make a key in memory."""
    from ..identity.soft_key import SoftKey
    from ..secret import Secret

    if path is None:
        return SoftKey.in_memory(name)
    secret = Secret.from_env(KEY_SECRET)
    if path.exists():
        return SoftKey.load(path, secret=secret)
    made = SoftKey.create(path, secret=secret)
    say(f"made a new soft key at {path}")
    return made


async def _headless(
    main: "Main",
    settings: "Settings",
    key: "SoftKey | None",
    *,
    seconds: float | None,
    seed: int | None,
) -> None:
    import asyncio
    from contextlib import suppress
    from random import Random

    from ..client import connect
    from ..script import run as run_script
    from ..stages.headless import HeadlessStage

    random = Random(seed)  # noqa: S311 - jitter, and whatever the script draws
    async with (
        connect(authenticator=key, random=random, settings=settings) as branch,
        HeadlessStage() as stage,
    ):
        await branch.enter(name=settings.name)
        branch.add_frame_listener(stage.feed_frame)
        if branch.describe.scene is not None:
            await stage.show_scene(branch.scene.base_url)
        say(f"{branch.session.name} is in {branch.describe.name!r}; Ctrl-C stops the script")
        deadline = asyncio.timeout(seconds)
        with suppress(TimeoutError):
            async with deadline:
                await run_script(main, branch, stage)


async def _on_page(main: "Main", settings: "Settings", *, port: int, seconds: float | None) -> None:
    import asyncio
    from random import Random

    from branchxr_webxr.host import create_app
    from branchxr_webxr.proxy import SceneProxy

    from ..clock import SystemClock
    from ..identity.tokens import Session
    from ..operations import DESCRIBE
    from ..server.listening import http_on
    from ..server.ports import bind
    from ..transport.http import BranchHttp

    def http() -> BranchHttp:
        session = Session(clock=SystemClock())
        return BranchHttp(settings.branch, session=session, random=Random())  # noqa: S311 - jitter

    asking = http()
    try:
        scene = (await asking.call(DESCRIBE)).scene
    finally:
        await asking.close()
    listeners = bind("localhost", port)
    address = f"http://localhost:{listeners[0].getsockname()[1]}"
    app = create_app(
        branch_url=settings.branch,
        script=main,
        allowed_origins=[address],
        scene=None if scene is None else SceneProxy(http, base=scene.base),
    )
    try:
        async with http_on(app, listeners, tls=None):
            await app.state.look_ahead()
            say(f"open {address} - each page runs the script; Ctrl-C stops")
            await asyncio.sleep(float("inf") if seconds is None else seconds)
    finally:
        await app.state.visitors.close()
