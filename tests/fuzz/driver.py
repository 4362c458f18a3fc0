"""Run fuzz workers and gather what they find."""

import json
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).parents[2]
FOUND = Path(__file__).parent / "found"
"""Files that once broke a target, `TARGET-…`: tried by the quick tests ever since."""


@dataclass(slots=True)
class Result:
    """What came of a target: files tried, ways they fared, and what must not be."""

    tried: int = 0
    fates: int = 0
    findings: list[dict[str, Any]] = field(default_factory=list)


def attack(target: str, *, seconds: float, seed: int, folder: Path) -> Result:
    """Fuzz one target for a while; a worker that dies is a finding, and the next one goes on."""
    folder.mkdir(parents=True, exist_ok=True)
    result, end = Result(), time.monotonic() + seconds
    while (left := end - time.monotonic()) > 0 and len(result.findings) < 50:
        last = folder / f"{target}.last"
        command = [sys.executable, "-W", "error", "-m", "tests.fuzz.worker"]
        command += [target, str(left), str(seed), str(last)]
        done = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=left + 300
        )
        lines = [json.loads(line) for line in done.stdout.splitlines()]
        result.findings += [line for line in lines if "finding" in line]
        result.tried += sum(line.get("tried", 0) for line in lines)
        result.fates += sum(line.get("fates", 0) for line in lines)
        if done.returncode:
            kept = folder / f"{target}-died-{seed}"
            kept.write_bytes(last.read_bytes() if last.exists() else b"")
            text = f"!died with {done.returncode}: {done.stderr[-500:]}"
            result.findings.append({"finding": text, "file": str(kept)})
        seed += 1_000_003
    return result
