"""Read COLLADA (.dae), 1.4 and 1.5."""

import hashlib
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from ..refusal import refused
from ..warnings import distinct
from .assembly import Assembly
from .dae_animation import AnimationMaker
from .dae_attributes import custom
from .dae_geometry import triangle_count
from .dae_library import Library, inputs
from .dae_materials import Materials
from .dae_scene import SceneMaker
from .options import DEFAULTS, ReadOptions
from .pictures import Pictures
from .resources import Resources
from .source import Counts, Source
from .transforms import to_metres
from .xml_tree import parse_xml
from .zae import unpacked

NODES_MAX: Final = 200_000
"""Nodes after `instance_node` is followed: nested, it doubles with every level."""
KEEPS: Final[Mapping[str, str]] = {
    "nodes": "yes, instance_node too",
    "names": "yes",
    "pivots": "yes, in the transform; a sheared one is named",
    "extras": "user_properties, and what Blender writes",
    "uv": "all sets",
    "colours": "all sets",
    "tangents": "no: viewers make them",
    "skins": "yes; the four strongest influences",
    "animations": "of nodes and morph weights, curves at 30 a second; others are named",
    "morphs": "yes, positions",
    "cameras": "yes",
    "lights": "point, spot and directional; units by a rule",
    "instancing": "yes, meshes are shared",
    "materials": "the common profile by a table",
    "textures": "diffuse, emission, transparent and bump; others are named",
    "units": "yes",
    "axes": "yes",
}


def read_dae(path: Path, raw: bytes, options: ReadOptions = DEFAULTS) -> Source:
    """Read a COLLADA document and the pictures beside it, or an archive of both (.zae).

    Raises:
        SceneRefused: with a code, the file and the place.
    """
    del options  # the format says its unit and axes
    if raw[:2] != b"PK":
        return _read(path, raw)
    with unpacked(path) as document:
        found = _read(document, document.read_bytes())
    digest = hashlib.sha256(raw).hexdigest()
    return replace(found, file=path.name, size_bytes=len(raw), hashes={path.name: digest})


def _read(path: Path, raw: bytes) -> Source:
    root = parse_xml(raw, file=path.name)
    if root.tag != "COLLADA":
        raise refused(
            "scene_malformed",
            file=path.name,
            place="its root element",
            expected="<COLLADA>",
            came=f"<{root.tag[:60]}>",
            remedy="export the scene as COLLADA 1.4 or glTF 2.0",
        )
    tool = (root.findtext("asset/contributor/authoring_tool") or "").strip()
    library = Library(root, path.name, "blender" in tool.lower())
    unit_m = _unit(library)
    up = (root.findtext("asset/up_axis") or "Y_UP").strip()[:1].upper()
    resources = Resources(path, raw)
    pictures = Pictures(resources, path.parent)
    assembly = Assembly()
    scene = _shown_scene(library)
    counts = _counts(library)
    maker = SceneMaker(library, assembly, Materials(library, assembly, pictures), unit_m)
    if scene is not None:
        matrix = to_metres(unit_m, up if up in {"X", "Y", "Z"} else "Y")
        is_plain = bool(np.allclose(matrix, np.eye(4), atol=1e-12))
        name = scene.get("name") or scene.get("id") or path.stem
        maker.add(scene, None if is_plain else assembly.node(name, matrix=matrix))
    _add_clips(library, maker, assembly)
    return Source(
        file=path.name,
        format="dae",
        document=assembly.document(),
        size_bytes=resources.size_bytes,
        hashes=resources.hashes(),
        counts=counts,
        generator=tool or None,
        licence=(root.findtext("asset/contributor/copyright") or "").strip() or None,
        unit_m=unit_m,
        warnings=distinct((*library.warnings, *pictures.warnings)),
    )


def _unit(library: Library) -> float:
    element = library.root.find("asset/unit")
    text = "1" if element is None else element.get("meter", "1")
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if 1e-9 <= value <= 1e9:
        return value
    library.warn("unit_unknown", "asset/unit", f"{text[:40]!r} is no length; metres are taken")
    return 1.0


def _shown_scene(library: Library) -> ET.Element | None:
    """Return the visual scene that is shown, and name the others."""
    every = list(library.root.iter("visual_scene"))
    instance = library.root.find("scene/instance_visual_scene")
    shown = None if instance is None else library.find(instance.get("url"), "visual_scene")
    if shown is None:
        if every:
            library.warn("scene_missing", "scene", "it shows no scene; the first one is taken")
            shown = every[0]
        else:
            library.warn("scene_missing", "scene", "it has no scene: nothing is shown")
    for other in every:
        if other is not shown:
            name = other.get("name") or other.get("id", "")
            library.warn("scene_dropped", f"visual_scene {name!r}", "it is not shown; left out")
    return shown


def _add_clips(library: Library, maker: SceneMaker, assembly: Assembly) -> None:
    """Make a clip of each `<animation_clip>`; without, one of all, or of each of Blender's."""
    tops = [
        a for part in library.root.iter("library_animations") for a in part.findall("animation")
    ]
    clips: list[tuple[str | None, list[ET.Element]]] = []
    for clip in library.root.iter("animation_clip"):
        urls = [i.get("url") for i in clip.findall("instance_animation")]
        parts = [a for url in urls if (a := library.find(url, "animation")) is not None]
        clips.append((clip.get("name") or clip.get("id"), parts))
    if not clips and library.is_blender and all(a.find("animation") is not None for a in tops):
        clips = [(top.get("name") or top.get("id"), [top]) for top in tops]
    elif not clips and tops:
        only = tops[0].get("name") if len(tops) == 1 else None
        clips = [(only or "Animation", tops)]
    animator = AnimationMaker(library, maker)
    made = 0
    for name, parts in clips:
        tracks = animator.tracks(parts)
        if tracks:
            assembly.animation(tracks, name=name)
            made += 1
    for target in dict.fromkeys(animator.lost):
        message = f"what moves {target[:80]!r} is not kept: only nodes and morphs move in glTF"
        library.warn("animation_lost", f"animation of {target[:80]!r}", message)
    elements = _animations(library)
    if elements and made != elements:
        message = (
            f"its {elements} animation elements, one for a channel or an object, make {made} "
            f"{'clip' if made == 1 else 'clips'}"
        )
        library.warn("animations_joined", "library_animations", message)


def _animations(library: Library) -> int:
    """Count animation elements that hold a sampler, their own or one below."""
    return sum(a.find(".//sampler") is not None for a in library.root.iter("animation"))


def _counts(library: Library) -> Counts:
    """Count as `docs/formats.md` defines it: over all scenes of the file, instances followed."""
    root = library.root
    unique = {g.get("id", ""): triangle_count(library, g) for g in root.iter("geometry")}
    bases = {c.get("id", ""): c for c in root.iter("controller")}
    nodes = drawn = lights = cameras = with_extras = 0
    stack = [(n, 0) for s in root.iter("visual_scene") for n in s.findall("node")]
    while stack:
        element, depth = stack.pop()
        nodes += 1
        if nodes > NODES_MAX:
            raise refused(
                "scene_too_large",
                file=library.file,
                place="its nodes",
                expected=f"at most {NODES_MAX} nodes, instances counted",
                came="more",
                remedy="split the scene into several files",
            )
        with_extras += bool(custom(element))
        for child in element:
            url = child.get("url", "")[1:]
            if child.tag == "node":
                stack.append((child, depth + 1))
            elif child.tag == "instance_node" and depth < 64:
                target = library.find(child.get("url"), "node")
                stack += [] if target is None else [(target, depth + 1)]
            elif child.tag in {"instance_geometry", "instance_controller"}:
                drawn += unique.get(_base(bases, url), 0)
            lights += child.tag == "instance_light"
            cameras += child.tag == "instance_camera"
    sets = [
        [semantic for semantic, *_ in inputs(part)]
        for geometry in root.iter("geometry")
        for mesh in geometry.findall("mesh")
        for part in mesh
    ]
    return Counts(
        nodes=nodes,
        meshes=len(unique),
        triangles_unique=sum(unique.values()),
        triangles_drawn=drawn,
        materials=sum(1 for _ in root.iter("material")),
        textures=sum(1 for _ in root.iter("texture")),
        images=sum(1 for _ in root.iter("image")),
        skins=sum(1 for _ in root.iter("skin")),
        animations=_animations(library),
        morph_targets=sum(
            len(library.names(source))
            for targets in root.iter("targets")
            for semantic, source, *_ in inputs(targets)
            if semantic == "MORPH_TARGET"
        ),
        cameras=cameras,
        lights=lights,
        nodes_with_extras=with_extras,
        uv_sets=max((names.count("TEXCOORD") for names in sets), default=0),
        vertex_colour_sets=max((names.count("COLOR") for names in sets), default=0),
    )


def _base(controllers: Mapping[str, ET.Element], identifier: str) -> str:
    for _ in range(16):
        if identifier not in controllers:
            return identifier
        part = controllers[identifier].find("skin")
        part = controllers[identifier].find("morph") if part is None else part
        identifier = "" if part is None else part.get("source", "")[1:]
    return identifier
