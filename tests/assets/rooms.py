"""A furnished room for the tests of whole builds, and what a build promises."""

import io
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image


def ball(steps: int = 12) -> tuple[Any, Any, Any]:
    """Return positions, texture coordinates and triangles of a sphere."""
    down, around = np.meshgrid(np.linspace(0, np.pi, steps), np.linspace(0, 2 * np.pi, steps))
    points = [np.sin(down) * np.cos(around), np.cos(down), np.sin(down) * np.sin(around)]
    corner = np.arange(steps * (steps - 1)).reshape(-1, steps)[:, :-1].reshape(-1)
    quads = np.stack([corner, corner + 1, corner + steps, corner + 1, corner + steps + 1], axis=1)
    faces = quads[:, [0, 1, 2, 3, 4, 2]].reshape(-1, 3)
    uv = np.stack([around / 6.3, down / 3.2], axis=2).reshape(-1, 2)
    return np.stack(points, axis=2).reshape(-1, 3) * 0.4, uv, faces


def picture(seed: int) -> bytes:
    noise = np.random.default_rng(seed).integers(0, 256, (8, 8, 3), dtype=np.uint8)
    target = io.BytesIO()
    Image.fromarray(noise).resize((64, 64)).save(target, "PNG")
    return target.getvalue()


def furnish(maker: Any, *, seed: int = 1) -> None:
    """A room with twelve textured balls, glass, and something that spins."""
    image = maker.view(picture(seed))
    maker.root["images"] = [{"bufferView": image, "mimeType": "image/png", "name": "pattern"}]
    maker.root["textures"] = [{"source": 0}]
    maker.root["materials"] = [
        {"name": "ball", "pbrMetallicRoughness": {"baseColorTexture": {"index": 0}}},
        {"name": "glass", "alphaMode": "BLEND",
         "pbrMetallicRoughness": {"baseColorFactor": [0.5, 0.7, 1, 0.4]}},
    ]  # fmt: skip
    floor = maker.box((8, 0.1, 8))
    maker.node(mesh=floor, name="floor", extras={"walkable": True}, translation=[0, -0.05, 0])
    points, uv, faces = ball()
    round_one = maker.mesh(points, faces, attributes={"TEXCOORD_0": maker.array(uv)}, material=0)
    pane = maker.box((1, 1, 0.05), material=1)
    for number in range(12):
        place = [number % 4 * 1.5 - 2.2, 0.4, number // 4 * 1.5 - 1.5]
        maker.node(mesh=round_one, name=f"ball {number}", translation=place)
    maker.node(mesh=pane, name="pane", translation=[1, 0.6, 2.5])
    spin = maker.node(mesh=maker.box((0.3, 0.3, 0.3)), name="spinner", translation=[-3, 1, 3])
    maker.animation(spin, "rotation", [0, 1], [[0, 0, 0, 1], [0, 1, 0, 0]])
    maker.node(name="way in", translation=[0, 0, 3], extras={"branch_anchor": "spawn"})


def repaint_as_ktx2(maker: Any) -> None:
    """Make the balls' picture KTX2, as far as its header goes."""
    sizes = b"".join(n.to_bytes(4, "little") for n in (0, 1, 64, 64, 0, 0, 1, 1, 1))
    raw = b"\xabKTX 20\xbb\r\n\x1a\n" + sizes + bytes(120)
    maker.root["images"][0] |= {"bufferView": maker.view(raw), "mimeType": "image/ktx2"}
    maker.root["textures"] = [{"extensions": {"KHR_texture_basisu": {"source": 0}}}]


def promised(folder: Path) -> dict[str, bytes]:
    files = [folder / "tileset.json", folder / "branch.json", *folder.glob("c/*.glb")]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}


def left(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}
