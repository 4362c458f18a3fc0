"""Real ports, real processes, real time: the client, its synchronous twin and `branchxr run`."""

import asyncio
import contextlib
import inspect
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

import branchxr
import branchxr.sync
from branchxr import Money, Secret, SoftKey
from branchxr import events as e
from branchxr.client import Branch
from branchxr.errors import BranchXRError, ConnectionFailed
from branchxr.scene.tiles import View
from branchxr.server.branch import BranchServer, ServerSettings
from branchxr.settings import Settings
from branchxr.testing.scene import write_scene

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
async def server(tmp_path: Path) -> AsyncIterator[BranchServer]:
    write_scene(tmp_path / "scene")
    settings = ServerSettings(
        data=tmp_path / "server", scene=tmp_path / "scene", port=0, realtime_port=0
    )
    async with BranchServer.open(settings) as opened, opened.listen():
        yield opened


def connect(server: BranchServer, **options: Any) -> Branch:
    return branchxr.connect(server.address, settings=Settings(), **options)


@pytest.mark.end_to_end
async def test_a_visit_over_real_ports(server: BranchServer, tmp_path: Path) -> None:
    key = SoftKey.in_memory("Ada")
    async with (
        connect(server, authenticator=key, name="Ada", data_dir=tmp_path / "client") as ada,
        connect(server, name="Grete") as guest,
    ):
        await ada.enter(anchor="Room/spawn.001")
        events = ada.events()
        await guest.enter()
        assert (await anext(events)).participant.name == "Grete"  # type: ignore[attr-defined]
        place = View(ada.position)
        sizes = [len(chunk) async for _tile, chunk in ada.scene.stream(place, error_px=0.5)]
        assert len(sizes) == 3
        assert len(list((tmp_path / "client/chunks").glob("??/*"))) == 3
        receipt = await ada.pay("CITY-UTILITIES", Money("25.00", "RUB"), "rent")
        assert receipt.state == "posted"
        await ada.walk_to((-4.0, 0.0, -2.0))
        async with asyncio.timeout(5):
            while ada.session.participant not in guest.positions():  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        await ada.chat("hello")
        async with asyncio.timeout(5):
            async for event in guest.events():
                if isinstance(event, e.Chat):
                    break
    assert await server.ledger.sum_minor() == 0


@pytest.mark.end_to_end
async def test_a_port_where_nobody_listens() -> None:
    with pytest.raises(ConnectionFailed, match="branchxr serve"):
        async with branchxr.connect("http://localhost:9", settings=Settings()):
            pass


@pytest.mark.end_to_end
async def test_the_synchronous_twin(server: BranchServer) -> None:
    def visit() -> list[str]:
        key = SoftKey.in_memory("Ada")
        options: dict[str, Any] = {"authenticator": key, "name": "Ada", "settings": Settings()}
        with branchxr.sync.connect(server.address, **options) as branch:
            you = branch.enter()
            heard = branch.events()
            branch.chat("hello")
            said = next(heard)
            assert isinstance(said, e.Chat)
            receipt = branch.pay("CITY-UTILITIES", Money("1.00", "RUB"))
            (account,) = branch.accounts()
            assert branch.participants[you.id] == you
            assert branch.payee("CITY-UTILITIES").currency == "RUB"
            assert len(branch.statement(account.id).transfers) == 2
            branch.sign_out()
            return [said.text, receipt.state, account.balance]

    assert await asyncio.to_thread(visit) == ["hello", "posted", "99999.00"]


def test_the_synchronous_twin_has_the_same_methods() -> None:
    def public(kind: type) -> set[str]:
        return {name for name in vars(kind) if not name.startswith("_")}

    # What a program without asyncio has no use for, or reaches through `pay`.
    only_async = {
        "scene", "payments", "placement", "position", "pose_ages_ms", "send_pose_bytes",
        "add_frame_listener", "passkeys", "revoke_passkey",
    }  # fmt: skip
    assert public(branchxr.sync.Branch) == public(Branch) - only_async
    for name in public(branchxr.sync.Branch):
        one, other = vars(branchxr.sync.Branch)[name], vars(Branch)[name]
        if inspect.isfunction(one):
            assert list(inspect.signature(one).parameters) == list(
                inspect.signature(other).parameters
            ), name


@pytest.mark.end_to_end
def test_the_synchronous_twin_says_when_it_is_not_open() -> None:
    with pytest.raises(BranchXRError) as refusal:
        branchxr.sync.connect("http://localhost:9").accounts()
    assert refusal.value.code == "not_connected"
    with (
        pytest.raises(ConnectionFailed),
        branchxr.sync.connect("http://localhost:9", settings=Settings()),
    ):
        pass


@pytest.mark.end_to_end
async def test_leaving_frees_every_thread_that_waits(server: BranchServer) -> None:
    def visit() -> list[str]:
        ends: list[str] = []

        def wait_for(call: Callable[[], object]) -> threading.Thread:
            def work() -> None:
                try:
                    call()
                except BranchXRError as error:
                    ends.append(error.code)
                else:
                    ends.append("over")

            thread = threading.Thread(target=work, daemon=True)
            thread.start()
            return thread

        with branchxr.sync.connect(server.address, settings=Settings()) as branch:
            branch.enter()
            events = branch.events()
            threads = [
                wait_for(lambda: list(events)),
                wait_for(lambda: branch._wait(asyncio.sleep(3600))),
            ]
            assert branch._wait(_back(branch)) == "not_connected"  # a hook that calls back
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)
        assert list(events) == []
        return sorted(ends)

    async def _back(branch: branchxr.sync.Branch) -> str:
        try:
            branch.chat("hello")
        except BranchXRError as error:
            return error.code
        return "sent"

    assert await asyncio.to_thread(visit) == ["not_connected", "over"]


# --- a client that is killed ----------------------------------------------------------------------

KILLED = """
import asyncio, os, signal, sys
import branchxr
from branchxr.payments.outbox import Outbox

address, folder, step = sys.argv[1:]
begin, advance = Outbox.begin, Outbox.advance

async def begin_and_die(self, *arguments):
    entry = await begin(self, *arguments)
    if step == "asked":
        os.kill(os.getpid(), signal.SIGKILL)
    return entry

async def advance_and_die(self, entry, state, **changes):
    if step == "authorized" and state == "closed":
        os.kill(os.getpid(), signal.SIGKILL)
    moved = await advance(self, entry, state, **changes)
    if step == state:
        os.kill(os.getpid(), signal.SIGKILL)
    return moved

Outbox.begin, Outbox.advance = begin_and_die, advance_and_die

async def main():
    key = branchxr.SoftKey.load(folder + "/bot.key", secret=branchxr.Secret("5a" * 32))
    async with branchxr.connect(address, authenticator=key, data_dir=folder) as branch:
        await branch.pay("CITY-UTILITIES", branchxr.Money("25.00", "RUB"))

asyncio.run(main())
"""


@pytest.mark.end_to_end
@pytest.mark.parametrize(
    ("step", "outcome", "balance"),
    [
        ("asked", "abandoned", "100000.00"),
        ("offered", "abandoned", "100000.00"),
        ("signed", "pending", "100000.00"),
        ("authorized", "posted", "99975.00"),
    ],
)
async def test_a_client_killed_between_two_states_learns_what_happened(
    server: BranchServer, tmp_path: Path, step: str, outcome: str, balance: str
) -> None:
    key = SoftKey.create(tmp_path / "bot.key", secret=Secret("5a" * 32))
    async with connect(server, authenticator=key):
        pass
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", KILLED, server.address, str(tmp_path), step,
        stderr=subprocess.PIPE,
    )  # fmt: skip
    _, err = await process.communicate()
    assert process.returncode == -9, err.decode()
    key = SoftKey.load(tmp_path / "bot.key", secret=Secret("5a" * 32))
    async with connect(server, authenticator=key, data_dir=tmp_path) as again:
        assert [settled.outcome for settled in await again.payments.settle()] == [outcome]
        assert (await again.accounts())[0].balance == balance
    assert await server.ledger.sum_minor() == 0


# --- branchxr run -------------------------------------------------------------------------------


async def run(*words: str | Path, env: dict[str, str] | None = None) -> tuple[int, str, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "branchxr.cli", "run", *map(str, words),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env,
    )  # fmt: skip
    try:
        async with asyncio.timeout(60):
            out, err = await process.communicate()
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.kill()
    assert process.returncode is not None
    return process.returncode, out.decode(), err.decode()


def script(tmp_path: Path, body: str) -> Path:
    path = tmp_path / "script.py"
    path.write_text(f"async def main(branch, stage):\n    {body}\n")
    return path


@pytest.mark.end_to_end
async def test_a_script_runs_headless(server: BranchServer, tmp_path: Path) -> None:
    path = script(
        tmp_path, "print(branch.session.name, stage.name, (await branch.accounts())[0].balance)"
    )
    code, out, err = await run(path, "--branch", server.address, "--name", "Runner", "--seed", "1")
    assert (code, out) == (0, "Runner headless 100000.00\n"), err
    assert "Runner is in 'Development branch'" in err


@pytest.mark.end_to_end
async def test_a_script_that_raises(server: BranchServer, tmp_path: Path) -> None:
    path = script(tmp_path, "raise LookupError('lost my way')")
    code, out, err = await run(path, "--branch", server.address, "--guest")
    assert (code, out) == (1, "")
    assert "script_failed" in err
    assert 'script.py", line 2, in main' in err
    assert "LookupError: lost my way" in err
    assert "asyncio/runners" not in err


@pytest.mark.end_to_end
async def test_what_is_no_script_and_a_branch_that_is_not_there(tmp_path: Path) -> None:
    for path in (tmp_path / "absent.py", script(tmp_path, "pass").with_name("empty.py")):
        (tmp_path / "empty.py").write_text("main = None\n")
        code, _out, err = await run(path, "--branch", "http://localhost:9")
        assert code == 3, err
    code, _out, err = await run(script(tmp_path, "pass"), "--branch", "http://localhost:9")
    assert (code, "connection_failed" in err) == (1, True)
    code, _out, err = await run(script(tmp_path, "pass"), "--branch", "http://bank.example")
    assert (code, "address_refused" in err) == (3, True)


@pytest.mark.end_to_end
async def test_a_script_is_stopped_after_its_seconds(server: BranchServer) -> None:
    code, _out, err = await run(
        EXAMPLES / "04_greeter.py", "--branch", server.address, "--seconds", "1"
    )
    assert code == 0, err


@pytest.mark.end_to_end
async def test_a_key_file_is_made_used_again_and_not_opened_by_another_secret(
    server: BranchServer, tmp_path: Path
) -> None:
    path = script(tmp_path, "print(branch.session.user)")
    words = (path, "--branch", server.address, "--key", tmp_path / "bot.key")
    env = {"BRANCHXR_KEY_SECRET": "5a" * 32, "PATH": "/usr/bin"}
    first = await run(*words, env=env)
    second = await run(*words, env=env)
    assert first[0] == second[0] == 0, first[2] + second[2]
    assert first[1] == second[1] != "None\n"
    code, _out, err = await run(*words, env=env | {"BRANCHXR_KEY_SECRET": "00" * 32})
    assert (code, "key_wrong_secret" in err) == (3, True)
    code, _out, err = await run(*words, env={"PATH": "/usr/bin"})
    assert (code, "secret_missing" in err) == (3, True)
    (tmp_path / "bot.key").write_bytes(b"-----BEGIN PRIVATE KEY-----")
    code, _out, err = await run(*words, env=env)
    assert (code, "key_malformed" in err) == (3, True)
