"""FBX 7.4 as text, for the tests: written here, not by the program that is tested."""

from pathlib import Path
from typing import Any

import numpy as np


def text_of(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) else repr(value)


class Scene:
    """An FBX file in the making; every method returns the number of what it added."""

    def __init__(self, *, unit_cm: float = 1.0, axes: tuple[int, ...] = (1, 1, 2, 1, 0, 1)) -> None:
        up, up_sign, front, front_sign, coord, coord_sign = axes
        self.settings = [
            *(("UpAxis", "int", up), ("UpAxisSign", "int", up_sign)),
            *(("FrontAxis", "int", front), ("FrontAxisSign", "int", front_sign)),
            *(("CoordAxis", "int", coord), ("CoordAxisSign", "int", coord_sign)),
            ("UnitScaleFactor", "double", unit_cm),
        ]
        self.objects: list[str] = []
        self.connections: list[str] = []
        self.creator = "a test"
        self._next = 1000

    def add(
        self, kind: str, name: str, sub: str, body: str = "", props: Any = (), parent: int = -1
    ) -> int:
        """Add an object; `props` are `(name, type, *values)`, `U` before the type: user's own."""
        self._next += 1
        lines = []
        for label, shape, *values in props:
            flags = "AU" if shape.startswith("U ") else "A"
            listed = ", ".join(map(text_of, values))
            lines.append(f'P: "{label}", "{shape.removeprefix("U ")}", "", "{flags}",{listed}')
        block = "Properties70: {\n" + "\n".join(lines) + "\n}\n" if lines else ""
        self.objects.append(
            f'{kind}: {self._next}, "{kind}::{name}", "{sub}" {{\n{block}{body}\n}}'
        )
        if parent >= 0:
            self.connect(self._next, parent)
        return self._next

    def connect(self, child: int, parent: int, prop: str | None = None) -> None:
        link = "OO" if prop is None else "OP"
        end = "" if prop is None else f', "{prop}"'
        self.connections.append(f'C: "{link}",{child},{parent}{end}')

    def node(self, name: str, *props: Any, sub: str = "Null", parent: int = 0) -> int:
        return self.add("Model", name, sub, "Version: 232", props, parent)

    def mesh(self, points: Any, faces: Any, body: str = "", name: str = "") -> int:
        flat = [v for point in points for v in point]
        corners = [v for face in faces for v in (*face[:-1], -face[-1] - 1)]
        return self.add(
            "Geometry",
            name,
            "Mesh",
            f"{array('Vertices', flat)}\n{array('PolygonVertexIndex', corners)}\n"
            f"GeometryVersion: 124\n{body}",
        )

    def box(self, name: str, *props: Any, parent: int = 0) -> int:
        """Add a node with a mesh of its own: a square of 2 x 2 units, lying in XZ."""
        node = self.node(name, *props, sub="Mesh", parent=parent)
        square = [(-1, 0, -1), (-1, 0, 1), (1, 0, 1), (1, 0, -1)]
        self.connect(self.mesh(square, [(0, 1, 2, 3)], name=f"{name} mesh"), node)
        return node

    def clip(self, name: str, curves: Any) -> int:
        """Add a stack; curves are `(object, property, channel, [(seconds, value), …], flag)`."""
        last = max(int(t * SECOND) for *_, keys, _ in curves for t, _ in keys)
        span = (("LocalStop", "KTime", last), ("ReferenceStop", "KTime", last))
        stack = self.add("AnimationStack", name, "", "", span)
        layer = self.add("AnimationLayer", "Base", "", parent=stack)
        for target, prop, channel, keys, flag in curves:
            node = self.add("AnimationCurveNode", prop, "", parent=layer)
            self.connect(node, target, prop)
            curve = self.add(
                "AnimationCurve",
                "",
                "",
                "\n".join(
                    [
                        "Default: 0\nKeyVer: 4008",
                        array("KeyTime", [int(t * SECOND) for t, _ in keys]),
                        array("KeyValueFloat", [v for _, v in keys]),
                        array("KeyAttrFlags", [flag]),
                        array("KeyAttrDataFloat", [0, 0, 0, 0]),
                        array("KeyAttrRefCount", [len(keys)]),
                    ]
                ),
            )
            self.connect(curve, node, f"d|{channel}")
        return stack

    def text(self) -> str:
        settings = "\n".join(f'P: "{n}", "{t}", "", "",{v}' for n, t, v in self.settings)
        return "\n".join(
            [
                "; FBX 7.4.0 project file",
                "FBXHeaderExtension:  {\nFBXHeaderVersion: 1003\nFBXVersion: 7400\n"
                f'Creator: "{self.creator}"\n}}',
                f"GlobalSettings:  {{\nVersion: 1000\nProperties70:  {{\n{settings}\n}}\n}}",
                "Objects:  {",
                *self.objects,
                "}\nConnections:  {",
                *self.connections,
                "}\n",
            ]
        )

    def save(self, path: Path) -> Path:
        path.write_text(self.text(), encoding="utf-8")
        return path


SECOND = 46_186_158_000
"""FBX's ticks in a second."""
STEPPED, LINEAR = 0x2, 0x4
"""How a curve's keys are joined: KeyAttrFlags."""


def array(name: str, values: Any) -> str:
    listed = list(values)
    return f"{name}: *{len(listed)} {{\na: {','.join(map(str, listed))}\n}}"


def layer(kind: str, values_name: str, values: Any, indices: Any = None, name: str = "") -> str:
    """Return a LayerElement by polygon corner."""
    index_name = {"UV": "UVIndex", "Color": "ColorIndex"}.get(kind, "NormalsIndex")
    by_index = indices is not None
    body = [
        f"LayerElement{kind}: 0 {{",
        f'Version: 101\nName: "{name}"\nMappingInformationType: "ByPolygonVertex"',
        f'ReferenceInformationType: "{"IndexToDirect" if by_index else "Direct"}"',
        array(values_name, values),
        *([array(index_name, indices)] if by_index else []),
        "}",
    ]
    return "\n".join(body)


def place(x: float, y: float, z: float) -> tuple[Any, ...]:
    return ("Lcl Translation", "Lcl Translation", x, y, z)


def skinned_fbx(scene: Scene, influences: int = 2) -> None:
    """Add a square on a row of joints; its last point follows none."""
    mesh = scene.mesh([(0, 0, 0), (0, 0, 1), (1, 0, 1), (1, 0, 0)], [(0, 1, 2, 3)])
    scene.connect(mesh, scene.node("body", sub="Mesh"))
    skin = scene.add("Deformer", "skin", "Skin", "Version: 101", parent=mesh)
    above = scene.node("rig")
    for number in range(influences):
        joint = scene.node(f"joint{number}", place(0.0, 1.0, 0.0), sub="LimbNode", parent=above)
        body = "\n".join(
            [
                "Version: 100",
                array("Indexes", [0, 1, 2]),
                array("Weights", [0.1 + 0.1 * number] * 3),
            ]
        )
        for key, up in (("Transform", -number - 1), ("TransformLink", number + 1)):
            matrix = np.eye(4)
            matrix[3, 1] = up
            body += "\n" + array(key, matrix.ravel().tolist())
        cluster = scene.add("Deformer", f"c{number}", "Cluster", body, parent=skin)
        scene.connect(joint, cluster)
        above = joint


def morphed_fbx(scene: Scene) -> None:
    """Add a triangle with one channel that has an in-between shape, and a clip of it."""
    mesh = scene.mesh([(0, 0, 0), (0, 0, 1), (1, 0, 1)], [(0, 1, 2)])
    scene.connect(mesh, scene.node("face", sub="Mesh"))
    deformer = scene.add("Deformer", "morphs", "BlendShape", "Version: 100", parent=mesh)
    weight = ("DeformPercent", "Number", 25.0)
    channel = scene.add(
        "Deformer",
        "Улыбка",
        "BlendShapeChannel",
        f"Version: 100\nDeformPercent: 25\n{array('FullWeights', [50, 100])}",
        [weight],
        parent=deformer,
    )
    for lift in (3.0, 1.0):
        body = f"Version: 100\n{array('Indexes', [2])}\n{array('Vertices', [0, lift, 0])}"
        scene.add("Geometry", "shape", "Shape", body, parent=channel)
    scene.clip("Smile", [(channel, "DeformPercent", "DeformPercent", [(0, 0), (1, 100)], LINEAR)])
