"""BranchXR: put a bank branch into Unity and into the browser (WebXR), scripted from Python.

Names are loaded when first used (PEP 562): `import branchxr` stays cheap.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from ._version import __version__

if TYPE_CHECKING:
    from .client import Branch as Branch
    from .client import connect as connect
    from .errors import BranchXRError as BranchXRError
    from .identity.soft_key import SoftKey as SoftKey
    from .money import Money as Money
    from .secret import Secret as Secret

_HOMES = {
    "Branch": "client",
    "BranchXRError": "errors",
    "Money": "money",
    "Secret": "secret",
    "SoftKey": "identity.soft_key",
    "connect": "client",
}

__all__ = ["Branch", "BranchXRError", "Money", "Secret", "SoftKey", "__version__", "connect"]


def __getattr__(name: str) -> Any:  # Any: the value of whichever name was asked for
    try:
        home = _HOMES[name]
    except KeyError:
        raise AttributeError(f"module 'branchxr' has no attribute {name!r}") from None
    value = getattr(import_module(f".{home}", __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
