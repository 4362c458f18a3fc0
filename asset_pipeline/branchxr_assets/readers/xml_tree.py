"""Parse XML of strangers into a tree: no entities, no documents from elsewhere, bounded depth."""

import xml.etree.ElementTree as ET
from typing import Final
from xml.parsers import expat

from branchxr.errors import SceneRefused

from ..refusal import refused

DEPTH_MAX: Final = 2000
"""Of elements in one another; a character's skeleton has some 50."""
_CHUNK_BYTES: Final = 1024 * 1024


def parse_xml(raw: bytes, *, file: str) -> ET.Element:
    """Return the root element; namespaces are taken off the names.

    Raises:
        SceneRefused: `scene_malformed`: broken, too deep, or it declares entities, with which a
            few lines can claim any memory or any file (CWE-776, CWE-611).
    """
    builder = ET.TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    depth = 0

    def fail(expected: str, came: str) -> SceneRefused:
        place = f"line {parser.CurrentLineNumber}"
        remedy = "export the scene again"
        return refused(
            "scene_malformed", file=file, place=place, expected=expected, came=came, remedy=remedy
        )

    def start(tag: str, attributes: dict[str, str]) -> None:
        nonlocal depth
        depth += 1
        if depth > DEPTH_MAX:
            raise fail(f"elements at most {DEPTH_MAX} deep", "more")
        builder.start(tag.rpartition("}")[2], attributes)

    def end(tag: str) -> None:
        nonlocal depth
        depth -= 1
        builder.end(tag.rpartition("}")[2])

    def entity(name: str, *_: object) -> None:
        raise fail("XML without entities", f"an entity {name!r}")

    parser.buffer_text = True
    parser.buffer_size = 65536
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = builder.data
    parser.EntityDeclHandler = entity
    parser.UnparsedEntityDeclHandler = entity
    parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
    try:
        for at in range(0, len(raw), _CHUNK_BYTES):
            parser.Parse(raw[at : at + _CHUNK_BYTES], False)
        parser.Parse(b"", True)
    except expat.ExpatError as error:
        raise fail("well-formed XML", expat.ErrorString(error.code)) from error
    return builder.close()
