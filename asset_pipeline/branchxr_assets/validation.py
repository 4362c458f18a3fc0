"""Check a scene file or a package: Khronos' rules for the format, ours for a branch."""

import json
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from branchxr.errors import SceneRefused
from branchxr.protocol.floor import Floor

from . import khronos
from .container import MAGIC
from .contents.budgets import NOTHING, excesses, measure, overruns
from .document import Document, Json
from .geometry import placements, world_positions
from .glb import write_glb
from .liveness import is_avatar
from .opened import Package, is_package, malformed, open_package
from .prepare import Prepared, prepare
from .presets import Preset
from .readers import ReadOptions, read
from .readers.options import DEFAULTS
from .readers.resources import Resources
from .tree import paths, walk
from .warnings import SceneWarning, distinct

_BODY_M: Final = (1.0, 2.5)
"""Heights of people, with children and with hats."""
_EXTERNAL_BYTES_MAX: Final = 2 * 2**30


@dataclass(frozen=True, slots=True)
class Run:
    """One file that Khronos' validator looked at."""

    name: str
    verdict: khronos.Verdict


@dataclass(frozen=True, slots=True)
class Validation:
    """What was found.

    Attributes:
        engine: what ran Khronos' validator; `None` when it was not run.
        runs: its verdicts.
        issues: of our own rules.
    """

    file: str
    kind: str
    engine: str | None
    runs: tuple[Run, ...]
    issues: tuple[SceneWarning, ...]

    @property
    def errors(self) -> int:
        """Errors of Khronos' rules; ours only warn: a scene that breaks them still builds."""
        return sum(run.verdict.counts[0] for run in self.runs)

    @property
    def warnings(self) -> int:
        """Warnings, Khronos' and ours."""
        return len(self.issues) + sum(run.verdict.counts[1] for run in self.runs)

    def as_json(self) -> Json:
        """Return the object of `branchxr assets validate --json`."""
        runs = [
            {
                "name": run.name,
                **dict(
                    zip(("errors", "warnings", "infos", "hints"), run.verdict.counts, strict=True)
                ),
                "findings": [finding.as_json() for finding in run.verdict.findings],
            }
            for run in self.runs
        ]
        return {
            "schema": 1,
            "file": self.file,
            "kind": self.kind,
            "khronos": {"engine": self.engine, "runs": runs},
            "issues": [issue.as_json() for issue in self.issues],
            "errors": self.errors,
            "warnings": self.warnings,
        }


def validate(
    path: Path,
    *,
    with_khronos: bool,
    now: float,
    allow_unsigned: bool = False,
    options: ReadOptions = DEFAULTS,
) -> Validation:
    """Check a scene file or a package.

    A glTF file is checked as it lies there; of other formats, what the pipeline makes of them is.

    Args:
        path: the scene file, or the package's folder or zip.
        with_khronos: run Khronos' validator; where none can run, `Validation.engine` is `None`.
        now: unix seconds, for packages that expire.
        allow_unsigned: check a package without a signature.
        options: units and axes of formats that do not say them.

    Raises:
        SceneRefused: a scene that cannot be read.
        PackageRefused: a package that is unsigned (unless allowed), tampered with, or incomplete.
        ValidatorFailed: Khronos' validator stopped without a verdict.
    """
    engine = khronos.engine() if with_khronos else None
    if is_package(path):
        package = open_package(path, now=now, allow_unsigned=allow_unsigned)
        issues = _package_issues(package)
        runs = [Run(n, khronos.validate(glb)) for n, glb in package.chunks.items() if engine]
        return Validation(path.name, "package", engine, tuple(runs), issues)
    raw_run = _run_of_file(path) if engine else None
    try:
        prepared = prepare(read(path, options))
    except SceneRefused:
        if raw_run is not None and raw_run.verdict.counts[0]:  # then its list is the better answer
            return Validation(path.name, "scene", engine, (raw_run,), ())
        raise
    if engine and raw_run is None:
        made = khronos.validate(write_glb(prepared.whole))
        raw_run = Run(f"{path.name}, as glTF", made)
    found = [*prepared.warnings, *_people_of_odd_size(prepared), *_over_budget([prepared.whole])]
    return Validation(
        path.name, "scene", engine, () if raw_run is None else (raw_run,), distinct(found)
    )


def _run_of_file(path: Path) -> Run | None:
    """Let Khronos' validator look at a glTF file as it is; `None` for other formats."""
    try:
        raw = path.read_bytes() if path.is_file() else b""
    except OSError:
        return None  # the reader says it better
    if raw[:4] == MAGIC:
        return Run(path.name, khronos.validate(raw))
    is_json = raw[:4096].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{")
    if not is_json:
        return None
    return Run(path.name, khronos.validate(raw, _neighbours(path, raw)))


def _neighbours(path: Path, raw: bytes) -> dict[str, bytes]:
    """Return the files that a .gltf names, as far as they may be read; what is not is reported."""
    found: dict[str, bytes] = {}
    resources = Resources(path, raw)
    try:
        root = json.loads(raw)
        named = [*root.get("buffers", []), *root.get("images", [])]
        uris = [item["uri"] for item in named if isinstance(item.get("uri"), str)]
    except (ValueError, TypeError, AttributeError, RecursionError):
        return {}
    for uri in dict.fromkeys(uris):
        if uri.startswith("data:") or resources.size_bytes > _EXTERNAL_BYTES_MAX:
            continue
        try:
            found[uri] = resources.load(uri, place="uri")
        except SceneRefused:
            continue
        found[urllib.parse.unquote(uri)] = found[uri]  # whichever of the two it asks for
    return found


def _package_issues(package: Package) -> tuple[SceneWarning, ...]:
    full = _over_budget(package.documents("full"))
    return distinct([*_unreachable(package), *_chunks_over_budget(package), *full])


def _unreachable(package: Package) -> Iterator[SceneWarning]:
    """Walk from the spawns again: a branch server will."""
    if package.branch.get("floor") is None:
        yield SceneWarning("floor_missing", "the scene", "the package has no floor grid")
        return
    floor = Floor.from_json(package.branch["floor"])
    try:
        for anchor in package.branch["anchors"]:
            if floor.approach(anchor["position"]) is None:
                message = (
                    f"this {anchor['kind']} is more than 2 m from any floor that a spawn is "
                    "connected to"
                )
                yield SceneWarning("anchor_unreachable", str(anchor["path"]), message)
    except (TypeError, KeyError, ValueError) as error:
        raise malformed(f"an anchor of another shape ({type(error).__name__})") from error


def _over_budget(documents: Sequence[Document]) -> list[SceneWarning]:
    """Hold what is shown together against the budgets of the default preset."""
    load = sum((measure(document) for document in documents), NOTHING)
    return [*overruns(load, Preset().budgets), *excesses(documents)]


def _chunks_over_budget(package: Package) -> Iterator[SceneWarning]:
    try:
        budgets = package.branch["budgets"]
        most = int(budgets["coarsest_bytes_max"])
        sizes = [int(c["bytes"]) for c in budgets["chunks"] if c["role"] == "coarsest"]
    except (TypeError, KeyError, ValueError) as error:
        raise malformed(f"budgets of another shape ({type(error).__name__})") from error
    for size in sizes:
        if size > most:
            message = f"what is seen first has {size:,} bytes, more than {most:,}"
            yield SceneWarning("budget_first_sight", "the scene", message)


def _people_of_odd_size(prepared: Prepared) -> Iterator[SceneWarning]:
    """Name people that are too tall or too small: a wrong unit is the usual reason."""
    named = paths(prepared.whole)
    for node, height_m in _people(prepared.whole).items():
        if not _BODY_M[0] <= height_m <= _BODY_M[1]:
            message = f"this person is {height_m:,.3g} m tall"
            yield SceneWarning("scale_person", named[node], message)


def _people(document: Document) -> dict[int, float]:
    """Return how tall each avatar stands, metres, with all that hangs on its node."""
    nodes = document.listed("nodes")
    whose: dict[int, int] = {}
    for index, parent in walk(document):
        if is_avatar(nodes[index]):
            whose[index] = index
        elif parent in whose:
            whose[index] = whose[parent]
    ends: dict[int, list[float]] = {}
    for placement in placements(document):
        if placement.node not in whose:
            continue
        for _, points in world_positions(document, placement):
            if len(points):
                both = [float(points[:, 1].min()), float(points[:, 1].max())]
                ends.setdefault(whose[placement.node], []).extend(both)
    return {node: max(values) - min(values) for node, values in ends.items()}
