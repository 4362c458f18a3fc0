"""`branchxr serve` as somebody at a terminal meets it."""

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

pytestmark = pytest.mark.end_to_end
COMMAND = [sys.executable, "-m", "branchxr.cli", "serve"]


@contextmanager
def serving(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "NO_COLOR": "1"},
    ) as process:  # fmt: skip
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 0)])
def test_it_prints_its_address_serves_and_ends(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with serving("--port", "0", "--data", str(tmp_path / "data")) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert httpx.get(f"{address}/.well-known/branchxr").json()["development"] is True
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        assert process.returncode == code, err
        assert out == ""
        first, *rest = err.splitlines()
        assert first == "development branch: invented customers, no real money"
        assert not any("Traceback" in line for line in rest)
    assert (tmp_path / "data" / "branch.sqlite3").is_file()


def test_one_object_for_programs() -> None:
    with serving("--port", "0", "--json") as process:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        assert said["schema"] == 1
        assert said["address"].startswith("http://localhost:")
        assert said["realtime"].startswith("ws://localhost:")
        process.terminate()
        assert process.communicate(timeout=30)[0] == ""


def test_over_tls(tls_files: tuple[Path, Path]) -> None:
    certificate, key = map(str, tls_files)
    with serving("--port", "0", "--certificate", certificate, "--certificate-key", key) as process:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        assert address.startswith("https://localhost:")
        trusted = ssl.create_default_context(cafile=certificate)
        described = httpx.get(f"{address}/.well-known/branchxr", verify=trusted).json()
        assert described["realtime"]["url"].startswith("wss://localhost:")


def refusal_of(*arguments: str) -> tuple[int, str]:
    done = subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stdout == ""
    assert "Traceback" not in done.stderr
    return done.returncode, done.stderr


def test_what_it_refuses(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        code, said = refusal_of("--port", port)
        assert (code, port in said, "[port_taken]" in said) == (3, True, True)
    for arguments, reason in {
        ("--host", "0.0.0.0"): "host_needs_tls",
        ("--origin", "nonsense"): "origin_malformed",
        ("--scene", str(tmp_path)): "package_missing",
        ("--certificate", str(tmp_path / "none.pem")): "certificate_refused",
        ("--certificate", "none.pem", "--certificate-key", "none.key"): "certificate_refused",
        ("--rp-id", "branch.example"): "rp_id_refused",
        ("--host", "0.0.0.0", "--rp-id", "branch.example"): "host_needs_tls",
    }.items():
        code, said = refusal_of("--port", "0", *arguments)
        assert (code, f"[{reason}]" in said) == (3, True), said
