"""Formats that only their own program can read: named, with what to export from it and how."""

import struct
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..refusal import refused

READ: Final = ".glb, .gltf, .fbx, .obj, .dae, .zae, .usd, .usda, .usdc, .usdz, .stl, .ply or .blend"

_MAYA: Final = (
    "in Maya: File > Export Selection, type FBX export, Embed Media on; or USD Export "
    "(docs/artists/maya.md)"
)
_MAX: Final = (
    "in 3ds Max: File > Export, Autodesk (*.FBX), Embed Media on; or glTF (*.GLB) from 2023 on "
    "(docs/artists/3dsmax.md)"
)
_CAD: Final = (
    "it holds curved surfaces, not triangles: open it in FreeCAD, Blender with an importer or "
    "your CAD program, and export .glb, .obj or .stl with a chord of about 1 mm"
)
_OLE: Final = bytes.fromhex("d0cf11e0a1b11ae1")
_ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class Foreign:
    """A format that is recognised and not read.

    Attributes:
        name: for people.
        suffixes: of its files.
        is_it: tells it by its first bytes, up to 64 kB of them; `None` where only the suffix does.
        remedy: what to export from its program.
        is_shared: its first bytes are those of other formats too, so the suffix must agree.
    """

    name: str
    suffixes: tuple[str, ...]
    is_it: Callable[[bytes], bool] | None
    remedy: str
    is_shared: bool = False


def _begins(*starts: bytes) -> Callable[[bytes], bool]:
    return lambda raw: raw.startswith(starts)


def _is_maya_binary(raw: bytes) -> bool:
    return raw[:4] in {b"FOR4", b"FOR8"} and b"Maya" in raw[:24]


def _is_lightwave(raw: bytes) -> bool:
    return raw[:4] == b"FORM" and raw[8:12] in {b"LWO2", b"LWO3", b"LWOB", b"LXOB"}


def _is_3ds(raw: bytes) -> bool:
    if len(raw) < 8 or raw[:2] != b"MM":
        return False
    length, child = struct.unpack("<IH", raw[2:8])
    return length >= len(raw) and child in {0x0002, 0x3D3D, 0x3D3E}


def _is_ifc(raw: bytes) -> bool:
    return raw.lstrip().startswith(b"ISO-10303-21") and b"IFC" in raw[:4096].upper()


FORMATS: Final = (
    Foreign("a Maya scene (binary)", (".mb",), _is_maya_binary, _MAYA),
    Foreign("a Maya scene (ASCII)", (".ma",), _begins(b"//Maya ASCII"), _MAYA),
    Foreign("a 3ds Max scene", (".max",), _begins(_OLE), _MAX, is_shared=True),
    Foreign(
        "a Cinema 4D scene", (".c4d",), _begins(b"QC4DC4D6", b"FOC4D"),
        "in Cinema 4D: File > Export, FBX with textures embedded, or USD",
    ),
    Foreign(
        "a SketchUp model", (".skp",), _begins(b"\xff\xfe\xff\x0eS\0k\0e\0t\0c\0h\0U\0p\0"),
        "in SketchUp: File > Export > 3D Model, .glb (2024 and later) or .dae with textures",
    ),
    Foreign(
        "a 3D Studio file (3DS)", (".3ds",), _is_3ds,
        "it splits meshes and cuts names to 10 letters: export .fbx from the original scene, or "
        "import it into Blender (with its 3DS add-on) or 3ds Max and export .glb or .fbx",
    ),
    Foreign(
        "a LightWave or Modo object", (".lwo", ".lws", ".lxo"), _is_lightwave,
        "in LightWave or Modo: export FBX with textures embedded",
    ),
    Foreign(
        "a building model (IFC)", (".ifc", ".ifczip"), _is_ifc,
        "in your BIM program, or in Blender with Bonsai: export .glb or .fbx",
    ),
    Foreign("a CAD model (STEP)", (".step", ".stp"), _begins(b"ISO-10303-21"), _CAD),
    Foreign("a CAD model (IGES)", (".igs", ".iges"), None, _CAD),
    Foreign("a drawing of AutoCAD", (".dwg", ".dxf"), _begins(b"AC10"), _CAD),
    Foreign(
        "a CAD model", (".sldprt", ".sldasm", ".ipt", ".iam", ".prt", ".jt", ".x_t", ".x_b",
                        ".catpart", ".catproduct", ".f3d", ".sat"), None, _CAD,
    ),
    Foreign(
        "a Revit model", (".rvt", ".rfa"), _begins(_OLE),
        "in Revit: File > Export > FBX from a 3D view, or link it into 3ds Max and export from "
        "there", is_shared=True,
    ),
    Foreign(
        "a Rhino model", (".3dm",), _begins(b"3D Geometry File Format"),
        "in Rhino: export .glb or .fbx; the meshing settings decide how smooth it is",
    ),
    Foreign(
        "an Alembic cache", (".abc",), _begins(b"Ogawa"),
        "it holds moving points without materials: export .glb, .fbx or .usdc instead",
    ),
    Foreign(
        "a Houdini scene", (".hip", ".hipnc", ".hiplc", ".bgeo"), None,
        "in Houdini: export USD (.usdc), glTF (.glb) or FBX",
    ),
    Foreign(
        "a ZBrush file", (".ztl", ".zpr", ".zbr"), None,
        "in ZBrush: FBX ExportImport, or export .obj, from a lower subdivision level",
    ),
    Foreign(
        "an Unreal asset", (".uasset", ".umap"), _begins(b"\xc1\x83\x2a\x9e"),
        "in Unreal: right-click the asset, Asset Actions > Export, .fbx or .glb",
    ),
    Foreign(
        "a Unity asset", (".unitypackage", ".prefab", ".unity"), None,
        "in Unity: export the model with the FBX Exporter, or take the .fbx it was made from",
    ),
    Foreign(
        "a VRML or X3D world", (".wrl", ".vrml", ".x3d", ".x3dv"), _begins(b"#VRML", b"#X3D"),
        "import it into Blender or MeshLab and export .glb",
    ),
    Foreign("a DirectX mesh", (".x",), _begins(b"xof 0"), "import it into Blender and export .glb"),
    Foreign("a model of MikuMikuDance", (".pmx", ".pmd"), _begins(b"PMX ", b"Pmd"),
            "import it into Blender with mmd_tools and export .glb"),
    Foreign("a voxel model", (".vox",), _begins(b"VOX "), "in MagicaVoxel: export .obj or .ply"),
    Foreign("a 3D printing file (3MF)", (".3mf",), _begins(*_ZIP),
            "export .stl or, to keep colours, .glb or .ply", is_shared=True),
    Foreign("a Google Earth model (KMZ)", (".kmz",), _begins(*_ZIP),
            "unpack it; the .dae inside can be read", is_shared=True),
    Foreign(
        "a picture", (".png", ".jpg", ".jpeg", ".webp", ".tga", ".psd", ".exr", ".hdr"),
        _begins(b"\x89PNG", b"\xff\xd8\xff", b"8BPS", b"v/1\x01", b"#?RADIANCE"),
        "name the scene that uses it",
    ),
    Foreign(
        "an archive", (".zip", ".rar", ".7z", ".gz", ".tar"),
        _begins(*_ZIP, b"Rar!", b"7z\xbc\xaf\x27\x1c", b"\x1f\x8b"),
        "unpack it and name the scene file inside",
    ),
)  # fmt: skip
"""The more special before the more general: IFC is written in STEP, and USDZ in zip."""


def foreign_format(path: Path, raw: bytes) -> Foreign | None:
    """Tell a format that is not read: by content, then by the file's suffix."""
    suffix = path.suffix.lower()
    for known in FORMATS:
        is_like = known.is_it is not None and known.is_it(raw)
        if is_like and (not known.is_shared or suffix in known.suffixes):
            return known
    return next((f for f in FORMATS if raw and suffix in f.suffixes), None)


def refuse_foreign(path: Path, raw: bytes) -> None:
    """Refuse a file of a known program, saying what to export from it.

    Raises:
        SceneRefused: `scene_format_foreign`.
    """
    known = foreign_format(path, raw)
    if known is not None:
        raise refused(
            "scene_format_foreign",
            file=path.name,
            place="byte 0",
            expected=READ,
            came=known.name,
            remedy=known.remedy,
        )
