"""OBJ to GLB: ours against obj2gltf. `--huge`: the memory of an OBJ of 1 GB."""

import os
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
from measure import PEERS, RUNS, measured, side_by_side

OURS = """
import sys
from pathlib import Path
from branchxr_assets.glb import write_glb
from branchxr_assets.readers import read
Path(sys.argv[2]).write_bytes(write_glb(read(Path(sys.argv[1])).document))
"""
GOAL_WALL = 0.2
GOAL_MEMORY = 6


def dense(folder: Path) -> Path:
    """Return the dense branch where it lies, or a made scene of its size."""
    found = os.environ.get("BRANCHXR_DENSE")
    if found:
        paths = sorted(Path(found).rglob("branch.obj"))
        if paths:
            return paths[0]
        sys.exit(f"BRANCHXR_DENSE={found!r} holds no branch.obj")
    path = folder / "made.obj"
    make(path, spheres=64, rings=76)
    return path


def make(path: Path, *, spheres: int, rings: int) -> None:
    """Write spheres on a grid: quads, triangles at the poles, normals, coordinates, materials."""
    turn = np.linspace(0, 2 * np.pi, 2 * rings + 1)[:-1]
    tilt = np.linspace(0, np.pi, rings + 1)[1:-1]
    ring = np.stack(
        [
            np.outer(np.sin(tilt), np.cos(turn)),
            np.outer(np.cos(tilt), np.ones_like(turn)),
            np.outer(np.sin(tilt), np.sin(turn)),
        ],
        axis=-1,
    ).reshape(-1, 3)
    unit = np.concatenate([ring, [[0, 1, 0], [0, -1, 0]]])
    width, rows = len(turn), len(tilt)
    grid = np.arange(width * rows).reshape(rows, width) + 1
    across = np.roll(grid, -1, axis=1)
    quads = np.stack([grid[:-1], across[:-1], across[1:], grid[1:]], axis=-1).reshape(-1, 4)
    north, south = width * rows + 1, width * rows + 2
    caps = [(north, b, a) for a, b in zip(grid[0], across[0], strict=True)]
    caps += [(south, a, b) for a, b in zip(grid[-1], across[-1], strict=True)]
    with path.open("w") as file:
        for number in range(spheres):
            base = number * len(unit)
            place = np.array([number % 8 * 3.0, 1.0, number // 8 * 3.0])
            file.write(f"o Sphere.{number:03d}\n")
            file.writelines("v {:.6f} {:.6f} {:.6f}\n".format(*p) for p in (unit + place).tolist())
            file.writelines("vn {:.4f} {:.4f} {:.4f}\n".format(*p) for p in unit.tolist())
            file.writelines(
                "vt {:.6f} {:.6f}\n".format(*p) for p in (unit[:, :2] / 2 + 0.5).tolist()
            )
            file.write(f"s 1\nusemtl Material.{number % 7}\n")
            for faces in (quads, np.array(caps)):
                for face in (faces + base).tolist():
                    file.write("f " + " ".join(f"{n}/{n}/{n}" for n in face) + "\n")


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        if "--huge" in sys.argv:
            source = folder / "huge.obj"
            make(source, spheres=1000, rings=80)
            size = source.stat().st_size
            taken = measured([sys.executable, "-c", OURS, str(source), str(folder / "a.glb")])
            print(f"{size / 1e6:,.0f} MB: peak {taken.peak_bytes / 1e6:,.0f} MB, "
                  f"{taken.peak_bytes / size:.1f} times; wall {taken.wall_s:.0f} s")  # fmt: skip
            return
        source = dense(folder)
        size = source.stat().st_size
        print(f"{source.name}: {size / 1e6:.1f} MB")
        node, peer = shutil.which("node"), PEERS / "obj2gltf" / "bin" / "obj2gltf.js"
        if node is None or not peer.is_file():
            sys.exit("needs node and the peers: npm ci --prefix benchmarks/assets")
        ours = [sys.executable, "-c", OURS, str(source), str(folder / "ours.glb")]
        theirs = [node, str(peer), "-i", str(source), "-o", str(folder / "peer.glb")]
        side_by_side(ours, theirs, runs=int(os.environ.get("BRANCHXR_RUNS", RUNS)))
        taken = measured(ours)
        print(f"memory: {taken.peak_bytes / size:.1f} times the input (goal {GOAL_MEMORY}); "
              f"goal for wall {GOAL_WALL}")  # fmt: skip


if __name__ == "__main__":
    main()
