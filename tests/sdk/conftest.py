"""A branch in process, and people in it."""

from collections.abc import AsyncIterator

import pytest

import branchxr.testing
from branchxr.client import Branch
from branchxr.testing import InProcessBranch


@pytest.fixture
async def place() -> AsyncIterator[InProcessBranch]:
    async with branchxr.testing.branch() as opened:
        yield opened


@pytest.fixture
async def ada(place: InProcessBranch) -> AsyncIterator[Branch]:
    """A customer who has signed in."""
    async with place.connect(name="Ada", authenticator=place.key("Ada")) as branch:
        yield branch
