"""Run every benchmark below this folder: `make bench`, or `make bench ARGS=realtime`."""

import os
import platform
import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main() -> int:
    wanted = sys.argv[1:]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    print(f"{platform.machine()}, {os.cpu_count()} cores, load {load:.1f}, "
          f"Python {platform.python_version()}", file=sys.stderr)  # fmt: skip
    failed = 0
    for script in sorted(HERE.glob("*/[!_]*.py")):
        if wanted and not any(word in str(script.relative_to(HERE)) for word in wanted):
            continue
        print(f"\n== {script.relative_to(HERE)}", flush=True)
        failed += subprocess.run([sys.executable, str(script)], check=False).returncode != 0
    return min(failed, 1)


if __name__ == "__main__":
    sys.exit(main())
