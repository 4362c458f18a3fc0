"""What every part of a COLLADA reader needs: elements by id, numbers, sources.

COLLADA 1.4.1 and 1.5.0 (Khronos); sections are those of the 1.4.1 specification.
"""

import warnings
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from branchxr.errors import SceneRefused

from ..document import Floats
from ..refusal import refused
from ..warnings import SceneWarning

Numbers = NDArray[np.int64]
_FLOAT32_MAX: Final = float(np.finfo(np.float32).max)
_VALUES_MAX: Final = 400_000_000


@dataclass(slots=True)
class Library:
    """A COLLADA document and how to find things in it.

    Attributes:
        is_blender: its own habits with lights and animations then count.
    """

    root: ET.Element
    file: str
    is_blender: bool
    warnings: list[SceneWarning] = field(default_factory=list)
    _by_id: dict[tuple[str, str], ET.Element] = field(default_factory=dict)
    _sources: dict[str, Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for element in self.root.iter():
            identifier = element.get("id")
            if identifier is not None:
                self._by_id.setdefault(("", identifier), element)
                self._by_id.setdefault((element.tag, identifier), element)

    def warn(self, code: str, path: str, message: str) -> None:
        """Remember what could not be kept."""
        self.warnings.append(SceneWarning(code, path, message))

    def find(self, url: str | None, tag: str = "") -> ET.Element | None:
        """Return the element that a `#id` points to; `None` for other files and for none."""
        if not url:
            return None
        head, mark, identifier = url.strip().rpartition("#")
        if head or not mark:
            if mark:
                self.warn("reference_outside", url[:120], "it lies in another file; not followed")
            identifier = url if not mark else ""
        return self._by_id.get((tag, identifier))

    def refused(self, place: str, expected: str, came: str) -> SceneRefused:
        """Make the error for a file that contradicts itself."""
        return refused(
            "scene_malformed",
            file=self.file,
            place=place[:120],
            expected=expected,
            came=came,
            remedy="export the scene again",
        )

    def source(self, url: str | None) -> Floats:
        """Return a `<source>` of numbers as `(count, values)`, unnamed params left out (5.2.2).

        Raises:
            SceneRefused: `scene_malformed`: it is not there or shorter than it says.
        """
        key = (url or "").strip()
        if key not in self._sources:
            self._sources[key] = self._source(key)
        return self._sources[key]

    def points(self, url: str | None) -> Floats:
        """Return a `<source>` of places.

        Raises:
            SceneRefused: `scene_not_finite`: some are nowhere.
        """
        found = self.source(url)
        if not np.isfinite(found).all():
            raise refused(
                "scene_not_finite",
                file=self.file,
                place=f"source {(url or '')[:80]!r}",
                expected="positions that are numbers",
                came="NaN, infinity or a number beyond float32",
                remedy="clean the mesh in the modelling program and export again",
            )
        return found

    def finite(self, url: str | None) -> Floats:
        """Return a `<source>` of anything but places; zero stands in for what is no number."""
        found = self.source(url)
        is_finite = np.isfinite(found)
        if is_finite.all():
            return found
        message = "it holds NaN or infinity; zero is put in its place"
        self.warn("attribute_not_finite", f"source {(url or '')[:80]!r}", message)
        cleaned: Floats = np.where(is_finite, found, 0.0)
        return cleaned

    def names(self, url: str | None) -> list[str]:
        """Return a `<source>` of names or ids."""
        element = self.find(url, "source")
        for tag in ("Name_array", "IDREF_array", "SIDREF_array"):
            array = None if element is None else element.find(tag)
            if array is not None:
                return (array.text or "").split()
        return []

    def _source(self, url: str) -> Floats:
        place = f"source {url!r}"
        element = self.find(url, "source")
        if element is None:
            raise self.refused(place, "a source with that id", "none")
        accessor = element.find("technique_common/accessor")
        array = None
        if accessor is not None:
            array = self.find(accessor.get("source"))
        if array is None or array.tag not in {"float_array", "int_array"}:
            array = next((a for a in element if a.tag in {"float_array", "int_array"}), None)
        if array is None:
            raise self.refused(place, "an array of numbers", "none")
        values = self.numbers(array.text, place)
        if accessor is None:
            return values.reshape(-1, 1)
        stride = self.whole(accessor, "stride", 1, place)
        count = self.whole(accessor, "count", 0, place)
        offset = self.whole(accessor, "offset", 0, place)
        params = accessor.findall("param")
        width = sum(_width(p.get("type", "float")) for p in params) if params else stride
        end = offset + (count - 1) * stride + min(width, stride) if count else 0
        if stride < 1 or end > len(values):
            expected = f"{count} elements of {stride} values"
            raise self.refused(place, expected, f"{len(values)} values")
        if count * stride + offset > len(values):  # the last element may lack unused values
            values = np.append(values, np.zeros(count * stride + offset - len(values)))
        table = values[offset : offset + count * stride].reshape(count, stride)
        kept: list[int] = []
        at = 0
        for param in params:
            size = _width(param.get("type", "float"))
            if param.get("name") or size > 1 or len(params) == 1:
                kept += range(at, min(at + size, stride))
            at += size
        is_all = not kept or kept == list(range(stride))
        return table if is_all else table[:, np.array(kept)]

    def whole(self, element: ET.Element, name: str, plain: int, place: str) -> int:
        """Return a whole-number attribute, 0 or more."""
        text = element.get(name)
        if text is None:
            return plain
        try:
            value = int(text)
        except ValueError as error:
            raise self.refused(place, f"a whole number as {name}", repr(text[:40])) from error
        if not 0 <= value <= _VALUES_MAX:
            raise self.refused(place, f"0 to {_VALUES_MAX} as {name}", str(value)[:40])
        return value

    def numbers(self, text: str | None, place: str) -> Floats:
        """Parse numbers between blanks; those beyond glTF's float32 are infinite."""
        found: Floats = self._parsed(text, np.float64, place)
        found[np.abs(found) > _FLOAT32_MAX] = np.inf
        return found

    def indices(self, text: str | None, place: str) -> Numbers:
        """Parse whole numbers between blanks."""
        found: Numbers = self._parsed(text, np.int64, place)
        return found

    def _parsed(self, text: str | None, dtype: type[Any], place: str) -> NDArray[Any]:
        if not text or text.isspace():
            return np.empty(0, dtype)
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                return np.fromstring(text, dtype, sep=" ")
            except (DeprecationWarning, ValueError) as error:
                raise self.refused(place, "numbers", "something else among them") from error

    def vector(self, element: ET.Element | None, count: int, plain: tuple[float, ...]) -> Floats:
        """Return an element's numbers, the plain ones where there are too few."""
        if element is None:
            return np.array(plain)
        found = self.numbers(element.text, f"<{element.tag}>")
        if len(found) < count or not np.isfinite(found[:count]).all():
            return np.array(plain)
        return found[:count]


def _width(kind: str) -> int:
    return {"float4x4": 16, "float3x3": 9, "float2": 2, "float3": 3, "float4": 4}.get(kind, 1)


def inputs(element: ET.Element) -> Iterator[tuple[str, str, int, int]]:
    """Yield `(semantic, source, offset, set)` of the inputs below an element."""
    for item in element.findall("input"):
        offset, number = item.get("offset", "0"), item.get("set", "0")
        yield (
            item.get("semantic", ""),
            item.get("source", ""),
            int(offset) if offset.isdecimal() else 0,
            int(number) if number.isdecimal() else 0,
        )
