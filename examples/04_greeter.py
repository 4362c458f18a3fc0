"""Greet whoever enters. Runs unchanged as a bot, and for a person in the browser.

branchxr run examples/04_greeter.py --stage headless --name Greeter
branchxr run examples/04_greeter.py --stage webxr
"""

import asyncio

from branchxr import events
from branchxr.stages.stage import Panel, PanelButton


async def main(branch, stage):
    welcome = Panel(
        name="welcome",
        title=branch.describe.name,
        text="I say hello to everybody who comes in.",
        buttons=(PanelButton("close", "Go on"),),
    )
    await stage.open_panel(welcome)
    async with asyncio.TaskGroup() as group:
        group.create_task(close_panels(stage))
        async for event in branch.events():
            if isinstance(event, events.Entered):
                await branch.emote("wave")
                if "chat" in branch.session.scope.split():  # guests only look and walk
                    await branch.chat(f"Welcome, {event.participant.name}!")


async def close_panels(stage):
    async for pressed in stage.inputs():
        await stage.close_panel(getattr(pressed, "panel", ""))
