"""Say what changed between two packages, in an artist's words: what moved, came, went, was redone.

Places are compared where things stand in the scene, not in the file: a desk under a moved group
has moved, and one whose numbers were only written another way has not.
"""

from ..opened import malformed
from .change import Change, Side
from .looks import images, materials
from .objects import objects
from .pairs import pairs_of
from .rest import clips, floor, levels
from .scene import scene_of

__all__ = ["Change", "Side", "compare"]


def compare(before: Side, after: Side) -> list[Change]:
    """Return all changes from one package to the other, by path.

    Raises:
        PackageRefused: `package_malformed`: a `branch.json` of another shape.
    """
    try:
        pairs = pairs_of(scene_of(before), scene_of(after))
        known_as = {pair.old.path: pair.new.path for pair in pairs if pair.old and pair.new}
        return sorted(
            [
                *objects(pairs),
                *materials(before, after),
                *images(before, after),
                *clips(before, after, known_as),
                *floor(before, after),
                *levels(before, after),
            ]
        )
    except (ValueError, TypeError, KeyError, AttributeError, IndexError) as error:
        raise malformed(f"a branch.json of another shape ({type(error).__name__})") from error
