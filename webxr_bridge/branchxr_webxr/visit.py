"""One page's visit: a task, a branch connection and a stage; nothing shared with other pages."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from branchxr import script as scripts
from branchxr.client import Branch
from branchxr.clock import Clock
from branchxr.errors import BranchXRError, Declined, InputRefused, ProtocolError, ScriptFailed
from branchxr.identity.authenticator import Authenticator
from branchxr.models import BranchDescription
from branchxr.payments.approval import Confirmer
from branchxr.scene.streamer import LoadedScene
from branchxr.stages import stage as s

from . import messages as m
from .authenticator import Ceremonies, PageAuthenticator, PageConfirmer
from .company import Company
from .first_sight import FirstSight, first_sight_of
from .page_link import PageLink
from .purse import Purse
from .stage import WebXRStage

LOG: Final = logging.getLogger("branchxr.webxr")

PAGE_ADDRESS: Final = "X-BranchXR-Page-Address"
HOST_SECRET: Final = "X-BranchXR-Host-Secret"  # noqa: S105 - the name of a header

BASE_URL: Final = "/scene/"
"""Where a page finds the package's files, on its own origin."""

TASKS_MAX: Final = 16
"""Things one page may have under way at once; what it asks beyond that is refused."""


class Connect(Protocol):
    """Make a branch connection, as `branchxr.connect` does."""

    def __call__(
        self,
        url: str,
        /,
        *,
        authenticator: Authenticator,
        confirmer: Confirmer,
        name: str,
        origin: str,
        headers: Mapping[str, str],
    ) -> AbstractAsyncContextManager[Branch]:
        """Return a connection that is not open yet."""
        ...


@dataclass(slots=True)
class Known:
    """What the host knows of the scene since somebody's visit has verified it."""

    sight: FirstSight | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What all visits of a host share.

    Attributes:
        connect: makes branch connections.
        branch_url: the branch; a function, since its port may be known only once it listens.
        main: the script.
        host_secret: shared with the branch, which then counts guests by their page's address.
        new_id: makes ids of ceremonies that cannot be guessed.
        known: for pages that are not there yet.
    """

    connect: Connect
    branch_url: Callable[[], str]
    main: scripts.Main
    clock: Clock
    new_id: Callable[[], str]
    host_secret: str | None = field(default=None, repr=False)
    known: Known = field(default_factory=Known)


class Visit:
    """A person at a page. Their tokens and DPoP key live and die with its branch connection.

    Args:
        host: what all visits share.
        origin: of the page, already checked: what its passkeys sign for.
        address: where the page connects from.

    Attributes:
        link: to the page.
        connected: set once it is known whether the branch can be reached.
    """

    def __init__(self, host: Host, *, origin: str, address: str) -> None:
        self.link = PageLink()
        self.connected = asyncio.Event()
        self._host = host
        self._origin = origin
        self._address = address
        self._ceremonies = Ceremonies(self.link, new_id=host.new_id)
        self._is_over = asyncio.Event()
        self._is_lost = False
        self._tasks: set[asyncio.Task[None]] = set()
        self._branch: Branch | None = None
        self._description: BranchDescription | None = None
        self._scene: LoadedScene | None = None
        self._stage: WebXRStage | None = None
        self._company: Company | None = None
        self._purse: Purse | None = None

    def start(self) -> "asyncio.Task[None]":
        """Begin; the task ends when the person goes, the script fails or the branch refuses."""
        return asyncio.create_task(self._run())

    async def look_ahead(self) -> None:
        """Verify the scene and leave again, so that the host's first page is as quick as others.

        A branch that does not answer is passed over: the page will say so.
        """
        try:
            async with self._connection() as branch:
                await self._load_scene(branch)
        except BranchXRError as error:
            LOG.info("the scene is not known ahead: %s", error.code)

    def hello(self, resume: str, handled: int) -> m.Hello:
        """Return what a fresh socket is told first."""
        told = self._description
        return m.Hello(
            resume,
            handled,
            told.name if told else "Branch",
            told.development if told else False,
            told.rp_id if told else "",
        )

    # --- what the page sends ------------------------------------------------------------------

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
                self._ceremonies.answer(message.id, message.credential)
                if self._purse:
                    self._purse.look()
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

    def stage_connection(self, *, is_connected: bool) -> None:
        """Tell the script that its page is lost, or back."""
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
            LOG.error("a page's script failed: %s\n%s", error.came, trace)  # noqa: TRY400 - its own
            is_told = self._description is not None and self._description.development
            text = error.came if is_told else "Reload the page to come in again."
            self._end("script_failed", "The program behind this page has stopped", text)
        except BranchXRError as error:
            LOG.warning("a page's visit ended: %s", error.code)
            self._end(error.code, "The branch does not let this page in", spoken(error))
        finally:
            for task in self._tasks:
                task.cancel()
            if self._stage:
                self._stage.close()
            self.connected.set()

    def _connection(self) -> AbstractAsyncContextManager[Branch]:
        headers = {"Origin": self._origin}
        if self._host.host_secret is not None:
            headers |= {HOST_SECRET: self._host.host_secret, PAGE_ADDRESS: self._address}
        return self._host.connect(
            self._host.branch_url(),
            authenticator=PageAuthenticator(self._ceremonies),
            confirmer=PageConfirmer(self._ceremonies),
            name="Guest",
            origin=self._origin,
            headers=headers,
        )

    async def _open(self, branch: Branch) -> None:
        self._description = branch.describe
        await self._load_scene(branch)
        self._stage = WebXRStage(self.link, scene=self._scene, base_url=BASE_URL)
        self._purse = Purse(branch, self.link, clock=self._host.clock)
        branch.add_frame_listener(self._stage.feed_frame)
        self._branch = branch
        if self._scene is not None:
            await self._stage.show_scene(BASE_URL)
        self.connected.set()  # the scene may load while the branch lets the person in
        await branch.enter()
        self._company = Company(branch, self.link)

    async def _load_scene(self, branch: Branch) -> None:
        if branch.describe.scene is not None:
            self._scene = await branch.scene.load()
            self._host.known.sight = first_sight_of(self._scene, BASE_URL)

    async def _stay(self, branch: Branch) -> None:
        """Run the script beside the page's own needs, until the person goes."""
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

    async def _script(self, branch: Branch, stage: WebXRStage) -> None:
        try:
            await scripts.run(self._host.main, branch, stage)
        except SystemExit as error:  # would end the host, and with it everybody's visit
            raise ScriptFailed(
                "a script that returns", "SystemExit", "return from main instead"
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
            # A* over a large floor takes a tenth of a second: not on the loop of all pages.
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
    """Say an error for a person at a page: what to do, and why; nothing internal."""
    if isinstance(error, InputRefused | ProtocolError):
        return f"Expected {error.expected}."
    return f"{error.remedy[:1].upper()}{error.remedy[1:]}. ({error.code})"
