"""Size, time and memory of the full level against gltf-transform and gltfpack.

Each peer keeps everything, as ours does: names, extras, all texture coordinates, colours, skins,
morph targets, clips. Time is of a whole process that reads the GLB and writes the GLBs of the full
level; brotli, report and the coarser levels are apart. `BRANCHXR_DENSE` adds the dense scene.
"""

import io
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from _likeness import likeness, pictures
from measure import PEERS, RUNS, Run, compiled, measured

REPOSITORY = Path(__file__).parents[2]
TAKEN = int(os.environ.get("BRANCHXR_RUNS", RUNS))
OURS = """
import sys
from pathlib import Path
from branchxr_assets import lods
from branchxr_assets.recipe import Recipe, with_pictures_begun
from branchxr_assets.operations.split_live import SplitLiveOptions, split_live
from branchxr_assets.prepare import mended
from branchxr_assets.presets import load
from branchxr_assets.readers import read
codec, source, folder = sys.argv[1:]
came = read(Path(source))
recipe = Recipe(load(given={"geometry": {"codec": codec}}), jobs=2)
with with_pictures_begun(came.document, recipe) as ahead:
    whole, _ = mended(came)
    chunks, _ = lods.make_full(split_live(whole).document, ahead)
    live = split_live(whole, SplitLiveOptions("live")).document
    if live.listed("nodes"):
        chunks = [*chunks, lods.make_live(live, ahead)[0]]
for number, chunk in enumerate(chunks):
    (Path(folder) / f"{number}.glb").write_bytes(chunk.glb)
"""
KEEP = [
    word
    for name in ("prune", "flatten", "join", "simplify", "palette", "instance")
    for word in (f"--{name}", "false")
]


def main() -> None:
    transform, pack = PEERS / ".bin" / "gltf-transform", PEERS / ".bin" / "gltfpack"
    if not transform.exists() or not pack.exists():
        sys.exit("needs the peers: npm ci --prefix benchmarks/assets")
    compiled()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for source in _sources():
            bare = folder / f"{source.stem}_bare.glb"
            bare.write_bytes(_without_textures(source.read_bytes()))
            sizes_mb = source.stat().st_size / 1e6, bare.stat().st_size / 1e6
            print(f"{source.name}: {sizes_mb[0]:.1f} MB, bare {sizes_mb[1]:.1f} MB")
            out = folder / "peer.glb"
            _compare(
                "everything, Draco + WebP; goals: size 0.75, wall 0.5, memory 1.0",
                _ours("draco", source, folder),
                [str(transform), "optimize", str(source), str(out), "--compress", "draco",
                 "--texture-compress", "webp", *KEEP],
                folder, out,
            )  # fmt: skip
            _compare_pictures(source, folder, out)
            for codec in ("meshopt", "draco"):
                _compare(
                    f"geometry only, ours {codec}; goals: size 0.7, wall 1.0",
                    _ours(codec, bare, folder),
                    [str(pack), "-cc", "-kn", "-km", "-ke", "-kv", "-i", str(bare), "-o", str(out)],
                    folder,
                    out,
                )


def _sources() -> list[Path]:
    dense = os.environ.get("BRANCHXR_DENSE")
    found = sorted(Path(dense).rglob("branch.glb"))[:1] if dense else []
    return [REPOSITORY / "examples/hall/hall.glb", *found]


def _ours(codec: str, source: Path, folder: Path) -> list[str]:
    made = folder / "ours"
    made.mkdir(exist_ok=True)
    return [sys.executable, "-c", OURS, codec, str(source), str(made)]


def _compare(what: str, ours: Sequence[str], peer: Sequence[str], folder: Path, out: Path) -> None:
    """Alternate both, and print medians and ratios."""
    for old in (folder / "ours").glob("*.glb"):
        old.unlink()
    mine: list[Run] = []
    theirs: list[Run] = []
    for _ in range(TAKEN):
        mine.append(measured(ours))
        theirs.append(measured(peer))
    sizes = sum(p.stat().st_size for p in (folder / "ours").glob("*.glb")), out.stat().st_size
    print(f"  {what}; load {os.getloadavg()[0]:.1f}")
    rows = {
        "bytes": sizes,
        "wall s": _medians(mine, theirs, "wall_s"),
        "cpu s": _medians(mine, theirs, "cpu_s"),
        "peak MB": tuple(v / 1e6 for v in _medians(mine, theirs, "peak_bytes")),
    }
    for name, (one, other) in rows.items():
        print(f"    {name:8} ours {one:>12,.2f}  peer {other:>12,.2f}  ratio {one / other:.2f}")


def _compare_pictures(source: Path, folder: Path, out: Path) -> None:
    """Print how like the source both sides' pictures are, and where ours are least so."""
    before = pictures([source])
    mine = likeness(before, pictures(sorted((folder / "ours").glob("*.glb"))))
    theirs = likeness(before, pictures([out]))
    shared = sorted(mine.keys() & theirs.keys())
    means = [statistics.mean(side[name] for name in shared) for side in (mine, theirs)]
    worst = min(shared, key=lambda name: mine[name] - theirs[name])
    print(f"    SSIM     ours {means[0]:>12.4f}  peer {means[1]:>12.4f}  {len(shared)} pictures; "
          f"least: {worst} {mine[worst]:.4f} to {theirs[worst]:.4f}")  # fmt: skip


def _medians(mine: Sequence[Run], theirs: Sequence[Run], name: str) -> tuple[float, float]:
    one, other = (statistics.median(getattr(run, name) for run in runs) for runs in (mine, theirs))
    return one, other


def _without_textures(glb: bytes) -> bytes:
    """Return the same GLB without materials' textures: what only geometry costs."""
    size = int.from_bytes(glb[12:16], "little")
    root = json.loads(glb[20 : 20 + size])
    for material in root.get("materials", []):
        stack = [material]
        while stack:
            current = stack.pop()
            for key in [k for k in current if k.endswith("Texture")]:
                del current[key]
            stack += [value for value in current.values() if isinstance(value, dict)]
    images = {image["bufferView"] for image in root.pop("images", []) if "bufferView" in image}
    root.pop("textures", None)
    root.pop("samplers", None)
    binary, views = glb[28 + size :], io.BytesIO()
    for number, view in enumerate(root["bufferViews"]):
        start = view.get("byteOffset", 0)
        raw = b"\0" * 4 if number in images else binary[start : start + view["byteLength"]]
        view.update(byteOffset=views.tell(), byteLength=len(raw))
        views.write(raw + b"\0" * (-len(raw) % 4))
    root["buffers"] = [{"byteLength": views.tell()}]
    text = json.dumps(root).encode()
    text += b" " * (-len(text) % 4)
    chunks = [(text, b"JSON"), (views.getvalue(), b"BIN\0")]
    body = b"".join(len(raw).to_bytes(4, "little") + kind + raw for raw, kind in chunks)
    return b"glTF" + (2).to_bytes(4, "little") + (12 + len(body)).to_bytes(4, "little") + body


if __name__ == "__main__":
    main()
