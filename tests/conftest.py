"""Shared fixtures. `needs_tool`: a missing program skips here and fails in `make test`."""

import json
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long examples take says something of the machine, and of what else runs on it.
settings.register_profile(
    "any machine", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("any machine")

INSTALL_LINES = {
    "chromium": "apt-get install chromium",
    "mcs": "apt-get install mono-mcs",
    "mono": "apt-get install mono-runtime",
    "node": "apt-get install nodejs npm",
    "npm": "apt-get install nodejs npm",
}


if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # Begun in the background of a shell: no program that a test starts would ever see Ctrl-C.
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def needs_tool() -> Callable[[str], str]:
    """Return a function that finds a program, or skips the test with the line that installs it."""

    def find(name: str) -> str:
        found = shutil.which(name)
        if found:
            return found
        message = f"needs {name}: {INSTALL_LINES[name]}"
        if os.environ.get("BRANCHXR_REQUIRE_TOOLS"):
            pytest.fail(message)
        pytest.skip(message)

    return find


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="rewrite golden files")
    parser.addoption("--fuzz-seed", default="1", help="where mutation of broken files starts")


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))


@pytest.fixture(scope="session")
def hall_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the example hall as a signed package; its signer is made up for this run."""
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    from branchxr_assets.build import build_scene

    package = tmp_path_factory.mktemp("hall") / "package"
    source = Path(__file__).parents[1] / "examples/hall/hall.glb"
    build_scene(source, package, key=Ed25519PrivateKey.generate())
    return package


@pytest.fixture
def running_branch(hall_package: Path) -> Iterator[str]:
    """Run `branchxr serve` in a process of its own, with the hall; give its address."""
    command = [sys.executable, "-m", "branchxr.cli", "serve", "--port", "0", "--json",
               "--scene", str(hall_package)]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())["address"]
        process.terminate()
        process.wait(timeout=20)
