"""Choose how textures are stored, before the work: `auto` is what this machine can do."""

from msgspec.structs import replace

from branchxr.errors import MissingTool

from ..presets import Preset
from ..warnings import SceneWarning
from .encoders import Encoder, find_encoder


def choose_textures(preset: Preset) -> tuple[Preset, Encoder | None, list[SceneWarning]]:
    """Return the preset with `auto` decided, the encoder for KTX2, and what there is to say.

    Raises:
        MissingTool: `ktx2_encoder_missing`, where KTX2 is asked for by name.
        EncoderFailed: the encoder does not even say its version.
    """
    wanted = preset.textures.format
    if wanted not in {"ktx2", "auto"}:
        return preset, None, []
    try:
        encoder = find_encoder()
    except MissingTool as error:
        if wanted == "ktx2":
            raise
        decided = replace(preset, textures=replace(preset.textures, format="webp"))
        message = f"no KTX2 encoder was found, so that textures are WebP; {error.remedy}"
        return decided, None, [SceneWarning("textures_webp", "the scene", message)]
    return replace(preset, textures=replace(preset.textures, format="ktx2")), encoder, []
