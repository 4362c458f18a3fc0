"""Read a UsdPreviewSurface network into plain values.

"UsdPreviewSurface Specification" 2.6: nodes UsdPreviewSurface, UsdUVTexture, UsdTransform2d and
UsdPrimvarReader_*. Node graphs are followed to the nodes that give the values.
"""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from .bindings import Ar, Sdf, UsdShade
from .values import Warn

DEFAULTS: Final[dict[str, Any]] = {
    "diffuseColor": (0.18, 0.18, 0.18),
    "emissiveColor": (0.0, 0.0, 0.0),
    "useSpecularWorkflow": 0,
    "specularColor": (0.0, 0.0, 0.0),
    "metallic": 0.0,
    "roughness": 0.5,
    "clearcoat": 0.0,
    "clearcoatRoughness": 0.01,
    "opacity": 1.0,
    "opacityThreshold": 0.0,
    "ior": 1.5,
    "normal": (0.0, 0.0, 1.0),
    "displacement": 0.0,
    "occlusion": 1.0,
}
_WRAPS: Final = {"clamp": 33071, "mirror": 33648, "repeat": 10497, "black": 33071}
DEPTH_MAX: Final = 16


@dataclass(frozen=True, slots=True)
class Texture:
    """A `UsdUVTexture`, as one input of a surface reads it.

    Attributes:
        stated: the path, relative to the scene's folder where it lies inside.
        packed: where it lies inside a package within the folder, for USD to open; else empty.
        channels: `rgb`, `r`, `g`, `b` or `a`.
        uv: name of the texture coordinates.
        transform: `(translation, rotation in degrees, scale)`, or `None`.
        scale, bias: what is read is `scale * picture + bias`.
        space: `auto`, `raw` or `sRGB`.
        fallback: what is read where there is no picture.
        sampler: as glTF has it.
    """

    stated: str
    channels: str
    uv: str = "st"
    packed: str = ""
    transform: tuple[tuple[float, float], float, tuple[float, float]] | None = None
    scale: tuple[float, ...] = (1.0, 1.0, 1.0, 1.0)
    bias: tuple[float, ...] = (0.0, 0.0, 0.0, 0.0)
    space: str = "auto"
    fallback: tuple[float, ...] = (0.0, 0.0, 0.0, 1.0)
    sampler: tuple[int, int] = (10497, 10497)


@dataclass(frozen=True, slots=True)
class FromMesh:
    """An input that reads a primvar of the mesh."""

    primvar: str


Value = float | tuple[float, ...] | Texture | FromMesh


@dataclass(frozen=True, slots=True)
class Surface:
    """A material's surface: every input of `DEFAULTS` has its value."""

    inputs: dict[str, Value]
    uvs: tuple[str, ...]

    def number(self, name: str) -> float:
        """Return an input that is one number; the default where it is something else."""
        value = self.inputs[name]
        return float(value) if isinstance(value, int | float) else float(DEFAULTS[name])

    def texture(self, name: str) -> Texture | None:
        """Return an input that is a picture."""
        value = self.inputs[name]
        return value if isinstance(value, Texture) else None


@dataclass(slots=True)
class Shaders:
    """Read surfaces of materials.

    Attributes:
        folder: the scene's own; textures are stated relative to it.
    """

    folder: Path
    time: Any
    warn: Warn

    def surface_of(self, material: Any) -> Surface | None:
        """Return a material's surface; `None`, with a warning, when it is no UsdPreviewSurface."""
        place = str(material.GetPath())
        source = material.ComputeSurfaceSource()[0]
        names = [str(output.GetBaseName()) for output in material.GetSurfaceOutputs()]
        identifier = "" if not source else str(source.GetShaderId() or "")
        if identifier not in {"UsdPreviewSurface", "ND_UsdPreviewSurface_surfaceshader"}:
            came = identifier or ", ".join(names) or "no surface"
            message = (
                f"its shader ({came}) is no UsdPreviewSurface; grey stands in for it: export "
                "with a USD Preview Surface"
            )
            self.warn("usd_shader", place, message)
            return None
        beside = [name for name in names if name != "surface"]
        if beside:
            message = f"beside its USD Preview Surface it has {beside[0]!r}, which is not read"
            self.warn("usd_shader_beside", place, message)
        inputs = {name: self._input(source, name, default) for name, default in DEFAULTS.items()}
        textures = [v for v in inputs.values() if isinstance(v, Texture)]
        if inputs["displacement"] != 0.0:
            self.warn("usd_displacement", place, "its displacement is left out; bake it to normals")
        return Surface(inputs, tuple(dict.fromkeys(t.uv for t in textures)))

    def _input(self, shader: Any, name: str, default: Any) -> Value:
        found = shader.GetInput(name)
        value: Any = default
        if found:
            produced = self._produced(found)
            if produced is not None:
                value = produced
        if isinstance(value, Texture | FromMesh):
            return value
        try:
            numbers = [float(v) for v in (value if hasattr(value, "__len__") else (value,))]
        except (TypeError, ValueError):
            numbers = []
        if not numbers or not all(map(math.isfinite, numbers)):
            message = f"its input {name!r} holds no number; its default is used"
            self.warn("usd_shader_input", str(shader.GetPath()), message)
            numbers = [*default] if isinstance(default, tuple) else [default]
        if isinstance(default, tuple):
            return tuple(numbers[:3]) if len(numbers) >= 3 else (numbers[0],) * 3
        return numbers[0]

    def _produced(self, found: Any) -> Any:
        """Follow connections to what gives an input its value."""
        attributes = UsdShade.Utils.GetValueProducingAttributes(found)
        if not attributes:
            return None
        attribute = attributes[0]
        if UsdShade.Utils.GetType(attribute.GetName()) != UsdShade.AttributeType.Output:
            return attribute.Get(self.time)
        node = UsdShade.Shader(attribute.GetPrim())
        kind = str(node.GetShaderId() or "")
        output = str(UsdShade.Utils.GetBaseNameAndType(attribute.GetName())[0])
        if kind == "UsdUVTexture":
            return self._texture(node, output)
        if kind.startswith("UsdPrimvarReader"):
            return FromMesh(str(self._value(node, "varname", "")))
        place = str(node.GetPath())
        message = (
            f"the node {kind or 'without an id'} is not understood; its input's default is used"
        )
        self.warn("usd_shader_node", place, message)
        return None

    def _value(self, node: Any, name: str, default: Any) -> Any:
        found = node.GetInput(name)
        if not found:
            return default
        attributes = UsdShade.Utils.GetValueProducingAttributes(found)
        value = attributes[0].Get(self.time) if attributes else None
        return default if value is None else value

    def _texture(self, node: Any, output: str) -> Texture:
        stated, packed = self._file(node)
        uv, transform = self._coordinates(node)
        return Texture(
            stated=stated,
            packed=packed,
            channels=output if output in {"r", "g", "b", "a"} else "rgb",
            uv=uv,
            transform=transform,
            scale=self._four(node, "scale", 1.0),
            bias=self._four(node, "bias", 0.0),
            space=str(self._value(node, "sourceColorSpace", "auto")),
            fallback=_numbers(self._value(node, "fallback", None), (0.0, 0.0, 0.0, 1.0)),
            sampler=(self._wrap(node, "wrapS"), self._wrap(node, "wrapT")),
        )

    def _four(self, node: Any, name: str, default: float) -> tuple[float, ...]:
        return _numbers(self._value(node, name, None), (default,) * 4)

    def _wrap(self, node: Any, name: str) -> int:
        stated = str(self._value(node, name, "useMetadata"))
        if stated == "black":
            message = "black beyond the picture's edge is not kept; its edge is drawn out instead"
            self.warn("usd_wrap", str(node.GetPath()), message)
        return _WRAPS.get(stated, 10497)

    def _file(self, node: Any) -> tuple[str, str]:
        """Return a picture's path and, inside a package, the path by which USD opens it."""
        found = node.GetInput("file")
        attributes = UsdShade.Utils.GetValueProducingAttributes(found) if found else []
        value: Any = attributes[0].Get(self.time) if attributes else None
        if not isinstance(value, Sdf.AssetPath) or not value.path:
            return "", ""
        path = str(value.path)
        if "<UDIM>" in path or "<udim>" in path:
            message = "of a picture in tiles (UDIM) only tile 1001 is kept"
            self.warn("usd_udim", str(node.GetPath()), message)
            path = path.replace("<UDIM>", "1001").replace("<udim>", "1001")
        stack = attributes[0].GetPropertyStack(self.time)
        absolute = stack[0].layer.ComputeAbsolutePath(path) if stack else path
        outer, inner = Ar.SplitPackageRelativePathOuter(absolute)
        try:
            relative = Path(outer).resolve().relative_to(self.folder).as_posix()
        except (ValueError, OSError, RuntimeError):
            return path, ""
        return (inner, absolute) if inner else (relative, "")

    def _coordinates(self, node: Any) -> tuple[str, Any]:
        """Return the texture coordinates' name and transform, `st` where nothing says."""
        transform = None
        found = node.GetInput("st")
        for _ in range(DEPTH_MAX):
            attributes = UsdShade.Utils.GetValueProducingAttributes(found) if found else []
            if not attributes:
                break
            source = UsdShade.Shader(attributes[0].GetPrim())
            kind = str(source.GetShaderId() or "")
            if kind == "UsdTransform2d" and transform is None:
                transform = (
                    _pair(_numbers(self._value(source, "translation", None), (0.0, 0.0))),
                    _numbers([self._value(source, "rotation", 0.0)], (0.0,))[0],
                    _pair(_numbers(self._value(source, "scale", None), (1.0, 1.0))),
                )
                found = source.GetInput("in")
                continue
            if kind.startswith("UsdPrimvarReader"):
                return str(self._value(source, "varname", "st") or "st"), transform
            message = f"its texture coordinates come from {kind or 'a value'}; st is used"
            self.warn("usd_shader_node", str(node.GetPath()), message)
            break
        return "st", transform


def _numbers(value: Any, default: tuple[float, ...]) -> tuple[float, ...]:
    """Return as many finite numbers as the default has, or the default."""
    try:
        found = tuple(float(v) for v in value)
    except (TypeError, ValueError):
        return default
    is_usable = len(found) == len(default) and all(map(math.isfinite, found))
    return found if is_usable else default


def _pair(value: tuple[float, ...]) -> tuple[float, float]:
    return value[0], value[1]
