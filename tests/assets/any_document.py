"""Small glTF documents of every kind, for laws that must hold of any: `document_of(seed)`."""

from typing import Any

import numpy as np
from numpy.random import Generator

from branchxr_assets.document import AccessorPool, Document

NAMES = ("Chair", "Chair", "Стол", "a/b", "")


def document_of(seed: int) -> Document:
    """Return a document of a few nodes that share meshes, mirrored ones, morphs and clips too."""
    dice = np.random.default_rng(seed)
    pool = AccessorPool()
    meshes = [mesh(dice, pool) for _ in range(dice.integers(1, 4))]
    nodes = [node(dice, number, len(meshes)) for number in range(dice.integers(1, 6))]
    roots = [0]
    for number in range(1, len(nodes)):
        parent = int(dice.integers(-1, number))
        siblings = roots if parent < 0 else nodes[parent].setdefault("children", [])
        siblings.append(number)
    root: dict[str, Any] = {
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": roots, "extras": {"of": "the scene"}}],
        "nodes": nodes,
        "meshes": meshes,
        "materials": [{"name": "one", "extras": {"m": 1}}, {"name": "two", "doubleSided": True}],
    }
    if dice.random() < 0.5:
        root["animations"] = [clip(dice, pool, int(dice.integers(len(nodes))))]
    return Document(root, pool.all())


def node(dice: Generator, number: int, meshes: int) -> dict[str, Any]:
    made: dict[str, Any] = {"name": str(dice.choice(NAMES)), "extras": {"n": number}}
    if number == 0 or dice.random() < 0.8:
        made["mesh"] = int(dice.integers(meshes))
    made["translation"] = dice.normal(0, 3, 3).tolist()
    turn = dice.normal(size=4)
    made["rotation"] = (turn / np.linalg.norm(turn)).tolist()
    made["scale"] = [float(dice.choice([-1.0, 0.5, 1.0]))] * 3
    return made


def mesh(dice: Generator, pool: AccessorPool) -> dict[str, Any]:
    """Return a mesh of one or two primitives, with what attributes the dice say."""
    primitives = [primitive(dice, pool) for _ in range(dice.integers(1, 3))]
    made: dict[str, Any] = {"name": "mesh", "primitives": primitives, "extras": {"poly": True}}
    if dice.random() < 0.3:
        for each in primitives:
            count = pool.all()[each["attributes"]["POSITION"]].count
            moved = (dice.normal(0, 0.1, (count, 3)) * (dice.random((count, 1)) < 0.3)).astype(
                "<f4"
            )
            each["targets"] = [{"POSITION": pool.add(moved, "VEC3")}]
        made["weights"] = [0.25]
        made["extras"]["targetNames"] = ["smile"]
    return made


def primitive(dice: Generator, pool: AccessorPool) -> dict[str, Any]:
    count = int(dice.integers(3, 30))
    points = dice.integers(-4, 5, (count, 3)) * 0.25 + dice.normal(0, 0.01, (count, 3))
    points[dice.integers(count)] = points[0]  # a twin
    attributes = {"POSITION": pool.add(points.astype("<f4"), "VEC3")}
    normals = dice.normal(size=(count, 3))
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    choices = {
        "NORMAL": (normals.astype("<f4"), "VEC3", False),
        "TEXCOORD_0": (dice.random((count, 2)).astype("<f4"), "VEC2", False),
        "TEXCOORD_1": (dice.integers(0, 65536, (count, 2)).astype("<u2"), "VEC2", True),
        "COLOR_0": (dice.integers(0, 256, (count, 4)).astype("u1"), "VEC4", True),
    }
    for name, (values, kind, is_normalized) in choices.items():
        is_next = name != "TEXCOORD_1" or "TEXCOORD_0" in attributes  # sets have no gaps
        if is_next and dice.random() < 0.6:
            attributes[name] = pool.add(values, kind, is_normalized=is_normalized)
    made: dict[str, Any] = {"attributes": attributes, "material": int(dice.integers(2))}
    if dice.random() < 0.8 or count % 3:
        faces = np.stack([dice.permutation(count)[:3] for _ in range(dice.integers(1, 40))])
        made["indices"] = pool.add(faces.reshape(-1).astype("<u2"), "SCALAR")
    return made


def clip(dice: Generator, pool: AccessorPool, target: int) -> dict[str, Any]:
    keys = int(dice.integers(2, 12))
    times = np.cumsum(dice.random(keys) + 0.1).astype("<f4")
    values = np.repeat(dice.normal(size=(2, 3)), [keys // 2, keys - keys // 2], axis=0)
    sampler = {"input": pool.add(times, "SCALAR"), "output": pool.add(values.astype("<f4"), "VEC3")}
    channel = {"sampler": 0, "target": {"node": target, "path": "translation"}}
    return {"name": "clip", "samplers": [sampler], "channels": [channel]}
