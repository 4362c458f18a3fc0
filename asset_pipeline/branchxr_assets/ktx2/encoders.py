"""The encoders that can be on a machine: finding one, and its command line.

`ktx` and `toktx` are Khronos' (KTX-Software 4), `basisu` is Basis Universal's own, `node` runs the
npm package ktx2-encoder, which is the same encoder in WebAssembly: slower, and everywhere. Each is
told to use one core, since images are encoded beside one another and bytes must not depend on it.
"""

import json
import os
import shutil
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Final, Literal

from PIL import Image

from branchxr.errors import MissingTool

from .header import ETC1S, UASTC, Ktx2, parse_ktx2
from .running import EncoderFailed, output_of, run
from .settings import ETC1S_EFFORT, UASTC_EFFORT, UASTC_RDO, ZSTANDARD, Settings

VARIABLE: Final = "BRANCHXR_KTX"
Kind = Literal["ktx", "toktx", "basisu", "node"]
_PROGRAMS: Final[tuple[Kind, ...]] = ("ktx", "toktx", "basisu")
_PACKAGE: Final = "ktx2-encoder"
_SCRIPT: Final = Path(__file__).with_name("encode.mjs")
_CHECKOUT: Final = Path(__file__).parents[3] / "webxr_bridge" / "npm" / "node_modules"
_VERSION_ASKED: Final[Mapping[Kind, str]] = {
    "ktx": "--version",
    "toktx": "--version",
    "basisu": "-version",
}
_VERSION_S: Final = 15.0
"""For a program to say its version, on a machine that is busy with something else."""
_WASM_PIXELS_MAX: Final = 12 * 1024 * 1024
"""What Basis Universal takes where it has 4 GB in all."""
_BLOCK: Final = 4
"""Both sides must be multiples of it (KHR_texture_basisu)."""


@dataclass(frozen=True, slots=True)
class Encoder:
    """An encoder of this machine.

    Attributes:
        program: what is started.
        package: the folder of `ktx2-encoder`, for `node`.
        version: decides on the bytes with it; part of a step's key.
        stopped: set it to end what runs; nothing more is encoded then.
        is_optional: WebP will do where it fails.
    """

    kind: Kind
    program: str
    version: str
    package: Path | None = None
    stopped: Event = field(default_factory=Event, compare=False)
    is_optional: bool = field(default=False, compare=False)

    def takes(self, image: Image.Image) -> bool:
        """Tell whether an image is not too large for it."""
        return self.kind != "node" or image.width * image.height <= _WASM_PIXELS_MAX

    def encode(self, image: Image.Image, settings: Settings) -> bytes:
        """Encode an image with all its mip levels.

        Its sides become multiples of four: what is not is stretched by less than four pixels.

        Args:
            image: RGB or RGBA.
            settings: what it is.

        Raises:
            EncoderFailed: it ended badly, took too long, or wrote what no viewer could show.
        """
        fitted = _in_blocks(image)
        with tempfile.TemporaryDirectory(prefix="branchxr-ktx-") as name:
            folder = Path(name)
            command = self._command(fitted, settings, folder)
            run(self.kind, command, folder, pixels=fitted.width * fitted.height, stop=self.stopped)
            raw = output_of(self.kind, folder / "out.ktx2", pixels=fitted.width * fitted.height)
        _check(self.kind, raw, fitted, settings)
        return raw

    def _command(self, image: Image.Image, settings: Settings, folder: Path) -> list[str]:
        if self.kind == "node":
            (folder / "in.rgba").write_bytes(image.convert("RGBA").tobytes())
            size = [str(image.width), str(image.height)]
            options = json.dumps(_node_options(settings))
            script = [str(_SCRIPT), str(self.package), "in.rgba", *size, options, "out.ktx2"]
            return [self.program, "--max-old-space-size=2048", *script]
        image.save(folder / "in.png", "PNG", compress_level=1)
        return [self.program, *_ARGUMENTS[self.kind](image, settings)]


def find_encoder(environ: Mapping[str, str] = os.environ) -> Encoder:
    """Find an encoder on this machine.

    The one that BRANCHXR_KTX names, else the first of `ktx`, `toktx`, `basisu` on PATH, else Node
    with the npm package ktx2-encoder where npm installs for everybody, or on NODE_PATH. The folder
    a build is started in is never searched: it may be a stranger's.

    Raises:
        MissingTool: `ktx2_encoder_missing`.
        EncoderFailed: the one that was named does not say its version.
    """
    named = environ.get(VARIABLE, "")
    if named and named != "node":
        return _named(named, environ)
    for kind in _PROGRAMS:
        program = shutil.which(kind, path=environ.get("PATH"))
        if program is not None and not named:
            return _program(kind, program)
    return _node(environ)


def _named(named: str, environ: Mapping[str, str]) -> Encoder:
    program = shutil.which(named, path=environ.get("PATH"))
    kinds: list[Kind] = [kind for kind in _PROGRAMS if kind == Path(named).stem.lower()]
    if program is None or not kinds:
        raise MissingTool(
            f"ktx, toktx, basisu, a path to one of them, or node in {VARIABLE}",
            f"{named!r}, which is not there or none of these",
            f"correct {VARIABLE}, or unset it to have one looked for",
            code="ktx2_encoder_missing",
        )
    return _program(kinds[0], str(Path(program).absolute()))  # it is started in another folder


def _program(kind: Kind, program: str) -> Encoder:
    with tempfile.TemporaryDirectory(prefix="branchxr-ktx-") as name:
        asked = [program, _VERSION_ASKED[kind]]
        said = run(kind, asked, Path(name), pixels=0, stop=Event(), wall_s=_VERSION_S)
    lines = [line.strip() for line in said.splitlines() if any(map(str.isdigit, line))]
    return Encoder(kind, program, lines[0][:80] if lines else "unknown")


def _node(environ: Mapping[str, str]) -> Encoder:
    node = shutil.which("node", path=environ.get("PATH"))
    for folder in [] if node is None else _package_folders(Path(node), environ):
        try:
            described = json.loads((folder / "package.json").read_text(encoding="utf-8"))
            if described["name"] == _PACKAGE and (folder / "dist/node/index.js").is_file():
                return Encoder("node", str(node), str(described["version"]), folder.resolve())
        except (OSError, ValueError, KeyError, TypeError):
            continue
    raise MissingTool(
        "a KTX2 encoder on this machine: ktx or toktx (KTX-Software 4), basisu, "
        f"or Node with the npm package {_PACKAGE}",
        "none",
        f"install KTX-Software, or type `npm install -g {_PACKAGE}`; {VARIABLE} names one that is "
        "elsewhere; or build with --textures webp",
        code="ktx2_encoder_missing",
    )


def _package_folders(node: Path, environ: Mapping[str, str]) -> list[Path]:
    """Return where npm installs for everybody, and a checkout's own packages."""
    listed = [Path(part) for part in environ.get("NODE_PATH", "").split(os.pathsep) if part]
    beside = [node.parent / "node_modules", node.parents[1] / "lib" / "node_modules"]
    if environ.get("APPDATA"):
        beside.append(Path(environ["APPDATA"]) / "npm" / "node_modules")
    if environ.get("npm_config_prefix"):
        beside.append(Path(environ["npm_config_prefix"]) / "lib" / "node_modules")
    beside.append(Path("/usr/local/lib/node_modules"))
    return [folder / _PACKAGE for folder in (*listed, *beside, _CHECKOUT) if folder.is_absolute()]


def _in_blocks(image: Image.Image) -> Image.Image:
    size = tuple(-(-side // _BLOCK) * _BLOCK for side in image.size)
    if size == image.size:
        return image
    return image.resize((size[0], size[1]), Image.Resampling.BICUBIC)


def _check(kind: Kind, raw: bytes, image: Image.Image, settings: Settings) -> None:
    """Refuse what would be shown wrongly, or not at all."""
    try:
        said = parse_ktx2(raw)
    except ValueError as error:
        raise EncoderFailed.by(kind, str(error)) from error
    wanted = Ktx2(
        width=image.width,
        height=image.height,
        levels=max(image.size).bit_length(),
        model=ETC1S if settings.is_colour else UASTC,
        is_srgb=settings.is_colour,
        has_alpha=said.has_alpha if image.mode == "RGB" or _is_opaque(image) else True,
        scheme=said.scheme,
    )
    if said != wanted:
        raise EncoderFailed.by(kind, f"{said} where {wanted} was asked for")


def _is_opaque(image: Image.Image) -> bool:
    low = image.getchannel("A").getextrema()[0]
    return isinstance(low, int) and low == 255


def _node_options(settings: Settings) -> dict[str, object]:
    if settings.is_colour:
        return {
            "isUASTC": False,
            "qualityLevel": settings.etc1s_quality,
            "compressionLevel": ETC1S_EFFORT,
            "isPerceptual": True,
            "isSetKTX2SRGBTransferFunc": True,
        }
    return {
        "isUASTC": True,
        "uastcLDRQualityLevel": UASTC_EFFORT,
        "enableRDO": True,
        "rdoQualityLevel": UASTC_RDO,
        "needSupercompression": True,
        "isPerceptual": False,
        "isSetKTX2SRGBTransferFunc": False,
    }


def _ktx(image: Image.Image, settings: Settings) -> list[str]:
    """`ktx create`, KTX-Software 4.3 and later."""
    channels = "R8G8B8A8" if image.mode == "RGBA" else "R8G8B8"
    transfer = "srgb" if settings.is_colour else "linear"
    encoding = (
        ["basis-lz", "--clevel", str(ETC1S_EFFORT), "--qlevel", str(settings.etc1s_quality)]
        if settings.is_colour
        else [
            *("uastc", "--uastc-quality", str(UASTC_EFFORT), "--uastc-rdo", "--uastc-rdo-m"),
            *("--uastc-rdo-l", str(UASTC_RDO), "--zstd", str(ZSTANDARD)),
        ]
    )
    return [
        *("create", "--format", f"{channels}_{'SRGB' if settings.is_colour else 'UNORM'}"),
        *(
            "--assign-oetf",
            transfer,
            "--assign-primaries",
            "bt709" if settings.is_colour else "none",
        ),
        *("--generate-mipmap", "--threads", "1", "--encode", *encoding, "in.png", "out.ktx2"),
    ]


def _toktx(image: Image.Image, settings: Settings) -> list[str]:
    """`toktx`, KTX-Software 4.0 to 4.4."""
    encoding = (
        ["etc1s", "--clevel", str(ETC1S_EFFORT), "--qlevel", str(settings.etc1s_quality)]
        if settings.is_colour
        else [
            *("uastc", "--uastc_quality", str(UASTC_EFFORT), "--uastc_rdo_m"),
            *("--uastc_rdo_l", str(UASTC_RDO), "--zcmp", str(ZSTANDARD)),
        ]
    )
    return [
        *("--t2", "--target_type", image.mode, "--genmipmap", "--threads", "1"),
        *("--assign_oetf", "srgb" if settings.is_colour else "linear"),
        *("--assign_primaries", "bt709" if settings.is_colour else "none"),
        *("--encode", *encoding, "out.ktx2", "in.png"),
    ]


def _basisu(image: Image.Image, settings: Settings) -> list[str]:
    """`basisu`, 1.13 and later."""
    del image  # it looks for itself
    encoding = (
        ["-comp_level", str(ETC1S_EFFORT), "-q", str(settings.etc1s_quality)]
        if settings.is_colour
        else [
            *("-linear", "-uastc", "-uastc_level", str(UASTC_EFFORT), "-uastc_rdo_m"),
            *("-uastc_rdo_l", str(UASTC_RDO), "-ktx2_zstandard_level", str(ZSTANDARD)),
        ]
    )
    return ["-ktx2", "-mipmap", "-no_multithreading", *encoding,
            "-file", "in.png", "-output_file", "out.ktx2"]  # fmt: skip


_ARGUMENTS: Final = {"ktx": _ktx, "toktx": _toktx, "basisu": _basisu}
