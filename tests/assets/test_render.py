"""Pictures without a graphics processor: what covers what, and in which colour."""

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from branchxr.errors import InputRefused
from branchxr_assets.document import Document
from branchxr_assets.readers import read
from branchxr_assets.render import (
    Camera,
    Lighting,
    camera_of_node,
    render,
    render_windows,
    soup,
    view_from,
)
from branchxr_assets.render.camera import camera_paths

QUAD = [[-1, -1, 0], [1, -1, 0], [1, 1, 0], [-1, 1, 0]]
FACES = [[0, 1, 2], [0, 2, 3]]
UV = [[0, 1], [1, 1], [1, 0], [0, 0]]
EVEN = Lighting(own=False)


def facing(away: float = 3.0) -> Camera:
    """Return an eye on +Z that sees two metres at the origin, in parallel projection."""
    world = np.eye(4)
    world[2, 3] = away
    return Camera(world, None, height_m=2.0, near_m=0.1)


def unlit(*colour: float, **more: Any) -> dict[str, Any]:
    pbr = {"baseColorFactor": list(colour)}
    return {"pbrMetallicRoughness": pbr, "extensions": {"KHR_materials_unlit": {}}, **more}


def document(maker: Any) -> Document:
    return read(maker.save()).document


def taken(maker: Any, camera: Camera | None = None, size: tuple[int, int] = (32, 32)) -> np.ndarray:
    return render([document(maker)], camera or facing(), size, EVEN).astype(int)


def quad(maker: Any, material: int, z: float = 0, **node: Any) -> int:
    points = np.array(QUAD, float) + np.array([0, 0, z])
    mesh = maker.mesh(points, FACES, material=material, attributes={"TEXCOORD_0": maker.array(UV)})
    return maker.node(mesh=mesh, **node)


def image(maker: Any, pixels: Any) -> dict[str, int]:
    """Add a texture of the given `(h, w, 3 or 4)` pixels, without wrapping at its edges."""
    raw = io.BytesIO()
    Image.fromarray(np.array(pixels, np.uint8)).save(raw, "PNG")
    root = maker.root
    images = root.setdefault("images", [])
    images.append({"bufferView": maker.view(raw.getvalue()), "mimeType": "image/png"})
    root.setdefault("samplers", [{"wrapS": 33071, "wrapT": 33071}])
    root.setdefault("textures", []).append({"source": len(images) - 1, "sampler": 0})
    return {"index": len(root["textures"]) - 1}


def test_nothing_is_a_picture_of_the_sky() -> None:
    found = render([Document({})], facing(), (8, 4))
    assert found.shape == (4, 8, 3)
    assert (found == found[0, 0]).all()


def test_the_nearer_one_is_seen_whatever_the_order(maker: Any) -> None:
    maker.root["materials"] = [unlit(1, 0, 0, 1), unlit(0, 0, 1, 1)]
    quad(maker, 0, z=1)
    quad(maker, 1)
    assert taken(maker)[16, 16, 1:].tolist() == [0, 0]
    maker.root["nodes"].reverse()
    assert taken(maker)[16, 16, 0] > 200


def test_back_faces_are_left_out_unless_the_material_is_double_sided(maker: Any) -> None:
    maker.root["materials"] = [unlit(1, 0, 0, 1)]
    quad(maker, 0, rotation=[0, 1, 0, 0])
    sky = taken(maker)[0, 0].tolist()
    assert taken(maker)[16, 16].tolist() == sky
    maker.root["materials"][0]["doubleSided"] = True
    assert taken(maker)[16, 16].tolist() != sky
    maker.root["materials"][0]["doubleSided"] = False
    maker.root["nodes"][0]["scale"] = [-1, 1, 1]  # a mirror turns the winding again
    assert taken(maker)[16, 16].tolist() == sky
    del maker.root["nodes"][0]["rotation"]
    assert taken(maker)[16, 16].tolist() != sky


def test_a_texture_lies_as_gltf_says(maker: Any) -> None:
    texture = image(maker, [[[255, 0, 0], [0, 255, 0]], [[0, 0, 255], [255, 255, 255]]])
    material = unlit(1, 1, 1, 1)
    material["pbrMetallicRoughness"]["baseColorTexture"] = texture
    maker.root["materials"] = [material]
    quad(maker, 0)
    found = taken(maker)
    assert found[2, 2].argmax() == 0  # u = v = 0 is the upper left of the image
    assert found[2, 29].argmax() == 1
    assert found[29, 2].argmax() == 2
    assert found[29, 29].min() > 200
    move = {"KHR_texture_transform": {"offset": [0.5, 0]}}
    texture["extensions"] = move
    assert taken(maker)[2, 2].argmax() == 1


def test_perspective_does_not_bend_a_texture(maker: Any) -> None:
    """On a floor that runs away from the eye, a texture's middle is far above its outline's."""
    texture = image(maker, [[[255, 0, 0]] * 2] * 32 + [[[0, 0, 255]] * 2] * 32)
    material = unlit(1, 1, 1, 1, doubleSided=True)
    material["pbrMetallicRoughness"]["baseColorTexture"] = texture
    maker.root["materials"] = [material]
    points = [[-1, 0, -1], [1, 0, -1], [1, 0, -9], [-1, 0, -9]]
    maker.node(mesh=maker.mesh(points, FACES, material=0, attributes={
        "TEXCOORD_0": maker.array(UV)}))  # fmt: skip
    world = np.eye(4)
    world[1, 3] = 1.0
    found = taken(maker, Camera(world, np.pi / 2), (64, 64))[:, 32]
    edge = int(np.flatnonzero((found.argmax(axis=1) == 2) & (found[:, 1] < 60))[0])
    # The border lies at z = -5: a fifth of the half height below the horizon.
    assert edge == pytest.approx(32 + 32 / 5, abs=1.5)


def test_a_mask_lets_through_what_lies_behind(maker: Any) -> None:
    holes = [[[255, 255, 255, 255], [255, 255, 255, 0]]] * 2
    material = unlit(1, 0, 0, 1, alphaMode="MASK", alphaCutoff=0.5)
    material["pbrMetallicRoughness"]["baseColorTexture"] = image(maker, holes)
    maker.root["materials"] = [material, unlit(0, 0, 1, 1)]
    quad(maker, 0, z=1)
    quad(maker, 1)
    found = taken(maker)
    assert found[16, 4].argmax() == 0
    assert found[16, 28].argmax() == 2


def test_blended_layers_are_laid_from_behind(maker: Any) -> None:
    maker.root["materials"] = [
        unlit(1, 0, 0, 0.5, alphaMode="BLEND"),
        unlit(0, 1, 0, 0.5, alphaMode="BLEND"),
        unlit(0, 0, 1, 1),
    ]
    quad(maker, 0, z=1)
    quad(maker, 1, z=0.5)
    quad(maker, 2)
    red, green, blue = taken(maker)[16, 16]
    linear = [((v / 255 + 0.055) / 1.055) ** 2.4 for v in (red, green, blue)]
    assert linear == pytest.approx([0.5, 0.25, 0.25], abs=0.02)


def test_what_passes_through_the_eye_is_clipped(maker: Any) -> None:
    maker.root["materials"] = [unlit(1, 0, 0, 1, doubleSided=True)]
    points = [[-50, -1, 50], [50, -1, 50], [50, -1, -50], [-50, -1, -50]]
    maker.node(mesh=maker.mesh(points, FACES, material=0))
    found = taken(maker, Camera(np.eye(4), np.pi / 2))
    assert (found[20:, :, 1] == 0).all()  # the floor fills the lower half
    assert (found[:15, :, 1] > 0).all()


def test_a_cut_opens_a_room(maker: Any) -> None:
    maker.root["materials"] = [unlit(1, 0, 0, 1), unlit(0, 0, 1, 1)]
    maker.node(mesh=maker.box((2, 0.1, 2), material=0))
    maker.node(mesh=maker.box((2, 0.1, 2), material=1), translation=[0, 3, 0])
    box = np.array([[-1, 0, -1], [1, 3, 1]])
    assert taken(maker, view_from("top", box, size=(32, 32)))[16, 16].argmax() == 2
    cut = view_from("top", box, size=(32, 32), cut_m=2)
    assert taken(maker, cut)[16, 16].argmax() == 0


@pytest.mark.parametrize("side", ["top", "front", "corner"])
@pytest.mark.parametrize("size", [(96, 48), (48, 96)])
def test_a_view_shows_the_whole_box_and_little_more(
    maker: Any, side: Any, size: tuple[int, int]
) -> None:
    maker.root["materials"] = [unlit(1, 0, 0, 1)]
    maker.node(mesh=maker.box((8, 2, 3), material=0), translation=[5, 1, -7])
    box = np.array([[1.0, 0.0, -8.5], [9.0, 2.0, -5.5]])
    found = taken(maker, view_from(side, box, size=size), size)[:, :, 1] < 100
    edges = np.concatenate([found[0], found[-1], found[:, 0], found[:, -1]])
    assert not edges.any()
    wide, high = found.any(axis=0).mean(), found.any(axis=1).mean()
    assert max(wide, high) > 0.85
    left, right = np.flatnonzero(found.any(axis=0))[[0, -1]]
    assert left + right == pytest.approx(size[0] - 1, abs=4)


def test_a_camera_of_the_scene(maker: Any) -> None:
    maker.root["cameras"] = [{"type": "perspective", "perspective": {"yfov": 0.8, "znear": 0.1}}]
    base = maker.node(name="Rig", translation=[0, 0, 4], scale=[2, 2, 2])
    maker.node(base, name="Eye", camera=0)
    maker.root["materials"] = [unlit(1, 0, 0, 1)]
    quad(maker, 0)
    scene = document(maker)
    assert camera_paths(scene) == ["Rig/Eye"]
    for path in ("Rig", "Rig/Eye"):
        camera = camera_of_node(scene, path)
        assert camera is not None
        assert camera.yfov == 0.8
        assert render([scene], camera, (16, 16))[8, 8, 1] == 0
    assert camera_of_node(scene, "Ri") is None


def test_morphs_skins_and_instances_stand_in_rest_pose(maker: Any) -> None:
    maker.root["materials"] = [unlit(1, 0, 0, 1)]
    node = quad(maker, 0)
    mesh = maker.root["meshes"][0]
    mesh["primitives"][0]["targets"] = [{"POSITION": maker.array([[9, 0, 0]] * 4)}]
    assert taken(maker)[16, 16, 1] == 0
    maker.root["nodes"][node]["weights"] = [1.0]
    assert taken(maker)[16, 16, 1] > 0
    del mesh["primitives"][0]["targets"], maker.root["nodes"][node]["weights"]
    maker.root["nodes"][node]["extensions"] = {
        "EXT_mesh_gpu_instancing": {
            "attributes": {
                "TRANSLATION": maker.array([[-0.75, 0, 0], [0.75, 0, 0]]),
                "SCALE": maker.array([[0.2, 0.2, 0.2]] * 2),
            }
        }
    }
    maker.root["extensionsUsed"] = ["EXT_mesh_gpu_instancing"]
    found = taken(maker)[16, :, 1]
    assert (found[4] == 0, found[16] > 0, found[28] == 0) == (True, True, True)


def test_a_normal_map_bends_the_light(maker: Any) -> None:
    material = {"pbrMetallicRoughness": {"metallicFactor": 0}}
    maker.root["materials"] = [material]
    quad(maker, 0)
    flat = taken(maker)[16, 16].sum()
    material["normalTexture"] = image(maker, [[[128, 230, 180]] * 2] * 2)  # leaning up, to the sky
    up = taken(maker)[16, 16].sum()
    maker.root["images"] = []
    maker.root["textures"] = []
    material["normalTexture"] = image(maker, [[[128, 26, 180]] * 2] * 2)
    assert taken(maker)[16, 16].sum() < flat < up


def test_own_lights_light_the_near_side(maker: Any) -> None:
    maker.root["extensionsUsed"] = ["KHR_lights_punctual"]
    light = {"type": "point", "intensity": 10}
    maker.root["extensions"] = {"KHR_lights_punctual": {"lights": [light]}}
    maker.root["materials"] = [{"pbrMetallicRoughness": {"metallicFactor": 0}}]
    quad(maker, 0)
    lamp = {"KHR_lights_punctual": {"light": 0}}
    maker.node(translation=[-0.8, 0, 0.5], extensions=lamp)
    found = render([document(maker)], facing(), (32, 32)).astype(int).sum(axis=2)
    assert found[16, 4] > found[16, 28] + 30


def test_the_same_scene_gives_the_same_bytes(hall: Path) -> None:
    scene = read(hall).document
    box = np.array([[-10.1, 0, -6.1], [10.1, 3.6, 6.0]])
    camera = view_from("corner", box, size=(96, 54), cut_m=2.2)
    first = render([scene], camera, (96, 54))
    assert first.tobytes() == render([scene], camera, (96, 54)).tobytes()
    assert len(np.unique(first.reshape(-1, 3), axis=0)) > 500


def test_a_window_shows_what_the_whole_picture_does_there(hall: Path) -> None:
    """But for what is darkened from outside it: 0.03 of the picture's height, here 2 pixels."""
    scene = read(hall).document
    box = np.array([[-10.1, 0, -6.1], [10.1, 3.6, 6.0]])
    camera = view_from("corner", box, size=(96, 54), cut_m=2.2)
    whole = render([scene], camera, (96, 54), EVEN).astype(int)
    windows = [(20, 10, 60, 31), (0, 40, 7, 54)]
    found = render_windows([scene], camera, (96, 54), windows, EVEN)
    for (x0, y0, x1, y1), part in zip(windows, found, strict=True):
        assert part.shape == (y1 - y0, x1 - x0, 3)
        inner = slice(2, -2), slice(2, -2)
        assert np.abs(part[inner] - whole[y0:y1, x0:x1][inner]).max() <= 1


def test_too_many_triangles_are_refused(maker: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    maker.node(mesh=maker.box())
    monkeypatch.setattr(soup, "TRIANGLES_MAX", 11)
    with pytest.raises(InputRefused) as caught:
        taken(maker)
    assert caught.value.code == "picture_too_large"
