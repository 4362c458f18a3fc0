"""FBX to GLB: ours against fbx2gltf, on the dense branch (`BRANCHXR_DENSE`)."""

import os
import sys
import tempfile
from pathlib import Path

from measure import PEERS, measured, side_by_side

OURS = """
import sys
from pathlib import Path
from branchxr_assets.glb import write_glb
from branchxr_assets.readers import read
Path(sys.argv[2]).write_bytes(write_glb(read(Path(sys.argv[1])).document))
"""
GOAL_WALL = 0.3
GOAL_MEMORY = 6


def main() -> None:
    folder = os.environ.get("BRANCHXR_DENSE")
    found = sorted(Path(folder).rglob("branch.fbx")) if folder else []
    if not found:
        print("left out: no BRANCHXR_DENSE with a branch.fbx; nothing here writes a dense FBX")
        return
    source, size = found[0], found[0].stat().st_size
    print(f"{source.name}: {size / 1e6:.1f} MB")
    peer = PEERS / "fbx2gltf" / "bin" / "Linux" / "FBX2glTF"
    if not peer.is_file():
        sys.exit("needs the peers: npm ci --prefix benchmarks/assets")
    peer.chmod(0o755)  # the package lacks the bit
    with tempfile.TemporaryDirectory() as name:
        ours = [sys.executable, "-c", OURS, str(source), f"{name}/ours.glb"]
        side_by_side(ours, [str(peer), "-b", "-i", str(source), "-o", f"{name}/peer.glb"])
        taken = measured(ours)
        print(f"memory of the largest process: {taken.peak_bytes / size:.1f} times the input "
              f"(goal {GOAL_MEMORY}); goal for wall {GOAL_WALL}")  # fmt: skip


if __name__ == "__main__":
    main()
