"""Time what Python does for each frame of a game: poses of 1,000 puppets, records through a ring.

    python benchmarks/unity/block.py [--json]

Thread CPU time, medians of 7 rounds with the quickest and the slowest. The yardsticks stand in the
same run: the list that pythonnet would convert to `float[]` (in a process of its own, on Mono), and
numpy's own copy of the same bytes. Targets: one copy <= 3 us, in place <= 0.5 us, 500,000 records
a second (2 us each).

The first two were set on a machine where numpy's own copy took 2.06 us. On another, or a busy one,
compare ratios to that copy in the same run: 3 / 2.06 = 1.46 and 0.5 / 2.06 = 0.24.
"""

import argparse
import asyncio
import json
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from branchxr_unity import codec
from branchxr_unity.block import Block
from branchxr_unity.game import Player
from branchxr_unity.inside import POLL_S, Inside
from branchxr_unity.puppets import _at_a_line

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.unity import mono  # noqa: E402

ROUNDS = 7
COUNT = 1000
TARGETS_US = {"poses, one copy": 3.0, "poses, in place": 0.5, "record into the ring": 2.0}
YARDSTICK = "poses, numpy's own copy"
YARDSTICK_US = 2.06
COLUMNS = ("median_us", "quickest_us", "slowest_us", "target_us", "ratio", "target_ratio")
TARGETS_RATIO = {
    name: round(TARGETS_US[name] / YARDSTICK_US, 2)
    for name in ("poses, one copy", "poses, in place")
}

SINK = """namespace Benchmarks {
    public static class Sink { public static int Take(float[] poses) { return poses.Length; } }
}"""
LISTS = """
import sys, time, json, clr
sys.path.append(sys.argv[1])
clr.AddReference("Sink")
from Benchmarks import Sink
rows = [0.5] * 22000
Sink.Take(rows)
rounds = []
for _ in range(7):
    start = time.thread_time()
    Sink.Take(rows)
    rounds.append((time.thread_time() - start) * 1e6)
print(json.dumps(rounds))
"""


def timed(work: Callable[[], object], *, repeats: int) -> list[float]:
    """Return microseconds of this thread for each of the rounds, each the mean of some repeats."""
    for _ in range(repeats // 10 + 1):
        work()
    rounds = []
    for _ in range(ROUNDS):
        start = time.thread_time()
        for _ in range(repeats):
            work()
        rounds.append((time.thread_time() - start) / repeats * 1e6)
    return rounds


def lists_through_pythonnet() -> list[float]:
    """Time a list of 22,000 floats handed to C#, in a process of its own."""
    source = mono.BUILD / "Sink.cs"
    source.parent.mkdir(parents=True, exist_ok=True)
    source.write_text(SINK)
    assembly = mono.compile_csharp("Sink", [source])
    done = subprocess.run(
        [sys.executable, "-c", LISTS, str(assembly.parent)],
        env=mono.mono_environment(), capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rounds: list[float] = json.loads(done.stdout)
    return rounds


def a_second_of_looking() -> list[float]:
    """Time the thread that looks for events in process, in seconds in which there are none."""
    inside = Inside(Block.create(), Player())

    async def look() -> float:
        start, until = time.thread_time(), time.monotonic() + 1
        while time.monotonic() < until:
            inside._look()
            await asyncio.sleep(POLL_S)
        return (time.thread_time() - start) * 1e6

    return [asyncio.run(look()) for _ in range(3)]


def measure() -> dict[str, list[float]]:
    """Return rounds in microseconds by what was measured."""
    block = Block.create()
    ids = np.zeros((COUNT, 2), np.uint32)
    fixed = ids.copy()
    fixed.flags.writeable = False  # as a stage keeps them
    other = Block.create()
    poses, target = _at_a_line(COUNT, 22), _at_a_line(COUNT, 22)  # as puppets are kept
    record = codec.pack("arrived", anchor="Room/counter.001", kind="counter")
    put, words = block.commands.put, block._words
    publish, publish_ids, show = block.puppets.publish, other.puppets.publish, block.puppets.show

    def ring() -> None:
        if not put(record):
            words[256 // 8] = words[64 // 8]  # as the game reads: all at once

    return {
        "poses, one copy": timed(lambda: publish(fixed, poses), repeats=2000),
        "poses and ids, one copy": timed(lambda: publish_ids(ids, poses), repeats=2000),
        "poses, in place": timed(lambda: show(COUNT), repeats=5000),
        YARDSTICK: timed(lambda: np.copyto(target, poses), repeats=2000),
        "poses, list by pythonnet": lists_through_pythonnet(),
        "record into the ring": timed(ring, repeats=20000),
        "a second of looking for events": a_second_of_looking(),
        "record packed and into the ring": timed(
            lambda: put(codec.wrap(2, b"x" * 38)) or ring(), repeats=20000
        ),
    }


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    measured = measure()
    yardstick_us = statistics.median(measured[YARDSTICK])
    rows = [
        {
            "name": name,
            "median_us": round(statistics.median(rounds), 2),
            "quickest_us": round(min(rounds), 2),
            "slowest_us": round(max(rounds), 2),
            "target_us": TARGETS_US.get(name),
            "ratio": round(statistics.median(rounds) / yardstick_us, 2),
            "target_ratio": TARGETS_RATIO.get(name),
        }
        for name, rounds in measured.items()
    ]
    if options.json:
        machine = f"{platform.machine()}, Python {platform.python_version()}"
        print(json.dumps({"schema": 1, "machine": machine, "rows": rows}))
        return
    print(f"{COUNT} puppets (88 KB), medians of {ROUNDS} rounds, microseconds of thread CPU;")
    print("ratios to numpy's own copy in this run\n")
    print(f"{'':34}" + "".join(f"{name.removesuffix('_us'):>14}" for name in COLUMNS))
    for row in rows:
        numbers = (row[name] for name in COLUMNS)
        print(f"{row['name']:34}" + "".join(f"{'' if n is None else n:>14}" for n in numbers))


if __name__ == "__main__":
    main()
