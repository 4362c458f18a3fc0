"""Measure first sight behind a slow line: a package on the real page, the same scene as one GLB.

    python benchmarks/first_sight/first_sight.py [--scene FILE.glb] [--runs 3] [--json]

Ours is `branchxr serve` and its page. The peer is the smallest three.js page with GLTFLoader and
DRACOLoader, from the same versions, over what `gltf-transform optimize` makes of the scene (Draco
and WebP), all of it preloaded and sent as brotli. Both behind 60 ms and 10 Mbit/s (`_proxy.py`),
in a new headless Chromium each time, in turn. First sight is the first picture with a pixel that
is not background, read back (`watch.js`). See README.md.
"""

import argparse
import asyncio
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import brotli
from playwright.async_api import async_playwright
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from branchxr.server.listening import http_on
from branchxr.server.ports import bind

HERE: Final = Path(__file__).parent
ROOT: Final = HERE.parents[1]
NPM: Final = ROOT / "webxr_bridge/npm"
PEERS: Final = HERE.parent / "assets/node_modules"
JSM: Final = NPM / "node_modules/three/examples/jsm"
FLAGS: Final = [
    "--no-sandbox", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
]  # fmt: skip
PATIENCE_S: Final = 300
EYE_HEIGHT_M: Final = 1.6
TARGETS: Final = {"time": 0.35, "bytes": 0.10}
TYPES: Final = {
    "html": "text/html; charset=utf-8", "js": "text/javascript", "wasm": "application/wasm",
    "glb": "model/gltf-binary",
}  # fmt: skip

Row = dict[str, Any]


def run(*command: str | Path, cwd: Path = ROOT) -> None:
    """Run a program, bounded; esbuild finds the page's own three.js by `NODE_PATH`."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, capture_output=True, text=True, timeout=900,
        check=False, env={**os.environ, "NODE_PATH": str(NPM / "node_modules")},
    )  # fmt: skip
    if done.returncode:
        raise SystemExit(f"{command[0]} failed:\n{done.stdout}{done.stderr}")


def peer_glb(scene: Path, folder: Path) -> Path:
    """Make the peer's GLB as its own documentation says."""
    if not PEERS.is_dir():
        sys.exit("needs the peers: npm ci --prefix benchmarks/assets")
    made = folder / "peer.glb"
    tool = PEERS / ".bin/gltf-transform"
    run(tool, "optimize", scene, made, "--compress", "draco", "--texture-compress", "webp")
    return made


def peer_files(glb: Path, package: Path, folder: Path) -> dict[str, bytes]:
    """Return the peer's whole site."""
    script = folder / "peer.min.js"
    run(
        NPM / "node_modules/.bin/esbuild", HERE / "peer.js", "--bundle", "--minify",
        "--format=esm", "--target=es2022", f"--outfile={script}", "--legal-comments=none",
    )  # fmt: skip
    anchors = json.loads((package / "branch.json").read_text())["anchors"]
    spawn = next((anchor for anchor in anchors if anchor["kind"] == "spawn"), None)
    x, y, z = spawn["position"] if spawn else (0.0, 0.0, 0.0)
    eye = {
        "position": [x, y + EYE_HEIGHT_M, z],
        "rotation": spawn["rotation"] if spawn else [0.0, 0.0, 0.0, 1.0],
    }
    draco = ("draco_wasm_wrapper.js", "draco_decoder.wasm")
    preloads = "".join(
        f'<link rel="preload" as="fetch" crossorigin href="{path}">'
        for path in ("/scene.glb", *(f"/draco/{name}" for name in draco))
    )
    page = (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Peer</title>'
        f'<link rel="icon" href="data:,">{preloads}<style>body{{margin:0}}</style></head><body>'
        f'<script type="application/json" id="eye">{json.dumps(eye)}</script>'
        '<script type="module" src="/peer.js"></script></body></html>'
    )
    return {
        "/": page.encode(),
        "/peer.js": script.read_bytes(),
        "/scene.glb": glb.read_bytes(),
        **{f"/draco/{name}": (JSM / "libs/draco/gltf" / name).read_bytes() for name in draco},
    }


@asynccontextmanager
async def peer_site(files: dict[str, bytes]) -> AsyncIterator[int]:
    """Serve the peer's site on loopback, as the branch's own server sends files; give the port."""
    packed = {path: brotli.compress(content) for path, content in files.items()}

    async def answer(request: Request) -> Response:
        path = request.url.path
        if path not in files:
            return Response(status_code=404)
        kind = TYPES[path.rpartition(".")[2] if "." in path else "html"]
        if len(packed[path]) < len(files[path]) * 0.95:
            return Response(packed[path], media_type=kind, headers={"content-encoding": "br"})
        return Response(files[path], media_type=kind)

    app = Starlette(routes=[Route("/{path:path}", answer)])
    listeners = bind("localhost", 0)
    async with http_on(app, listeners, tls=None):
        yield listeners[0].getsockname()[1]


@contextmanager
def our_site(package: Path, folder: Path) -> Iterator[int]:
    """Run `branchxr serve` with the package; give its port."""
    command = [sys.executable, "-m", "branchxr.cli", "serve", "--port", "0", "--json",
               "--scene", str(package)]  # fmt: skip
    environment = {**os.environ, "XDG_CONFIG_HOME": str(folder / "config"),
                   "XDG_CACHE_HOME": str(folder / "cache"), "XDG_STATE_HOME": str(folder / "state"),
                   "XDG_DATA_HOME": str(folder / "data")}  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        try:
            address = json.loads(process.stdout.readline())["address"]
            yield int(address.rpartition(":")[2])
        finally:
            process.terminate()
            process.wait(timeout=20)


async def look(port: int, chromium: str) -> Row:
    """Open a site in a new browser, behind a new slow line, and wait for first sight."""
    sys.path.insert(0, str(HERE))
    from _proxy import SlowLine  # noqa: PLC0415 - beside this file, which is run as a script

    async with SlowLine(port) as line, async_playwright() as driver:
        # The page keeps its own address, which the branch insists on; only the way there is slow.
        rules = f"--host-resolver-rules=MAP localhost:{port} 127.0.0.1:{line.port}"
        browser = await driver.chromium.launch(executable_path=chromium, args=[*FLAGS, rules])
        try:
            page = await browser.new_page(viewport={"width": 1280, "height": 720})
            await page.add_init_script(path=HERE / "watch.js")
            await page.goto(f"http://localhost:{port}/", wait_until="commit")
            async with asyncio.timeout(PATIENCE_S):
                while (sight := await page.evaluate("window.firstSight ?? null")) is None:
                    await page.wait_for_timeout(100)
            resources = await page.evaluate(
                "performance.getEntriesByType('resource').map((one) => ({ name: one.name, "
                "start: one.startTime, end: one.responseEnd, bytes: one.transferSize }))"
            )
            document = await page.evaluate(
                "performance.getEntriesByType('navigation')[0].responseEnd"
            )
        finally:
            await browser.close()
        until_s = (sight["origin"] + sight["ms"]) / 1000
        return {
            "ms": sight["ms"],
            "bytes": line.bytes_until(until_s),
            "share": sight["share"],
            "html_ms": document,
            "resources": [one for one in resources if one["end"] <= sight["ms"]],
        }


def scene_bytes(row: Row) -> int:
    """Return what of a run's bytes was scene: packages and GLBs."""
    return sum(
        one["bytes"] for one in row["resources"] if "/scene" in one["name"] and one["bytes"] > 0
    )


async def measure(glb: Path, package: Path, folder: Path, *, runs: int) -> dict[str, list[Row]]:
    """Look at both sites in turn."""
    chromium = shutil.which("chromium")
    if chromium is None:
        raise SystemExit("needs chromium: apt-get install chromium")
    files = await asyncio.to_thread(peer_files, glb, package, folder)
    rows: dict[str, list[Row]] = {"ours": [], "peer": []}
    with our_site(package, folder) as ours:
        async with peer_site(files) as peer:
            for _ in range(runs):
                rows["ours"].append(await look(ours, chromium))
                rows["peer"].append(await look(peer, chromium))
    return rows


def built(scene: Path, folder: Path) -> Path:
    """Build the package that ours shows."""
    run(sys.executable, "-m", "branchxr.cli", "assets", "build", scene, "-o", folder / "package")
    return folder / "package"


def summary(rows: dict[str, list[Row]]) -> Row:
    """Return medians and ratios."""
    found: Row = {}
    for name, of in rows.items():
        times = [row["ms"] for row in of]
        found[name] = {
            "ms": round(statistics.median(times)),
            "ms_all": [round(one) for one in times],
            "kB": round(statistics.median(row["bytes"] for row in of) / 1000, 1),
            "scene_kB": round(statistics.median(map(scene_bytes, of)) / 1000, 1),
            "share": round(statistics.median(row["share"] for row in of), 3),
        }
    ours, peer = found["ours"], found["peer"]
    found["ratio"] = {
        "time": round(ours["ms"] / peer["ms"], 3),
        "bytes": round(ours["kB"] / peer["kB"], 3),
        "scene_bytes": round(ours["scene_kB"] / peer["scene_kB"], 3),
    }
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--scene", type=Path, default=ROOT / "examples/hall/hall.glb")
    parser.add_argument("--package", type=Path, help="built from it before; else it is built now")
    parser.add_argument(
        "--peer", type=Path, help="the peer's GLB, made before; else it is made now"
    )
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "--trace", action="store_true", help="say what came when in each of our runs"
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        package = options.package or built(options.scene, folder)
        glb = options.peer or peer_glb(options.scene, folder)
        rows = asyncio.run(measure(glb, package, folder, runs=options.runs))
    found = summary(rows)
    if options.trace:
        for row in rows["ours"] + rows["peer"]:
            print(f"html {row['html_ms']:.0f}  first sight {row['ms']:.0f}", file=sys.stderr)
            for one in row["resources"]:
                print(f"  {one['start']:6.0f} to {one['end']:6.0f} {one['bytes']:8} "
                      f"{one['name'].rpartition('/')[2][-60:]}", file=sys.stderr)  # fmt: skip
    load = round(os.getloadavg()[0], 1)
    if options.json:
        machine = f"{platform.machine()}, {os.cpu_count()} cores, load {load}"
        print(json.dumps({"schema": 1, "scene": options.scene.name, "machine": machine, **found}))
        return
    print(f"{options.scene.name}, medians of {options.runs}, load {load}\n")
    print(f"{'':8}{'ms':>8}{'all kB':>10}{'scene kB':>10}{'covered':>9}   runs, ms")
    for who in ("ours", "peer"):
        row = found[who]
        print(f"{who:8}{row['ms']:>8}{row['kB']:>10}{row['scene_kB']:>10}{row['share']:>9}   "
              f"{row['ms_all']}")  # fmt: skip
    ratio = found["ratio"]
    print(f"\ntime {ratio['time']} (target {TARGETS['time']}), bytes {ratio['bytes']} "
          f"(target {TARGETS['bytes']}), of the scene's alone {ratio['scene_bytes']}")  # fmt: skip


if __name__ == "__main__":
    main()
