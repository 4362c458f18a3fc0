"""`branchxr demo`, as a newcomer runs it: a process of its own, real ports."""

import json
import signal
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from branchxr.cli.demo_view import Snapshot, live_rows, summary_rows
from branchxr.cli.demonstration import example_scene

COMMAND = [sys.executable, "-m", "branchxr.cli", "demo"]


def run(*words: str, timeout: float = 110) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*COMMAND, *words], capture_output=True, text=True, timeout=timeout, check=False
    )


def check(result: dict[str, Any], *, bots: int) -> None:
    assert result["schema"] == 1
    scene, payment, ledger = result["scene"], result["payment"], result["ledger"]
    assert scene["source_bytes"] == example_scene().stat().st_size
    assert scene["anchors"] == 46
    assert scene["chunks"] == 4
    assert scene["chunk_bytes"] > 0
    assert result["avatars"]["count"] == bots
    assert 0 <= result["avatars"]["pose_age_ms"]["p50"] <= result["avatars"]["pose_age_ms"]["p95"]
    assert payment["state"] == "posted"
    assert (payment["amount_minor"], payment["currency"]) == (2500, "RUB")
    assert len(bytes.fromhex(payment["challenge_sha256"])) == 32
    assert payment["debtor_before_minor"] - payment["debtor_after_minor"] == 2500
    assert payment["creditor_after_minor"] - payment["creditor_before_minor"] == 2500
    assert ledger["sum_before_minor"] == ledger["sum_after_minor"] == 0
    assert ledger["transfers"] >= 1
    assert result["seconds"] > 0


@pytest.mark.end_to_end
def test_headless_demo_prints_one_object() -> None:
    out = run("--headless", "--seconds", "2", "--seed", "1", "--bots", "4", "--json")
    assert out.returncode == 0, out.stderr
    assert out.stderr.startswith("simulated: embedded branch, fake money, software keys")
    assert out.stdout.count("\n") == 1
    check(json.loads(out.stdout), bots=4)


@pytest.mark.end_to_end
def test_control_c_ends_the_demo_with_its_summary() -> None:
    with subprocess.Popen(
        [*COMMAND, "--port", "0", "--bots", "2", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as demo:  # fmt: skip
        assert demo.stderr is not None
        for line in demo.stderr:
            if line.startswith("paid"):
                break
        demo.send_signal(signal.SIGINT)
        out, errors = demo.communicate(timeout=60)
    assert demo.returncode == 0, errors
    check(json.loads(out), bots=2)


@pytest.mark.end_to_end
def test_control_c_before_the_payment_says_that_nothing_moved() -> None:
    with subprocess.Popen(
        [*COMMAND, "--headless", "--seconds", "60", "--bots", "2", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    ) as demo:  # fmt: skip
        assert demo.stderr is not None
        for line in demo.stderr:
            if line.startswith("all in"):
                break
        demo.send_signal(signal.SIGINT)
        out, errors = demo.communicate(timeout=60)
    assert demo.returncode == 130
    assert out == ""
    assert errors == "stopped before the payment; nothing moved\n"


@pytest.mark.end_to_end
def test_a_taken_port_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        out = run("--headless", "--port", str(port), "--seconds", "1")
    assert out.returncode == 3
    assert f"{port}" in out.stderr
    assert "building" not in out.stderr, "refused only after the work"
    assert "remedy:" in out.stderr
    assert "Traceback" not in out.stderr
    assert out.stdout == ""


@pytest.mark.parametrize("content", [b"", b"not a scene", b"glTF\x02\x00\x00\x00\xff\xff\x00\x00"])
def test_a_scene_that_is_none_is_refused(tmp_path: Path, content: bytes) -> None:
    scene = tmp_path / "scene.glb"
    scene.write_bytes(content)
    out = run("--headless", "--scene", str(scene), "--seconds", "1")
    assert out.returncode == 3, out.stderr
    assert "scene.glb" in out.stderr
    assert "remedy:" in out.stderr
    assert "Traceback" not in out.stderr


def test_the_table_tells_how_things_stand() -> None:
    rows = dict(
        live_rows(
            Snapshot(
                address="http://localhost:1", seconds=3.2, bots=12, people=1,
                pose_age_ms=(10.0, 29.6), payment="not yet", ledger_sum_minor=0, transfers=12,
            )
        )
    )  # fmt: skip
    assert rows["in"] == "12 bots, 1 person"
    assert rows["poses"] == "10 ms old (p50), 30 ms (p95)"
    assert rows["ledger"] == "12 transfers, sum 0"


def test_the_summary_says_what_the_object_says() -> None:
    rows = dict(
        summary_rows(
            {
                "scene": {"source_bytes": 1_500_000, "chunk_bytes": 1_600_000, "chunks": 4,
                          "anchors": 46},
                "avatars": {"count": 12, "pose_age_ms": {"p50": 9.0, "p95": 30.0}},
                "payment": {"state": "posted", "amount_minor": 2500, "currency": "RUB",
                            "challenge_sha256": "ab" * 32, "debtor_before_minor": 5000,
                            "debtor_after_minor": 2500, "creditor_before_minor": 0,
                            "creditor_after_minor": 2500},
                "ledger": {"sum_before_minor": 0, "sum_after_minor": 0, "transfers": 13},
                "seconds": 12.0,
            }
        )
    )  # fmt: skip
    assert rows["payment"] == "posted: 25.00 RUB, signed over abababababababab…"
    assert rows["debtor"] == "50.00 -> 25.00 RUB"
