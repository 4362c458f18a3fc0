"""What a user's Blender runs for us: open a scene, count it, and write it as a GLB.

This file is never imported by the project: Blender's own Python runs it, over files
(`python in_blender.py -- SOURCE FOLDER`, or `blender --python in_blender.py -- SOURCE FOLDER`).
It writes `scene.glb` and `answer.json` into FOLDER.
"""

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

bpy: Any = importlib.import_module("bpy")

EXPORT = {
    "export_format": "GLB",
    "export_extras": True,
    "export_lights": True,
    "export_cameras": True,
    "export_apply": False,  # modifiers are applied below: this would drop all shape keys
    "export_yup": True,
    "export_animations": True,
    "export_image_format": "AUTO",
}
KEPT_MODIFIERS = {"ARMATURE"}
warnings: list[dict[str, str]] = []


def warn(code: str, path: str, message: str) -> None:
    """Remember what an artist should know."""
    warnings.append({"code": code, "path": path, "message": message})


def open_scene(source: str) -> None:
    """Open a .blend without running anything in it, or import an FBX into an empty scene."""
    if source.lower().endswith(".fbx"):
        bpy.ops.wm.read_factory_settings(use_empty=True)
        if "fbx_import" in dir(bpy.ops.wm):
            bpy.ops.wm.fbx_import(filepath=source)
        else:
            bpy.ops.preferences.addon_enable(module="io_scene_fbx")
            bpy.ops.import_scene.fbx(filepath=source)
        return
    bpy.context.preferences.filepaths.use_scripts_auto_execute = False
    bpy.ops.wm.open_mainfile(filepath=source, load_ui=False, use_scripts=False)


def stay_inside(folder: str) -> None:
    """Let go of pictures and libraries that lie outside the scene's folder."""
    folder = os.path.realpath(folder)

    def is_outside(path: str, library: Any = None) -> bool:
        real = os.path.realpath(bpy.path.abspath(path, library=library))
        return os.path.commonpath([folder, real]) != folder if real.startswith(os.sep) else True

    for library in list(bpy.data.libraries):
        if is_outside(library.filepath):
            warn(
                "blend_library_outside",
                library.name,
                f"{library.filepath!r} lies outside the scene's folder; what is linked from it is "
                "left out: put it beside the scene, or make it local",
            )
            bpy.data.libraries.remove(library)
    for image in list(bpy.data.images):
        if image.source not in {"FILE", "TILED", "SEQUENCE", "MOVIE"} or image.packed_file:
            continue
        if image.filepath and is_outside(image.filepath, image.library):
            warn(
                "image_outside",
                image.name,
                f"{image.filepath!r} lies outside the scene's folder and was not read; pack it "
                "(File > External Data > Pack Resources)",
            )
            bpy.data.images.remove(image)
        elif image.filepath and not Path(bpy.path.abspath(image.filepath)).exists():
            warn("image_missing", image.name, f"{image.filepath!r} was not found; pack it")


def apply_modifiers() -> None:
    """Make meshes what their modifiers show; armatures stay, and so do shape keys."""
    for made in list(bpy.context.scene.objects):
        if made.type != "MESH" or made.library:
            continue
        active = [m for m in made.modifiers if m.show_viewport and m.type not in KEPT_MODIFIERS]
        if not active:
            continue
        if made.data.shape_keys:
            names = ", ".join(m.name for m in active)
            warn("blend_modifiers", made.name, f"it has shape keys, so {names} is not applied")
            continue
        armatures = [m for m in made.modifiers if m.type in KEPT_MODIFIERS and m.show_viewport]
        for modifier in armatures:
            modifier.show_viewport = False
        graph = bpy.context.evaluated_depsgraph_get()
        evaluated = made.evaluated_get(graph)
        mesh = bpy.data.meshes.new_from_object(
            evaluated, preserve_all_data_layers=True, depsgraph=graph
        )
        mesh.name = made.data.name
        for key in made.data.keys():  # noqa: SIM118 - Blender's own mapping
            mesh[key] = made.data[key]
        made.data = mesh
        for modifier in active:
            made.modifiers.remove(modifier)
        for modifier in armatures:
            modifier.show_viewport = True


def keep_area_lights() -> None:
    """Write lights that glTF does not have into custom properties, which it does."""
    for made in bpy.context.scene.objects:
        if made.type == "LIGHT" and made.data.type == "AREA":
            light = made.data
            made["light"] = {
                "type": "AREA",
                "shape": light.shape,
                "size": light.size,
                "size_y": light.size_y,
                "color": list(light.color),
                "energy_w": light.energy,
            }
            message = "glTF has no area light; it is kept as data in the extras, key 'light'"
            warn("light_kept_as_data", made.name, message)


def say_hidden() -> None:
    """Name meshes that are hidden: they are in the GLB all the same."""
    for made in bpy.context.scene.objects:
        if made.type == "MESH" and (made.hide_viewport or made.hide_get()):
            message = (
                "it is hidden in the file and shown all the same; delete it there if it is not "
                "wanted"
            )
            warn("node_hidden", made.name, message)


def counts() -> dict[str, int]:
    """Count the scene as Blender holds it."""
    scene = bpy.context.scene
    objects = list(scene.objects)
    triangles: dict[str, int] = {}
    uv_sets = colour_sets = 0

    def of(made: Any) -> int:
        if made.type != "MESH":
            return 0
        mesh = made.data
        if mesh.name_full not in triangles:
            triangles[mesh.name_full] = sum(len(p.vertices) - 2 for p in mesh.polygons)
        return triangles[mesh.name_full]

    def drawn_by(made: Any, depth: int = 0) -> int:
        total = of(made)
        if made.instance_type == "COLLECTION" and made.instance_collection and depth < 16:
            total += sum(drawn_by(o, depth + 1) for o in made.instance_collection.all_objects)
        return total

    drawn = sum(map(drawn_by, objects))
    for mesh in bpy.data.meshes:
        if mesh.name_full in triangles:
            uv_sets = max(uv_sets, len(mesh.uv_layers))
            colour_sets = max(colour_sets, len(getattr(mesh, "color_attributes", ())))
    meshes = {m.name_full: m for m in bpy.data.meshes}
    shapes = {m.shape_keys for name, m in meshes.items() if name in triangles and m.shape_keys}
    images = [i for i in bpy.data.images if i.source in {"FILE", "TILED"}]
    textures = {
        node.image.name_full
        for material in bpy.data.materials
        if getattr(material, "node_tree", None)
        for node in material.node_tree.nodes
        if node.type == "TEX_IMAGE" and node.image
    }
    return {
        "nodes": len(objects),
        "meshes": len(triangles),
        "triangles_unique": sum(triangles.values()),
        "triangles_drawn": drawn,
        "materials": len(bpy.data.materials),
        "textures": len(textures),
        "images": len(images),
        "skins": sum(o.type == "ARMATURE" for o in objects),
        "animations": len(bpy.data.actions),
        "morph_targets": sum(len(k.key_blocks) - 1 for k in shapes),
        "cameras": sum(o.type == "CAMERA" for o in objects),
        "lights": sum(o.type == "LIGHT" for o in objects),
        "nodes_with_extras": sum(any(not k.startswith("_") for k in dict(o)) for o in objects),
        "uv_sets": uv_sets,
        "vertex_colour_sets": colour_sets,
    }


def export(path: str) -> None:
    """Write the GLB, with those options that this Blender knows."""
    known = bpy.ops.export_scene.gltf.get_rna_type().properties.keys()
    options = {key: value for key, value in EXPORT.items() if key in known}
    bpy.ops.export_scene.gltf(filepath=path, **options)


def main() -> None:
    """Do what the command line asks and write the answer, whatever happens."""
    source, folder = sys.argv[sys.argv.index("--") + 1 :][:2]
    answer: dict[str, Any] = {"blender": bpy.app.version_string}
    try:
        open_scene(source)
        units = bpy.context.scene.unit_settings
        is_fbx = source.lower().endswith(".fbx")
        answer["unit_m"] = 1.0 if is_fbx or units.system == "NONE" else units.scale_length
        stay_inside(str(Path(source).parent))
        apply_modifiers()
        answer["counts"] = counts()
        say_hidden()
        keep_area_lights()
        export(str(Path(folder) / "scene.glb"))
    except (RuntimeError, OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        last = str(error).strip().splitlines()[-1:]  # Blender puts a whole traceback into one
        answer["failure"] = f"{type(error).__name__}: {' '.join(last)}"[-500:]
    answer["warnings"] = warnings
    (Path(folder) / "answer.json").write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main()
