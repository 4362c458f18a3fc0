"""USD layers as text, read by the reader itself, for the tests of its parts."""

import io
import re
from pathlib import Path
from typing import Any

from PIL import Image

from branchxr_assets.readers import Source
from branchxr_assets.readers.usd.stage import convert

QUAD = """
    point3f[] points = [(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)]
    int[] faceVertexCounts = [4]
    int[] faceVertexIndices = [0, 1, 2, 3]
    uniform token subdivisionScheme = "none"
"""


HEAD = 'metersPerUnit = 1\n upAxis = "Y"'


_STATEMENT = re.compile(
    r"[ \t]+((?:(?:custom|uniform|prepend) )*(?:def|class|rel|float[234]?|double[234]?|int|bool"
    r"|token|string|asset|color3f|color4f|normal3f|matrix4d|half3|quatf|dictionary|variants|references"
    r"|payload|variantSets|apiSchemas|instanceable|variantSet)\b)"
)


def usda(body: str, head: str = HEAD) -> str:
    """Write each statement on its own line, as USD's text wants it; tests may be shorter."""
    body = re.sub(r"\s+\( (interpolation|elementSize)", r" ( \1", body)
    body = _STATEMENT.sub(r"\n\1", body.replace("{", "{\n").replace("}", "\n}\n"))
    return f"#usda 1.0\n(\n{head}\n)\n{body}\n"


def scene(folder: Path, body: str, head: str = HEAD) -> Source:
    path = folder / "scene.usda"
    path.write_text(usda(body, head), encoding="utf-8")
    return convert(path)


def codes(source: Source) -> list[str]:
    return [warning.code for warning in source.warnings]


def node(source: Source, name: str) -> dict[str, Any]:
    return next(n for n in source.document.listed("nodes") if n.get("name") == name)


def attribute(source: Source, name: str, *, mesh: int = 0, primitive: int = 0) -> Any:
    item = source.document.listed("meshes")[mesh]["primitives"][primitive]
    return source.document.accessors[item["attributes"][name]].values


def track(source: Source, name: str, path: str, clip: int = 0) -> tuple[Any, Any]:
    animation = source.document.listed("animations")[clip]
    wanted = {"node": source.document.listed("nodes").index(node(source, name)), "path": path}
    channel = next(c for c in animation["channels"] if c["target"] == wanted)
    sampler = animation["samplers"][channel["sampler"]]
    accessors = source.document.accessors
    return accessors[sampler["input"]].values[:, 0], accessors[sampler["output"]].values


# ---------------------------------------------------------------- materials


def material(shader: str, *others: str, bind: str = "") -> str:
    return f"""def Mesh "Floor" ( prepend apiSchemas = ["MaterialBindingAPI"] ) {{ {QUAD}
        texCoord2f[] primvars:second = [(0, 0), (1, 0), (1, 1), (0, 1)]
            ( interpolation = "vertex" )
        texCoord2f[] primvars:st = [(0, 0), (1, 0), (1, 1), (0, 1)] ( interpolation = "vertex" )
        rel material:binding = </M>
        {bind} }}
    def Material "M" {{
        custom string userProperties:stock = "oak"
        token outputs:surface.connect = </M/S.outputs:surface>
        def Shader "S" {{ uniform token info:id = "UsdPreviewSurface"
            {shader}
            token outputs:surface }}
        {" ".join(others)} }}"""


def texture(name: str, file: str, more: str = "", st: str = "") -> str:
    return f"""def Shader "{name}" {{ uniform token info:id = "UsdUVTexture"
        asset inputs:file = @{file}@ {more} {st}
        float3 outputs:rgb float outputs:r float outputs:g float outputs:b float outputs:a }}"""


def picture(path: Path, colour: tuple[int, ...]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGBA" if len(colour) == 4 else "RGB", (4, 2), colour).save(path)


def pixel(source: Source, slot: dict[str, Any]) -> tuple[int, ...]:
    image = source.document.listed("textures")[slot["index"]]["source"]
    with Image.open(io.BytesIO(source.document.images[image])) as opened:
        found: Any = opened.convert("RGBA").getpixel((0, 0))
        return tuple(found)


# ---------------------------------------------------------------- skeletons

SKEL = """def SkelRoot "Person" {
    def Skeleton "Rig" ( prepend apiSchemas = ["SkelBindingAPI"] ) {
        uniform token[] joints = ["Hip", "Hip/Head"]
        uniform matrix4d[] bindTransforms = [
            ((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,1,0,1)),
            ((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,2,0,1))]
        uniform matrix4d[] restTransforms = [
            ((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,1,0,1)),
            ((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,1,0,1))]
        rel skel:animationSource = </Person/Rig/Nod>
        def SkelAnimation "Nod" {
            uniform token[] joints = ["Hip/Head"]
            float3[] translations = [(0, 1, 0)]
            quatf[] rotations.timeSamples = { 0: [(1,0,0,0)], 10: [(0.7071068,0,0,0.7071068)] }
            half3[] scales = [(1, 1, 1)]
            uniform token[] blendShapes = ["Smile", "Other"]
            float[] blendShapeWeights.timeSamples = { 0: [0, 0], 10: [1, 0] } } }
    def SkelAnimation "Library" {
        uniform token[] joints = ["Hip", "Hip/Head"]
        float3[] translations.timeSamples = { 0: [(0,1,0),(0,1,0)], 5: [(0,2,0),(0,1,0)] }
        quatf[] rotations = [(1,0,0,0), (1,0,0,0)]
        half3[] scales = [(1, 1, 1), (1, 1, 1)] }
    def Mesh "Body" ( prepend apiSchemas = ["SkelBindingAPI"] ) { QUAD
        rel skel:skeleton = </Person/Rig>
        matrix4d primvars:skel:geomBindTransform = ((1,0,0,0), (0,1,0,0), (0,0,1,0), (0,0,3,1))
        int[] primvars:skel:jointIndices = [0,1,0,1,0, 1,0,0,0,0, 1,0,0,0,0, 0,0,0,0,0]
            ( elementSize = 5; interpolation = "vertex" )
        float[] primvars:skel:jointWeights = [0.2,0.2,0.2,0.2,0.2, 1,0,0,0,0, 2,0,0,0,0,
            1,0,0,0,0] ( elementSize = 5; interpolation = "vertex" )
        uniform token[] skel:blendShapes = ["Smile"]
        rel skel:blendShapeTargets = </Person/Body/Smile>
        def BlendShape "Smile" {
            uniform int[] pointIndices = [2]
            uniform vector3f[] offsets = [(0, 0, 4)]
            uniform vector3f[] inbetweens:half = [(0, 0, 3)] ( weight = 0.5 ) } }
}""".replace("QUAD", QUAD)


TIMES = f"{HEAD}\n startTimeCode = 0\n endTimeCode = 10\n timeCodesPerSecond = 10"


IDENTITY = "((1, 0, 0, 0), (0, 1, 0, 0), (0, 0, 1, 0), (0, 0, 0, 1))"
