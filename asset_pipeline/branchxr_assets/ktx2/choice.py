"""Choose how textures are stored, before the work: `auto` is what this machine can do."""

from dataclasses import replace as with_fields
from pathlib import Path
from typing import Final

from msgspec.structs import replace
from PIL import Image

from branchxr.errors import MissingTool

from ..presets import Preset
from ..steps import NOTHING_REMEMBERED, Step, StepCache
from ..warnings import SceneWarning
from .encoders import Encoder, find_encoder
from .running import EncoderFailed
from .settings import Settings

_TRIED_PX: Final = 8


def choose_textures(
    preset: Preset, *, cache: StepCache = NOTHING_REMEMBERED
) -> tuple[Preset, Encoder | None, list[SceneWarning]]:
    """Return the preset with `auto` decided, the encoder for KTX2, and what there is to say.

    The encoder is given a small picture first: one that hangs or lies is found out now, not after
    the time that a texture of 4096 pixels may take.

    Args:
        preset: as it was put together.
        cache: remembers that an encoder passed, until its program is another one.

    Raises:
        MissingTool: `ktx2_encoder_missing`, where KTX2 is asked for by name.
        EncoderFailed: the encoder does not do its work, where KTX2 is asked for by name.
    """
    wanted = preset.textures.format
    if wanted not in {"ktx2", "auto"}:
        return preset, None, []
    try:
        encoder = find_encoder()
        _try_out(encoder, cache)
    except (EncoderFailed, MissingTool) as error:
        if wanted == "ktx2":
            raise
        webp, noted = without_encoder(preset, error)
        return webp, None, noted
    decided = replace(preset, textures=replace(preset.textures, format="ktx2"))
    return decided, with_fields(encoder, is_optional=wanted == "auto"), []


def without_encoder(
    preset: Preset, error: EncoderFailed | MissingTool
) -> tuple[Preset, list[SceneWarning]]:
    """Return the preset with WebP instead of KTX2, and a warning that says why."""
    decided = replace(preset, textures=replace(preset.textures, format="webp"))
    if isinstance(error, MissingTool):
        message = f"no KTX2 encoder was found, so that textures are WebP; {error.remedy}"
        return decided, [SceneWarning("textures_webp", "the scene", message)]
    message = (
        f"the KTX2 encoder does not work ({error.came}), so that textures are WebP; "
        "mend or remove it, or name another one with BRANCHXR_KTX"
    )
    return decided, [SceneWarning("ktx2_encoder_failed", "the scene", message)]


def _try_out(encoder: Encoder, cache: StepCache) -> None:
    status = Path(encoder.program).stat()
    told = {"program": encoder.program, "bytes": status.st_size, "ns": status.st_mtime_ns}
    step = Step("ktx2_tried", 1, told, encoders={encoder.kind: encoder.version})
    image = Image.new("RGB", (_TRIED_PX, _TRIED_PX), (200, 90, 40))
    cache.remember(step, lambda: encoder.encode(image, Settings(is_colour=True, quality=80)))
