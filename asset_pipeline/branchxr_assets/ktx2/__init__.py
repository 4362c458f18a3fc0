"""KTX2 textures: written by an encoder of this machine, checked before they are used."""

from .encoders import Encoder, find_encoder
from .header import Ktx2, parse_ktx2
from .settings import Settings

__all__ = ["Encoder", "Ktx2", "Settings", "find_encoder", "parse_ktx2"]
