"""WebXR: a page with a stage for each visitor, its Python half and the shim it serves."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .host import create_app
    from .proxy import SceneProxy
    from .stage import WebXRStage

__all__ = ["SceneProxy", "WebXRStage", "create_app"]

_HOMES = {
    "WebXRStage": ("stage", "WebXRStage"),
    "create_app": ("host", "create_app"),
    "SceneProxy": ("proxy", "SceneProxy"),
}


def __getattr__(name: str) -> Any:  # PEP 562: Starlette and numpy load on first use
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module  # noqa: PLC0415

    module, attribute = _HOMES[name]
    return getattr(import_module(f".{module}", __name__), attribute)
