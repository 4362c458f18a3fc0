"""Custom properties of FBX elements, as `extras` with their types."""

import base64
import math
from typing import Any, Final

import ufbx

from ...document import Json
from .reading import Reading

_USER: Final = int(ufbx.PropFlags.USER_DEFINED)
_TEXTS: Final = {ufbx.PropType.STRING, ufbx.PropType.DATE_TIME, ufbx.PropType.REFERENCE}
_SIZES: Final = {
    ufbx.PropType.VECTOR: 3,
    ufbx.PropType.COLOR: 3,
    ufbx.PropType.COLOR_WITH_ALPHA: 4,
    ufbx.PropType.TRANSLATION: 3,
    ufbx.PropType.ROTATION: 3,
    ufbx.PropType.SCALING: 3,
}
_ENUM_TEXT: Final = int(ufbx.PropFlags.VALUE_STR)
_SIZE_FLAGS: Final = (
    (int(ufbx.PropFlags.VALUE_VEC4), 4),
    (int(ufbx.PropFlags.VALUE_VEC3), 3),
    (int(ufbx.PropFlags.VALUE_VEC2), 2),
)


def user_properties(element: Any) -> list[Any]:
    """Return the properties that are no part of FBX: an artist's, a script's, a program's own."""
    return [prop for prop in element.props.props if int(prop.flags) & _USER]


def extras_of(reading: Reading, element: Any, path: str) -> Json:
    """Return custom properties as JSON.

    Vectors are lists; an enumeration is the name of its value where the file lists the names,
    else its number; bytes are base64. Maya's and 3ds Max's own properties (`currentUVSet`,
    `MaxHandle`) are among them: nothing in the file tells them from an artist's.
    """
    found: Json = {}
    for prop in user_properties(element):
        value = _value(prop)
        if not _is_finite(value):
            message = f"the property {prop.name!r} is no number (NaN or infinite); it is left out"
            reading.warn("property_dropped", path, message)
            continue
        found[str(prop.name)] = value
    return found


def _value(prop: Any) -> Any:
    kind, flags = ufbx.PropType(prop.type), int(prop.flags)
    if kind in _TEXTS:
        return str(prop.value_str)
    if kind is ufbx.PropType.BLOB:
        return base64.b64encode(prop.value_blob).decode()
    if kind in _SIZES:
        return [float(v) for v in prop.value_vec4[: _SIZES[kind]]]
    if kind is ufbx.PropType.INTEGER:
        return _integer(prop, flags)
    return bool(prop.value_int) if kind is ufbx.PropType.BOOLEAN else _untyped(prop, flags)


def _integer(prop: Any, flags: int) -> int | str:
    """Return a number, or an enumeration's name: the text lists them as `A~B~C`."""
    number = int(prop.value_int)
    names = str(prop.value_str).split("~") if flags & _ENUM_TEXT else []
    return names[number] if len(names) > 1 and 0 <= number < len(names) else number


def _untyped(prop: Any, flags: int) -> Any:
    """Return a number, or what a property of a type of its own holds."""
    size = next((size for flag, size in _SIZE_FLAGS if flags & flag), 1)
    if size > 1:
        return [float(v) for v in prop.value_vec4[:size]]
    if flags & int(ufbx.PropFlags.VALUE_REAL):
        return float(prop.value_vec4.x)
    if flags & int(ufbx.PropFlags.VALUE_INT):
        return int(prop.value_int)
    return str(prop.value_str)


def _is_finite(value: Any) -> bool:
    numbers = value if isinstance(value, list) else [value]
    return all(math.isfinite(n) for n in numbers if isinstance(n, float))
