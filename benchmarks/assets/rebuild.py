"""A build after one node moved or one texture changed, against the scene's own full build.

And eight halls two at a time, against one at a time: by `--jobs 1`, and by eight commands of which
each has both cores.

Whole processes (`branchxr assets build`, start-up, report and brotli included), and of them the
time until the GLBs were made, as the build itself says it. Medians of five (`BRANCHXR_RUNS`). Each
run of each kind stands beside one of the others, so that all suffer the same load; the processor's
seconds tell more than the wall's where others use the machine. Every rebuild starts from the same
warm cache and moves another node. What it makes is held against a clean build's bytes.
`BRANCHXR_DENSE` adds the dense scene.
"""

import io
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
from pathlib import Path
from typing import Any

from measure import RUNS, Run, compiled, measured
from PIL import Image, ImageEnhance

REPOSITORY = Path(__file__).parents[2]
HALL = REPOSITORY / "examples/hall/hall.glb"
HALLS = 8
Root = dict[str, Any]


def main() -> None:
    runs = int(os.environ.get("BRANCHXR_RUNS", RUNS))
    compiled()
    dense = os.environ.get("BRANCHXR_DENSE")
    found = sorted(Path(dense).rglob("branch.glb"))[:1] if dense else []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        os.environ["BRANCHXR_CONFIG_DIR"] = str(folder / "config")
        for source in [HALL, *found]:
            _rebuilds(source, folder / source.stem, runs)
        _halls(folder / "halls", runs)


def _rebuilds(source: Path, folder: Path, runs: int) -> None:
    folder.mkdir()
    glb = source.read_bytes()
    kinds: dict[str, list[Run]] = {"full": [], "one node moved": [], "one texture changed": []}
    warm = folder / "warm"
    _build(source, folder / "out", warm)
    for number in range(runs):
        kinds["full"].append(_build(source, folder / "out", folder / f"cold{number}"))
        shutil.rmtree(folder / f"cold{number}")
        for kind, change in (("one node moved", _moved), ("one texture changed", _painted)):
            changed = folder / source.name
            changed.write_bytes(change(glb, number))
            cache = folder / "used"
            shutil.copytree(warm, cache)
            kinds[kind].append(_build(changed, folder / "out", cache))
            shutil.rmtree(cache)
            if number == 0:
                _build(changed, folder / "clean", None)
                if _promised(folder / "out") != _promised(folder / "clean"):
                    sys.exit(f"{kind}: the bytes are not those of a clean build")
    print(f"{source.name}: {len(glb) / 1e6:.1f} MB, {runs} runs, load {os.getloadavg()[0]:.1f}; "
          "goals: moved 0.05, texture 0.3; same bytes as clean builds")  # fmt: skip
    _table(kinds, "full")


def _halls(folder: Path, runs: int) -> None:
    folder.mkdir()
    sources = [folder / f"hall{number}.glb" for number in range(HALLS)]
    for source in sources:
        shutil.copyfile(HALL, source)
    names = ("--jobs 1", "one after the other", "--jobs 2")
    kinds: dict[str, list[Run]] = {name: [] for name in names}
    for _ in range(runs):
        for jobs in ("1", "2"):
            words = [*map(str, sources), "-o", str(folder / "two"), "--no-cache", "--jobs", jobs]
            kinds[f"--jobs {jobs}"].append(_run(words))
        alone = [_build(source, folder / "one" / source.stem, None) for source in sources]
        whole = Run(
            sum(run.wall_s for run in alone),
            sum(run.cpu_s for run in alone),
            max(run.peak_bytes for run in alone),
            "".join(run.printed for run in alone),
        )
        kinds["one after the other"].append(whole)
    for source in sources:
        if _promised(folder / "one" / source.stem) != _promised(folder / "two" / source.stem):
            sys.exit(f"{source.stem}: the bytes depend on --jobs")
    print(f"{HALLS} halls, {runs} runs, load {os.getloadavg()[0]:.1f}; goal: 0.6; same bytes")
    _table(kinds, "--jobs 1")
    _table({name: kinds[name] for name in names[1:]}, "one after the other")


def _build(source: Path, output: Path, cache: Path | None) -> Run:
    if cache is not None:
        os.environ["BRANCHXR_CACHE_DIR"] = str(cache)
    return _run([str(source), "-o", str(output), *(["--no-cache"] if cache is None else [])])


def _run(words: list[str]) -> Run:
    return measured([sys.executable, "-m", "branchxr.cli", "assets", "build", *words])


def _table(kinds: dict[str, list[Run]], base: str) -> None:
    for kind, taken in kinds.items():
        wall, cpu = (statistics.median(getattr(r, n) for r in taken) for n in ("wall_s", "cpu_s"))
        pairs = list(zip(taken, kinds[base], strict=True))
        walls = statistics.median(one.wall_s / other.wall_s for one, other in pairs)
        cpus = statistics.median(one.cpu_s / other.cpu_s for one, other in pairs)
        glbs = statistics.median(_glbs_s(one) / _glbs_s(other) for one, other in pairs)
        peak = max(run.peak_bytes for run in taken) / 1e6
        print(f"  {kind:20} wall {wall:6.2f} s, cpu {cpu:6.2f} s, peak {peak:5,.0f} MB; "
              f"ratio wall {walls:.2f}, cpu {cpus:.2f}, GLBs alone {glbs:.3f}")  # fmt: skip


def _glbs_s(run: Run) -> float:
    """Return what the build, or several one after the other, said of the time for their chunks."""
    return sum(map(float, re.findall(r"([\d.]+) of it for the chunks", run.printed)))


def _promised(folder: Path) -> dict[str, bytes]:
    files = [folder / "tileset.json", folder / "branch.json", *folder.glob("c/*.glb")]
    return {path.name: path.read_bytes() for path in files}


def _moved(glb: bytes, number: int) -> bytes:
    """Move another node with a mesh by a quarter of a metre each time."""
    root, binary = _split(glb)
    shown = [n for n in root["nodes"] if "mesh" in n and "skin" not in n and "matrix" not in n]
    node = shown[(number + 1) * len(shown) // 7 % len(shown)]
    place = node.get("translation", [0, 0, 0])
    node["translation"] = [place[0] + 0.25, *place[1:]]
    return _joined(root, binary)


def _painted(glb: bytes, number: int) -> bytes:
    """Darken one texture a little; it is stored as a PNG or JPEG, as it was."""
    root, binary = _split(glb)
    image = root["images"][number % len(root["images"])]
    views = root["bufferViews"]
    view = views[image["bufferView"]]
    start = view.get("byteOffset", 0)
    raw = binary[start : start + view["byteLength"]]
    with Image.open(io.BytesIO(raw)) as opened:
        kind = opened.format or "PNG"
        darker = ImageEnhance.Brightness(opened.convert("RGB")).enhance(0.9)
    target = io.BytesIO()
    darker.save(target, kind)
    binary += b"\0" * (-len(binary) % 4)
    view.update(byteOffset=len(binary), byteLength=target.tell())
    binary += target.getvalue()
    root["buffers"][0]["byteLength"] = len(binary)
    return _joined(root, binary)


def _split(glb: bytes) -> tuple[Root, bytes]:
    size = int.from_bytes(glb[12:16], "little")
    return json.loads(glb[20 : 20 + size]), glb[28 + size :]


def _joined(root: Root, binary: bytes) -> bytes:
    text = json.dumps(root).encode()
    text += b" " * (-len(text) % 4)
    binary += b"\0" * (-len(binary) % 4)
    chunks: list[tuple[bytes, bytes]] = [(text, b"JSON"), (binary, b"BIN\0")]
    body = b"".join(len(raw).to_bytes(4, "little") + kind + raw for raw, kind in chunks)
    return b"glTF" + (2).to_bytes(4, "little") + (12 + len(body)).to_bytes(4, "little") + body


if __name__ == "__main__":
    main()
