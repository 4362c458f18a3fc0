"""`branchxr demo`: a branch from a Blender export, bots, a payment, and a page to walk in."""

from pathlib import Path
from typing import Annotated

import typer

from .output import Exit, print_json, reported


def demo(
    scene: Annotated[
        Path | None,
        typer.Option(help="A .glb or .gltf to build the branch from. Default: the example hall."),
    ] = None,
    headless: Annotated[
        bool, typer.Option("--headless", help="No page: bots only. For scripts and CI.")
    ] = False,
    bots: Annotated[int, typer.Option(min=2, max=100, help="How many bots walk in.")] = 12,
    seconds: Annotated[
        float | None,
        typer.Option(
            min=1, max=86_400, help="Stop after so long. Default: until Ctrl-C; 10 with --headless."
        ),
    ] = None,
    seed: Annotated[int, typer.Option(help="Where the bots walk, the same each time.")] = 1,
    port: Annotated[
        int | None,
        typer.Option(
            min=0,
            max=65_535,
            help="Port of the page and the branch; 0 takes any free "
            "one. Default: 8710; any with --headless.",
        ),
    ] = None,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object on stdout at the end.")
    ] = False,
) -> None:
    """Show everything at once, on this machine only, offline.

    Builds the example hall through the real pipeline, starts an embedded branch, lets bots sign
    in with software passkeys and walk about, and makes one of them pay 25.00 RUB at a counter.
    Open the printed address to walk in yourself, sign in with a passkey and pay.

    The branch is embedded, the money is fake, the bots' keys are software.
    """
    with reported():
        from .demo_view import view_for
        from .demonstration import Plan, demonstrate, example_scene

        plan = Plan(
            scene=scene or example_scene(),
            has_page=not headless,
            bots=bots,
            seconds=seconds if seconds is not None or not headless else 10.0,
            seed=seed,
            port=port if port is not None else (0 if headless else 8710),
        )
        with view_for(is_quiet=as_json) as view:
            result = demonstrate(plan, view)
        if result is None:
            raise typer.Exit(Exit.INTERRUPTED)
        if as_json:
            print_json(result)
        else:
            view.summary(result)
