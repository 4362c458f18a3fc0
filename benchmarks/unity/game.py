"""Time a game on Mono with a real branch: both carriers, reloads, and frames while Python is away.

    python benchmarks/unity/game.py [--json]

Medians with the quickest and the slowest. "cpu" is thread CPU time; "wall" depends on how busy the
machine is: beside each stands a yardstick of the same run. Targets: 1,000 bodies decoded and shown
<= 1 ms and nothing allocated; round trip p50 <= 250 us; reload to running <= 300 ms; fence
<= 10 ms; no frame blocked for 1 ms whatever Python does. A busy machine takes the processor from
frames as well: what the kernel says of that is taken out of "blocked", not out of "wall".
"""

import argparse
import asyncio
import json
import os
import platform
import signal
import socket
import statistics
import sys
import sysconfig
import tempfile
import threading
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from benchmarks.realtime.pack import Table, poses  # noqa: E402
from tests.unity import mono  # noqa: E402

from branchxr.protocol.frames import pack_uplink  # noqa: E402
from branchxr.server.branch import BranchServer, ServerSettings  # noqa: E402
from branchxr_unity.harness import MonoGame  # noqa: E402

BODIES = 1000
RELOADS = 7
BUSY = """
import asyncio, time
async def main(branch, stage):
    await asyncio.sleep(1.5)
    time.sleep(2)
    await asyncio.sleep(3600)
"""
Rows = dict[str, tuple[list[float], str, float | None]]


def frames_of_bodies() -> list[str]:
    """Return 24 cell frames of 1,000 bodies that move."""
    steps = [
        [pack_uplink(pose, cell=0, client_ms=0) for pose in poses(BODIES, step)] for step in (0, 1)
    ]
    tables = [Table(uplinks) for uplinks in steps]
    return [tables[tick % 2].frame(tick).hex() for tick in range(1, 25)]


def tcp_round_trips_us(count: int) -> list[float]:
    """Time a byte there and back over loopback: the yardstick of the carrier's round trip."""
    listener = socket.create_server(("127.0.0.1", 0))

    def echo() -> None:
        near, _ = listener.accept()
        near.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        while part := near.recv(64):
            near.send(part)

    threading.Thread(target=echo, daemon=True).start()
    rounds = []
    with socket.create_connection(listener.getsockname()) as far:
        far.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(count):
            start = time.perf_counter()
            far.send(b"x")
            far.recv(64)
            rounds.append((time.perf_counter() - start) * 1e6)
    listener.close()
    return rounds


@asynccontextmanager
async def playing(
    server: BranchServer, folder: str, *, is_inside: bool, script: str = "", is_root: bool = False
) -> AsyncIterator[MonoGame]:
    """Play in a domain of its own, until it runs."""
    settings: dict[str, object] = {
        "branch": server.address, "python": sys.executable, "folder": folder,
        "newSoftKey": True, "script": script,
    }  # fmt: skip
    if is_inside:
        library = Path(sysconfig.get_config_var("LIBDIR")) / sysconfig.get_config_var("LDLIBRARY")
        settings |= {
            "carrier": "InProcess", "pythonLibrary": library, "pythonHome": sys.base_prefix,
            "pythonPaths": ":".join(path for path in sys.path if path),
        }  # fmt: skip
    async with MonoGame.started(
        mono.harness(), environment=mono.mono_environment(), is_root=is_root
    ) as game:
        await game.play(**settings)
        await game.until(lambda seen: seen["people"])
        yield game
        await game.call("quit")


async def of_carrier(server: BranchServer, name: str, *, is_inside: bool) -> Rows:
    rows: Rows = {}
    folder = await asyncio.to_thread(tempfile.mkdtemp)
    async with playing(server, folder, is_inside=is_inside) as game:
        await game.call("ping", 100)
        trips = (await game.call("ping", 500))["us"]
        rows[f"{name}: round trip, wall us"] = (trips, "", 250.0 if not is_inside else None)
        fences, again = [], []
        for _ in range(RELOADS):
            answer = await game.call("reload")
            fences.append(answer["fence_ms"])
            running = await game.call("running", 20_000)
            again.append(running["after_ms"] + answer["reload_ms"]
                         - answer["fence_ms"] - answer["unload_ms"])  # fmt: skip
            await game.until(lambda seen: seen["people"])
        rows[f"{name}: fence, wall ms"] = (fences, "", 10.0 if is_inside else None)
        rows[f"{name}: new domain to running, wall ms"] = (again, "", 300.0)
    return rows


async def frame_times(game: MonoGame, name: str, target: float | None) -> Rows:
    """Return what the frames since the last call took, and how much of it they were blocked.

    Blocked is what is left of the wall time of a frame that gave the processor up, without its own
    CPU time and without the time for which it was ready to run and the kernel ran others.
    """
    answer = await game.call("times")
    long = sum(took > 1 for took in answer["ms"])
    aside = f"{long} over 1 ms; put aside {answer['aside']} times"
    waits = f"gave the processor up {answer['waits']} times"
    return {
        f"{name}, wall ms": (answer["ms"], aside, None),
        f"{name}, own CPU ms": (
            answer["cpu_ms"],
            "with what a host of virtual machines takes",
            None,
        ),
        f"{name}, blocked ms": (answer["blocked_ms"], waits, target),
    }


async def of_frames(server: BranchServer, folder: Path) -> Rows:
    """Time frames while nothing is wrong, while Python sleeps in C, is stopped, is killed."""
    rows: Rows = {}
    script = folder / "busy.py"
    script.write_text(BUSY)
    for name, is_inside in (("beside", False), ("in process", True)):
        async with playing(
            server, str(folder / name), is_inside=is_inside, script=str(script)
        ) as game:
            await game.call("times")
            await game.call("frames", 90)
            rows |= await frame_times(game, f"{name}: frame", None)
            await game.call("frames", 270)  # 3 s, the script's 2 among them
            rows |= await frame_times(game, f"{name}: frame, 2 s call", 1.0)
            if is_inside:
                continue
            lines = (folder / name / "Temp/BranchXR/host.txt").read_text().splitlines()
            host = int(next(line for line in lines if line.startswith("pid="))[4:])
            for what, number in (("stopped", signal.SIGSTOP), ("killed", signal.SIGKILL)):
                os.kill(host, number)
                await game.call("times")
                await game.call("frames", 90)
                rows |= await frame_times(game, f"{name}: frame, {what}", 1.0)
                if number == signal.SIGSTOP:
                    os.kill(host, signal.SIGCONT)
            await game.until(lambda seen: seen["state"] == "Running" and seen["people"])
    return rows


async def measure() -> Rows:
    settings = ServerSettings(port=0, realtime_port=0)
    rows: Rows = {}
    async with MonoGame.started(
        mono.harness(), environment=mono.mono_environment(), is_root=True
    ) as game:
        answer = await game.call("bodies", " ".join(frames_of_bodies()), 7)
        note = f"{answer['allocated']} bytes allocated"
        rows["1,000 bodies decoded and shown, cpu us"] = (answer["us"], note, 1000.0)
        slabs = await game.call("slabs", 7)
        rows["1,000 poses copied and taken in C#, cpu us"] = (slabs["us"], "", 3.0)
    trips = await asyncio.to_thread(tcp_round_trips_us, 500)
    rows["yardstick: TCP byte there and back, wall us"] = (trips, "", None)
    async with BranchServer.open(settings) as server, server.listen():
        rows |= await of_carrier(server, "beside", is_inside=False)
        rows |= await of_carrier(server, "in process", is_inside=True)
        rows |= await of_frames(server, Path(await asyncio.to_thread(tempfile.mkdtemp)))
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = [
        {
            "name": name,
            "median": round(statistics.median(rounds), 2),
            "quickest": round(min(rounds), 2),
            "slowest": round(max(rounds), 2),
            "count": len(rounds),
            "target": target,
            "note": note,
        }
        for name, (rounds, note, target) in asyncio.run(measure()).items()
    ]
    if options.json:
        machine = f"{platform.machine()}, Python {platform.python_version()}, Mono 6.8"
        print(json.dumps({"schema": 1, "machine": machine, "rows": rows}))
        return
    print(f"{'':46}{'median':>10}{'quickest':>10}{'slowest':>10}{'of':>6}{'target':>8}")
    for row in rows:
        print(
            f"{row['name']:46}{row['median']:>10}{row['quickest']:>10}{row['slowest']:>10}"
            f"{row['count']:>6}{row['target'] or '':>8}  {row['note']}"
        )


if __name__ == "__main__":
    main()
