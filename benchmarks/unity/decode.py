"""C# on Mono: decode a cell frame of 1,000 bodies and work all of them out for a picture.

Thread CPU; the median of 7 processes, each the median of 201 pictures. Python's own interpolator,
in columns with numpy, beside it. Not Unity's Mono, and not IL2CPP.
"""

import json
import statistics
import sys
import time
from pathlib import Path

import numpy as np

from branchxr.protocol.frames import RECORD, pack_frame, parse_frame
from branchxr.protocol.interpolation import Interpolator

sys.path.insert(0, str(Path(__file__).parents[2]))
from tests.unity import mono

BODIES = 1_000
ROUNDS = 201
HERE = Path(__file__).parent


def program() -> Path:
    package = mono.compile_package()["BranchXR.Client"]
    return mono.compile_csharp(
        "Decode",
        [HERE / "Decode.cs"],
        references=[mono.engine(), package],
        is_program=True,
        is_unsafe=True,
    )


def on_mono(runs: int = 7) -> dict[str, float]:
    """Return medians over processes: `decode_ms`, `interpolate_ms`, `allocated_bytes`."""
    exe = program()
    results = [json.loads(mono.run(exe, str(BODIES), str(ROUNDS))) for _ in range(runs)]
    return {name: statistics.median(result[name] for result in results) for name in results[0]}


def in_python() -> float:
    """Return the median milliseconds of Python's own, decode and sample together."""
    random = np.random.default_rng(1)
    records = np.zeros(BODIES, RECORD)
    records["slot"] = np.arange(BODIES)
    records["age_ms"] = 5
    records["head_mm"] = random.integers(-500, 500, (BODIES, 3))
    for name in ("head_rotation", "left_rotation", "right_rotation"):
        records[name] = random.integers(0, 2**32, BODIES, dtype=np.uint32)
    bodies, times = Interpolator(), []
    for tick in range(ROUNDS):
        frame = pack_frame(records.tobytes(), cell=0, tick=tick, server_ms=tick * 50)
        start = time.thread_time()
        bodies.feed(parse_frame(frame), tick * 50 + 7)
        bodies.sample(tick * 50 + 20)
        times.append((time.thread_time() - start) * 1000)
    return statistics.median(times)


def main() -> None:
    result = on_mono()
    both = result["decode_ms"] + result["interpolate_ms"]
    print(f"{BODIES:,} bodies on Mono: decode {result['decode_ms']:.3f} ms, interpolate "
          f"{result['interpolate_ms']:.3f} ms, both {both:.3f} ms (wanted: <= 1 ms)")  # fmt: skip
    print(f"allocated in {ROUNDS} pictures: {result['allocated_bytes']:.0f} bytes (wanted: 0)")
    print(f"the same in Python with numpy: {in_python():.3f} ms")


if __name__ == "__main__":
    main()
