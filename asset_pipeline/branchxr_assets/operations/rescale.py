"""Scale a whole scene: its top nodes and what moves them, so that nothing below changes."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from ..document import AccessorPool, Document, Json, Outcome
from ..tree import ORIGIN


@dataclass(frozen=True, slots=True)
class RescaleOptions:
    """`factor`: metres in one unit of the document."""

    factor: float


def rescale(document: Document, options: RescaleOptions) -> Outcome:
    """Multiply places and sizes of nodes without a parent, cameras' planes and lights' ranges.

    Meshes, pivots, skins and everything below the top stay as they are.
    """
    changed = document.copy()
    nodes = changed.listed("nodes")
    below = {child for node in nodes for child in node.get("children", [])}
    tops = {index for index in range(len(nodes)) if index not in below}
    for index in tops:
        _scale_node(nodes[index], options.factor)
    for camera in changed.listed("cameras"):
        for view in (camera.get("perspective"), camera.get("orthographic")):
            _scale_values(view, ("znear", "zfar", "xmag", "ymag"), options.factor)
    for light in changed.listed("lights"):
        _scale_values(light, ("range",), options.factor)
    pool = AccessorPool(changed.accessors)
    _scale_motion(changed, tops, options.factor, pool)
    return Outcome(Document(changed.root, pool.all(), changed.images), {"nodes": len(tops)})


def _scale_node(node: Json, factor: float) -> None:
    if "matrix" in node:
        matrix = np.array(node["matrix"], np.float64).reshape(4, 4)
        matrix[:, :3] *= factor
        node["matrix"] = matrix.ravel().tolist()
        return
    if "translation" in node:
        node["translation"] = [value * factor for value in node.get("translation", ORIGIN)]
    node["scale"] = [value * factor for value in node.get("scale", (1.0, 1.0, 1.0))]


def _scale_values(item: Any, keys: tuple[str, ...], factor: float) -> None:
    for key in keys:
        if isinstance(item, dict) and key in item:
            item[key] *= factor


def _scale_motion(changed: Document, tops: set[int], factor: float, pool: AccessorPool) -> None:
    """Give the tracks that move or size a top node values of their own."""
    for clip in changed.listed("animations"):
        for channel in clip["channels"]:
            target = channel["target"]
            if target.get("node") not in tops or target["path"] not in {"translation", "scale"}:
                continue
            sampler = dict(clip["samplers"][channel["sampler"]])
            values = changed.accessors[sampler["output"]].as_float() * factor
            sampler["output"] = pool.add(values.astype(np.float32), "VEC3")
            channel["sampler"] = len(clip["samplers"])
            clip["samplers"].append(sampler)
