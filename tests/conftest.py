"""Shared fixtures. `needs_tool`: a missing program skips here and fails in `make test`."""

import os
import shutil
from collections.abc import Callable

import pytest

INSTALL_LINES = {
    "chromium": "apt-get install chromium",
    "node": "apt-get install nodejs npm",
    "npm": "apt-get install nodejs npm",
}


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


@pytest.fixture
def update_golden(request: pytest.FixtureRequest) -> bool:
    return bool(request.config.getoption("--update-golden"))
