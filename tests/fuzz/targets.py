"""What is fuzzed: one row a reader. A target may raise `SceneRefused`, and nothing else.

A new reader adds a row, with a function that returns a few small sound files of its format; see
`tests/fuzz/__main__.py` for how to run one.
"""

import json
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from branchxr.errors import SceneRefused

from . import seeds


@dataclass(frozen=True, slots=True)
class Target:
    """A reader under fire.

    Attributes:
        run: takes a file's bytes; raises `SceneRefused` or returns.
        seeds: makes the sound files that mutation starts from.
        seconds_max: a file that takes longer is a finding.
        memory_max_mib: of the process, all its files together; more is a finding.
    """

    name: str
    run: Callable[[bytes], None]
    seeds: Callable[[], list[bytes]]
    seconds_max: int = 20
    memory_max_mib: int = 2048


def reader(suffix: str) -> Callable[[bytes], None]:
    """Return a function that reads a file of a suffix and mends its scene."""

    def run(raw: bytes) -> None:
        from branchxr_assets.glb import write_glb
        from branchxr_assets.prepare import prepare
        from branchxr_assets.readers import read

        with tempfile.TemporaryDirectory(prefix="branchxr-fuzz-") as folder:
            path = Path(folder) / f"scene{suffix}"
            path.write_bytes(raw)
            write_glb(prepare(read(path)).whole)

    return run


def fbx(raw: bytes) -> None:
    """Read an FBX file; its worker may crash in ufbx, but not give up in our own code."""
    try:
        reader(".fbx")(raw)
    except SceneRefused as error:
        if error.code == "scene_reader_failed":
            raise AssertionError(error.came) from error
        raise


def build(raw: bytes) -> None:
    """Build a whole package; a refused one leaves nothing behind."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from branchxr_assets.build import build_scene

    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    with tempfile.TemporaryDirectory(prefix="branchxr-fuzz-") as folder:
        path = Path(folder) / "scene.glb"
        path.write_bytes(raw)
        try:
            build_scene(path, Path(folder) / "out", key=key, jobs=1)
        except SceneRefused as error:
            if len(list(Path(folder).iterdir())) > 1:
                raise AssertionError("a refused scene left files behind") from error
            raise


def meshopt_stream(raw: bytes) -> None:
    """Decode a meshopt stream whose first bytes say what it claims to be."""
    from branchxr_assets.meshopt import Filter, MeshoptFailed, Mode, decode

    modes: tuple[Mode, ...] = ("ATTRIBUTES", "TRIANGLES", "INDICES")
    filters: tuple[Filter, ...] = ("NONE", "OCTAHEDRAL", "QUATERNION", "EXPONENTIAL", "COLOR")
    head = raw[:4].ljust(4, b"\0")
    try:
        decode(raw[4:], head[0] * 3, head[1], modes[head[2] % 3], filters[head[3] % 5])
    except MeshoptFailed as error:
        raise SceneRefused(str(error), "another", "none", code="meshopt") from error


TARGETS: Final = (
    Target("glb", reader(".glb"), seeds.glb),
    Target("gltf", reader(".gltf"), lambda: [json.dumps(s).encode() for s in seeds.gltf()]),
    Target("draco", reader(".glb"), seeds.draco, seconds_max=150),
    Target("meshopt", meshopt_stream, seeds.meshopt_streams),
    Target("fbx", fbx, seeds.fbx, seconds_max=60),
    Target("obj", reader(".obj"), seeds.obj),
    Target("dae", reader(".dae"), seeds.dae),
    Target("stl", reader(".stl"), seeds.stl),
    Target("ply", reader(".ply"), seeds.ply),
    Target("build", build, seeds.glb, seconds_max=60),
)
