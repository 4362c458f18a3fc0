"""Scenes made for the tests, written byte by byte: not by the writer that is being tested."""

import json
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from typer.testing import CliRunner, Result

from branchxr.cli.assets import app

REPOSITORY = Path(__file__).parents[2]
_CODES = {"i1": 5120, "u1": 5121, "i2": 5122, "u2": 5123, "u4": 5125, "f4": 5126}
_KINDS = {1: "SCALAR", 2: "VEC2", 3: "VEC3", 4: "VEC4", 16: "MAT4"}


class Maker:
    """A glTF file in the making: change `root` at will, then `save` it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.binary = bytearray()
        self.root: dict[str, Any] = {
            "asset": {"version": "2.0"},
            "scene": 0,
            "scenes": [{"nodes": []}],
            "nodes": [],
            "meshes": [],
            "accessors": [],
            "bufferViews": [],
        }

    def view(self, raw: bytes, **more: Any) -> int:
        self.binary += b"\0" * (-len(self.binary) % 4)
        view = {"buffer": 0, "byteOffset": len(self.binary), "byteLength": len(raw)}
        self.root["bufferViews"].append(view | more)
        self.binary += raw
        return len(self.root["bufferViews"]) - 1

    def array(self, values: Any, dtype: str = "f4", **more: Any) -> int:
        table = np.array(values, f"<{dtype}")
        columns = 1 if table.ndim == 1 else table.shape[1]
        item = {
            "bufferView": self.view(table.tobytes()),
            "componentType": _CODES[dtype],
            "count": len(table),
            "type": _KINDS[columns],
        }
        if dtype == "f4" and len(table) and np.isfinite(table).all():
            rows = table.reshape(len(table), columns)
            item |= {"min": rows.min(0).tolist(), "max": rows.max(0).tolist()}
        self.root["accessors"].append(item | more)
        return len(self.root["accessors"]) - 1

    def mesh(self, points: Any, faces: Any = None, *, dtype: str = "u2", **primitive: Any) -> int:
        attributes = {"POSITION": self.array(points)} | primitive.pop("attributes", {})
        made: dict[str, Any] = {"attributes": attributes, **primitive}
        if faces is not None:
            made["indices"] = self.array(np.array(faces).reshape(-1), dtype)
        self.root["meshes"].append({"primitives": [made]})
        return len(self.root["meshes"]) - 1

    def box(self, size: Any = (1, 1, 1), **primitive: Any) -> int:
        points, faces = box(size)
        return self.mesh(points, faces, **primitive)

    def node(self, parent: int | None = None, **node: Any) -> int:
        self.root["nodes"].append(node)
        index = len(self.root["nodes"]) - 1
        if parent is None:
            self.root["scenes"][0]["nodes"].append(index)
        else:
            self.root["nodes"][parent].setdefault("children", []).append(index)
        return index

    def animation(self, node: int, path: str, times: Any, values: Any, **more: Any) -> None:
        sampler = {"input": self.array(times), "output": self.array(values), **more}
        channel = {"sampler": 0, "target": {"node": node, "path": path}}
        listed = self.root.setdefault("animations", [])
        listed.append({"name": f"clip{len(listed)}", "channels": [channel], "samplers": [sampler]})

    def room(self) -> int:
        """Add a floor of 6 x 4 m with a wall across, and a spawn on either side of its door."""
        floor = self.mesh([[-3, 0, -2], [3, 0, -2], [3, 0, 2], [-3, 0, 2]], [[0, 2, 1], [0, 3, 2]])
        self.node(mesh=floor, name="Floor", extras={"walkable": True})
        self.node(mesh=self.box((0.2, 3, 3)), name="Wall", translation=[0, 1.5, -0.5])
        self.node(name="in", translation=[-2, 0, 0], extras={"branch_anchor": "spawn"})
        return self.node(
            name="desk", translation=[2, 0, 0], extras={"branch_anchor": "counter", "desk": 7}
        )

    def bytes(self) -> bytes:
        root = {key: value for key, value in self.root.items() if value not in ([], {})}
        if self.binary:
            root["buffers"] = [{"byteLength": len(self.binary)}]
        text = json.dumps(root).encode()
        text += b" " * (-len(text) % 4)
        body = struct.pack("<I4s", len(text), b"JSON") + text
        if self.binary:
            binary = bytes(self.binary) + b"\0" * (-len(self.binary) % 4)
            body += struct.pack("<I4s", len(binary), b"BIN\0") + binary
        return struct.pack("<4sII", b"glTF", 2, 12 + len(body)) + body

    def save(self, name: str = "scene.glb") -> Path:
        path = self.folder / name
        path.write_bytes(self.bytes())
        return path


def box(size: Any) -> tuple[np.ndarray, np.ndarray]:
    """Return 8 corners and 12 triangles, seen from outside counter-clockwise."""
    corners = np.array([[x, y, z] for x in (-1, 1) for y in (-1, 1) for z in (-1, 1)])
    quads = [(0, 1, 3, 2), (4, 6, 7, 5), (0, 4, 5, 1), (2, 3, 7, 6), (0, 2, 6, 4), (1, 5, 7, 3)]
    faces = np.array([[[a, b, c], [a, c, d]] for a, b, c, d in quads]).reshape(-1, 3)
    return corners * np.array(size) / 2, faces


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    return Maker(tmp_path)


@pytest.fixture(scope="session")
def new_maker() -> Callable[[Path], Maker]:
    return Maker


@pytest.fixture(scope="session")
def key() -> Ed25519PrivateKey:
    return Ed25519PrivateKey.from_private_bytes(bytes(range(32)))


@pytest.fixture(scope="session")
def hall() -> Path:
    return REPOSITORY / "examples" / "hall" / "hall.glb"


@pytest.fixture(scope="session")
def npm() -> Path:
    return REPOSITORY / "webxr_bridge" / "npm"


@pytest.fixture(scope="session")
def hall_package(
    hall: Path, key: Ed25519PrivateKey, tmp_path_factory: pytest.TempPathFactory
) -> Path:
    from branchxr_assets.build import build_scene

    output = tmp_path_factory.mktemp("hall") / "package"
    build_scene(hall, output, key=key)
    return output


@pytest.fixture
def run(tmp_path: Path) -> Any:
    """Return a function that runs `branchxr assets`; `build` makes a report if asked to."""
    environ = {
        "BRANCHXR_CONFIG_DIR": str(tmp_path / "config"),
        "BRANCHXR_CACHE_DIR": str(tmp_path / "cache"),
    }

    def call(*arguments: object) -> Result:
        words = [str(argument) for argument in arguments]
        if words[0] == "build" and "--report" not in words:
            words.append("--no-report")
        return CliRunner(env=environ).invoke(app, words)

    return call


@pytest.fixture
def room(maker: Any) -> Path:
    maker.room()
    path: Path = maker.save()
    return path
