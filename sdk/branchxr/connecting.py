"""What a connection to a branch is made of: everything `connect` was given, defaults filled in."""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from random import Random

from .clock import Clock
from .identity.authenticator import Authenticator
from .models import BranchDescription
from .payments.approval import Confirmer
from .payments.outbox import Outbox
from .payments.payments import Payments
from .scene.cache import ChunkCache, NewestSeen
from .scene.streamer import Scene
from .settings import Settings
from .transport.http import BranchHttp, HttpTransport, Retry
from .wire import Wire

OpenWire = Callable[[str, Mapping[str, str]], Awaitable[Wire]]
"""Open a realtime wire to an address with the headers of the handshake."""

FrameListener = Callable[[bytes], None]
"""Takes the bytes of a cell frame as they came."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectOptions:
    """The arguments of `connect`; `folder` is its `data_dir`."""

    url: str
    authenticator: Authenticator | None
    confirmer: Confirmer | None
    name: str
    http_transport: HttpTransport | None
    open_wire: OpenWire | None
    clock: Clock
    random: Random
    new_id: Callable[[], str]
    origin: str
    headers: Mapping[str, str] | None
    folder: Path | None
    on_retry: Callable[[Retry], None] | None
    settings: Settings

    def origin_for(self, http: BranchHttp) -> str:
        """Return the WebAuthn origin: the branch's own address unless another was given."""
        return self.origin or http.base_url

    def scene(self, http: BranchHttp, description: BranchDescription) -> Scene:
        """Make what streams the branch's scene."""
        folder, limit_bytes = self.folder, self.settings.cache_bytes
        return Scene(
            http,
            description.scene,
            clock=self.clock,
            newest=NewestSeen(folder / "newest.json" if folder else None),
            cache=ChunkCache(folder / "chunks", limit_bytes=limit_bytes) if folder else None,
        )

    def payments(
        self, http: BranchHttp, outbox: Outbox, description: BranchDescription
    ) -> Payments:
        """Make what pays."""
        return Payments(
            http,
            outbox,
            confirmer=self.confirmer,
            rp_id=description.rp_id,
            origin=self.origin_for(http),
            clock=self.clock,
            new_id=self.new_id,
        )
