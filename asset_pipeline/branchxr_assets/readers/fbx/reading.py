"""What the parts of the FBX reader share while one file is read."""

from dataclasses import dataclass, field
from typing import Any

from ...warnings import SceneWarning
from ..assembly import Assembly
from ..pictures import Pictures


@dataclass(slots=True)
class Reading:
    """One file being read. `Any` is ufbx's: its objects have no types (`native.Held`).

    Attributes:
        scene: what ufbx made of the file: metres, +Y up, right-handed.
        file: its name.
        unit_m: metres in one unit of the file.
        is_scaled: nodes carry the unit, geometry and distances are still in the file's own.
        is_blender: Blender wrote the file, which says what its numbers mean.
        numbers: ufbx's node number -> the document's.
        paths: ufbx's node number -> names from the root, joined by `/`.
        unseen: nodes whose meshes are left out: lower levels of detail.
    """

    scene: Any
    assembly: Assembly
    pictures: Pictures
    file: str
    unit_m: float
    is_scaled: bool
    is_blender: bool
    warnings: list[SceneWarning] = field(default_factory=list)
    numbers: dict[int, int] = field(default_factory=dict)
    paths: dict[int, str] = field(default_factory=dict)
    unseen: set[int] = field(default_factory=set)

    @property
    def distance_scale(self) -> float:
        """What a distance that belongs to no node (a clipping plane) is multiplied by."""
        return self.unit_m if self.is_scaled else 1.0

    def warn(self, code: str, path: str, message: str) -> None:
        """Say what is not as it was."""
        self.warnings.append(SceneWarning(code, path, message))

    def place(self, element: Any) -> str:
        """Return the path of the first node that an element belongs to, or its own name."""
        nodes = [node for node in element.instances if node.typed_id in self.paths]
        return self.paths[nodes[0].typed_id] if nodes else str(element.name)
