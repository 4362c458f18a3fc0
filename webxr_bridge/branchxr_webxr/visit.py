"""One page's visit; nothing is shared with other pages."""

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import Final, Protocol

from branchxr import script as scripts
from branchxr.client import Branch
from branchxr.clock import Clock
from branchxr.identity.authenticator import Authenticator
from branchxr.payments.approval import Confirmer
from branchxr.scene.streamer import LoadedScene
from branchxr.stages.ceremonies import Ceremonies
from branchxr.stages.visit import Visit

from .authenticator import Credential, PageAuthenticator, PageConfirmer
from .first_sight import FirstSight, first_sight_of
from .messages import Hello
from .stage import BASE_URL, PageLink, WebXRStage

PAGE_ADDRESS: Final = "X-BranchXR-Page-Address"
HOST_SECRET: Final = "X-BranchXR-Host-Secret"  # noqa: S105 - the name of a header


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

    def note(self, scene: LoadedScene) -> None:
        """Remember what the next page shows before its socket is open."""
        self.sight = first_sight_of(scene, BASE_URL)


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


class PageVisit(Visit):
    """A person at a page.

    Args:
        host: what all visits share.
        origin: of the page, already checked: what its passkeys sign for.
        address: where the page connects from.
    """

    def __init__(self, host: Host, *, origin: str, address: str) -> None:
        link = PageLink()
        ceremonies: Ceremonies[Credential] = Ceremonies(link, new_id=host.new_id)
        headers = {"Origin": origin}
        if host.host_secret is not None:
            headers |= {HOST_SECRET: host.host_secret, PAGE_ADDRESS: address}
        super().__init__(
            link,
            connection=lambda: host.connect(
                host.branch_url(),
                authenticator=PageAuthenticator(ceremonies),
                confirmer=PageConfirmer(ceremonies),
                name="Guest",
                origin=origin,
                headers=headers,
            ),
            main=host.main,
            clock=host.clock,
            make_stage=lambda scene: WebXRStage(link, scene=scene),
            ceremonies=ceremonies,
            come_back="Reload the page to come in again.",
            on_scene=host.known.note,
        )

    def hello(self, resume: str, handled: int) -> Hello:
        """Return what a fresh socket is told first."""
        told = self.description
        return Hello(
            resume,
            handled,
            told.name if told else "Branch",
            told.development if told else False,
            told.rp_id if told else "",
        )
