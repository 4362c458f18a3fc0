"""Fuzz the readers: python -m tests.fuzz [TARGET…] [--seconds 600] [--seed 1].

Files that broke something are left in build/fuzz; `python -m tests.fuzz --file FILE TARGET` tries
one again, and a copy of it in `tests/fuzz/found/` keeps it from coming back.
"""

import argparse
import sys
from pathlib import Path

from .driver import REPOSITORY, attack
from .targets import TARGETS


def main() -> int:
    names = [target.name for target in TARGETS]
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(names)}")
    parser.add_argument("--seconds", type=float, default=600, help="for each target")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--file", type=Path, help="only try this file")
    given = parser.parse_args()
    unknown = sorted(set(given.targets) - set(names))
    if unknown:
        parser.error(f"no target {unknown[0]!r}; there are {', '.join(names)}")
    chosen = [target for target in TARGETS if target.name in (given.targets or names)]
    if given.file is not None:
        for target in chosen:
            target.run(given.file.read_bytes())
        return 0
    is_sound = True
    for target in chosen:
        folder = REPOSITORY / "build" / "fuzz"
        result = attack(target.name, seconds=given.seconds, seed=given.seed, folder=folder)
        print(f"{target.name}: {result.tried} files, {result.fates} ways to fare", flush=True)
        for finding in result.findings:
            is_sound = False
            print(f"  {finding['finding']}")
            print(f"  python -m tests.fuzz --file {finding['file']} {target.name}")
    return 0 if is_sound else 1


if __name__ == "__main__":
    sys.exit(main())
