"""What an encoder is asked for, whichever it is."""

from dataclasses import dataclass
from typing import Final

UASTC_EFFORT: Final = 1
"""0 to 4. A 512 px normal map in WebAssembly: 2.4, 4.2, 6.4 s for 0, 1, 2, and its directions off
by 0.63, 0.47, 0.45 degrees."""
UASTC_RDO: Final = 0.5
"""Rate-distortion optimisation; basisu's help names .25 to .75 for normal maps. The same map: 290
kB and 0.47 degrees without, 199 kB and 0.78 with 0.5, 181 kB and 0.91 with 1."""
ETC1S_EFFORT: Final = 1
"""0 to 6, the encoders' own default: 2 took three times as long for 2 % more bytes."""
ZSTANDARD: Final = 18


@dataclass(frozen=True, slots=True)
class Settings:
    """How one image is encoded; mip levels are always made, since no browser can.

    Attributes:
        is_colour: sRGB, as ETC1S; else numbers or directions, linear, as UASTC, which does not
            take what one channel says for what the others do.
        quality: of colours, 1 to 100, as with WebP.
    """

    is_colour: bool
    quality: int

    @property
    def etc1s_quality(self) -> int:
        """The quality on basisu's scale, 1 to 255."""
        return max(1, round(self.quality * 2.55))

    def as_json(self) -> dict[str, object]:
        """Return all that decides on the bytes, for a step's key."""
        return {
            "is_colour": self.is_colour,
            "quality": self.etc1s_quality if self.is_colour else 0,
            "effort": [ETC1S_EFFORT, UASTC_EFFORT, UASTC_RDO, ZSTANDARD],
        }
