"""Run Khronos' own glTF validator: docs/adr/0009 says which engine, and why."""

import base64
import json
import os
import shutil
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import util
from pathlib import Path
from typing import Any, Final

from branchxr.errors import BranchXRError, MissingTool

from .document import Json

VALIDATOR: Final = Path(__file__).parent / "static" / "gltf_validator.dart.js"
"""Built by `make setup` from the npm package gltf-validator, carried by the wheel."""
_TIMEOUT_S: Final = 300
_MEMORY_BYTES_MAX: Final = 2 * 2**30
_SEVERITIES: Final = ("error", "warning", "info", "hint")

# Both engines run this: `asset` is the file, `resources` what it names beside it.
_RUN: Final = """
function run(validator, asset, resources, done) {
  validator.validateBytes(asset, {
    maxIssues: 1000, uri: 'scene', writeTimestamp: false,
    externalResourceFunction: (uri) => uri in resources
      ? Promise.resolve(resources[uri]) : Promise.reject('not beside the scene'),
  }).then((report) => done(JSON.stringify(report)),
          (reason) => done(JSON.stringify({ failed: String(reason) })));
}
"""

_NODE: Final = (
    _RUN
    + """
const input = JSON.parse(require('fs').readFileSync(0, 'utf8'));
const bytes = (text) => new Uint8Array(Buffer.from(text, 'base64'));
const resources = Object.fromEntries(
  Object.entries(input.resources).map(([uri, text]) => [uri, bytes(text)]));
run(require(process.argv[1]), bytes(input.asset), resources, (text) => process.stdout.write(text));
"""
)
_QUICKJS: Final = """
var exports = {}, tasks = [], answer = null, setTimeout = (task) => { tasks.push(task); };
function bytes(text) {
  if (Uint8Array.fromBase64) return Uint8Array.fromBase64(text);
  const codes = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
  const table = new Uint8Array(128), end = text.indexOf('=');
  for (let i = 0; i < 64; i++) table[codes.charCodeAt(i)] = i;
  const size = end < 0 ? text.length : end, found = new Uint8Array((size * 3) >> 2);
  for (let i = 0, j = 0, held = 0; i < size; i++) {
    held = (held << 6 | table[text.charCodeAt(i)]) & 0xffffff;
    if (i % 4) found[j++] = held >> (6 - 2 * (i % 4)) & 0xff;
  }
  return found;
}
"""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing the validator says.

    Attributes:
        severity: `error`, `warning`, `info` or `hint`.
        pointer: JSON pointer to the place in the file, or `@byte`.
    """

    severity: str
    code: str
    message: str
    pointer: str

    def as_json(self) -> Json:
        """Return the object that `--json` prints."""
        return {
            "severity": self.severity,
            "code": self.code,
            "message": self.message,
            "pointer": self.pointer,
        }


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the validator found in one file: `counts` of errors, warnings, infos and hints."""

    counts: tuple[int, int, int, int]
    findings: tuple[Finding, ...]


class ValidatorFailed(BranchXRError):
    """The validator itself stopped: no verdict."""

    default_code = "validator_failed"


def engine() -> str | None:
    """Name what would run the validator here: `node`, `quickjs`, or nothing."""
    if not VALIDATOR.is_file():
        return None
    if shutil.which("node") is not None:
        return "node"
    return "quickjs" if util.find_spec("quickjs") is not None else None


def validate(
    asset: bytes, resources: Mapping[str, bytes] | None = None, *, using: str | None = None
) -> Verdict:
    """Validate a GLB, or a .gltf with the files that it names.

    Args:
        asset: its bytes.
        resources: by the URI that the asset gives them.
        using: an engine; what `engine` names if not given.

    Raises:
        MissingTool: no engine, or the validator was not built.
        ValidatorFailed: it ran out of time or memory.
    """
    chosen = using or engine()
    if chosen is None:
        raise missing()
    texts = {uri: base64.b64encode(raw).decode() for uri, raw in (resources or {}).items()}
    given = {"asset": base64.b64encode(asset).decode(), "resources": texts}
    answer = _by_node(given) if chosen == "node" else _by_quickjs(given)
    try:
        report = json.loads(answer)
    except ValueError as error:
        raise _failed(f"{answer[:80]!r} from {chosen}") from error
    return _verdict(report)


def missing() -> MissingTool:
    """Make the error for a check that cannot be run here."""
    if not VALIDATOR.is_file():
        return MissingTool(
            "Khronos' glTF validator beside this package",
            "none: it is built by `make setup` and comes with the wheel",
            "run `make setup` in the checkout, or leave Khronos' rules out with --no-khronos",
            code="khronos_not_run",
        )
    return MissingTool(
        "an engine for Khronos' glTF validator: the package quickjs-ng, or Node on PATH",
        "neither",
        "pip install -e '.[assets]', or leave Khronos' rules out with --no-khronos",
        code="khronos_not_run",
    )


def _verdict(report: Json) -> Verdict:
    if "failed" in report:  # not even JSON or GLB: the validator says so by refusing
        return Verdict((1, 0, 0, 0), (Finding("error", "UNREADABLE", report["failed"], ""),))
    issues = report["issues"]
    counts = tuple(int(issues[f"num{name.capitalize()}s"]) for name in _SEVERITIES)
    findings = tuple(
        Finding(
            _SEVERITIES[int(m["severity"])],
            str(m["code"]),
            str(m["message"]),
            str(m["pointer"]) if "pointer" in m else f"@{m.get('offset', 0)}",
        )
        for m in issues["messages"]
    )
    return Verdict((counts[0], counts[1], counts[2], counts[3]), findings)


def _by_node(given: Json) -> str:
    program = shutil.which("node")
    if program is None:
        raise missing()
    command = [program, "--max-old-space-size=2048", "-e", _NODE, str(VALIDATOR)]
    # Nothing of the environment is the validator's business, secrets least.
    kept = {name: os.environ[name] for name in ("PATH", "SYSTEMROOT") if name in os.environ}
    try:
        done = subprocess.run(  # noqa: S603 - our own script, input on stdin
            command,
            input=json.dumps(given).encode(),
            capture_output=True,
            timeout=_TIMEOUT_S,
            check=True,
            env=kept,
        )
    except subprocess.SubprocessError as error:
        raise _failed(f"{type(error).__name__} from node") from error
    return done.stdout.decode("utf-8", "replace")


def _by_quickjs(given: Json) -> str:
    import quickjs  # noqa: PLC0415 - without it Node may still be there

    context: Any = quickjs.Context()
    context.set_memory_limit(_MEMORY_BYTES_MAX)
    context.set_time_limit(_TIMEOUT_S)
    context.set_max_stack_size(64 * 2**20)
    try:
        context.eval(_RUN + _QUICKJS)
        context.eval(VALIDATOR.read_text(encoding="utf-8"))
        context.set("given", json.dumps(given))
        context.eval("""{
            const input = JSON.parse(given), resources = {};
            given = null;
            for (const uri in input.resources) resources[uri] = bytes(input.resources[uri]);
            run(exports, bytes(input.asset), resources, (text) => { answer = text; });
        }""")
        # QuickJS has no event loop: promises and timers are turned by hand until neither is left.
        while context.execute_pending_job() or context.eval(
            "tasks.length ? (tasks.shift()(), true) : false"
        ):
            pass
        return str(context.get("answer"))
    except (quickjs.JSException, quickjs.StackOverflow) as error:
        raise _failed(f"{str(error)[:200]!r} from quickjs") from error


def _failed(came: str) -> ValidatorFailed:
    return ValidatorFailed(
        f"a verdict of Khronos' validator within {_TIMEOUT_S} s and 2 GB",
        came,
        "validate a smaller part, install Node (quicker), or leave it out with --no-khronos",
    )
