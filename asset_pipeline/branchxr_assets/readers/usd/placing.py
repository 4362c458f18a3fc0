"""Put a stage's prims into the scene as nodes with what they hold."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np

from ...document import Floats
from ...refusal import refused
from ...warnings import HIDDEN, SceneWarning
from ..assembly import Assembly, Track
from ..pictures import Pictures
from ..transforms import parts_of
from .bindings import Usd, UsdGeom, UsdSkel
from .cameras import camera_of
from .faces import read_faces
from .gprims import SHAPES, faces_of
from .lights import as_extras, is_light, punctual
from .materials import Materials
from .meshes import Meshes
from .shaders import Shaders
from .skeletons import Skeletons
from .textures import Textures
from .values import Clock, Warn, column_matrix, extras_of, is_animated, local_at, name_of, whole

NODES_MAX: Final = 500_000
_LEFT_OUT: Final = (
    UsdGeom.Curves, UsdGeom.Points, UsdGeom.NurbsPatch, UsdGeom.TetMesh,
)  # fmt: skip
_PLAIN: Final = {
    "translation": (0.0, 0.0, 0.0),
    "rotation": (0.0, 0.0, 0.0, 1.0),
    "scale": (1.0,) * 3,
}


@dataclass(slots=True)
class Placing:
    """The scene in the making.

    Attributes:
        frame: `(4, 4)`, from the stage's axes and unit to metres, +Y up; the top nodes take it,
            so that nothing below them changes.
        drawn_by: how often each mesh below a point instancer is drawn.
        nodes: of prims by their path; those of point instances have none.
    """

    scene: Assembly
    meshes: Meshes
    skeletons: Skeletons
    clock: Clock
    time: Any
    unit_m: float
    frame: Floats
    file: str
    is_blender: bool
    warn: Warn
    drawn_by: dict[str, int] = field(default_factory=dict)
    nodes: dict[str, int] = field(default_factory=dict)
    placed: set[str] = field(default_factory=set)
    _needed: set[str] = field(default_factory=set)
    _bound: list[tuple[Any, int, Any]] = field(default_factory=list)
    _purposes: set[str] = field(default_factory=set)

    @classmethod
    def of(
        cls,
        stage: Any,
        *,
        scene: Assembly,
        pictures: Pictures,
        clock: Clock,
        unit_m: float,
        frame: Floats,
        file: str,
        folder: Path,
        warnings: list[SceneWarning],
    ) -> "Placing":
        """Make one for a stage."""

        def warn(code: str, path: str, message: str) -> None:
            warnings.append(SceneWarning(code, path.removeprefix("/"), message))

        time = Usd.TimeCode(clock.start)
        materials = Materials(scene, Textures(scene, pictures, warn), warn)
        shaders = Shaders(folder, time, warn)
        return cls(
            scene=scene,
            meshes=Meshes(scene, materials, shaders, clock, time, warn),
            skeletons=Skeletons(scene, clock, time, warn, file),
            clock=clock,
            time=time,
            unit_m=unit_m,
            frame=frame,
            file=file,
            is_blender=str(stage.GetRootLayer().documentation).startswith("Blender"),
            warn=warn,
        )

    def place_all(self, prims: Sequence[Any]) -> None:
        """Make the nodes of all prims, then bind skinned meshes to their joints."""
        for prim in prims:
            if prim.IsA(UsdGeom.Imageable):
                self._purposes.add(str(UsdGeom.Imageable(prim).ComputePurpose()))
        for prim in reversed(prims):
            path = str(prim.GetPath())
            is_place = prim.IsA(UsdGeom.Imageable) and not prim.IsA(UsdGeom.Scope)
            if is_place or path in self._needed or (prim.IsA(UsdGeom.Scope) and self._extras(prim)):
                self._needed |= {path, str(prim.GetPath().GetParentPath())}
        tops = [p for p in prims if p.GetPath().IsRootPrimPath()]
        for prim in tops:
            self._subtree(prim, None)
        for prim, node, shapes in self._bound:
            skin = self.skeletons.skin(prim)
            if skin is not None:
                self.scene.nodes[node]["skin"] = skin
            if shapes is not None:
                self.skeletons.morphed.append((node, prim, shapes))

    def _subtree(self, top: Any, parent: int | None, *, is_copy: bool = False) -> int | None:
        """Make the nodes of a prim and all below it; return the first."""
        first = None
        waiting: list[tuple[Any, int | None]] = [(top, parent)]
        while waiting:
            prim, above = waiting.pop()
            if not is_copy and str(prim.GetPath()) not in self._needed:
                continue
            node = self._node(prim, above, is_copy=is_copy)
            first = node if first is None else first
            if prim.IsA(UsdGeom.PointInstancer):
                self._point_instances(prim, node)
                continue
            children = prim.GetFilteredChildren(Usd.TraverseInstanceProxies())
            waiting += [(child, node) for child in reversed(children)]
        return first

    def _node(self, prim: Any, above: int | None, *, is_copy: bool) -> int:
        if len(self.scene.nodes) >= NODES_MAX:
            raise refused(
                "scene_too_large",
                file=self.file,
                place=str(prim.GetPath()),
                expected=f"at most {NODES_MAX} nodes, instances included",
                came="more",
                remedy="export the scene in parts",
            )
        matrix = self._matrix(prim, above, self.time)
        extras = self._extras(prim)
        node = self.scene.node(name_of(prim), parent=above, matrix=matrix, extras=extras or None)
        self.placed.add(str(prim.GetPath()))
        if not is_copy:
            self.nodes[str(prim.GetPath())] = node
        self._fill(prim, node, is_copy=is_copy)
        return node

    def _extras(self, prim: Any) -> dict[str, Any]:
        found = extras_of(prim, self.time)
        if is_light(prim) and str(prim.GetTypeName()) not in {"SphereLight", "DistantLight"}:
            kind = str(prim.GetTypeName()) or "light"
            slot = "usd_light" if "light" in found else "light"  # an artist's own stays
            message = f"glTF has no {kind}; it is kept as data in the extras, key {slot!r}"
            self.warn("light_kept_as_data", str(prim.GetPath()), message)
            found[slot] = as_extras(prim, self.time)
        return found

    def _matrix(self, prim: Any, above: int | None, time: Any) -> Floats:
        """Return a prim's transform below its parent's node."""
        own, is_reset = local_at(prim, time)
        if not np.isfinite(own).all():
            message = "its transform holds NaN or infinity; it stays where its parent is"
            self.warn("usd_transform", str(prim.GetPath()), message)
            own = np.eye(4)
        if above is None:
            return np.asarray(self.frame @ own)
        if not is_reset:
            return own
        world = UsdGeom.XformCache(time).GetLocalToWorldTransform(prim.GetParent())
        return np.asarray(np.linalg.pinv(column_matrix(world)) @ own)

    def _fill(self, prim: Any, node: int, *, is_copy: bool) -> None:
        """Give a node what its prim holds."""
        path = str(prim.GetPath())
        item = self.scene.nodes[node]
        if prim.IsA(UsdGeom.Camera):
            item["camera"] = self.scene.camera(camera_of(prim, self.time, unit_m=self.unit_m))
        elif is_light(prim):
            light = punctual(
                prim, self.time, unit_m=self.unit_m, is_blender=self.is_blender, warn=self.warn
            )
            if light is not None and self._is_shown(prim):
                number = self.scene.light(light)
                item.setdefault("extensions", {})["KHR_lights_punctual"] = {"light": number}
        elif prim.IsA(UsdSkel.Skeleton):
            if not is_copy:
                self.skeletons.rig(prim, node)
        elif isinstance(kind := self._left_out(prim), str):
            self.warn("usd_geometry_skipped", path, f"{kind} is not drawn; convert it to a mesh")
        else:
            self._draw(prim, node)

    def _left_out(self, prim: Any) -> str | None:
        if any(prim.IsA(kind) for kind in _LEFT_OUT) or str(prim.GetTypeName()) == "Volume":
            return str(prim.GetTypeName())
        return None

    def _draw(self, prim: Any, node: int) -> None:
        path = str(prim.GetPath())
        if prim.IsA(UsdGeom.Mesh):
            faces = read_faces(prim, self.time, file=self.file, warn=self.warn)
        elif str(prim.GetTypeName()).removesuffix("_1") in SHAPES:
            faces = faces_of(prim, self.time)
            kind = str(prim.GetTypeName())
            self.warn("usd_shape", path, f"this {kind} is a formula in USD; a mesh is made of it")
        else:
            return
        is_shown = self._is_shown(prim)
        if is_shown and (faces is None or (faces.shape.sizes < 3).all()):
            message = "it has no surface (no face of three corners); its node stays without it"
            self.warn("mesh_empty", path, message)
        if faces is None or not is_shown:
            return
        bent, shapes = self.skeletons.bent(prim, faces.shape.points)
        mesh = self.meshes.of(prim, faces, bent=bent)
        if mesh is None:
            return
        self.scene.nodes[node]["mesh"] = mesh
        if path in self.drawn_by:
            self.drawn_by[path] += 1
        if bent is not None:
            self._bound.append((prim, node, shapes))

    def _is_shown(self, prim: Any) -> bool:
        """Tell whether a prim is drawn; a stand-in for another is not, but keeps its node."""
        imageable, path = UsdGeom.Imageable(prim), str(prim.GetPath())
        if imageable.ComputeVisibility(self.time) == UsdGeom.Tokens.invisible:
            self.warn("node_hidden", path, HIDDEN)
        purpose = str(imageable.ComputePurpose())
        is_stand_in = purpose == UsdGeom.Tokens.proxy and UsdGeom.Tokens.render in self._purposes
        if purpose == UsdGeom.Tokens.guide or is_stand_in:
            message = f"its purpose is {purpose}: its node is kept, what it draws is not"
            self.warn("usd_purpose", path, message)
            return False
        return True

    def _point_instances(self, prim: Any, node: int) -> None:
        """Put the prototypes of a point instancer where it wants them, each as a node."""
        instancer = UsdGeom.PointInstancer(prim)
        path = str(prim.GetPath())
        stage = prim.GetStage()
        targets = instancer.GetPrototypesRel().GetForwardedTargets()
        prototypes = [stage.GetPrimAtPath(target) for target in targets]
        for prototype in prototypes:
            for below in Usd.PrimRange(prototype) if prototype else ():
                self.drawn_by.setdefault(str(below.GetPath()), 0)
        indices = whole(instancer.GetProtoIndicesAttr().Get(self.time))
        placed = instancer.ComputeInstanceTransformsAtTime(
            self.time,
            self.time,
            UsdGeom.PointInstancer.ExcludeProtoXform,
            UsdGeom.PointInstancer.IgnoreMask,
        )
        mask = instancer.ComputeMaskAtTime(self.time)
        if placed is None or len(placed) != len(indices) or (mask and len(mask) != len(indices)):
            self.warn("usd_instances", path, "its arrays have different lengths; it is left out")
            return
        for number, (which, matrix) in enumerate(zip(indices, placed, strict=True)):
            if not (0 <= which < len(prototypes) and prototypes[which]):
                message = f"instance {number} names prototype {which}, which is not there"
                self.warn("usd_instances", path, message)
            elif not mask or mask[number]:
                holder = self.scene.node(
                    f"{prototypes[which].GetName()}_{number}",
                    parent=node,
                    matrix=column_matrix(matrix),
                )
                self._subtree(prototypes[which], holder, is_copy=True)

    def animate(self, prims: Sequence[Any]) -> None:
        """Add the clips: one for each skeleton animation, and one for all that moves beside."""
        clips = self.skeletons.clips(p for p in prims if p.IsA(UsdSkel.Animation))
        for path, tracks in clips.items():
            self.scene.animation(tracks, name=path.rpartition("/")[2])
        moving = [p for p in prims if str(p.GetPath()) in self.nodes and is_animated(p)]
        tracks = [track for prim in moving for track in self._transform_tracks(prim)]
        if not tracks:
            return
        self.scene.animation(tracks, name="Timeline")
        message = (
            "USD has one timeline: all transforms that it moves are in the clip 'Timeline', "
            "skeletons and blend shapes in clips of their own"
        )
        self.warn("usd_animation_timeline", "the stage", message)

    def _transform_tracks(self, prim: Any) -> Iterator[Track]:
        path = str(prim.GetPath())
        xformable = UsdGeom.Xformable(prim)
        if xformable.GetResetXformStack():
            message = "it moves by itself while its parents' transforms are reset; kept at rest"
            self.warn("usd_animation_unused", path, message)
            return
        authored = list(xformable.GetTimeSamples()) or [self.clock.start]
        codes = self.clock.samples(authored, is_smooth=True)
        if not codes:  # all its samples are outside the stage's range
            return
        node = self.nodes[path]
        is_top = prim.GetPath().IsRootPrimPath()
        rows: dict[str, list[Any]] = {key: [] for key in _PLAIN}
        is_sheared = False
        for code in codes:
            own = local_at(prim, Usd.TimeCode(code))[0]
            own = own if np.isfinite(own).all() else np.eye(4)
            parts = parts_of(self.frame @ own if is_top else own)
            is_sheared = is_sheared or "matrix" in parts
            for key, default in _PLAIN.items():
                rows[key].append(parts.get(key, default))
        if is_sheared:
            message = "it is sheared while it moves, which glTF does not have; it is kept at rest"
            self.warn("usd_animation_unused", path, message)
            return
        seconds = self.clock.seconds(codes)
        item = self.scene.nodes[node]
        for key, listed in rows.items():
            values = np.array(listed, np.float64)
            if key == "rotation":
                values = _short_way(values)
            if np.abs(values - np.array(item.get(key, _PLAIN[key]))).max(initial=0.0) > 1e-7:
                yield Track(node, key, seconds, values)


def _short_way(turns: Floats) -> Floats:
    signs = np.where((turns[1:] * turns[:-1]).sum(axis=1) < 0, -1.0, 1.0)
    turns[1:] *= np.cumprod(signs)[:, None]
    return turns
