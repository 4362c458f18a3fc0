"""Write the C# side of the layout: `python -m branchxr_unity.csharp`.

What it writes stands in the repository, since a Unity project compiles it; a test compares.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from . import layout
from .layout import Many, Record, Struct, Type

FOLDER: Final = Path(__file__).parent / "com.branchxr.client/Runtime/Layout"
NOTE: Final = "// Made by: python -m branchxr_unity.csharp. Do not edit; edit layout.py.\n"

_TYPES: Final = {
    Type.BOOL: ("bool", "Bool"),
    Type.U16: ("ushort", "U16"),
    Type.U32: ("uint", "U32"),
    Type.U64: ("ulong", "U64"),
    Type.I32: ("int", "I32"),
    Type.F32: ("float", "F32"),
    Type.TEXT: ("string", "Text"),
    Type.BYTES: ("byte[]", "Bytes"),
    Type.FLOATS: ("float[]", "Floats"),
    Type.IDS: ("uint[]", "Ids"),
    Type.REST: ("byte[]", "Rest"),
}
_CONSTANTS: Final = (
    "VERSION", "MAGIC", "ALIGN", "COMMANDS_BYTES", "EVENTS_BYTES", "RECORD_MAX", "EVENT_MAX",
    "PUPPETS_MAX", "PUPPETS_LIMIT", "POSE_FLOATS", "SLABS", "SLAB_SEQUENCE_SHIFT", "NO_SLAB",
    "UPLINK_BYTES", "HEADER_BYTES", "PADDING", "FIRST_UP",
)  # fmt: skip


def files() -> dict[str, str]:
    """Return the generated sources by name."""
    return {"BlockLayout.g.cs": _block(), "Records.g.cs": _records()}


def write(folder: Path = FOLDER) -> None:
    """Write them."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files().items():
        (folder / name).write_text(text, encoding="utf-8")


def pascal(name: str) -> str:
    """Return `heard_text` as `HeardText`."""
    return "".join(part[:1].upper() + part[1:] for part in name.lower().split("_"))


def _block() -> str:
    lines = [NOTE, "namespace BranchXR", "{"]
    lines += ["    /// <summary>Numbers of the layout that Python has as well.</summary>"]
    lines += ["    internal static class BlockLayout", "    {"]
    for name in _CONSTANTS:
        value = getattr(layout, name)
        kind = "uint" if name == "MAGIC" else "int"
        lines.append(f"        internal const {kind} {pascal(name)} = {value};")
    lines.append(f'        internal const string Subprotocol = "{layout.SUBPROTOCOL}";')
    lines += ["    }", "", "    /// <summary>Where each field of the block's header is.</summary>"]
    lines += ["    internal static class BlockAt", "    {"]
    lines += [
        f"        internal const int {pascal(name)} = {at}; // {kind}"
        for name, kind, at in layout.BLOCK_HEADER
    ]
    lines += ["    }", "", "    /// <summary>What Python is doing with the block.</summary>"]
    lines += ["    internal enum PythonState", "    {"]
    lines += [f"        {pascal(state)} = {at}," for at, state in enumerate(layout.PythonState)]
    lines += ["    }", "", "    /// <summary>The number of each record.</summary>"]
    lines += ["    internal static class RecordCode", "    {"]
    lines += [
        f"        internal const ushort {pascal(record.name)} = {record.code};"
        for record in layout.RECORDS
    ]
    lines += ["    }", "}"]
    return "\n".join(lines) + "\n"


def _records() -> str:
    lines = [NOTE, "using System;", "", "namespace BranchXR", "{"]
    parts = [_struct(struct, None) for struct in _structs()]
    parts += [_struct(record.struct, record) for record in layout.RECORDS]
    parts.append(_samples_reader())
    lines.append("\n\n".join(parts))
    lines.append("}")
    return "\n".join(lines) + "\n"


def _structs() -> Iterator[Struct]:
    seen = set()
    for record in layout.RECORDS:
        for _name, kind in record.struct.fields:
            if isinstance(kind, Many) and kind.of.name not in seen:
                seen.add(kind.of.name)
                yield kind.of


def _struct(struct: Struct, record: Record | None) -> str:
    name = pascal(struct.name) + ("Record" if record else "Row")
    lines = [f"    internal struct {name}", "    {"]
    lines += [f"        internal {_type(kind)} {pascal(field)};" for field, kind in struct.fields]
    if struct.fields:
        lines.append("")
    lines += [f"        internal static {name} Read(ref RecordReader reader)", "        {"]
    lines.append(f"            var value = new {name}();")
    for field, kind in struct.fields:
        lines += _read(pascal(field), kind)
    if record:
        lines.append(f'            reader.RequireEnd("{struct.name}");')
    lines += ["            return value;", "        }", ""]
    lines += ["        internal void Write(RecordWriter writer)", "        {"]
    if record:
        lines.append(f"            writer.Begin(RecordCode.{pascal(struct.name)});")
    for field, kind in struct.fields:
        lines += _write(pascal(field), kind)
    if record:
        lines.append("            writer.End();")
    lines += ["        }", "    }"]
    return "\n".join(lines)


def _type(kind: Type | Many) -> str:
    return f"{pascal(kind.of.name)}Row[]" if isinstance(kind, Many) else _TYPES[kind][0]


def _read(field: str, kind: Type | Many) -> list[str]:
    if not isinstance(kind, Many):
        return [f"            value.{field} = reader.{_TYPES[kind][1]}();"]
    row = f"{pascal(kind.of.name)}Row"
    return [
        f"            value.{field} = new {row}[reader.Count({kind.of.least_bytes})];",
        f"            for (int index = 0; index < value.{field}.Length; index++)",
        "            {",
        f"                value.{field}[index] = {row}.Read(ref reader);",
        "            }",
    ]


def _write(field: str, kind: Type | Many) -> list[str]:
    if not isinstance(kind, Many):
        return [f"            writer.{_TYPES[kind][1]}({field});"]
    return [
        f"            writer.U32((uint){field}.Length);",
        f"            for (int index = 0; index < {field}.Length; index++) "
        f"{field}[index].Write(writer);",
    ]


def _samples_reader() -> str:
    lines = [
        "    /// <summary>Reads any record and writes it again: tests hold both sides against "
        "each other.</summary>",
        "    internal static class AnyRecord",
        "    {",
        "        internal static void Rewrite(ushort code, ref RecordReader reader, "
        "RecordWriter writer)",
        "        {",
        "            switch (code)",
        "            {",
    ]
    for record in layout.RECORDS:
        name = pascal(record.name)
        lines.append(
            f"                case RecordCode.{name}: {name}Record.Read(ref reader).Write(writer); "
            "return;"
        )
    lines += [
        "                default: throw new ArgumentOutOfRangeException(nameof(code));",
        "            }",
        "        }",
        "    }",
    ]
    return "\n".join(lines)


if __name__ == "__main__":
    write()
