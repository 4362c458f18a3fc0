"""Open a USD stage made of layers in the scene's own folder, and of no others.

USD composes files from wherever they say: references, payloads and sublayers may name any path
or address. Python cannot give USD a resolver of its own, so every layer is opened alone first,
what it names is checked, and arcs that lead outside are taken out of it in memory (the files
stay as they are), with a warning. Only then are the layers composed.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from branchxr.errors import SceneRefused

from ...refusal import refused
from ...warnings import SceneWarning
from ..resources import Resources
from .bindings import Ar, Sdf, Tf, Usd, UsdUtils
from .usdz import entries_of

LAYERS_MAX: Final = 2_000
MESSAGES_MAX: Final = 20
"""Of USD's own complaints about a composition; more would hide the rest of a report."""
LAYER_BYTES_MAX: Final = 4 << 30


@dataclass(slots=True)
class Layers:
    """The layers of a scene, opened one by one and made to stay in their folder.

    Attributes:
        folder: nothing outside it is read.
        resources: remembers the files that were read.
    """

    file: str
    folder: Path
    resources: Resources
    warnings: list[SceneWarning] = field(default_factory=list)
    _open: dict[str, Any] = field(default_factory=dict)

    def open_stage(self, path: Path) -> Any:
        """Open the stage whose root layer lies at `path`, all payloads loaded.

        Raises:
            SceneRefused: `scene_malformed` when USD cannot read the root layer,
                `usd_too_many_layers`, `usd_layer_outside` when an arc cannot be taken out.
        """
        root = self._layer(str(path))
        if root is None:
            said = [warning.message for warning in self.warnings]
            raise self.malformed(said[-1] if said else "a layer that USD cannot read")
        waiting = [root]
        while waiting:
            waiting += self._settle(waiting.pop())
            if len(self._open) > LAYERS_MAX:
                raise refused(
                    "usd_too_many_layers",
                    file=self.file,
                    place="its references",
                    expected=f"at most {LAYERS_MAX} layers",
                    came="more",
                    remedy="flatten the stage (usdcat --flatten) and try again",
                )
        listener = UsdUtils.CoalescingDiagnosticDelegate()
        try:
            stage = Usd.Stage.Open(root, Usd.Stage.LoadAll)
        except Tf.ErrorException as error:
            raise self.malformed(first_line(error)) from error
        self._complain(listener)
        return stage

    def _settle(self, layer: Any) -> list[Any]:
        """Check all that a layer names; return the layers it names that were not seen before."""
        found = []
        for name in filter(None, layer.GetCompositionAssetDependencies()):
            known = len(self._open)
            named = self._named(layer, name)
            if named is None:
                self._cut(layer, name)
            elif len(self._open) > known:
                found.append(named)
        self._check_clips(layer)
        return found

    def _named(self, layer: Any, name: str) -> Any | None:
        """Open the layer that another names; `None`, with a warning, when it may not be read."""
        place = f"{Path(layer.realPath or layer.identifier).name} names {name[:120]!r}"
        inner = self.inside(layer, name)
        if inner is None:
            message = "it lies outside the scene's folder and was not read; put it beside the scene"
            self.warnings.append(SceneWarning("usd_layer_outside", place, message))
            return None
        package = Path(Ar.SplitPackageRelativePathOuter(inner)[0])
        if not package.is_file() or package.stat().st_size > LAYER_BYTES_MAX:
            message = "there is no such file; what it adds to the scene is missing"
            self.warnings.append(SceneWarning("usd_layer_missing", place, message))
            return None
        if package.suffix.lower() == ".usdz":
            entries_of(package, package.read_bytes())
        opened = self._layer(inner)
        if opened is None:
            message = "USD cannot read it; what it adds to the scene is missing"
            self.warnings.append(SceneWarning("usd_layer_unreadable", place, message))
        return opened

    def inside(self, layer: Any, name: str) -> str | None:
        """Return the absolute path of what a layer names, `None` when it is outside the folder."""
        if name.startswith("`") or "\0" in name:  # an expression: what it names is not known yet
            return None
        try:
            path = Sdf.Layer.SplitIdentifier(layer.ComputeAbsolutePath(name))[0]
            outer = Path(Ar.SplitPackageRelativePathOuter(path)[0])
            is_inside = outer.is_absolute() and outer.resolve().is_relative_to(self.folder)
        except (Tf.ErrorException, ValueError, OSError, RuntimeError):
            return None
        return path if is_inside else None

    def _layer(self, path: str) -> Any | None:
        if path not in self._open:
            try:
                self._open[path] = Sdf.Layer.FindOrOpen(path)
            except Tf.ErrorException as error:
                self._open[path] = None
                message = f"USD says: {first_line(error)}"
                where = Path(path).name
                self.warnings.append(SceneWarning("usd_layer_unreadable", where, message))
            self._remember(Path(Ar.SplitPackageRelativePathOuter(path)[0]))
        return self._open[path]

    def _remember(self, path: Path) -> None:
        if path.is_relative_to(self.folder):
            name = path.relative_to(self.folder).as_posix()
            self.resources.neighbour(name, bytes_max=LAYER_BYTES_MAX)

    def _cut(self, layer: Any, name: str) -> None:
        """Take an arc out of a layer, in memory only."""
        try:
            is_cut = layer.UpdateCompositionAssetDependency(name, "")
        except Tf.ErrorException:
            is_cut = False
        if not is_cut:
            raise refused(
                "usd_layer_outside",
                file=self.file,
                place=Path(layer.identifier).name,
                expected="layers inside the scene's folder",
                came=f"{name[:120]!r} in a package inside",
                remedy="flatten the stage (usdcat --flatten) and try again",
            )

    def _check_clips(self, layer: Any) -> None:
        """Take out value clips (files of animation) of which any lies outside."""
        for spec in _prims_with_clips(layer):
            named = list(_clip_paths(spec.GetInfo("clips")))
            if all(self.inside(layer, name) is not None for name in named):
                continue
            message = "its value clips lie outside the scene's folder and were not read"
            self.warnings.append(SceneWarning("usd_layer_outside", str(spec.path), message))
            spec.ClearInfo("clips")

    def _complain(self, listener: Any) -> None:
        """Make warnings of what USD said while it composed the stage."""
        said = [item.unsharedItems[0].commentary for item in listener.TakeCoalescedDiagnostics()]
        for text in said[:MESSAGES_MAX]:
            message = f"USD says: {str(text).splitlines()[0][:300]}"
            self.warnings.append(SceneWarning("usd_composition", "the stage", message))

    def malformed(self, came: str) -> SceneRefused:
        """Make the error for a stage that USD cannot read."""
        return refused(
            "scene_malformed",
            file=self.file,
            place="the root layer",
            expected="a USD layer",
            came=came,
            remedy="export the scene again",
        )


def _prims_with_clips(layer: Any) -> Iterator[Any]:
    found: list[Any] = []

    def look(path: Any) -> None:
        if path.IsPrimPath() or path.IsPrimVariantSelectionPath():
            spec = layer.GetPrimAtPath(path)
            if spec is not None and spec.HasInfo("clips"):
                found.append(spec)

    layer.Traverse(Sdf.Path.absoluteRootPath, look)
    yield from found


def _clip_paths(value: Any) -> Iterator[str]:
    """Yield every asset path and template in a clips dictionary."""
    for key, item in dict(value).items():
        if isinstance(item, dict):
            yield from _clip_paths(item)
        elif isinstance(item, Sdf.AssetPath):
            yield item.path
        elif isinstance(item, Sdf.AssetPathArray):
            yield from (asset.path for asset in item)
        elif key == "templateAssetPath":
            yield str(item)


def first_line(error: Exception) -> str:
    """Return what USD says of a fault, without its source line and without our folders."""
    try:
        whole = str(error)
    except UnicodeDecodeError:
        return "it holds text that is not UTF-8"
    text = whole.partition(" : '")[2] or whole
    text = re.sub(r"(/[^/\s@']+)+/", "", text.strip().rstrip("'"))
    return text.strip().splitlines()[0][:300] if text.strip() else "unknown"
