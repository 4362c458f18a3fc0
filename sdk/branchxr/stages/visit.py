"""One person at a stage that is shown elsewhere: a task, a branch connection and a stage."""

import asyncio
import logging
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from .. import script as scripts
from ..client import Branch
from ..clock import Clock
from ..errors import BranchXRError, Declined, InputRefused, ProtocolError, ScriptFailed
from ..models import BranchDescription
from ..scene.streamer import LoadedScene
from . import messages as m
from . import stage as s
from .ceremonies import Ceremonies
from .company import Company
from .link import StageLink
from .purse import Purse
from .remote import RemoteStage

LOG: Final = logging.getLogger("branchxr.stages")

TASKS_MAX: Final = 16
"""Things one person may have under way at once; what they ask beyond that is refused."""


class Visit:
    """A person at a stage. Their tokens and DPoP key live and die with its branch connection.

    Args:
        link: to where the stage is shown.
        connection: makes the branch connection, not open yet.
        main: the script.
        clock: paces the reading of balances.
        make_stage: makes the stage, of the verified scene or none.
        ceremonies: what the stage's person is asked to sign.
        come_back: what somebody whose visit failed is told to do.
        on_scene: told the scene once it is verified.

    Attributes:
        connected: set once it is known whether the branch can be reached.
        description: what the branch says of itself, once it has.
    """

    def __init__(
        self,
        link: StageLink[Any],
        *,
        connection: Callable[[], AbstractAsyncContextManager[Branch]],
        main: scripts.Main,
        clock: Clock,
        make_stage: Callable[[LoadedScene | None], RemoteStage],
        ceremonies: Ceremonies[Any],
        come_back: str,
        on_scene: Callable[[LoadedScene], None] = lambda _scene: None,
    ) -> None:
        self.link = link
        self.connected = asyncio.Event()
        self.description: BranchDescription | None = None
        self._connection = connection
        self._main = main
        self._clock = clock
        self._make_stage = make_stage
        self._ceremonies = ceremonies
        self._come_back = come_back
        self._on_scene = on_scene
        self._is_over = asyncio.Event()
        self._is_lost = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._branch: Branch | None = None
        self._scene: LoadedScene | None = None
        self._stage: RemoteStage | None = None
        self._company: Company | None = None
        self._purse: Purse | None = None

    def start(self) -> "asyncio.Task[None]":
        """Begin; the task ends when the person goes, the script fails or the branch refuses."""
        return asyncio.create_task(self._run())

    async def look_ahead(self) -> None:
        """Verify the scene and leave again, for whoever is to know of it before anybody comes.

        A branch that does not answer is passed over: whoever comes will be told so.
        """
        try:
            async with self._connection() as branch:
                await self._load_scene(branch)
        except BranchXRError as error:
            LOG.info("the scene is not known ahead: %s", error.code)

    # --- what the person does ------------------------------------------------------------------

    def pose(self, pose: bytes) -> None:
        """Relay an uplink pose; the script is not woken, nothing is decoded."""
        if self._company and self._branch:
            self._branch.send_pose_bytes(pose)
            self._company.notice_placement()

    def take(self, message: m.UpMessage) -> None:
        """Handle a control message."""
        stage = self._stage
        match message:
            case m.Answer():
                self._answer(message.id, message.credential)
            case m.Confirm():
                self._answer(message.id, message.challenge)
            case m.Refuse():
                self._ceremonies.refuse(message.id, message.code)
            case m.Bye():
                self._is_over.set()
            case m.Press() if stage and stage.has_button(message.panel, message.button):
                stage.emit(s.PanelPressed(message.panel, message.button, message.fields))
            case m.Select() if stage and stage.has_node(message.path, message.node):
                stage.emit(s.Selected(message.path, message.node))
            case m.Arrive() if stage and self._is_anchor(message.anchor, message.kind):
                stage.emit(s.Arrived(message.anchor, message.kind))
            case m.Visible() if stage:
                stage.emit(s.Visibility(message.is_visible))
            case m.SignIn() | m.SignOut() | m.Say() | m.Gesture() | m.Go() if self._branch:
                self._begin(self._do(self._branch, message))

    def _answer(self, ask_id: str, answer: object) -> None:
        self._ceremonies.answer(ask_id, answer)
        if self._purse:
            self._purse.look()

    def stage_connection(self, *, is_connected: bool) -> None:
        """Tell the script that its stage is lost, or back."""
        if self._stage and is_connected == self._is_lost:
            self._is_lost = not is_connected
            self._stage.emit(s.StageConnection(is_connected))

    # --- inside -----------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            async with self._connection() as branch:
                await self._open(branch)
                await self._stay(branch)
        except ScriptFailed as error:
            trace = scripts.own_traceback(error)
            LOG.error("a stage's script failed: %s\n%s", error.came, trace)  # noqa: TRY400 - its own
            is_told = self.description is not None and self.description.development
            text = error.came if is_told else self._come_back
            self._end("script_failed", "The program behind this place has stopped", text)
        except BranchXRError as error:
            LOG.warning("a visit ended: %s", error.code)
            self._end(error.code, "The branch does not let you in", spoken(error))
        except Exception:
            # A fault of ours; whoever stands before the stage must not wait for what never comes.
            LOG.exception("a visit failed")
            self._end("internal", "Something has gone wrong here", self._come_back)
        finally:
            for task in self._tasks:
                task.cancel()
            if self._stage:
                self._stage.close()
            self.connected.set()

    async def _open(self, branch: Branch) -> None:
        self.description = branch.describe
        await self._load_scene(branch)
        self._stage = self._make_stage(self._scene)
        self._purse = Purse(branch, self.link, clock=self._clock)
        branch.add_frame_listener(self._stage.feed_frame)
        self._branch = branch
        if self._scene is not None:
            await self._stage.show_scene(self._stage.base_url)
        self.connected.set()  # the scene may load while the branch lets the person in
        await branch.enter()
        self._company = Company(branch, self.link)

    async def _load_scene(self, branch: Branch) -> None:
        if branch.describe.scene is not None:
            self._scene = await branch.scene.load()
            self._on_scene(self._scene)

    async def _stay(self, branch: Branch) -> None:
        """Run the script beside the stage's own needs, until the person goes."""
        assert self._stage and self._company and self._purse  # noqa: S101, PT018 - `_open` made them
        parts: list[Coroutine[Any, Any, None]] = [
            self._script(branch, self._stage),
            self._company.follow(self._purse.look),
            self._purse.watch(),
        ]
        tasks = [asyncio.create_task(part) for part in parts]
        over = asyncio.create_task(self._wait_until_over())
        try:
            waiting = {*tasks, over}
            while (
                over
                not in (done := await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED))[0]
            ):
                for task in done[0]:
                    task.result()  # raises what it raised
                waiting = set(done[1])
        finally:
            for task in (*tasks, over):
                task.cancel()
            await asyncio.gather(*tasks, over, return_exceptions=True)

    async def _wait_until_over(self) -> None:
        await self._is_over.wait()

    async def _script(self, branch: Branch, stage: RemoteStage) -> None:
        try:
            await scripts.run(self._main, branch, stage)
        except (SystemExit, KeyboardInterrupt) as error:
            # Would end the host, and with it everybody's visit.
            raise ScriptFailed(
                "a script that returns", type(error).__name__, "return from main instead"
            ) from error

    def _begin(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._tasks) >= TASKS_MAX:
            work.close()
            self.link.say(m.Notice("error", "One thing after another", "Wait a moment."))
            return
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _do(self, branch: Branch, message: m.UpMessage) -> None:
        try:
            match message:
                case m.SignIn():
                    await self._sign_in(branch, message)
                case m.SignOut():
                    await branch.sign_out()
                    self._end("signed_out", "You have signed out", "")
                    self._is_over.set()
                case m.Say():
                    await branch.chat(message.text)
                case m.Gesture():
                    await branch.emote(message.emote)
                case m.Go():
                    await self._find_way(message)
        except BranchXRError as error:
            self.link.say(m.Notice("error", "That did not work", spoken(error)))

    async def _sign_in(self, branch: Branch, message: m.SignIn) -> None:
        if branch.session.user is not None:
            return
        self.link.say(m.Busy("sign_in"), key="busy")
        try:
            if message.how == "create":
                await branch.register(message.name)
            else:
                await branch.sign_in()
        except Declined:
            self.link.say(m.Notice("info", *NOT_SIGNED_IN[message.how]))
            return
        finally:
            self.link.say(m.Busy("nothing"), key="busy")
        self.link.say(m.Notice("info", f"Welcome, {branch.session.name}", "You are signed in."))
        if self._company:
            self._company.tell_self()
        if self._purse:
            self._purse.look()

    async def _find_way(self, message: m.Go) -> None:
        if self._scene is None:
            return
        anchor = self._scene.anchor(message.anchor)
        floor = self._scene.floor
        points: list[m.Triple] | None = [anchor.position]
        if floor is not None:
            # A* over a large floor takes a tenth of a second: not on the loop of all.
            way = await asyncio.to_thread(floor.path, message.from_, anchor.position)
            points = None if way is None else [(x, y, z) for x, y, z in way.tolist()]
        self.link.say(m.Path(anchor.path, points))

    def _is_anchor(self, path: str, kind: str) -> bool:
        anchors = self._scene.anchors if self._scene else ()
        return any(anchor.path == path and anchor.kind == kind for anchor in anchors)

    def _end(self, code: str, title: str, text: str) -> None:
        self.link.say(m.Ended(code, title, text), key="ended")


NOT_SIGNED_IN: Final = {
    "create": ("No passkey was created", "It was cancelled, or took too long. Nothing changed."),
    "use": (
        "You are not signed in",
        "It was cancelled, or this device has no passkey for this branch. New here? "
        "Choose Sign in, type your name, and create one.",
    ),
}
"""Browsers do not say which of these it was: no page may find out who has a passkey."""


def spoken(error: BranchXRError) -> str:
    """Say an error for a person at a stage: what to do, and why; nothing internal."""
    if isinstance(error, InputRefused | ProtocolError):
        return f"Expected {error.expected}."
    return f"{error.remedy[:1].upper()}{error.remedy[1:]}. ({error.code})"
