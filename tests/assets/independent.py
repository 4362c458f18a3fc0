"""Read the GLBs of a package with nothing of ours: JSON, struct, numpy, the standard beside it."""

import json
import struct
from pathlib import Path
from typing import Any

import numpy as np

DTYPES = {5120: "i1", 5121: "u1", 5122: "<i2", 5123: "<u2", 5125: "<u4", 5126: "<f4"}
COLUMNS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT4": 16}


class Glb:
    """One GLB: `root` is its JSON."""

    def __init__(self, raw: bytes) -> None:
        assert raw[:4] == b"glTF"
        (size,) = struct.unpack_from("<I", raw, 12)
        self.root: dict[str, Any] = json.loads(raw[20 : 20 + size])
        self.binary = raw[28 + size :]

    def all(self, name: str) -> list[Any]:
        found: list[Any] = self.root.get(name, [])
        return found

    def values(self, index: int) -> np.ndarray:
        """Return an accessor's values as floats, `(count, columns)`."""
        accessor = self.all("accessors")[index]
        dtype, columns = np.dtype(DTYPES[accessor["componentType"]]), COLUMNS[accessor["type"]]
        if "bufferView" not in accessor:
            return np.zeros((accessor["count"], columns))
        view = self.all("bufferViews")[accessor["bufferView"]]
        start = view.get("byteOffset", 0) + accessor.get("byteOffset", 0)
        stride = view.get("byteStride", dtype.itemsize * columns)
        rows = [
            np.frombuffer(self.binary, dtype, columns, start + stride * number)
            for number in range(accessor["count"])
        ] if stride != dtype.itemsize * columns else np.frombuffer(
            self.binary, dtype, columns * accessor["count"], start
        ).reshape(-1, columns)  # fmt: skip
        found = np.array(rows, float).reshape(-1, columns)
        if accessor.get("normalized"):
            found = np.maximum(found / np.iinfo(dtype).max, -1)
        return found

    def attribute(self, primitive: dict[str, Any], name: str) -> np.ndarray:
        """Return a vertex attribute, out of its Draco stream where it lies in one."""
        packed = primitive.get("extensions", {}).get("KHR_draco_mesh_compression")
        if packed is None or name not in packed["attributes"]:
            return self.values(primitive["attributes"][name])
        import DracoPy

        view = self.all("bufferViews")[packed["bufferView"]]
        start = view.get("byteOffset", 0)
        mesh = DracoPy.decode(self.binary[start : start + view["byteLength"]])
        found = mesh.get_attribute_by_unique_id(packed["attributes"][name])["data"]
        return np.asarray(found, float).reshape(len(mesh.points), -1)

    def worlds(self) -> dict[int, np.ndarray]:
        """Return the world matrix of every node of the scene, column vectors."""
        nodes, found = self.all("nodes"), {}
        stack = [(i, np.eye(4)) for i in self.all("scenes")[self.root.get("scene", 0)]["nodes"]]
        while stack:
            index, parent = stack.pop()
            found[index] = parent @ local(nodes[index])
            stack += [(child, found[index]) for child in nodes[index].get("children", [])]
        return found

    def copies(self, node: dict[str, Any]) -> list[np.ndarray]:
        """Return a node's instances (EXT_mesh_gpu_instancing), or one that changes nothing."""
        instancing = node.get("extensions", {}).get("EXT_mesh_gpu_instancing")
        if instancing is None:
            return [np.eye(4)]
        found = {k.lower(): self.values(i) for k, i in instancing["attributes"].items()}
        count = len(next(iter(found.values())))
        return [local({k: v[number] for k, v in found.items()}) for number in range(count)]

    def drawn(self) -> int:
        """Return how many triangles the scene draws."""
        meshes, nodes, total = self.all("meshes"), self.all("nodes"), 0
        for index in self.worlds():
            if "mesh" in nodes[index]:
                each = sum(map(self.triangles, meshes[nodes[index]["mesh"]]["primitives"]))
                total += each * len(self.copies(nodes[index]))
        return total

    def triangles(self, primitive: dict[str, Any]) -> int:
        """Return how many triangles a primitive has."""
        key = primitive.get("indices", primitive["attributes"]["POSITION"])
        count, mode = self.all("accessors")[key]["count"], primitive.get("mode", 4)
        return count // 3 if mode == 4 else max(count - 2, 0) if mode in {5, 6} else 0

    def targets(self) -> int:
        """Return the morph targets of all meshes, those of a mesh's primitives once."""
        return sum(
            max((len(p.get("targets", [])) for p in mesh["primitives"]), default=0)
            for mesh in self.all("meshes")
        )

    def points(self) -> np.ndarray:
        """Return every drawn vertex in the scene, rest pose."""
        nodes, worlds, every = self.all("nodes"), self.worlds(), [np.empty((0, 3))]
        for index, world in worlds.items():
            node = nodes[index]
            if "mesh" not in node:
                continue
            for primitive in self.all("meshes")[node["mesh"]]["primitives"]:
                if not self.triangles(primitive):
                    continue
                points = self.attribute(primitive, "POSITION")
                if "skin" in node and "JOINTS_0" in primitive["attributes"]:
                    every.append(self._skinned(node, primitive, points, worlds))
                else:
                    every += [moved(world @ copy, points) for copy in self.copies(node)]
        return np.concatenate(every)

    def _skinned(
        self, node: Any, primitive: Any, points: np.ndarray, worlds: dict[int, np.ndarray]
    ) -> np.ndarray:
        skin = self.all("skins")[node["skin"]]
        binds = [np.eye(4)] * len(skin["joints"])
        if "inverseBindMatrices" in skin:
            raw = self.values(skin["inverseBindMatrices"])
            binds = [each.reshape(4, 4).T for each in raw]
        joints = [worlds[j] @ bind for j, bind in zip(skin["joints"], binds, strict=False)]
        which = self.attribute(primitive, "JOINTS_0").astype(int)
        share = self.attribute(primitive, "WEIGHTS_0")
        total = np.zeros_like(points)
        for number, matrix in enumerate(joints):
            part = np.where(which == number, share, 0).sum(axis=1)
            total += moved(matrix, points) * part[:, None]
        return total / np.maximum(share.sum(axis=1), 1e-12)[:, None]


class Whole:
    """What a package shows in full detail: the last tiles of its chain, and the live tile."""

    def __init__(self, package: Path) -> None:
        tileset = json.loads((package / "tileset.json").read_bytes())
        stack, uris = [tileset["root"]], []
        while stack:
            tile = stack.pop()
            stack += tile.get("children", [])
            if not tile.get("children") and "content" in tile:
                uris.append(tile["content"]["uri"])
        self.glbs = [Glb((package / uri).read_bytes()) for uri in dict.fromkeys(uris)]

    def counts(self) -> dict[str, int]:
        nodes = [node for glb in self.glbs for node in glb.all("nodes")]
        return {
            "triangles_drawn": sum(glb.drawn() for glb in self.glbs),
            "skins": sum(len(glb.all("skins")) for glb in self.glbs),
            "animations": len({a.get("name", i) for g in self.glbs
                               for i, a in enumerate(g.all("animations"))}),
            "morph_targets": sum(glb.targets() for glb in self.glbs),
            "cameras": sum("camera" in node for node in nodes),
            "lights": sum("KHR_lights_punctual" in n.get("extensions", {}) for n in nodes),
            "nodes_with_extras": sum("extras" in node for node in nodes),
        }  # fmt: skip

    def names(self) -> set[str]:
        return {n["name"] for glb in self.glbs for n in glb.all("nodes") if "name" in n}

    def bounds(self) -> np.ndarray | None:
        points = np.concatenate([glb.points() for glb in self.glbs] or [np.empty((0, 3))])
        return np.array([points.min(axis=0), points.max(axis=0)]) if len(points) else None


def local(node: dict[str, Any]) -> np.ndarray:
    """Return a node's own matrix (glTF 2.0, section 3.5.3)."""
    if "matrix" in node:
        return np.array(node["matrix"], float).reshape(4, 4).T
    x, y, z, w = node.get("rotation", (0, 0, 0, 1))
    matrix = np.eye(4)
    matrix[:3, :3] = [
        [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
        [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
        [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
    ]
    matrix[:3, :3] *= np.array(node.get("scale", (1, 1, 1)), float)
    matrix[:3, 3] = node.get("translation", (0, 0, 0))
    return matrix


def moved(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    found: np.ndarray = points @ matrix[:3, :3].T + matrix[:3, 3]
    return found
