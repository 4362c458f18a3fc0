"""Find the anchors of a scene and the extras of its nodes."""

import ast
import sys
from typing import Final

import numpy as np

from ..document import Document, Json
from ..tree import matrix_quaternion, paths, walk, world_matrices
from ..warnings import SceneWarning

KINDS: Final = ("spawn", "counter", "seat", "atm", "panel", "queue")
LISTS: Final = {"services": str, "size_m": float}
"""Properties that are lists, and of what (README of the example hall)."""
_TEXT_MAX: Final = 10_000
_OWN: Final = frozenset({"path", "kind", "position", "rotation"})


def list_nodes(document: Document) -> list[Json]:
    """Return every node's path and extras, in the order of the tree."""
    nodes, found = document.listed("nodes"), []
    for index, path in paths(document).items():
        item: Json = {"path": path}
        if "extras" in nodes[index]:
            item["extras"] = nodes[index]["extras"]
        found.append(item)
    return found


def list_anchors(document: Document) -> tuple[list[Json], list[SceneWarning]]:
    """Return the anchors with their rest pose in scene axes, and what is odd about them."""
    nodes, worlds, named = document.listed("nodes"), world_matrices(document), paths(document)
    anchors, warnings = [], []
    for index, _ in walk(document):
        extras = nodes[index].get("extras")
        if not isinstance(extras, dict) or "branch_anchor" not in extras:
            continue
        kind, path = extras["branch_anchor"], named[index]
        if not isinstance(kind, str):
            message = f"branch_anchor is {kind!r}, not a word; the node is no anchor"
            warnings.append(SceneWarning("anchor_kind", path, message))
            continue
        if kind not in KINDS:
            message = f"{kind!r} is not one of {', '.join(KINDS)}; it is kept, scripts may use it"
            warnings.append(SceneWarning("anchor_kind", path, message))
        extras, read_as_lists = _with_lists(extras)
        if read_as_lists:
            message = f"{read_as_lists} came as text (FBX has no lists); they are read as lists"
            warnings.append(SceneWarning("anchor_text", path, message))
        shadowed = sorted(_OWN & extras.keys())
        if shadowed:
            message = f"the properties {shadowed} have names of ours; see them in nodes[].extras"
            warnings.append(SceneWarning("anchor_property", path, message))
        anchors.append(
            {
                "path": path,
                "kind": kind,
                "position": _rounded(worlds[index][:3, 3]),
                "rotation": _rounded(matrix_quaternion(worlds[index])),
                **{k: v for k, v in extras.items() if k not in _OWN | {"branch_anchor"}},
            }
        )
    return anchors, warnings


def _with_lists(extras: Json) -> tuple[Json, list[str]]:
    """Read the lists that came as text, `['a', 'b']`; return the names of those too."""
    found = {}
    for name, kind in LISTS.items():
        text = extras.get(name)
        if not isinstance(text, str) or len(text) > _TEXT_MAX:
            continue
        try:
            value = ast.literal_eval(text)
        except (ValueError, SyntaxError, MemoryError, RecursionError):
            continue
        if isinstance(value, list | tuple) and all(_is_a(item, kind) for item in value):
            found[name] = [kind(item) for item in value]
    return {**extras, **found}, sorted(found)


def _is_a(item: object, kind: type) -> bool:
    if kind is not float:
        return isinstance(item, kind)
    if isinstance(item, bool) or not isinstance(item, int | float):
        return False
    return abs(item) <= sys.float_info.max


def _rounded(values: np.ndarray) -> list[float]:
    """Round to a micrometre: below float32's own step at a branch's size."""
    return [round(float(value), 6) + 0.0 for value in values]
