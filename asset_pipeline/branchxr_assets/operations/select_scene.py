"""Keep the one scene that is shown; say what else lay in the file."""

from dataclasses import dataclass
from typing import Final

from ..document import Document, Json, Outcome
from ..rewrite import keep_nodes, prune
from ..tree import walk
from ..warnings import SceneWarning


@dataclass(frozen=True, slots=True)
class SelectSceneOptions:
    """`scene`: number of the scene to keep; `None` takes the one the file shows first."""

    scene: int | None = None


DEFAULTS: Final = SelectSceneOptions()


def select_scene(document: Document, options: SelectSceneOptions = DEFAULTS) -> Outcome:
    """Drop all scenes but one, and the nodes that are in none.

    A file without scenes gets one of all its top nodes, with a warning.
    """
    changed = document.copy()
    root, warnings = changed.root, []
    scenes = root.get("scenes", [])
    if not scenes:
        tops = _top_nodes(root)
        scenes = [{"nodes": tops} if tops else {}]
        warnings.append(SceneWarning("scene_missing", "scenes", "no scene: all nodes are shown"))
    number = options.scene if options.scene is not None else root.get("scene", 0)
    for index, scene in enumerate(scenes):
        if index != number:
            name = str(scene.get("name", ""))
            message = f"scene {name!r} is not the one that is shown first; it is left out"
            warnings.append(SceneWarning("scene_dropped", f"scenes[{index}]", message))
    root["scenes"], root["scene"] = [scenes[number]], 0
    reached = {index for index, _ in walk(changed)}
    warnings += _unplaced(root, reached)
    before = len(root.get("nodes", []))
    if len(reached) < before:
        changed = keep_nodes(changed, reached)
    counts = {"scenes_dropped": len(scenes) - 1, "nodes_dropped": before - len(reached)}
    return Outcome(prune(changed), counts, tuple(warnings))


def _top_nodes(root: Json) -> list[int]:
    nodes = root.get("nodes", [])
    children = {child for node in nodes for child in node.get("children", [])}
    return [index for index in range(len(nodes)) if index not in children]


def _unplaced(root: Json, reached: set[int]) -> list[SceneWarning]:
    return [
        SceneWarning(
            "node_unplaced",
            f"nodes[{index}]",
            f"the node {root['nodes'][index].get('name', '')!r} is in no scene that is shown",
        )
        for index in _top_nodes(root)
        if index not in reached
    ]
