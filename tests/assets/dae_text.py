"""COLLADA documents as text, for the tests of its reader."""
# ruff: noqa: E501 (XML reads better whole)

from pathlib import Path

from branchxr_assets.document import Document, Json
from branchxr_assets.readers import Source, read

IDENTITY = "1 0 0 0 0 1 0 0 0 0 1 0 0 0 0 1"


def floats(identifier: str, values: str, stride: int, params: str = "") -> str:
    count = len(values.split())
    named = "".join(f'<param name="{p}" type="float"/>' for p in params)
    return (
        f'<source id="{identifier}"><float_array id="{identifier}-a" count="{count}">{values}'
        f'</float_array><technique_common><accessor source="#{identifier}-a" '
        f'count="{count // stride}" stride="{stride}">{named}</accessor></technique_common></source>'
    )


def words(identifier: str, values: str, kind: str = "Name") -> str:
    return f'<source id="{identifier}"><{kind}_array id="{identifier}-a">{values}</{kind}_array></source>'


def mesh(
    body: str, points: str = "0 0 0 1 0 0 1 1 0 0 1 0", more: str = "", name: str = "g"
) -> str:
    return (
        f'<geometry id="{name}" name="{name} mesh"><mesh>{floats(name + "-p", points, 3, "XYZ")}'
        f'{more}<vertices id="{name}-v"><input semantic="POSITION" source="#{name}-p"/></vertices>'
        f"{body}</mesh></geometry>"
    )


def triangles(p: str = "0 1 2 0 2 3", name: str = "g", material: str = "m", more: str = "") -> str:
    return (
        f'<triangles material="{material}" count="2"><input semantic="VERTEX" source="#{name}-v" '
        f'offset="0"/>{more}<p>{p}</p></triangles>'
    )


def document(nodes: str, libraries: str = "", asset: str = "", version: str = "1.4.1") -> str:
    return (
        f'<?xml version="1.0"?><COLLADA xmlns="http://www.collada.org/2005/11/COLLADASchema" '
        f'version="{version}"><asset>{asset}</asset>{libraries}<library_visual_scenes>'
        f'<visual_scene id="s" name="Сцена">{nodes}</visual_scene></library_visual_scenes>'
        '<scene><instance_visual_scene url="#s"/></scene></COLLADA>'
    )


def scene(folder: Path, text: str | bytes, name: str = "scene.dae") -> Source:
    (folder / name).write_bytes(text.encode() if isinstance(text, str) else text)
    return read(folder / name)


def shown(body: str, **more: str) -> str:
    node = '<node id="n" name="Касса/1"><instance_geometry url="#g"/></node>'
    return document(node, f"<library_geometries>{mesh(body, **more)}</library_geometries>")


def codes(source: Source) -> set[str]:
    return {warning.code for warning in source.warnings}


def named(made: Document, name: str) -> Json:
    return next(node for node in made.listed("nodes") if node.get("name") == name)


VERTEX = '<input semantic="VERTEX" source="#g-v" offset="0"/>'


def skinned(joints: str = "hip knee", nodes: str = "") -> str:
    controller = (
        '<library_controllers><controller id="c" name="rig"><skin source="#g">'
        "<bind_shape_matrix>1 0 0 10 0 1 0 0 0 0 1 0 0 0 0 1</bind_shape_matrix>"
        + words("j", joints)
        + floats("b", "1 0 0 -10 0 1 0 0 0 0 1 0 0 0 0 1 " + IDENTITY, 16)
        + floats("w", "1 0.5 0.25", 1)
        + '<joints><input semantic="JOINT" source="#j"/><input semantic="INV_BIND_MATRIX" source="#b"/>'
        '</joints><vertex_weights count="4"><input semantic="JOINT" source="#j" offset="0"/>'
        '<input semantic="WEIGHT" source="#w" offset="1"/><vcount>1 2 1 5</vcount>'
        "<v>0 0 0 1 1 1 1 0 0 2 0 2 1 2 1 2 1 2</v></vertex_weights></skin></controller>"
        "</library_controllers>"
    )
    tree = nodes or (
        '<node id="h" sid="hip" name="Hip"><translate>10 0 0</translate>'
        '<node id="k" sid="knee" name="Knee"/></node>'
    )
    return document(
        tree
        + '<node name="body"><instance_controller url="#c"><skeleton>#h</skeleton></instance_controller></node>',
        f"<library_geometries>{mesh(triangles())}</library_geometries>{controller}",
    )


def animated(
    stack: str,
    target: str,
    times: str,
    values: str,
    stride: int = 1,
    more: str = "",
    clips: str = "",
) -> str:
    animation = (
        '<library_animations><animation id="an" name="Swing">'
        + floats("ai", times, 1)
        + floats("ao", values, stride)
        + more
        + '<sampler id="as"><input semantic="INPUT" source="#ai"/><input semantic="OUTPUT" source="#ao"/>'
        + "".join(
            f'<input semantic="{semantic}" source="#{name}"/>'
            for semantic, name in (
                ("INTERPOLATION", "ak"),
                ("IN_TANGENT", "at"),
                ("OUT_TANGENT", "au"),
            )
            if f'id="{name}"' in more
        )
        + f'</sampler><channel source="#as" target="{target}"/></animation></library_animations>{clips}'
    )
    return document(f'<node id="n" name="door">{stack}</node>', animation)


def morphed(method: str) -> str:
    geometries = mesh(triangles()) + mesh(
        triangles(name="t"), points="0 0 1 1 0 0 1 1 0 0 1 0", name="t"
    )
    controller = (
        f'<library_controllers><controller id="c"><morph source="#g" method="{method}">'
        + words("mt", "t", "IDREF")
        + floats("mw", "0.25", 1)
        + '<targets><input semantic="MORPH_TARGET" source="#mt"/><input semantic="MORPH_WEIGHT" '
        'source="#mw"/></targets></morph></controller></library_controllers>'
    )
    animation = (
        '<library_animations><animation name="Smile">'
        + floats("ai", "0 1", 1)
        + floats("ao", "0 1", 1)
        + '<sampler id="as"><input semantic="INPUT" source="#ai"/><input semantic="OUTPUT" source="#ao"/>'
        '</sampler><channel source="#as" target="mw(0)"/></animation></library_animations>'
    )
    return document(
        '<node name="face"><instance_controller url="#c"/></node>',
        f"<library_geometries>{geometries}</library_geometries>{controller}{animation}",
    )
