"""Read MTL material libraries: Wavefront's statements and the PBR ones that came later.

Wavefront's 'MTL material format'; Pr, Pm, Ps, Pc, Pcr, aniso, anisor, Ke, norm: 'Physically
Based Rendering in MTL' by Exocortex, as Blender writes them.
"""

import math
import re
from dataclasses import dataclass, field
from typing import Final

_OPTION_WORDS: Final = {
    "-blendu": 1,
    "-blendv": 1,
    "-boost": 1,
    "-mm": 2,
    "-o": 3,
    "-s": 3,
    "-t": 3,
    "-texres": 1,
    "-clamp": 1,
    "-bm": 1,
    "-imfchan": 1,
    "-type": 1,
    "-cc": 1,
    "-colorspace": 1,
}
"""How many words may follow; the last ones of `-o`, `-s` and `-t` may be missing."""
_NUMBER: Final = re.compile(r"[-+]?(\d+\.?\d*|\.\d+)([eE][-+]?\d+)?$")


@dataclass(frozen=True, slots=True)
class MapStatement:
    """A texture of a material.

    Attributes:
        path: as it is written.
        options: such as `-s` -> `("2", "2", "1")`.
    """

    path: str
    options: dict[str, tuple[str, ...]]


@dataclass(slots=True)
class MtlMaterial:
    """One `newmtl`.

    Attributes:
        values: statement in lower case -> numbers, such as `kd` -> `(0.8, 0.8, 0.8)`.
        maps: statement in lower case -> texture, such as `map_kd`.
        spectral: statements whose colours are no RGB.
    """

    name: str
    values: dict[str, tuple[float, ...]] = field(default_factory=dict)
    maps: dict[str, MapStatement] = field(default_factory=dict)
    spectral: list[str] = field(default_factory=list)


def parse_mtl(raw: bytes) -> list[MtlMaterial]:
    """Return the materials of a library, in order; what is not understood is left out."""
    found: list[MtlMaterial] = []
    text = re.sub(r"\\\r?\n", " ", decoded(raw))
    for line in re.split(r"\r\n|\n|\r", text):
        words = line.strip().split(None, 1)
        if not words or words[0].startswith("#"):
            continue
        keyword, rest = words[0].lower(), words[1] if len(words) > 1 else ""
        if keyword == "newmtl":
            found.append(MtlMaterial(rest.strip()))
        elif found:
            _add(found[-1], keyword, rest)
    return found


def decoded(raw: bytes) -> str:
    """Decode names: UTF-8 where it is, else as old Windows programs of the West wrote them."""
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _add(material: MtlMaterial, keyword: str, rest: str) -> None:
    if keyword.startswith(("map_", "refl")) or keyword in {"bump", "norm", "disp", "decal"}:
        made = _map(rest)
        if made.path:
            material.maps[keyword] = made
        return
    words = rest.split("#", 1)[0].split()
    if words and words[0] == "-halo":
        words = words[1:]
    if words and words[0] in {"spectral", "xyz"}:
        material.spectral.append(keyword)
        return
    numbers = [float(word) for word in words if _NUMBER.match(word)]
    if numbers and all(map(math.isfinite, numbers)):
        material.values[keyword] = tuple(numbers)


def _map(rest: str) -> MapStatement:
    """Take the options before a file's name; the name is the rest, spaces and all."""
    options: dict[str, tuple[str, ...]] = {}
    left = rest.strip()
    while True:
        word, _, after = left.partition(" ")
        word = word.strip().lower()
        count = _OPTION_WORDS.get(word)
        if count is None:
            return MapStatement(left.strip().strip('"'), options)
        taken: list[str] = []
        left = after.lstrip()
        while len(taken) < count:
            value, _, after = left.partition(" ")
            is_value = bool(_NUMBER.match(value)) or (not taken and count == 1)
            # A file may be called 2.png or 7: a number counts only with something after it.
            if not is_value or not after.strip():
                break
            taken.append(value)
            left = after.lstrip()
        options[word] = tuple(taken)
