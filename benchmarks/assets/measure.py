"""Run programs side by side: wall clock and peak memory of whole processes."""

import compileall
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
PEERS = HERE / "node_modules"
RUNS = 5


@dataclass(frozen=True, slots=True)
class Run:
    """One run: seconds of wall clock and of processor, most resident bytes, what was printed."""

    wall_s: float
    cpu_s: float
    peak_bytes: int
    printed: str = ""


def compiled() -> None:
    """Compile the checkout's modules to bytecode, as an installer does with those of a wheel.

    A process may be told not to keep bytecode; then each one compiled 75 modules anew, 0.12 s.
    """
    for name in ("sdk/branchxr", "asset_pipeline/branchxr_assets"):
        compileall.compile_dir(HERE.parents[1] / name, quiet=2)


def run(command: Sequence[str], *, timeout_s: float = 600) -> Run:
    """Run a program to its end; its output is shown at once only when it fails."""
    started = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as process:
        try:
            text, _ = process.communicate(timeout=timeout_s)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
    wall = time.perf_counter() - started
    if process.returncode:
        sys.exit(f"{command[0]} failed ({process.returncode}):\n{text.decode(errors='replace')}")
    return Run(wall, 0.0, 0, text.decode(errors="replace"))


def measured(command: Sequence[str], *, timeout_s: float = 600) -> Run:
    """Run a program below a small process of its own, so that memory and processor are its."""
    probe = [sys.executable, str(Path(__file__)), str(timeout_s), *command]
    done = subprocess.run(probe, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(done.stderr or done.stdout)
    *_, wall, cpu, peak = done.stdout.split()
    return Run(float(wall), float(cpu), int(peak), done.stdout)


def side_by_side(ours: Sequence[str], peer: Sequence[str], *, runs: int = RUNS) -> None:
    """Alternate both programs and print medians and ratios."""
    mine, theirs = [], []
    for _ in range(runs):
        mine.append(measured(ours))
        theirs.append(measured(peer))
    for name, taken in (("ours", mine), ("peer", theirs)):
        walls = sorted(r.wall_s for r in taken)
        print(
            f"{name}: wall {statistics.median(walls):6.2f} s ({walls[0]:.2f} to {walls[-1]:.2f}), "
            f"cpu {statistics.median(r.cpu_s for r in taken):6.2f} s, "
            f"peak {max(r.peak_bytes for r in taken) / 1e6:,.0f} MB"
        )
    wall = statistics.median(r.wall_s for r in mine) / statistics.median(r.wall_s for r in theirs)
    cpu = statistics.median(r.cpu_s for r in mine) / statistics.median(r.cpu_s for r in theirs)
    print(f"ratio: wall {wall:.2f}, cpu {cpu:.2f}; load {os.getloadavg()[0]:.1f}")


def main() -> None:
    timeout_s, *command = sys.argv[1:]
    taken = run(command, timeout_s=float(timeout_s))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(taken.printed)
    print(taken.wall_s, used.ru_utime + used.ru_stime, used.ru_maxrss * 1024)


if __name__ == "__main__" and len(sys.argv) > 2:
    main()
