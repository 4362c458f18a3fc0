"""Settings of the client: an argument, else `BRANCHXR_*`, else the TOML file, else a default.

The file is the one that `BRANCHXR_CONFIG` names, or `branchxr/config.toml` in the user's
configuration folder; it may be absent. Secrets do not go in it: see `branchxr.Secret`.
"""

import os
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any, Final, Self

from .errors import InputRefused

_PREFIX: Final = "BRANCHXR_"


@dataclass(frozen=True, slots=True)
class Settings:
    """What a client needs to know besides keys.

    Attributes:
        branch: address of the branch.
        origin: the WebAuthn origin to sign for; the branch's own address if empty.
        name: what to be called in the branch.
        data_dir: folder for the outbox and the scene cache; empty keeps both in memory.
        deadline_s: total time one call may take, retries included, seconds.
        cache_bytes: what the scene cache holds at most.
    """

    branch: str = "http://localhost:8710"
    origin: str = ""
    name: str = "Guest"
    data_dir: str = ""
    deadline_s: float = 30.0
    cache_bytes: int = 512 * 1024 * 1024

    @classmethod
    def load(
        cls, *, environ: Mapping[str, str] | None = None, path: Path | None = None, **given: Any
    ) -> Self:
        """Put the settings together.

        Args:
            environ: stands in for the process's environment.
            path: the TOML file, if not the usual one.
            given: settings by name; `None` is as if not given.

        Raises:
            InputRefused: `settings_refused`: a name that is no setting, a value of the wrong
                type, or a file that is no TOML.
        """
        variables = os.environ if environ is None else environ
        values = _read_toml(path or default_path(variables))
        for field in fields(cls):
            if (text := variables.get(_PREFIX + field.name.upper())) is not None:
                values[field.name] = text
        values |= {name: value for name, value in given.items() if value is not None}
        types = {field.name: type(field.default) for field in fields(cls)}
        return cls(**{name: _convert(name, value, types) for name, value in values.items()})


def default_path(environ: Mapping[str, str]) -> Path:
    """Return where the TOML file is looked for."""
    if named := environ.get(_PREFIX + "CONFIG"):
        return Path(named)
    folder = environ.get("XDG_CONFIG_HOME") or environ.get("APPDATA")
    return (Path(folder) if folder else Path.home() / ".config") / "branchxr" / "config.toml"


def _read_toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise _refused(f"a TOML file at {str(path)!r}", type(error).__name__) from None


def _convert(name: str, value: Any, types: Mapping[str, type]) -> Any:
    kind = types.get(name)
    if kind is None:
        raise _refused(f"one of the settings {', '.join(sorted(types))}", f"{name!r}")
    if isinstance(value, bool) or not isinstance(value, (str, int, float, os.PathLike)):
        raise _refused(f"a {kind.__name__} for {name!r}", type(value).__name__)
    try:
        converted = kind(os.fspath(value) if isinstance(value, os.PathLike) else value)
    except ValueError:
        raise _refused(f"a {kind.__name__} for {name!r}", f"{value!r:.60}") from None
    if kind is not str and not 0 < converted < float("inf"):
        raise _refused(f"a {name!r} above zero", f"{value!r:.60}")
    return converted


def _refused(expected: str, came: str) -> InputRefused:
    return InputRefused(expected, came, "correct the settings", code="settings_refused")
