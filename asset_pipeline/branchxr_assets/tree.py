"""Nodes as a tree: walks without recursion, matrices, and the paths people read."""

from collections.abc import Iterable, Iterator
from typing import Final

import numpy as np

from .columns import lengths
from .document import Document, Floats, Json
from .refusal import refused

PATHS_MAX: Final = 50_000_000
"""Characters of all node paths: 3,000 nameless nodes in a row take 14 million."""
ORIGIN: Final = (0.0, 0.0, 0.0)
UNTURNED: Final = (0.0, 0.0, 0.0, 1.0)
UNSCALED: Final = (1.0, 1.0, 1.0)


def walk(document: Document) -> Iterator[tuple[int, int | None]]:
    """Yield `(node, parent)` of the document's scene, depth first, siblings in order."""
    nodes = document.listed("nodes")
    stack: list[tuple[int, int | None]] = [(i, None) for i in reversed(roots(document))]
    while stack:
        index, parent = stack.pop()
        yield index, parent
        stack += [(child, index) for child in reversed(nodes[index].get("children", []))]


def roots(document: Document) -> list[int]:
    """Return the top nodes of the document's one scene."""
    scenes = document.listed("scenes")
    found: list[int] = scenes[document.root.get("scene", 0)].get("nodes", []) if scenes else []
    return found


def check_tree(document: Document, *, file: str) -> None:
    """Check that nodes form strict trees (glTF 2.0, section 3.5.2), of a depth with bounds.

    Raises:
        SceneRefused: `scene_cyclic` or `scene_too_deep`, naming the node.
    """
    nodes = document.listed("nodes")
    parents: dict[int, int] = {}
    for index, node in enumerate(nodes):
        for child in node.get("children", []):
            if child in parents or child == index:
                raise _not_a_tree(file, child, nodes)
            parents[child] = index
    reached = [index for index in range(len(nodes)) if index not in parents]
    lengths: dict[int | None, int] = {None: 0}
    total = 0
    for index in reached:  # grows while it is walked: a breadth-first order
        reached += nodes[index].get("children", [])
        own = len(str(nodes[index].get("name", ""))) + 4
        lengths[index] = lengths[parents.get(index)] + own
        total += lengths[index]
        if total > PATHS_MAX:
            raise _too_deep(file, index)
    if len(reached) < len(nodes):  # whatever no top node reaches sits on a circle
        raise _not_a_tree(file, min(set(range(len(nodes))) - set(reached)), nodes)


def local_matrix(node: Json) -> Floats:
    """Return a node's own transform, `(4, 4) float64`, for column vectors."""
    if "matrix" in node:
        return np.array(node["matrix"], np.float64).reshape(4, 4).T
    matrix = np.eye(4)
    if "rotation" in node:
        matrix[:3, :3] = quaternion_matrix(np.array([node["rotation"]], np.float64))[0]
    matrix[:3, :3] *= np.array(node.get("scale", (1.0, 1.0, 1.0)))
    matrix[:3, 3] = node.get("translation", ORIGIN)
    return matrix


def quaternion_matrix(quaternions: Floats) -> Floats:
    """Turn `(n, 4)` quaternions `x y z w` into `(n, 3, 3)` rotations; zero ones do not turn."""
    length = lengths(quaternions)[:, None]
    unit = np.where(length > 0, quaternions / np.where(length > 0, length, 1), (0, 0, 0, 1))
    x, y, z, w = unit.T
    rows = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    return np.moveaxis(np.array(rows), 2, 0)


def matrix_quaternion(matrix: Floats) -> Floats:
    """Return the rotation of a `(4, 4)` transform as `x y z w`, w >= 0, without its scale."""
    turn = matrix[:3, :3].copy()
    lengths = np.linalg.norm(turn, axis=0)
    turn /= np.where(lengths > 0, lengths, 1)
    if np.linalg.det(turn) < 0:
        turn[:, 0] = -turn[:, 0]
    # The largest of the four squares is the safe one to divide by (Shepperd 1978).
    trace = np.trace(turn)
    squares = np.array([*(2 * np.diag(turn) - trace), trace])
    largest = int(squares.argmax())
    found = np.empty(4)
    found[largest] = 1 + squares[largest]
    if largest == 3:
        found[:3] = turn[2, 1] - turn[1, 2], turn[0, 2] - turn[2, 0], turn[1, 0] - turn[0, 1]
    else:
        i, j, k = largest, (largest + 1) % 3, (largest + 2) % 3
        found[j], found[k] = turn[j, i] + turn[i, j], turn[k, i] + turn[i, k]
        found[3] = turn[k, j] - turn[j, k]
    found /= np.linalg.norm(found)
    return -found if found[3] < 0 else found


def world_matrices(document: Document) -> dict[int, Floats]:
    """Return each scene node's transform into the scene, in rest pose."""
    nodes = document.listed("nodes")
    order = list(walk(document))
    own = _local_matrices([nodes[index] for index, _ in order])
    worlds: dict[int, Floats] = {}
    for (index, parent), matrix in zip(order, own, strict=True):
        worlds[index] = matrix if parent is None else worlds[parent] @ matrix
    return worlds


def _local_matrices(nodes: list[Json]) -> Floats:
    """Return `(n, 4, 4)`: `local_matrix` of all at once, which takes a tenth of the time."""
    matrices = np.tile(np.eye(4), (len(nodes), 1, 1))
    if not nodes:
        return matrices
    turns = np.array([node.get("rotation", UNTURNED) for node in nodes], np.float64)
    matrices[:, :3, :3] = quaternion_matrix(turns)
    scales = np.array([node.get("scale", UNSCALED) for node in nodes], np.float64)
    matrices[:, :3, :3] *= scales[:, None, :]
    matrices[:, :3, 3] = [node.get("translation", ORIGIN) for node in nodes]
    for number, node in enumerate(nodes):
        if "matrix" in node:
            matrices[number] = local_matrix(node)
    return matrices


def paths(document: Document) -> dict[int, str]:
    """Return each scene node's path: names from the root joined by `/`.

    `/` in a name is written `~1`. Twins and nameless siblings are told apart by `#n`: the first
    `a` stays `a`, the next is `a#2`; nameless ones are `#1`, `#2`, …
    """
    names = segments(document)
    found: dict[int, str] = {}
    for index, parent in walk(document):
        found[index] = names[index] if parent is None else f"{found[parent]}/{names[index]}"
    return found


def segments(document: Document) -> dict[int, str]:
    """Return each scene node's last path step, unique among its siblings."""
    nodes = document.listed("nodes")
    found: dict[int, str] = {}
    groups = [roots(document), *(nodes[i].get("children", []) for i, _ in walk(document))]
    for siblings in groups:
        names = [str(nodes[i].get("name", "")).replace("/", "~1") for i in siblings]
        found.update(zip(siblings, _told_apart(names), strict=True))
    return found


def _told_apart(names: Iterable[str]) -> list[str]:
    listed = list(names)
    taken = {name for name in listed if name}
    given: set[str] = set()
    result = []
    counters: dict[str, int] = {}
    for name in listed:
        if name and name not in given:
            unique = name
        else:
            number = counters.get(name, 1 if name else 0)
            while True:
                number += 1
                unique = f"{name}#{number}"
                if unique not in taken and unique not in given:
                    break
            counters[name] = number
        given.add(unique)
        result.append(unique)
    return result


def _too_deep(file: str, index: int) -> Exception:
    return refused(
        "scene_too_deep",
        file=file,
        place=f"nodes[{index}]",
        expected=f"node paths of {PATHS_MAX} characters in all",
        came="more",
        remedy="flatten the node tree or shorten the names in the modelling program",
    )


def _not_a_tree(file: str, index: int, nodes: list[Json]) -> Exception:
    name = nodes[index].get("name", "")
    return refused(
        "scene_cyclic",
        file=file,
        place=f"nodes[{index}]",
        expected="nodes that form trees",
        came=f"the node {name!r} under two parents or under itself",
        remedy="export the scene again; glTF does not allow that",
    )
