"""`branchxr serve`: an embedded branch, until Ctrl-C."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import print_json, reported, say

if TYPE_CHECKING:
    from ..server.branch import BranchServer, ServerSettings


def serve(
    data: Annotated[
        Path | None,
        typer.Option(help="Folder of the database. Default: in memory, forgotten at the end."),
    ] = None,
    host: Annotated[
        str, typer.Option(help="localhost listens on 127.0.0.1 and ::1.")
    ] = "localhost",
    port: Annotated[int, typer.Option(min=0, max=65535, help="HTTP port; 0 takes any.")] = 8710,
    realtime_port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port of the realtime WebSocket; 0 takes any.")
    ] = 0,
    scene: Annotated[
        Path | None, typer.Option(help="A scene package: `branchxr assets build SCENE -o DIR`.")
    ] = None,
    origin: Annotated[
        list[str] | None,
        typer.Option(help="A further page that may use the branch; exact, port included."),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(help="TLS certificate chain, PEM; for an address that others reach."),
    ] = None,
    certificate_key: Annotated[
        Path | None, typer.Option(help="The certificate's private key, PEM, without a password.")
    ] = None,
    rp_id: Annotated[
        str, typer.Option(help="The domain that passkeys are bound to, and the branch's name.")
    ] = "localhost",
    allow_unsigned: Annotated[
        bool, typer.Option("--allow-unsigned", help="Serve a package that nobody signed.")
    ] = False,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="One line for each request, on stderr.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout once it listens.")
    ] = False,
) -> None:
    """Run a development branch: invented customers, no real money.

    It is reached from this machine only, unless --host, --certificate, --certificate-key, --rp-id
    and --realtime-port say otherwise, together.

    Prints its address once it listens. Where the web page is built, open the address to walk in.
    Ctrl-C ends it (exit code 130); SIGTERM ends it too (exit code 0). Nothing is lost with --data.
    """
    with reported():
        from ..server.branch import ServerSettings
        from . import loop

        settings = ServerSettings(
            data=data,
            host=host,
            port=port,
            realtime_port=realtime_port,
            scene=scene,
            origins=tuple(origin or ()),
            certificate=certificate,
            certificate_key=certificate_key,
            rp_id=rp_id,
            allow_unsigned=allow_unsigned,
        )
        say("development branch: invented customers, no real money")
        _set_up_log(is_verbose=verbose)
        loop.run(_serve(settings, as_json=as_json))


async def _serve(settings: "ServerSettings", *, as_json: bool) -> None:
    import asyncio
    import secrets
    import signal
    from contextlib import AsyncExitStack, suppress
    from dataclasses import replace

    from ..server.branch import BranchServer

    settings = replace(settings, host_secret=secrets.token_urlsafe(32))
    stopped = asyncio.Event()
    with suppress(NotImplementedError):  # Windows ends a process at once
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    async with AsyncExitStack() as resources:
        addresses: list[str] = []
        page = _page_of(settings, addresses)
        branch = await resources.enter_async_context(BranchServer.open(settings, page_app=page))
        await resources.enter_async_context(branch.listen())
        if page is not None:  # its visits end first: they sign out at the branch
            resources.push_async_callback(page.state.visitors.close)
        addresses.append(branch.address)
        if page is not None:
            await page.state.look_ahead()
        _announce(branch, has_page=page is not None, as_json=as_json)
        await stopped.wait()
        say("stopping")


def _page_of(settings: "ServerSettings", addresses: list[str]) -> Any:
    """Return the page's ASGI app, or `None` where it is not installed or not built.

    Any: Starlette's app, of a package that this one may not import outside a command.
    """
    from ..errors import MissingTool

    try:
        from branchxr_webxr.host import create_app

        return create_app(
            branch_url=lambda: addresses[0],
            allowed_origins=lambda: addresses,
            host_secret=settings.host_secret,
        )
    except ModuleNotFoundError as error:
        say(f"no page: needs {error.name}: pip install -e '.[webxr]'")
    except MissingTool as error:
        say(f"no page: {error}")
    return None


def _announce(branch: "BranchServer", *, has_page: bool, as_json: bool) -> None:
    description = branch.description
    where = branch.settings.data
    say("data: " + (str(where) if where is not None else "in memory, forgotten at the end"))
    scene = description.scene
    say(f"scene: {scene.id} version {scene.version}" if scene else "scene: none (--scene DIR)")
    if scene and not scene.signer:
        say("warning: the scene package is not signed")
    say("open the address in a browser to walk in" if has_page else "operations: /openapi.json")
    if as_json:
        print_json(
            {
                "schema": 1,
                "address": branch.address,
                "realtime": description.realtime.url,
                "scene": scene.id if scene else None,
                "page": has_page,
            }
        )
    else:
        typer.echo(branch.address)


def _set_up_log(*, is_verbose: bool) -> None:
    import logging

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    # websockets, python-fido2 and uvicorn say more than the allow-list: warnings only, always.
    logging.getLogger("branchxr.server").setLevel(logging.INFO if is_verbose else logging.WARNING)
    logging.getLogger("branchxr.server.websockets").setLevel(logging.WARNING)
