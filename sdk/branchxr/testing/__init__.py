"""A whole branch in one process: virtual clock, in-memory wire, soft keys.

>>> import branchxr.testing
>>> async def test_rent() -> None:
...     async with branchxr.testing.branch() as place:
...         async with place.connect(authenticator=place.key()) as customer:
...             assert await customer.accounts()
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .chaos import Fault as Fault
    from .clock import VirtualClock as VirtualClock
    from .in_process import InProcessBranch as InProcessBranch
    from .in_process import branch as branch
    from .wire import wire_pair as wire_pair

# The module is not called `branch`: importing it would hide the function of that name.
_HOMES = {
    "Fault": "chaos",
    "InProcessBranch": "in_process",
    "VirtualClock": "clock",
    "branch": "in_process",
    "wire_pair": "wire",
}

__all__ = ["Fault", "InProcessBranch", "VirtualClock", "branch", "wire_pair"]


def __getattr__(name: str) -> Any:  # Any: the value of whichever name was asked for
    if name not in _HOMES:
        raise AttributeError(f"module 'branchxr.testing' has no attribute {name!r}")
    value = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    globals()[name] = value
    return value
