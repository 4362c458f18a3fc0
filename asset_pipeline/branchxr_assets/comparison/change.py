"""What is compared, and what is said of it."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..document import Document, Json

_TEXT_MAX: Final = 60


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: the documents of its fullest level and live tile, and its `branch.json`."""

    documents: Sequence[Document]
    branch: Json


@dataclass(frozen=True, slots=True, order=True)
class Change:
    """One thing that is not as it was.

    Attributes:
        path: of the object as it is called now; a name in quotes for materials, images and clips.
        kind: stable, lower snake case.
        message: what changed, in words.
        due_to: path of the object that took it along: moved, removed or added with it.
    """

    path: str
    kind: str
    message: str
    due_to: str | None = None

    def as_json(self) -> dict[str, str | None]:
        """Return the object that `--json` prints."""
        said = {"kind": self.kind, "path": self.path, "message": self.message}
        return {**said, "due_to": self.due_to}


def length(metres: float) -> str:
    """Return a length as people say it."""
    return f"{metres * 1000:.0f} mm" if metres < 1 else f"{metres:.2f} m"


def text(value: Any) -> str:
    """Return a property's value, cut where it is long."""
    whole = json.dumps(value, ensure_ascii=False)
    return whole if len(whole) <= _TEXT_MAX else f"{whole[:_TEXT_MAX]}…"


def told(item: Json) -> str:
    """Return what a thing is like, without its name."""
    return json.dumps({k: v for k, v in item.items() if k != "name"}, sort_keys=True)
