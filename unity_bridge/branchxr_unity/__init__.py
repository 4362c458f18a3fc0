"""Unity: the stage for Unity games, Python half and the UPM package `com.branchxr.client`."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .stage import UnityStage

__all__ = ["UnityStage"]


def __getattr__(name: str) -> Any:  # PEP 562: numpy loads on first use
    if name != "UnityStage":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from .stage import UnityStage  # noqa: PLC0415

    return UnityStage
