"""Skeletons, skins, blend shapes and their animations (UsdSkel).

UsdSkel moves a point `p` to `sum(w * joint * inverse(bind) * geomBind * p)` in the skeleton's
frame; glTF to `sum(w * joint * inverseBindMatrix * p)`. So the inverse bind matrix of a mesh is
`inverse(bind) * geomBind`, and the joints are nodes below the skeleton's own.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from branchxr.errors import SceneRefused

from ...document import Array, Floats
from ...refusal import refused
from ..assembly import Assembly, Track
from .bindings import Usd, UsdSkel
from .meshes import Deformation
from .shapes import Shapes, read_shapes
from .values import Clock, Warn, column_matrix, tabled, whole, words

INFLUENCES: Final = 4
_LOST: Final = 1e-3
"""A weight below this moves a point of a person by less than a millimetre."""


@dataclass(frozen=True, slots=True)
class Rig:
    """A skeleton that stands in the scene.

    Attributes:
        nodes: of its joints, in the skeleton's order.
        binds: `(joints, 4, 4)`, of bind pose, in its own frame.
        animation: the prim of the animation it plays; may be invalid.
    """

    prim: Any
    node: int
    joints: tuple[str, ...]
    nodes: tuple[int, ...]
    binds: Floats
    animation: Any


@dataclass(slots=True)
class Skeletons:
    """All skeletons of a stage, and what hangs on them."""

    scene: Assembly
    clock: Clock
    time: Any
    warn: Warn
    file: str
    rigs: dict[str, Rig] = field(default_factory=dict)
    morphed: list[tuple[int, Any, Shapes]] = field(default_factory=list)
    _cache: Any = field(default_factory=UsdSkel.Cache)
    _bindings: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    _skins: dict[Any, int] = field(default_factory=dict)

    def find(self, roots: Iterable[Any]) -> None:
        """Learn which mesh is bound to which skeleton, below each `SkelRoot`."""
        for prim in roots:
            root = UsdSkel.Root(prim)
            self._cache.Populate(root, Usd.TraverseInstanceProxies())
            for binding in self._cache.ComputeSkelBindings(root, Usd.TraverseInstanceProxies()):
                for query in binding.GetSkinningTargets():
                    self._bindings[str(query.GetPrim().GetPath())] = (binding.GetSkeleton(), query)

    def rig(self, prim: Any, node: int) -> None:
        """Make the joints of a skeleton prim below its node."""
        skeleton = UsdSkel.Skeleton(prim)
        joints = words(skeleton.GetJointsAttr().Get())
        binds = tabled(skeleton.GetBindTransformsAttr().Get(), 16).reshape(-1, 4, 4)
        if len(binds) != len(joints):
            message = f"it has {len(joints)} joints and {len(binds)} bind transforms"
            self.warn("usd_skeleton", str(prim.GetPath()), f"{message}; rest poses stand in")
        topology = UsdSkel.Topology(joints)
        if joints and not topology.Validate()[0]:
            raise self._refused(prim, "joints that follow their parents", topology.Validate()[1])
        query = self._cache.GetSkelQuery(skeleton)
        locals_ = self._rest(skeleton, query, len(joints), topology)
        is_lost = ~np.isfinite(locals_).all(axis=(1, 2))
        if is_lost.any():
            message = (
                f"{int(is_lost.sum())} joints hold NaN or infinity; they stand at their parents"
            )
            self.warn("usd_transform", str(prim.GetPath()), message)
            locals_[is_lost] = np.eye(4)
        nodes: list[int] = []
        worlds: list[Floats] = []
        for number, joint in enumerate(joints):
            above = topology.GetParent(number)
            parent = node if above < 0 else nodes[above]
            worlds.append(locals_[number] if above < 0 else worlds[above] @ locals_[number])
            nodes.append(
                self.scene.node(joint.rpartition("/")[2], parent=parent, matrix=locals_[number])
            )
        if len(binds) == len(joints):
            bind = binds.transpose(0, 2, 1)
        else:
            bind = np.array(worlds).reshape(-1, 4, 4)
        source = query.GetAnimQuery() if query else None
        animation = source.GetPrim() if source else None
        self.rigs[str(prim.GetPath())] = Rig(prim, node, joints, tuple(nodes), bind, animation)

    def _rest(self, skeleton: Any, query: Any, count: int, topology: Any) -> Floats:
        """Return joints' own transforms: as they stand, or at rest where they are animated."""
        animation: Any = query.GetAnimQuery() if query else None
        is_posed = bool(animation) and not animation.JointTransformsMightBeTimeVarying()
        got = query.ComputeJointLocalTransforms(self.time, not is_posed) if query else None
        if got is not None and len(got) == count:
            return np.array([column_matrix(m) for m in got]).reshape(-1, 4, 4)
        rest = tabled(skeleton.GetRestTransformsAttr().Get(), 16).reshape(-1, 4, 4)
        if len(rest) == count:
            return rest.transpose(0, 2, 1)
        binds = tabled(skeleton.GetBindTransformsAttr().Get(), 16).reshape(-1, 4, 4)
        if len(binds) != count:
            return np.tile(np.eye(4), (count, 1, 1))
        worlds = binds.transpose(0, 2, 1)
        parents = [topology.GetParent(k) for k in range(count)]
        return np.array(
            [
                w if p < 0 else np.linalg.pinv(worlds[p]) @ w
                for w, p in zip(worlds, parents, strict=True)
            ]
        ).reshape(-1, 4, 4)

    def bent(self, prim: Any, points: int) -> tuple[Deformation | None, Shapes | None]:
        """Return what bends a mesh, and its blend shapes."""
        binding = self._bindings.get(str(prim.GetPath()))
        if binding is None:
            return None, None
        query = binding[1]
        joints, weights = self._influences(prim, query, points)
        shapes = read_shapes(prim, query, points, self.warn) if query.HasBlendShapes() else None
        if shapes is None and not weights.shape[1]:
            return None, None
        rest: tuple[float, ...] = ()
        if shapes is not None:
            weights_now = self._shape_weights(binding, shapes, [self.clock.start])[0]
            rest = tuple(self._finite_weights(prim, weights_now))
        targets = () if shapes is None else shapes.targets
        return Deformation(joints, weights, targets, rest), shapes

    def _finite_weights(self, prim: Any, weights: Floats) -> list[float]:
        if not np.isfinite(weights).all():
            message = "weights of its blend shapes hold NaN or infinity; zero stands in for them"
            self.warn("attribute_not_finite", str(prim.GetPath()), message)
        return [float(w) for w in np.where(np.isfinite(weights), weights, 0.0)]

    def skin(self, prim: Any) -> int | None:
        """Return the number of a mesh's skin; its skeleton must have its joints already."""
        binding = self._bindings.get(str(prim.GetPath()))
        rig = None if binding is None else self.rigs.get(str(binding[0].GetPath()))
        if binding is None or rig is None or not binding[1].HasJointInfluences():
            return None
        query = binding[1]
        geometry = column_matrix(query.GetGeomBindTransform(self.time))
        order = self._order(query, rig)
        key = (str(rig.prim.GetPath()), tuple(order), geometry.tobytes())
        if key not in self._skins:
            inverse = np.linalg.pinv(rig.binds[order]) @ geometry
            inverse[:, 3] = (0, 0, 0, 1)  # exactly: glTF 2.0, section 3.7.3.1
            self._skins[key] = self.scene.skin(
                [rig.nodes[k] for k in order],
                inverse,
                name=str(rig.prim.GetName()),
                skeleton=rig.node,
            )
        return self._skins[key]

    def _order(self, query: Any, rig: Rig) -> list[int]:
        """Return the numbers of the skeleton's joints in the mesh's own order."""
        own = query.GetJointOrder() if query.GetJointMapper() is not None else None
        if not own:
            return list(range(len(rig.joints)))
        place = {joint: k for k, joint in enumerate(rig.joints)}
        lost = [str(joint) for joint in own if str(joint) not in place]
        if lost:
            expected = "joints that its skeleton has"
            raise self._refused(query.GetPrim(), expected, repr(lost[0][:120]))
        return [place[str(joint)] for joint in own]

    def _influences(self, prim: Any, query: Any, points: int) -> tuple[Array, Floats]:
        """Return four joints and weights for each point, the strongest where there are more."""
        none = np.zeros((points, 0), np.uint16), np.zeros((points, 0))
        if not query.HasJointInfluences():
            return none
        count = query.GetNumInfluencesPerComponent()
        numbers = whole(query.GetJointIndicesPrimvar().ComputeFlattened(self.time))
        amounts = tabled(query.GetJointWeightsPrimvar().ComputeFlattened(self.time), 1)
        rows = 1 if query.IsRigidlyDeformed() else points
        if numbers.size != rows * count or amounts.size != rows * count or not count:
            came = f"{numbers.size} joints and {amounts.size} weights for {rows} x {count}"
            raise self._refused(prim, "joint indices and weights for each point", came)
        joints = np.broadcast_to(numbers.reshape(rows, count), (points, count)).astype(np.int64)
        weights = np.broadcast_to(amounts.reshape(rows, count), (points, count)).astype(np.float64)
        weights = np.where(np.isfinite(weights), weights, 0).clip(0)
        if count > INFLUENCES:
            joints, weights = self._strongest(prim, joints, weights)
        if count < INFLUENCES:
            more = ((0, 0), (0, INFLUENCES - count))
            joints, weights = np.pad(joints, more), np.pad(weights, more)
        self._check_joints(prim, joints, query)
        total = weights.sum(axis=1, keepdims=True)
        weights = np.where(total > 0, weights / np.where(total > 0, total, 1), (1.0, 0, 0, 0))
        joints = np.where(weights > 0, joints, 0)
        if str(query.GetSkinningMethod()) == "dualQuaternion":
            message = "it bends by dual quaternions; glTF bends linearly, so twists look thinner"
            self.warn("usd_skinning_method", str(prim.GetPath()), message)
        return joints.astype(np.uint16 if joints.max(initial=0) > 255 else np.uint8), weights

    def _check_joints(self, prim: Any, joints: Array, query: Any) -> None:
        binding = self._bindings[str(prim.GetPath())]
        order = query.GetJointOrder() if query.GetJointMapper() is not None else None
        count = len(order or words(UsdSkel.Skeleton(binding[0]).GetJointsAttr().Get()))
        if len(joints) and not 0 <= joints.min() <= joints.max() < count:
            came = f"{int(joints.min())} to {int(joints.max())}"
            raise self._refused(prim, f"joint numbers below {count}", came)

    def _strongest(self, prim: Any, joints: Array, weights: Floats) -> tuple[Array, Floats]:
        order = np.argsort(-weights, axis=1, kind="stable")
        rest = np.take_along_axis(weights, order[:, INFLUENCES:], 1).sum(axis=1)
        lost = int((rest > _LOST).sum())
        if lost:
            message = (
                f"{lost} of its points follow more than {INFLUENCES} joints; the strongest "
                f"{INFLUENCES} are kept, up to {rest.max():.0%} of the weight is lost"
            )
            self.warn("skin_influences", str(prim.GetPath()), message)
        kept = order[:, :INFLUENCES]
        return np.take_along_axis(joints, kept, 1), np.take_along_axis(weights, kept, 1)

    def _shape_weights(
        self, binding: tuple[Any, Any], shapes: Shapes, codes: Sequence[float]
    ) -> Floats:
        """Return `(times, targets)`: in-betweens taken into account."""
        query = self._cache.GetSkelQuery(UsdSkel.Skeleton(binding[0]))
        animation = query.GetAnimQuery() if query else None
        return shapes.weights(animation, codes)

    def clips(self, prims: Iterable[Any]) -> dict[str, list[Track]]:
        """Return the tracks of each animation prim by its path.

        An animation that no skeleton plays is given to those whose joints it has: it is one more
        clip of theirs.
        """
        found: dict[str, list[Track]] = {}
        for prim in prims:
            query = self._cache.GetAnimQuery(UsdSkel.Animation(prim))
            if not query:
                continue
            joints = {str(j) for j in query.GetJointOrder()}
            players = [r for r in self.rigs.values() if r.animation and r.animation == prim]
            if not players:
                players = [r for r in self.rigs.values() if joints and joints <= set(r.joints)]
            tracks = [track for rig in players for track in self._joint_tracks(rig, query)]
            for node, mesh, shapes in self.morphed:
                skeleton = self._bindings[str(mesh.GetPath())][0].GetPrim()
                if any(rig.prim == skeleton for rig in players):
                    tracks += self._weight_tracks(node, shapes, query)
            if tracks:
                found[str(prim.GetPath())] = tracks
            elif not players:
                message = "no skeleton of this scene plays it or has its joints; left out"
                self.warn("usd_animation_unused", str(prim.GetPath()), message)
        return found

    def _joint_tracks(self, rig: Rig, query: Any) -> list[Track]:
        codes = self.clock.samples(query.GetJointTransformTimeSamples() or ())
        if not codes or not query.JointTransformsMightBeTimeVarying():
            return []
        order = [str(j) for j in query.GetJointOrder()]
        count = len(order)
        parts = [query.ComputeJointLocalTransformComponents(Usd.TimeCode(t)) for t in codes]
        if any(part is None or any(len(p) != count for p in part) for part in parts):
            message = "its translations, rotations and scales are not as many as its joints"
            self.warn("usd_animation_unused", str(query.GetPrim().GetPath()), message)
            return []
        moves = np.array([np.array(part[0], np.float64) for part in parts])
        turns = np.array(
            [[[*q.GetImaginary(), q.GetReal()] for q in part[1]] for part in parts], np.float64
        )
        sizes = np.array([np.array(part[2], np.float64) for part in parts])
        places = {joint: k for k, joint in enumerate(rig.joints)}
        seconds = self.clock.seconds(codes)
        tracks = []
        for k, joint in enumerate(order):
            if joint not in places:
                continue
            node = rig.nodes[places[joint]]
            for path, values in (("translation", moves), ("rotation", turns), ("scale", sizes)):
                tracks.append(Track(node, path, seconds, _settled(values[:, k], path)))
        return tracks

    def _weight_tracks(self, node: int, shapes: Shapes, query: Any) -> list[Track]:
        codes = self.clock.samples(
            query.GetBlendShapeWeightTimeSamples() or (), is_smooth=shapes.has_inbetweens
        )
        if not codes or not query.BlendShapeWeightsMightBeTimeVarying():
            return []
        return [Track(node, "weights", self.clock.seconds(codes), shapes.weights(query, codes))]

    def _refused(self, prim: Any, expected: str, came: str) -> SceneRefused:
        return refused(
            "scene_accessor",
            file=self.file,
            place=str(prim.GetPath()),
            expected=expected,
            came=came,
            remedy="export the scene again; the file contradicts itself",
        )


def _settled(values: Floats, path: str) -> Floats:
    """Let neighbouring quaternions lie on one half of the sphere: they turn the short way."""
    if path != "rotation":
        return values
    length = np.linalg.norm(values, axis=1, keepdims=True)
    unit = np.where(length > 0, values / np.where(length > 0, length, 1), (0, 0, 0, 1.0))
    steps = np.sign((unit[1:] * unit[:-1]).sum(axis=1))
    unit[1:] *= np.cumprod(np.where(steps < 0, -1.0, 1.0))[:, None]
    return np.asarray(unit)
