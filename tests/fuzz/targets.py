"""What is fuzzed: one row a reader. A target may raise `SceneRefused`, and nothing else.

A new reader adds a row, with a function that returns a few small sound files of its format; see
`tests/fuzz/__main__.py` for how to run one.
"""

import json
import os
import tempfile
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

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
            try:
                came = read(path)
            except SceneRefused as error:
                if error.code == "scene_reader_failed" and suffix != ".fbx":
                    raise AssertionError(error.came) from error
                raise
            write_glb(prepare(came).whole)

    return run


def usd(suffix: str) -> Callable[[bytes], None]:
    """Return a function that converts a USD file in a child process, as the worker does.

    A child that dies of a signal is what the worker is for: its parent refuses the file.
    """

    def run(raw: bytes) -> None:
        from branchxr_assets.readers.usd import stage

        source_end, child_end = os.pipe()
        child = os.fork()
        if child == 0:
            os.close(source_end)
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 1)
            os.dup2(nowhere, 2)
            os.write(child_end, _converted(raw, suffix, stage.convert).encode()[:4000])
            os._exit(0)
        os.close(child_end)
        with os.fdopen(source_end, "rb") as said:
            answer = said.read().decode()
        status = os.waitpid(child, 0)[1]
        if os.WIFSIGNALED(status):
            raise SceneRefused("a file", f"signal {os.WTERMSIG(status)}", "none", code="crashed")
        kind, _, text = answer.partition(" ")
        if kind == "refused":
            raise SceneRefused(text, "another", "none", code="refused")
        if kind != "ok":
            raise RuntimeError(text)

    return run


def _converted(raw: bytes, suffix: str, convert: Callable[[Path], Any]) -> str:
    """Convert in this very process; say in one line how it went."""
    import resource

    from branchxr_assets.glb import write_glb
    from branchxr_assets.readers.gltf import read_gltf

    # Whoever is slower ends as the worker ends it: some crates keep USD's own parser busy.
    resource.setrlimit(resource.RLIMIT_CPU, (5, 6))
    # numpy says at length of a NaN what `prepare` will say in a warning.
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory(prefix="branchxr-fuzz-") as folder:
        path = Path(folder) / f"scene{suffix}"
        path.write_bytes(raw)
        try:
            read_gltf(path, write_glb(convert(path).document))
        except SceneRefused as error:
            return f"refused {error.code} {error.expected:.60}"
        except Exception as error:  # noqa: BLE001 - this is what is being looked for
            last = traceback.extract_tb(error.__traceback__)
            own = [frame for frame in last if "branchxr" in frame.filename][-1]
            place = f"{Path(own.filename).name}:{own.lineno}"
            return f"failed {type(error).__name__} {place} {error}"
    return "ok"


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
    Target("usda", usd(".usda"), seeds.usda, seconds_max=60),
    Target("usdc", usd(".usdc"), seeds.usdc, seconds_max=60),
    Target("usdz", usd(".usdz"), seeds.usdz, seconds_max=60),
    Target("fbx", fbx, seeds.fbx, seconds_max=60),
    Target("obj", reader(".obj"), seeds.obj),
    Target("dae", reader(".dae"), seeds.dae),
    Target("stl", reader(".stl"), seeds.stl),
    Target("ply", reader(".ply"), seeds.ply),
    Target("build", build, seeds.glb, seconds_max=60),
)
