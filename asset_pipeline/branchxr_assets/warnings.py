"""What a build could not keep, or had to guess: nothing is lost in silence."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

HIDDEN: Final = (
    "it is hidden in the file and shown all the same; delete it there if it is not wanted"
)
"""Of every format alike: only an artist knows what was meant by it (`docs/formats.md`)."""


@dataclass(frozen=True, slots=True, order=True)
class SceneWarning:
    """One thing an artist should know.

    Attributes:
        code: stable, lower snake case.
        path: the object's path in the scene, or a place in the file such as `materials[3]`.
        message: what happened and what to do, one sentence.
    """

    code: str
    path: str
    message: str

    def as_json(self) -> dict[str, str]:
        """Return the object that `--json` prints."""
        return {"code": self.code, "path": self.path, "message": self.message}


def distinct(warnings: Iterable[SceneWarning]) -> tuple[SceneWarning, ...]:
    """Return each warning once, in the order they came."""
    return tuple(dict.fromkeys(warnings))
