"""A host ends with its game, whatever its script does."""

import asyncio
import os
import subprocess
import sys
from pathlib import Path

from branchxr_unity.watchdog import STALLED_S, Watchdog, is_running, names_us

NOBODY = 2**22 + 1  # beyond the largest number of a process
SWALLOWED = """
from branchxr_unity import watchdog
watchdog.LOOK_S = watchdog.STALLED_S = 0.05
watchdog.Watchdog(parent={parent}).start()
while True:
    pass
"""


def ready_file(folder: Path, pid: int) -> Path:
    ready = folder / "host.txt"
    ready.write_text(f"layout=1\npid={pid}\ntoken=x\n")
    return ready


def test_a_game_is_there_while_its_process_runs() -> None:
    assert Watchdog(parent=os.getpid()).has_game
    assert not Watchdog(parent=NOBODY).has_game


def test_a_game_lets_go_by_removing_the_file(tmp_path: Path) -> None:
    dog = Watchdog(ready=tmp_path / "host.txt")
    assert dog.has_game  # nothing was written yet
    dog.is_listening = True
    assert not dog.has_game
    ready_file(tmp_path, os.getpid())
    assert dog.has_game
    ready_file(tmp_path, NOBODY)  # another host stands there now
    assert not dog.has_game
    assert not names_us(tmp_path / "host.txt")


def test_a_loop_that_does_not_come_by_is_stalled() -> None:
    now = 100.0
    dog = Watchdog(now=lambda: now)
    assert not dog.is_stalled
    now += STALLED_S + 1
    assert dog.is_stalled


async def test_the_loop_itself_ends_at_once(tmp_path: Path) -> None:
    now = 100.0
    ready = ready_file(tmp_path, os.getpid())
    os.utime(ready, (0, 0))
    dog = Watchdog(ready=ready, now=lambda: now)
    dog.is_listening = True
    now += STALLED_S + 1
    looking = asyncio.create_task(dog.until_gone())
    await asyncio.sleep(0)
    assert not dog.is_stalled
    assert ready.stat().st_mtime > 0  # nobody takes it for a file that was forgotten
    looking.cancel()
    ready.unlink()
    await dog.until_gone()


def test_a_process_that_never_yields_is_ended() -> None:
    program = SWALLOWED.format(parent=NOBODY)
    done = subprocess.run([sys.executable, "-c", program], check=False, timeout=30)
    assert done.returncode == 1


def test_processes_are_known() -> None:
    assert is_running(os.getpid())
    assert not is_running(NOBODY)
