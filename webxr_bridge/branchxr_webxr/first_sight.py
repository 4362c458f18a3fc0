"""What a page needs to show the scene before its socket is open.

It stands in the page's HTML: the hashes that Python has verified, where a guest comes in, and what
to fetch beside the script. Without it the page waits for script, socket, branch, `branch.json`,
`tileset.json` and chunk in turn (`benchmarks/first_sight/README.md`).
"""

from collections.abc import Iterator, Mapping
from typing import Final

import msgspec

from branchxr.errors import PackageRefused
from branchxr.models import Role
from branchxr.protocol.plan import BranchPlan
from branchxr.scene.streamer import LoadedScene
from branchxr.scene.tiles import Tile

LIGHT_BYTES_MAX: Final = 64 * 1024
"""Of all that is drawn before the page's script comes; `branchxr assets` keeps below 60 kB."""

PRELOAD_BYTES_MAX: Final = 128 * 1024
"""Of chunks, beyond the first: more would hold up the script that draws them."""


class FirstSight(msgspec.Struct, frozen=True):
    """As `npm/src/messages.ts` has it.

    Attributes:
        base: below which the page finds the package's files, on its own origin.
        files: hashes of what the package's own names do not tell: a chunk's name is its hash.
        first: chunks to fetch at once.
        is_light: whether they are all of the coarsest level and so few bytes that the page waits
            for them alone, draws them by itself, and fetches everything else then.
        position: where a guest comes in, if nobody stands there.
        yaw: radians about +Y.
    """

    base: str
    files: dict[str, str]
    first: tuple[str, ...]
    is_light: bool
    position: tuple[float, float, float]
    yaw: float


def first_sight_of(scene: LoadedScene, base: str) -> FirstSight | None:
    """Return it, or nothing where chunks are not named by their hashes, or nothing stands still."""
    files = scene.manifest.files
    chunks = {tile.path for tile in scene.root.walk() if tile.path}
    if any(path != f"c/{files[path].sha256}.glb" for path in chunks):
        return None
    sizes = {tile.path: files[tile.path].bytes for tile in _coarsest(scene.root)}
    first = tuple(_preloads(sizes))
    if not first:
        return None
    try:
        plan = BranchPlan.from_json(scene.branch, scene.floor)
    except PackageRefused:
        return None  # whoever shows it will say so
    position, yaw = plan.spawn_place(Role.GUEST, ())
    hashes = {path: files[path].sha256 for path in ("tileset.json", "branch.json")}
    is_light = sum(sizes.values()) <= LIGHT_BYTES_MAX
    return FirstSight(base, hashes, first, is_light, position, yaw)


def _preloads(sizes: Mapping[str, int]) -> Iterator[str]:
    """Yield chunks, the smallest first, while they are few bytes."""
    total = 0
    for path in sorted(sizes, key=lambda path: (sizes[path], path)):
        if total and total + sizes[path] > PRELOAD_BYTES_MAX:
            return
        total += sizes[path]
        yield path


def _coarsest(tile: Tile) -> Iterator[Tile]:
    if tile.role:
        return
    if tile.path:
        yield tile
        return
    for child in tile.children:
        yield from _coarsest(child)
