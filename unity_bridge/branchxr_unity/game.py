"""A player's visit: what a game sends, and what runs for it. Carriers bring the records."""

import asyncio
import logging
import secrets
import sys
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol
from urllib.parse import urljoin

from branchxr import script as scripts
from branchxr.client import Branch
from branchxr.client import connect as connect_to_branch
from branchxr.clock import Clock, SystemClock
from branchxr.errors import BranchXRError, ProtocolError
from branchxr.identity.authenticator import Authenticator
from branchxr.payments.approval import Confirmer
from branchxr.scene.streamer import LoadedScene
from branchxr.stages import lobby
from branchxr.stages.bucket import Bucket
from branchxr.stages.ceremonies import Ceremonies
from branchxr.stages.messages import Bye
from branchxr.stages.visit import Visit

from .codec import unpack
from .confirm import GameConfirmer
from .layout import UPLINK_BYTES, VERSION, Record
from .puppets import PuppetSink
from .records import BranchIs, Fault, Heartbeat, Hello, Pong, decode_up
from .stage import GameLink, UnityStage

LOG: Final = logging.getLogger("branchxr.unity")

EVENTS_PER_S: Final = 200.0
"""Of a game; a person makes a few. Poses are counted apart."""

POSES_PER_S: Final = 120.0
HEARTBEAT_S: Final = 0.5


class Connect(Protocol):
    """Make a branch connection, as `branchxr.connect` does."""

    def __call__(
        self,
        url: str | None,
        /,
        *,
        authenticator: Authenticator | None,
        confirmer: Confirmer | None,
        name: str | None,
        headers: Mapping[str, str] | None,
    ) -> AbstractAsyncContextManager[Branch]:
        """Return a connection that is not open yet."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Player:
    """Who plays, and what runs for them.

    Attributes:
        branch_url: the branch; `None` is that of the settings.
        authenticator: signs in and signs payments; without one the player is a guest.
        main: the script.
        name: what to be called.
        connect: makes the branch connection.
    """

    branch_url: str | None = None
    authenticator: Authenticator | None = field(default=None, repr=False)
    main: scripts.Main = lobby.main
    name: str | None = None
    connect: Connect = connect_to_branch
    clock: Clock = field(default_factory=SystemClock)
    headers: Mapping[str, str] | None = field(default=None, repr=False)
    new_id: Callable[[], str] = secrets.token_urlsafe


class Game(Visit):
    """A player in a game.

    Args:
        player: who.
        puppets: where poses of puppets go; as records over the link, if not given.
    """

    def __init__(self, player: Player, *, puppets: Callable[[], PuppetSink] | None = None) -> None:
        link = GameLink()
        ceremonies: Ceremonies[bytes] = Ceremonies(link, new_id=player.new_id)
        self._player = player
        self._events = Bucket(EVENTS_PER_S, clock=player.clock)
        self._poses = Bucket(POSES_PER_S, clock=player.clock)
        self._dropped = 0
        signs = player.authenticator
        self.is_leaving = False

        def make_stage(scene: LoadedScene | None) -> UnityStage:
            if told := self.description:
                link.say(BranchIs(told.name, told.development, told.rp_id), key="branch_is")
            sink = puppets() if puppets else None
            return UnityStage(link, scene=scene, base_url=self._scene_url(), puppets=sink)

        super().__init__(
            link,
            connection=lambda: player.connect(
                player.branch_url,
                authenticator=signs,
                confirmer=None if signs is None else GameConfirmer(ceremonies, signs),
                name=player.name,
                headers=player.headers,
            ),
            main=player.main,
            clock=player.clock,
            make_stage=make_stage,
            ceremonies=ceremonies,
            come_back="Start the branch again to come back.",
        )

    def hello(self, taken: int) -> Hello:
        """Return what a game that has just come is told first."""
        return Hello(VERSION, taken, sys.version.partition(" ")[0])

    def take_record(self, record: Record, payload: bytes) -> None:
        """Handle what the game sent; what is malformed or too much is told to it, and dropped."""
        try:
            self._take(record, payload)
        except BranchXRError as error:
            LOG.warning("an event of the game was refused: %s", error.code)
            self._tell(error)

    async def beat(self) -> None:
        """Tell the game again and again that this loop is alive, until cancelled."""
        count = 0
        while True:
            count += 1
            self.link.say(Heartbeat(count))
            self.tell_dropped()
            await asyncio.sleep(HEARTBEAT_S)

    def _take(self, record: Record, payload: bytes) -> None:
        if record.name == "pose":
            if len(payload) != UPLINK_BYTES:
                raise ProtocolError(
                    f"a pose of {UPLINK_BYTES} bytes", f"{len(payload)}", "see docs/protocol.md",
                    code="frame_length",
                )  # fmt: skip
            if self._poses.take():
                self.pose(payload)
        elif record.name == "ping":
            self.link.say(Pong(unpack(record, payload)["stamp"]))
        # A goodbye that was one event too many would leave the player standing in the branch.
        elif record.name == "bye" or self._events.take():
            message = decode_up(record, payload)
            self.is_leaving = self.is_leaving or isinstance(message, Bye)
            self.take(message)
        else:
            self._dropped += 1

    def tell_dropped(self) -> None:
        """Tell the game how many of its events were too many since this was told last."""
        if self._dropped:
            dropped, self._dropped = self._dropped, 0
            expected = f"at most {EVENTS_PER_S:g} events a second"
            came = f"{dropped} more, dropped"
            self._tell(ProtocolError(expected, came, "send fewer", code="event_flood"))

    def _tell(self, error: BranchXRError) -> None:
        self.link.say(Fault(error.code, error.expected, error.came, error.remedy))

    def _scene_url(self) -> str:
        told = self.description
        if told is None or told.scene is None or self._player.branch_url is None:
            return "/scene/"
        return urljoin(self._player.branch_url, told.scene.base)
