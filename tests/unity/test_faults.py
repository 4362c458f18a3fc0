"""What goes wrong beside a game: it is told what, why, where and what to do, and goes on."""

import asyncio
import os
import re
import shutil
import signal
import stat
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from branchxr.server.branch import BranchServer
from branchxr_unity.harness import MonoGame, Seen

from . import mono
from .conftest import Playing

pytestmark = [pytest.mark.end_to_end, pytest.mark.timeout(300)]
Settings = Callable[..., dict[str, object]]

MOST_WAITS = 3
"""How often frames of seconds may give the processor up: for the collector, for the log's pipe."""


def program(path: Path, text: str) -> str:
    path.write_text(text)
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return str(path)


def pretender(folder: Path, *, layout: int, ends: str) -> str:
    """A host that says where it listens, and does not."""
    return program(folder / "py", (
        "#!/bin/sh\n"
        "while [ $# -gt 0 ]; do\n"
        f"  [ \"$1\" = --ready ] && printf 'layout={layout}\\nport=1\\ntoken=x\\n' > \"$2\"\n"
        "  shift\n"
        f"done\n{ends}\n"
    ))  # fmt: skip


FAULT = re.compile(
    r"(?P<code>\w+): (?P<what>.+(?:, got |: ).+); at (?P<place>.+); (?P<remedy>.+) \[(?P=code)\]",
    re.DOTALL,
)
"""What was expected and what came, where, and what to do."""


def has_fault(code: str) -> Callable[[Seen], bool]:
    def holds(seen: Seen) -> bool:
        own = [fault for fault in seen["faults"] if fault.startswith(f"{code}: ")]
        for fault in own:
            assert FAULT.fullmatch(fault), fault
        return bool(own)

    return holds


def is_off_for(code: str) -> Callable[[Seen], bool]:
    """Hold once a fault was told and the stage is off: that comes a frame or more later."""
    told = has_fault(code)
    return lambda seen: told(seen) and seen["state"] == "Off"


def host_of(project: Path) -> int:
    lines = (project / "Temp/BranchXR/host.txt").read_text().splitlines()
    return int(next(line for line in lines if line.startswith("pid=")).removeprefix("pid="))


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("python_missing", None),
        ("python_version", "#!/bin/sh\nprintf 3.8.1 >&2; exit 90\n"),
        ("branchxr_missing", "#!/bin/sh\nprintf \"No module named 'branchxr'\" >&2; exit 91\n"),
        ("python_architecture", "\x7fELF\2\1\1" + "\0" * 9 + "\2\0\x28\0" + "\0" * 60),
        ("host_failed", "#!/bin/sh\necho 'it broke: \"why\"' >&2; exit 1\n"),
    ],
)
async def test_a_python_that_will_not_do(
    playing: Playing, settings_of: Settings, tmp_path: Path, code: str, text: str | None
) -> None:
    python = str(tmp_path / "none/python") if text is None else program(tmp_path / "py", text)
    async with playing() as game:
        await game.play(**settings_of(python=python))
        seen = await game.until(is_off_for(code))
        [fault] = seen["faults"]
        assert python in fault  # where
        assert len(fault) < 500
        assert "BranchSettings" in fault or "host.log" in fault  # what to do


async def test_arguments_reach_the_host_as_they_are(
    playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    echo = program(tmp_path / "py", '#!/bin/sh\nfor a; do echo "[$a]" >&2; done; exit 1\n')
    name, script = 'A "quoted" \\ name\\', "it's $HOME.py"
    async with playing() as game:
        await game.play(**settings_of(python=echo, playerName=name, script=script))
        seen = await game.until(has_fault("host_failed"))
        assert f"[{name}]" in seen["faults"][0]
        assert f"[{script}]" in seen["faults"][0]


async def test_a_script_that_raises(
    server: BranchServer, playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_text("async def main(branch, stage):\n    raise KeyError('why')\n")
    async with playing() as game:
        await game.play(**settings_of(script=str(tmp_path / "bad.py")))
        seen = await game.until(has_fault("script_failed"))
        assert "KeyError: 'why'" in seen["faults"][0]
        assert "bad.py" in seen["faults"][0]
    log = (tmp_path / "project/Temp/BranchXR/host.log").read_text()
    assert 'bad.py", line 2' in log  # where it raised


async def test_a_script_that_does_not_parse(
    playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    (tmp_path / "bad.py").write_text("async def main(branch, stage)\n    pass\n")
    async with playing() as game:
        await game.play(**settings_of(script=str(tmp_path / "bad.py")))
        seen = await game.until(has_fault("host_failed"))
        assert "line 1" in seen["faults"][0]


BUSY = """
import asyncio, time

async def main(branch, stage):
    await asyncio.sleep(0.5)
    time.sleep({seconds})
    await asyncio.sleep(3600)
"""


async def test_a_host_of_another_version(
    playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    ready = tmp_path / "project/Temp/BranchXR/host.txt"
    ready.parent.mkdir(parents=True)
    ready.write_text("layout=999\nversion=9.9\nport=1\ntoken=x\n")
    async with playing() as game:
        await game.play(**settings_of())
        seen = await game.until(is_off_for("layout_mismatch"))
        assert "999 of branchxr 9.9" in seen["faults"][0]


async def test_a_host_of_another_version_is_not_left_behind(
    playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    python = pretender(tmp_path, layout=999, ends=f"echo $$ > {tmp_path}/pid; exec sleep 60")
    async with playing() as game:
        await game.play(**settings_of(python=python))
        await game.until(is_off_for("layout_mismatch"))
        async with asyncio.timeout(20):
            while is_there(int((tmp_path / "pid").read_text())):
                await game.call("frames", 3)
        await game.call("quit")


async def foreign(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
    await writer.drain()
    writer.close()


@pytest.mark.parametrize("left", ["dead, of another version", "dead, its port taken", "port taken"])
async def test_what_a_killed_host_left_behind_stands_in_nobodys_way(
    server: BranchServer, playing: Playing, settings_of: Settings, tmp_path: Path, left: str
) -> None:
    """Its number or its port may belong to another program by now."""
    ready = tmp_path / "project/Temp/BranchXR/host.txt"
    ready.parent.mkdir(parents=True)
    process = 2**22 + 1 if left.startswith("dead") else os.getpid()
    layout = 999 if "another version" in left else 1
    async with await asyncio.start_server(foreign, "127.0.0.1", 0) as other, playing() as game:
        port = other.sockets[0].getsockname()[1]
        ready.write_text(f"layout={layout}\npid={process}\nport={port}\ntoken=x\n")
        await game.play(**settings_of())
        seen = await game.until(lambda seen: seen["state"] == "Running")
        assert not seen["faults"]
        await game.call("quit")


async def test_a_host_that_never_stays_is_given_up(
    playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    # Long enough to be seen, or it counts as one that never came up.
    python = pretender(tmp_path, layout=1, ends="sleep 1")
    async with playing() as game:
        await game.play(**settings_of(python=python))
        await game.until(is_off_for("host_restarts"))


@pytest.mark.parametrize("where", ["beside", "inside"])
async def test_a_script_that_does_not_yield_costs_no_frame(
    server: BranchServer, playing: Playing, settings_of: Settings, inside: Settings,
    tmp_path: Path, where: str,
) -> None:  # fmt: skip
    (tmp_path / "busy.py").write_text(BUSY.format(seconds=4))
    make = settings_of if where == "beside" else inside
    async with playing() as game:
        await game.play(**make(script=str(tmp_path / "busy.py")))
        await game.until(lambda seen: seen["state"] == "Running" and seen["people"])
        await game.call("look")  # it is counted from here
        waits = []

        def stalled(seen: Seen) -> bool:
            waits.append(seen["waits"])
            return seen["fault"] == "python_stalled"

        await game.until(stalled)
        assert len(waits) > 10
        assert sum(waits) <= MOST_WAITS
        seen = await game.until(lambda seen: seen["fault"] is None)  # and is well again by itself
        assert seen["state"] == "Running"
        await game.call("quit")


@pytest.mark.parametrize("where", ["beside", "inside"])
async def test_a_script_that_held_all_up_is_corrected_and_played_again(
    server: BranchServer, playing: Playing, settings_of: Settings, inside: Settings,
    tmp_path: Path, where: str,
) -> None:  # fmt: skip
    """Beside, its host is let go of for good; in process, its end is waited for."""
    script = tmp_path / "busy.py"
    script.write_text(BUSY.format(seconds=3600 if where == "beside" else 3))
    make = settings_of if where == "beside" else inside
    async with playing() as game:
        await game.play(**make(script=str(script)))
        first = await game.until(lambda seen: seen["state"] == "Running" and seen["people"])
        await asyncio.sleep(0.6)
        assert (await game.call("enable", 0))["state"] == "Off"
        assert not (tmp_path / "project/Temp/BranchXR/host.txt").exists()
        script.write_text("async def main(branch, stage):\n    await branch.chat('corrected')\n")
        await game.call("enable", 1)
        again = await game.until(lambda seen: seen["heard"])
        assert again["heard"][0].endswith(": corrected")
        assert again["you"] != first["you"]
        await game.call("quit")


async def test_a_host_that_is_killed_is_started_again(
    server: BranchServer, playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    async with playing() as game:
        await game.play(**settings_of())
        first = await game.until(lambda seen: seen["people"])
        os.kill(host_of(tmp_path / "project"), signal.SIGKILL)
        await game.until(lambda seen: seen["state"] == "Starting")
        again = await game.until(lambda seen: seen["state"] == "Running" and seen["people"])
        assert again["you"] != first["you"]  # another process is another visit
        await game.call("quit")


async def test_a_host_that_is_stopped_costs_no_frame(
    server: BranchServer, playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    async with playing() as game:
        await game.play(**settings_of())
        await game.until(lambda seen: seen["people"])
        host = host_of(tmp_path / "project")
        os.kill(host, signal.SIGSTOP)
        waits = []

        def stalled(seen: Seen) -> bool:
            waits.append(seen["waits"])
            return seen["fault"] == "python_stalled"

        try:
            await game.call("look")
            await game.until(stalled)
            assert sum(waits) <= MOST_WAITS
        finally:
            os.kill(host, signal.SIGCONT)
        await game.until(lambda seen: seen["fault"] is None)
        await game.call("quit")


async def test_the_host_ends_with_the_game(
    server: BranchServer, playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    async with playing() as game:
        await game.play(**settings_of())
        await game.until(lambda seen: seen["people"])
        host = host_of(tmp_path / "project")
        os.kill(game.process_id, signal.SIGKILL)
    async with asyncio.timeout(30):
        while is_there(host):  # noqa: ASYNC110 - another process sets no event
            await asyncio.sleep(0.1)


def is_there(process: int) -> bool:
    try:
        return Path(f"/proc/{process}/stat").read_text().split()[2] != "Z"
    except FileNotFoundError:
        return False


@pytest.mark.parametrize("where", ["beside", "inside"])
async def test_a_flood_of_events_is_counted_and_bounded(
    server: BranchServer, playing: Playing, settings_of: Settings, inside: Settings, where: str
) -> None:
    make = settings_of if where == "beside" else inside
    async with playing() as game:
        await game.play(**make())
        await game.until(lambda seen: seen["people"])
        answer = await game.call("flood", 100_000)
        assert answer["dropped"] == 100_000 - answer["put"]
        assert answer["put"] < 50_000
        seen = await game.until(has_fault("event_flood"))
        assert seen["events_dropped"] >= answer["dropped"]
        await game.until(lambda seen: seen["events_waiting"] == 0)
        await game.call("quit")


async def test_a_goodbye_gets_through_a_flood(
    server: BranchServer, playing: Playing, inside: Settings
) -> None:
    """Else the player would stand in the branch, and Python run on."""
    async with playing() as game:
        await game.play(**inside())
        first = await game.until(lambda seen: seen["people"])
        await game.call("flood", 100_000)
        assert (await game.call("enable", 0))["state"] == "Off"
        await game.call("enable", 1)
        again = await game.until(lambda seen: seen["state"] == "Running" and seen["people"])
        assert again["you"] != first["you"]
        await game.call("quit")


async def test_another_thread_is_refused(
    server: BranchServer, playing: Playing, settings_of: Settings
) -> None:
    async with playing() as game:
        await game.play(**settings_of())
        assert (await game.call("thread"))["code"] == "wrong_thread"
        await game.call("quit")


# --- in process ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "changes"),
    [
        ("python_missing", {"pythonLibrary": "/none/libpython3.11.so"}),
        ("python_version", {"pythonLibrary": "libpython3.9.so"}),
        ("python_architecture", {"pythonLibrary": "libpython3.11.so"}),
        ("python_home", {"pythonHome": "/none"}),
        ("python_home", {"pythonHome": "venv"}),
        ("python_home", {"pythonHome": "another"}),
        ("python_refused", {"pythonPaths": "/none"}),
    ],
)
async def test_a_library_that_will_not_do(
    playing: Playing, inside: Settings, tmp_path: Path, code: str, changes: dict[str, str]
) -> None:
    library = changes.get("pythonLibrary", "")
    if library and not library.startswith("/"):
        arm = bytearray(b"\x7fELF" + bytes(60))
        arm[18:20] = (0xB7).to_bytes(2, "little")
        (tmp_path / library).write_bytes(arm)
        changes = {"pythonLibrary": str(tmp_path / library)}
    if changes.get("pythonHome") == "venv":  # it has packages, and no standard library
        (tmp_path / "venv/lib" / f"python3.{sys.version_info.minor}/site-packages").mkdir(
            parents=True
        )
        changes = {"pythonHome": str(tmp_path / "venv")}
    if changes.get("pythonHome") == "another":  # of the same version, but of another build
        name = f"python3.{sys.version_info.minor}"
        (tmp_path / "other/lib" / name / "encodings").mkdir(parents=True)
        (tmp_path / f"other/lib/lib{name}.so.1.0").write_bytes(b"\x7fELF")
        changes = {"pythonHome": str(tmp_path / "other")}
    async with playing() as game:
        await game.play(**(inside() | changes))
        await game.until(is_off_for(code))


@pytest.mark.parametrize("is_root", [False, True])
async def test_a_python_of_another_version_in_process(
    playing: Playing, inside: Settings, tmp_path: Path, is_root: bool
) -> None:
    """In the Editor by Python's C API, in a player by pythonnet; the block is not touched."""
    package = tmp_path / "other/branchxr_unity"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "layout.py").write_text("VERSION = 999\n")
    (package / "inside.py").write_text("def start(*words): raise AssertionError(words)\n")
    async with playing(is_root=is_root) as game:
        await game.play(**inside() | {"pythonPaths": str(package.parent)})
        seen = await game.until(is_off_for("layout_mismatch"))
        assert "got 999" in seen["faults"][0]


@pytest.mark.parametrize(
    ("text", "code", "came"),
    [("1 / 0", "script_failed", "ZeroDivisionError"),
     ("raise KeyboardInterrupt", "python_failed", "KeyboardInterrupt")],
)  # fmt: skip
async def test_a_script_that_fails_in_process(
    server: BranchServer, playing: Playing, inside: Settings, tmp_path: Path,
    text: str, code: str, came: str,
) -> None:  # fmt: skip
    (tmp_path / "bad.py").write_text(f"{text}\nasync def main(branch, stage): pass\n")
    async with playing() as game:
        await game.play(**inside(script=str(tmp_path / "bad.py")))
        seen = await game.until(has_fault(code))
        assert came in seen["faults"][0]
        await game.until(lambda seen: seen["state"] == "Off")


async def started(game: MonoGame, settings: dict[str, object]) -> Seen:
    await game.play(**settings)
    return await game.until(lambda seen: seen["state"] == "Running" and seen["people"])


async def test_a_stage_is_switched_off_and_on_again_in_process(
    server: BranchServer, playing: Playing, inside: Settings
) -> None:
    async with playing() as game:
        first = await started(game, inside())
        seen = await game.call("enable", 0)
        assert seen["state"] == "Off"
        await game.call("enable", 1)
        again = await game.until(lambda seen: seen["state"] == "Running" and seen["people"])
        assert again["you"] != first["you"]  # said goodbye, and came again
        await game.call("quit")


async def test_a_project_without_pythonnet(harness: Path, inside: Settings, tmp_path: Path) -> None:
    """Its assembly was compiled, and `Python.Runtime.dll` is gone: as in a player that lost it."""
    await asyncio.to_thread(shutil.copytree, harness.parent, tmp_path / "player")
    (tmp_path / "player/Python.Runtime.dll").unlink()
    program = tmp_path / "player" / harness.name
    async with MonoGame.started(program, environment=mono.mono_environment(), is_root=True) as game:
        await game.play(**inside())
        await game.until(is_off_for("python_runtime_missing"))


async def test_a_project_with_another_pythonnet(
    harness: Path, inside: Settings, tmp_path: Path
) -> None:
    await asyncio.to_thread(shutil.copytree, harness.parent, tmp_path / "player")
    source = tmp_path / "old.cs"
    source.write_text(
        '[assembly: System.Reflection.AssemblyVersion("2.5.2.0")]\n'
        "namespace Python.Runtime { public class PyObject { } public static class Runtime { }\n"
        "public static class PythonEngine {\n"
        "public static bool IsInitialized { get { return false; } } } }\n"
    )
    old = mono.compile_csharp("Python.Runtime", [source])
    await asyncio.to_thread(shutil.copy, old, tmp_path / "player")
    program = tmp_path / "player" / harness.name
    async with MonoGame.started(program, environment=mono.mono_environment(), is_root=True) as game:
        await game.play(**inside())
        seen = await game.until(is_off_for("python_runtime_version"))
        assert "2.5.2.0" in seen["faults"][0]


async def test_a_folder_that_cannot_be_written(
    playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    (tmp_path / "project").write_text("a file where the project's folder should be")
    async with playing() as game:
        await game.play(**settings_of())
        seen = await game.until(lambda seen: seen["faults"])
        assert "project" in seen["faults"][0]
        await game.call("look")  # it is still there
        await game.call("quit")


async def test_what_a_script_prints_is_in_the_log(
    server: BranchServer, playing: Playing, settings_of: Settings, tmp_path: Path
) -> None:
    (tmp_path / "loud.py").write_text(
        "import os, sys\n"
        "async def main(branch, stage):\n"
        "    print('to stdout')\n"
        "    print('to stderr', file=sys.stderr)\n"
        "    os.write(2, b'from C')\n"
        "    await branch.chat('done')\n"
    )
    async with playing() as game:
        await game.play(**settings_of(script=str(tmp_path / "loud.py")))
        await game.until(lambda seen: "Uma: done" in seen["heard"])
        await game.call("quit")
    log = (tmp_path / "project/Temp/BranchXR/host.log").read_text()
    assert "to stdout" in log
    assert "to stderr" in log
