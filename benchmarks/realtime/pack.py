"""Time what happens at every tick with 1,000 bodies, beside the same in plain Python lists.

    python benchmarks/realtime/pack.py [--bodies 1000] [--json]

Server: pack all dirty bodies of one cell into a frame. Client: parse, decode, take into the ring,
and interpolate all bodies. The yardstick does the same with `struct` and lists, one body at a time,
in the same run. Medians of 7 rounds, with the quickest and the slowest. Targets: pack <= 50 us,
decode and interpolate <= 1 ms.
"""

import argparse
import json
import math
import platform
import random
import statistics
import struct
import time
from collections.abc import Callable

from branchxr.protocol.frames import HEADER, RECORD_BYTES, TICK_MS, pack_uplink, parse_frame
from branchxr.protocol.interpolation import Interpolator
from branchxr.protocol.pose import Pose, Vector, dequantise_rotation
from branchxr.protocol.slots import SlotTable

ROUNDS = 7
REPEATS = 20
TARGETS_US = {"pack": 50.0, "decode and interpolate": 1000.0}


def poses(count: int, step: int) -> list[Pose]:
    """Make bodies that walk, the same ones for the same count."""
    rng = random.Random(count)
    made = []
    for _ in range(count):
        x, z, yaw = rng.uniform(-12, 12), rng.uniform(-12, 12), rng.uniform(-3, 3)
        far = 0.07 * step
        place: Vector = (x + far * math.sin(yaw), 0.0, z + far * math.cos(yaw))
        made.append(Pose.standing(place, yaw))
    return made


class ListServer:
    """The yardstick of the server: a list of rows."""

    def __init__(self, uplinks: list[bytes]) -> None:
        self.rows = [(slot, 1, 0.0, uplink[8:]) for slot, uplink in enumerate(uplinks)]
        self.dirty = set(range(len(uplinks)))

    def pack(self, now_ms: float, tick: int) -> bytes:
        """Join the rows of all dirty bodies."""
        dirty = sorted(self.dirty)
        parts = [HEADER.pack(1, 1, 0, tick, len(dirty), int(now_ms) & 0xFFFF)]
        for index in dirty:
            slot, flags, sampled_ms, body = self.rows[index]
            age_ms = min(255, max(0, int(now_ms - sampled_ms + 0.5)))
            parts.append(struct.pack("<HBB", slot, flags, age_ms) + body)
        return b"".join(parts)


Nodes = tuple[tuple[float, ...], ...]
BODY = struct.Struct("<hhhIhhhIhhhI")


class ListClient:
    """The yardstick of the client: one tuple per body, interpolated one at a time."""

    def __init__(self) -> None:
        self.samples: dict[int, list[tuple[float, Nodes]]] = {}

    def feed(self, message: bytes) -> None:
        """Decode a frame and keep the last four samples of each body."""
        _, _, _, tick, count, _ = HEADER.unpack_from(message)
        for index in range(count):
            start = HEADER.size + index * RECORD_BYTES
            slot, _, age_ms = struct.unpack_from("<HBB", message, start)
            x, y, z, head, lx, ly, lz, left, rx, ry, rz, right = BODY.unpack_from(
                message, start + 4
            )
            nodes = (
                (x / 1000, y / 1000, z / 1000),
                dequantise_rotation(head),
                ((x + lx) / 1000, (y + ly) / 1000, (z + lz) / 1000),
                dequantise_rotation(left),
                ((x + rx) / 1000, (y + ry) / 1000, (z + rz) / 1000),
                dequantise_rotation(right),
            )
            ring = self.samples.setdefault(slot, [])
            ring.append((tick * TICK_MS - age_ms, nodes))
            del ring[:-4]

    def sample(self, at_ms: float) -> dict[int, list[tuple[float, ...]]]:
        """Interpolate every body between its last two samples."""
        shown = {}
        for slot, ring in self.samples.items():
            (start_ms, before), (end_ms, after) = ring[-2:]
            share = (at_ms - start_ms) / max(1.0, end_ms - start_ms)
            mixed = [
                tuple(p + (q - p) * share for p, q in zip(a, b, strict=True))
                for a, b in zip(before, after, strict=True)
            ]
            for node in (1, 3, 5):
                length = math.hypot(*mixed[node])
                mixed[node] = tuple(component / length for component in mixed[node])
            shown[slot] = mixed
        return shown


def timed(work: Callable[[], object], *, repeats: int) -> list[float]:
    """Return microseconds for each of the rounds, each the mean of some repeats."""
    work()
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(repeats):
            work()
        rounds.append((time.perf_counter() - start) / repeats * 1e6)
    return rounds


class Table:
    """The server's table with all its bodies dirty at every tick."""

    def __init__(self, uplinks: list[bytes]) -> None:
        self.table = SlotTable(4096)
        self.uplinks = uplinks
        self.write(sampled_ms=40.0)
        self.marks = bytes(self.table._dirty_bytes)

    def write(self, *, sampled_ms: float) -> None:
        """Let every body have a new pose."""
        for slot, uplink in enumerate(self.uplinks):
            self.table.write(slot, uplink, cell=0, flags=1, sampled_ms=sampled_ms)

    def pack(self) -> None:
        """Pack every body once more."""
        self.table._dirty_bytes[:] = self.marks  # packing clears the marks
        self.table.pack(50.0, tick=1)

    def frame(self, tick: int) -> bytes:
        """Return the frame of a tick at which everybody moved."""
        self.write(sampled_ms=tick * TICK_MS - 10.0)
        return self.table.pack(tick * TICK_MS, tick=tick)[0][0]


class Client:
    """The client at 20 frames a second; each call takes the next one."""

    def __init__(self, frames: list[bytes]) -> None:
        self.bodies = Interpolator()
        self.frames = iter(enumerate(frames, start=1))

    def step(self) -> None:
        """Take the next frame, and show all bodies once."""
        tick, message = next(self.frames)
        self.bodies.feed(parse_frame(message), tick * TICK_MS + 10.0)
        self.bodies.sample(tick * TICK_MS + 15.0)


def measure(count: int) -> dict[str, list[float]]:
    """Return rounds in microseconds by what was measured."""
    steps = [
        [pack_uplink(pose, cell=0, client_ms=0) for pose in poses(count, step)] for step in (0, 1)
    ]
    tables = [Table(uplinks) for uplinks in steps]
    wanted = ROUNDS * REPEATS + 8
    frames = [tables[tick % 2].frame(tick) for tick in range(1, wanted + 1)]
    client, lists, rows = Client(frames), ListClient(), ListServer(steps[0])
    for _ in range(5):
        client.step()
    for message in frames[:4]:
        lists.feed(message)

    def step_lists() -> None:
        lists.feed(frames[3])
        lists.sample(190.0)

    return {
        "pack": timed(tables[0].pack, repeats=REPEATS),
        "pack, lists": timed(lambda: rows.pack(50.0, 1), repeats=REPEATS),
        "decode and interpolate": timed(client.step, repeats=REPEATS),
        "decode and interpolate, lists": timed(step_lists, repeats=2),
    }


def rows_of(measured: dict[str, list[float]]) -> list[dict[str, object]]:
    """Return one row per measurement, with its target and how many times the lists take."""
    rows: list[dict[str, object]] = []
    for name, rounds in measured.items():
        median = statistics.median(rounds)
        row: dict[str, object] = {
            "name": name,
            "median_us": round(median, 1),
            "quickest_us": round(min(rounds), 1),
            "slowest_us": round(max(rounds), 1),
        }
        if name in TARGETS_US:
            row["target_us"] = TARGETS_US[name]
            row["lists_take_times"] = round(
                statistics.median(measured[f"{name}, lists"]) / median, 1
            )
        rows.append(row)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--bodies", type=int, default=1000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = rows_of(measure(options.bodies))
    if options.json:
        machine = f"{platform.machine()}, Python {platform.python_version()}"
        print(json.dumps({"schema": 1, "bodies": options.bodies, "machine": machine, "rows": rows}))
        return
    print(f"{options.bodies} bodies, medians of {ROUNDS} rounds, microseconds\n")
    print(f"{'':32}{'median':>10}{'quickest':>10}{'slowest':>10}{'target':>9}{'lists':>8}")
    for row in rows:
        times = f"{row['lists_take_times']}x" if "lists_take_times" in row else ""
        print(
            f"{row['name']:32}{row['median_us']:>10}{row['quickest_us']:>10}{row['slowest_us']:>10}"
            f"{row.get('target_us', ''):>9}{times:>8}"
        )


if __name__ == "__main__":
    main()
