"""Small sound files to start from: each uses other parts of its format."""
# ruff: noqa: E501 (XML and OBJ read better whole)

import base64
import io
import json
import struct
import tempfile
import zipfile
from pathlib import Path
from typing import Any, Final

import numpy as np

from branchxr_assets import meshopt

from ..assets import usd_text
from ..assets.conftest import Maker
from ..assets.fbx_text import LINEAR, Scene, morphed_fbx, skinned_fbx
from ..assets.test_read_gltf import draco_grid, packed_grid, saved

_PNG: Final = bytes.fromhex(
    "89504e470d0a1a0a0000000d4948445200000001000000010802000000907753de"
    "0000000c4944415478da63f8ffff3f0005fe02fe331295140000000049454e44ae426082"
)


def glb() -> list[bytes]:
    """Return GLBs: a room, everything animated and skinned, instances, meshopt, textures."""
    return [*(_made(scene) for scene in (_room, _moving, _instanced, _textured)), *_packed()]


def gltf() -> list[dict[str, Any]]:
    """Return glTF documents with their buffers inside."""
    found = []
    for raw in (_made(_room), _made(_moving)):
        (size,) = struct.unpack_from("<I", raw, 12)
        root = json.loads(raw[20 : 20 + size])
        inline = base64.b64encode(raw[28 + size :]).decode()
        root["buffers"][0]["uri"] = f"data:application/octet-stream;base64,{inline}"
        found.append(root)
    return found


def draco() -> list[bytes]:
    """Return a GLB that Draco compressed."""
    return [_made(draco_grid)]


def fbx() -> list[bytes]:
    """Return FBX as text: an instance with a pivot, a clip, a skin, morphs, light and camera."""
    found = []
    for fill in (_fbx_moving, skinned_fbx, morphed_fbx, _fbx_things):
        scene = Scene(unit_cm=100.0)
        fill(scene)
        found.append(scene.text().encode())
    return found


def _fbx_moving(scene: Scene) -> None:
    turn = ("GeometricRotation", "Vector3D", 0.0, 45.0, 0.0)
    box = scene.box("a", turn, ("branch_anchor", "U KString", "atm"))
    scene.clip("Go", [(box, "Lcl Translation", "X", [(0, 0), (1, 2)], LINEAR)])


def _fbx_things(scene: Scene) -> None:
    for kind, name, props in (
        ("Light", "lamp", [("LightType", "enum", 2), ("Intensity", "Number", 200.0)]),
        ("Camera", "view", [("FieldOfView", "FieldOfView", 40.0)]),
    ):
        node = scene.node(name, sub=kind)
        scene.add("NodeAttribute", name, kind, f'TypeFlags: "{kind}"', props, parent=node)


def meshopt_streams() -> list[bytes]:
    """Return streams for `targets.meshopt_stream`: count / 3, stride, mode, filter, stream."""
    rows = np.arange(96 * 8, dtype=np.uint8).reshape(96, 8)
    indices = np.arange(96, dtype=np.uint32) % 50
    found = [
        bytes([32, 8, 0, kind]) + meshopt.encode(rows, "ATTRIBUTES", version=version)
        for version in (0, 1)
        for kind in range(5)
    ]
    return [
        *found,
        bytes([32, 2, 1, 0]) + meshopt.encode(indices, "TRIANGLES"),
        bytes([32, 4, 2, 0]) + meshopt.encode(indices, "INDICES"),
    ]


def usda() -> list[bytes]:
    """Return USD layers as text: a skinned person, materials, instances, shapes and lights."""
    bodies = (usd_text.SKEL, _materials(), _USD_INSTANCES, _USD_SHAPES)
    return [usd_text.usda(body, usd_text.TIMES).encode() for body in bodies]


def usdc() -> list[bytes]:
    """Return the same layers as crates."""
    from branchxr_assets.readers.usd.bindings import Sdf

    found = []
    with tempfile.TemporaryDirectory() as folder:
        for number, text in enumerate(usda()):
            path = Path(folder) / f"{number}.usdc"
            layer = Sdf.Layer.CreateNew(str(path))
            layer.ImportFromString(text.decode())
            layer.Save()
            found.append(path.read_bytes())
    return found


def usdz() -> list[bytes]:
    """Return packages: a layer and a picture, stored."""
    found = []
    for layer in usda():
        target = io.BytesIO()
        with zipfile.ZipFile(target, "w") as archive:
            archive.writestr("scene.usda", layer)
            archive.writestr("c.png", _PNG)
        found.append(target.getvalue())
    return found


def _materials() -> str:
    shader = """color3f inputs:diffuseColor.connect = </M/C.outputs:rgb>
        float inputs:roughness.connect = </M/C.outputs:r>
        float inputs:opacity = 0.5 float inputs:clearcoat = 1 int inputs:useSpecularWorkflow = 1"""
    return usd_text.material(shader, usd_text.texture("C", "c.png"))


_USD_INSTANCES: Final = f"""class Xform "Chair" {{ def Mesh "Seat" {{ {usd_text.QUAD} }} }}
    def Xform "A" ( instanceable = true prepend references = </Chair> ) {{ }}
    def PointInstancer "Grass" {{ point3f[] positions = [(0, 0, 0), (10, 0, 0)]
        int[] protoIndices = [0, 0]
        rel prototypes = </Grass/Blade>
        def Mesh "Blade" {{ {usd_text.QUAD} }} }}"""
_USD_SHAPES: Final = """def Xform "Top" { float xformOp:rotateY.timeSamples = { 0: 0, 9: 360 }
        uniform token[] xformOpOrder = ["xformOp:rotateY"]
        custom string[] userProperties:services = ["a", "b"]
        def Sphere "S" { double radius = 2 } def Capsule "C" { } def Cube "B" { } }
    def SphereLight "L" { float inputs:intensity = 8 } def RectLight "R" { }
    def Camera "Eye" { float focalLength = 50 }"""


def _made(scene: Any) -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        maker = Maker(Path(folder))
        scene(maker)
        return maker.bytes()


def _packed() -> list[bytes]:
    found = []
    for name in ("EXT_meshopt_compression", "KHR_meshopt_compression"):
        with tempfile.TemporaryDirectory() as folder:
            maker = Maker(Path(folder))
            packed_grid(maker, name=name)
            found.append(saved(maker, name).read_bytes())
    return found


def _room(maker: Maker) -> None:
    maker.room()
    maker.node(mesh=maker.mesh(np.eye(3), mode=5), name="strip")
    sparse = {
        "count": 1,
        "indices": {"bufferView": maker.view(b"\1"), "componentType": 5121},
        "values": {"bufferView": maker.view(struct.pack("<3f", 1, 2, 3))},
    }
    maker.root["accessors"][0]["sparse"] = sparse


def _moving(maker: Maker) -> None:
    count = 8
    weights = np.tile(np.array([0.5, 0.5, 0, 0]), (count, 1))
    attributes = {
        "JOINTS_0": maker.array(np.tile([0, 1, 0, 0], (count, 1)), "u1"),
        "WEIGHTS_0": maker.array(weights),
        "NORMAL": maker.array(np.tile([0, 1, 0], (count, 1))),
        "COLOR_0": maker.array(np.full((count, 4), 0.5)),
    }
    targets = [{"POSITION": maker.array(np.full((count, 3), 0.1))}]
    mesh = maker.box(attributes=attributes, targets=targets)
    joints = [maker.node(name="hip"), maker.node(name="knee", translation=[0, 1, 0])]
    binds = maker.array(np.tile(np.eye(4).reshape(-1), (2, 1)))
    maker.root["skins"] = [{"joints": joints, "inverseBindMatrices": binds}]
    body = maker.node(mesh=mesh, skin=0, name="body", extras={"avatar": True})
    maker.animation(joints[1], "rotation", [0, 1], [[0, 0, 0, 1], [0, 1, 0, 0]])
    maker.animation(body, "weights", [0, 1], [0.0, 1.0])
    maker.root["cameras"] = [{"type": "perspective", "perspective": {"yfov": 1, "znear": 0.1}}]
    maker.node(camera=0)
    light = {"type": "point", "intensity": 3}
    maker.root["extensions"] = {"KHR_lights_punctual": {"lights": [light]}}
    maker.node(extensions={"KHR_lights_punctual": {"light": 0}})


def _instanced(maker: Maker) -> None:
    at = maker.array([[0, 0, 0], [2, 0, 0]])
    turned = maker.array([[0, 0, 0, 1], [0, 1, 0, 0]])
    extension = {"attributes": {"TRANSLATION": at, "ROTATION": turned}}
    maker.node(mesh=maker.box(), extensions={"EXT_mesh_gpu_instancing": extension})
    maker.root["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]


def _textured(maker: Maker) -> None:
    maker.root["images"] = [{"bufferView": maker.view(_PNG), "mimeType": "image/png"}]
    maker.root["samplers"] = [{"wrapS": 33071}]
    maker.root["textures"] = [{"source": 0, "sampler": 0}]
    transform = {"KHR_texture_transform": {"scale": [2, 2]}}
    slot = {"index": 0, "extensions": transform}
    maker.root["materials"] = [
        {"pbrMetallicRoughness": {"baseColorTexture": slot}, "alphaMode": "MASK"},
        {"extensions": {"KHR_materials_clearcoat": {"clearcoatTexture": {"index": 0}}}},
    ]
    maker.root["extensionsUsed"] = ["KHR_texture_transform", "KHR_materials_clearcoat"]
    uv = maker.array(np.zeros((8, 2)))
    maker.node(mesh=maker.box(attributes={"TEXCOORD_0": uv}, material=0))
    maker.node(mesh=maker.box(material=1), matrix=list(np.eye(4).reshape(-1)))


def obj() -> list[bytes]:
    """Return OBJ: all kinds of corners, groups, colours, what is not kept."""
    return [
        b"mtllib a.mtl\no A\nv 0.5 0 0\nv 1.5 0 0\nv 1.5 1 0\nv 0.5 1 0\nvt 0.1 0.2\nvn 0.0 0.0 1.0\n"
        b"g x\nusemtl m\ns 1\nf 1/1/1 2/1/1 3/1/1 4/1/1\nf -4 -3 -2\nf 1//1 2//1 3//1\nl 1 2\np 1\n",
        b"v 0 0 0 1 0.5 0\r\nv 1e0 0 0 1 1 1\r\nv 1 1 0 0 0 0\r\nv 0.2 0.2 0\r\nv 0 1 0\r\n"
        b"f 1 2 3 4 5\r\nf 1 2 \\\r\n3\r\n# File units = inches\r\n",
    ]


def dae() -> list[bytes]:
    """Return COLLADA: a skin, a morph with its animation, materials and lights."""
    from ..assets import dae_text as made

    curve = made.words("ak", "BEZIER LINEAR") + made.floats("at", "0 0 0.5 10", 2)
    effect = (
        '<library_effects><effect id="e"><profile_COMMON><technique><phong><diffuse><color>1 0 0 1'
        '</color></diffuse><transparent opaque="RGB_ZERO"><color>0 0 0 1</color></transparent></phong>'
        '</technique></profile_COMMON></effect></library_effects><library_materials><material id="m">'
        '<instance_effect url="#e"/></material></library_materials><library_lights><light id="l">'
        "<technique_common><spot><color>1 1 1</color></spot></technique_common></light></library_lights>"
    )
    holed = f"<polygons>{made.VERTEX}<ph><p>0 1 2 3</p><h>4 5 6</h></ph><p>0 1 2</p></polygons>"
    points = "0 0 0 9 0 0 9 9 0 0 9 0 3 3 0 6 3 0 6 6 0"
    lit = made.document(
        '<node id="a"><skew>30 1 0 0 0 1 0</skew><instance_light url="#l"/><instance_geometry url="#g"/>'
        '</node><node><instance_node url="#a"/></node>',
        f"<library_geometries>{made.mesh(made.triangles())}</library_geometries>{effect}",
    )
    turning = made.animated(
        '<rotate sid="r">0 0 1 0</rotate>', "n/r.ANGLE", "0 1", "0 90", more=curve
    )
    texts = (
        made.skinned(),
        made.morphed("NORMALIZED"),
        turning,
        lit,
        made.shown(holed, points=points),
    )
    return [text.encode() for text in texts]


def stl() -> list[bytes]:
    """Return STL: binary, with colours, and ASCII."""
    from ..assets import test_read_stl as made

    coloured = made.binary(b"COLOR=\0\1\2\3", (31, 0x8000))
    return [made.binary(), coloured, (made.text("a") + made.text("b")).encode()]


def ply() -> list[bytes]:
    """Return PLY: each form, faces of one length and of several, coordinates of faces, strips."""
    from ..assets import test_read_ply as made

    vertices = ("vertex", made.XYZ, made.SQUARE)
    columns = [*made.INDICES, "list uchar float texcoord", "int texnumber"]
    mixed = ("face", columns, [[[0, 1, 2], [0.0] * 6, 0], [[0, 1, 2, 3], [0.5] * 8, 1]])
    even = ("face", made.INDICES, [[[0, 1, 2]], [[0, 2, 3]]])
    strips = ("tristrips", ["list int int vertex_indices"], [[[0, 1, 3, 2, -1, 1, 2, 3]]])
    return [
        made.ply(form, vertices, *more)
        for form in made.FORMS
        for more in ((even,), (mixed, strips))
    ]
