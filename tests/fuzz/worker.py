"""Throw mutated files at one target, in a process that may die of it."""

import argparse
import hashlib
import json
import random
import signal
import sys
import time
import traceback
from pathlib import Path
from typing import Final

from branchxr.errors import SceneRefused

from .mutation import mutated
from .targets import TARGETS, Target

_CORPUS_MAX: Final = 400


def main() -> None:
    """Run until the time is up; print a JSON line for each finding, and one at the end."""
    parser = argparse.ArgumentParser()
    parser.add_argument("target")
    parser.add_argument("seconds", type=float)
    parser.add_argument("seed", type=int)
    parser.add_argument("last", type=Path, help="where the file that is being tried is kept")
    given = parser.parse_args()
    target = next(t for t in TARGETS if t.name == given.target)
    fuzz(target, seconds=given.seconds, seed=given.seed, last=given.last)


def fuzz(target: Target, *, seconds: float, seed: int, last: Path) -> None:
    """Keep a file in the corpus when it fares as none before: that steers without coverage."""
    dice = random.Random(seed)
    corpus = target.seeds()
    fates = {fate(target, raw, last) for raw in corpus}
    end, tried = time.monotonic() + seconds, 0
    while time.monotonic() < end:
        raw = mutated(dice, corpus)
        tried += 1
        met = fate(target, raw, last)
        if met.startswith("!") and met not in fates:
            name = hashlib.sha256(raw).hexdigest()[:16]
            kept = last.parent / f"{target.name}-{name}"
            kept.write_bytes(raw)
            say(finding=met, file=str(kept))
        if met not in fates and len(corpus) < _CORPUS_MAX and not met.startswith("!"):
            corpus.append(raw)
        fates.add(met)
        check_memory(target, last)
    say(tried=tried, fates=len(fates))


def fate(target: Target, raw: bytes, last: Path) -> str:
    """Run a target over one file: its refusal, `ok`, or `!` and what went wrong."""
    last.write_bytes(raw)

    def late(*_: object) -> None:
        raise TimeoutError(f"more than {target.seconds_max} s")

    signal.signal(signal.SIGALRM, late)
    signal.alarm(target.seconds_max)
    try:
        target.run(raw)
    except SceneRefused as error:
        return f"{error.code} {error.expected:.60}"
    except Exception as error:  # noqa: BLE001 - this is what is being looked for
        frames = traceback.extract_tb(error.__traceback__)
        own = [frame for frame in frames if "branchxr" in frame.filename] or frames
        place = f"{Path(own[-1].filename).name}:{own[-1].lineno}"
        return f"!{type(error).__name__} {place}: {error!s:.200}"
    finally:
        signal.alarm(0)
    return "ok"


def check_memory(target: Target, last: Path) -> None:
    """Name a process that has grown beyond its limit, and end it."""
    import resource

    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    if peak_mib > target.memory_max_mib:
        kept = last.parent / f"{target.name}-memory"
        kept.write_bytes(last.read_bytes())
        say(finding=f"!memory {peak_mib:.0f} MiB", file=str(kept))
        sys.exit(0)


def say(**words: object) -> None:
    print(json.dumps(words), flush=True)


if __name__ == "__main__":
    main()
