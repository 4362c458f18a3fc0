"""The report's tables: what takes the space, what came in and went out, levels of detail."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Final

from ..document import Document, Json
from ..geometry import drawn_triangles
from ..readers import Source
from ..recipe import Chunk
from .markup import both, number, size, table
from .sizes import CAUSES, Item, Sizes, largest_meshes, largest_textures, sizes, stored_sizes

_ROLES: Final = {
    "coarsest": ("seen first: plain colours, merged", "видно сначала: простые цвета, всё слито"),
    "middle": ("fewer triangles, smaller textures", "меньше треугольников и текстуры"),
    "full": ("everything that stands still", "всё, что неподвижно"),
    "live": (
        "lights, cameras, and what moves or is acted on",
        "свет, камеры, и всё, что движется или нажимается",
    ),
}
_CAUSES: Final = {
    "textures": ("textures", "текстуры"),
    "geometry": ("geometry", "геометрия"),
    "animation": ("animation", "анимация"),
    "rest": ("names, properties, format", "имена, свойства, формат"),
}
_COUNTS: Final = (
    ("triangles_drawn", "triangles drawn", "треугольников рисуется"),
    ("triangles_unique", "triangles, copies counted once", "треугольников без копий"),
    ("nodes", "objects", "объекты"),
    ("meshes", "meshes", "меши"),
    ("materials", "materials", "материалы"),
    ("images", "textures", "текстуры"),
    ("skins", "skins", "скины"),
    ("animations", "animations", "анимации"),
    ("morph_targets", "shape keys", "формы (shape keys)"),
    ("lights", "lights", "источники света"),
    ("cameras", "cameras", "камеры"),
    ("nodes_with_extras", "objects with custom properties", "объекты со свойствами"),
)


def spaces(source: Source, chunks: Sequence[Chunk], went: Sequence[Document]) -> str:
    """Return the bars of bytes by cause, and the largest textures and meshes."""
    came = sizes([source.document], source.size_bytes)
    out, meshes = stored_sizes([c.glb for c in chunks if c.role in {"full", "live"}])
    most = max(came.total, out.total, 1)
    legend = "".join(f'<li><i class="{c}"></i>{both(*_CAUSES[c])}</li>' for c in CAUSES)
    titles = (both("The source", "Исходник"), both("The package in full detail", "Пакет целиком"))
    bars = (
        f'<div class="card"><h3>{titles[0]}: {size(came.total)}</h3>'
        f"{_stack(came, most)}<br><h3>{titles[1]}: {size(out.total)}</h3>"
        f'{_stack(out, most)}<ul class="legend">{legend}</ul></div>'
    )
    lists = [
        _largest(
            ("Largest textures", "Самые большие текстуры"),
            largest_textures([source.document], most=10),
            _by_name(largest_textures(went)),
        ),
        _largest(
            ("Largest meshes", "Самые большие меши"),
            largest_meshes([source.document], most=10),
            meshes,
        ),
    ]
    return bars + f'<div class="pair">{"".join(lists)}</div>'


def _stack(found: Sizes, most: int) -> str:
    parts = "".join(
        f'<i class="{cause}" style="width:{100 * getattr(found, cause) / most:.2f}%" '
        f'title="{cause} {getattr(found, cause):,}"></i>'
        for cause in CAUSES
    )
    figures = " · ".join(
        f"{both(*_CAUSES[cause])} {size(getattr(found, cause))}"
        for cause in CAUSES
        if getattr(found, cause)
    )
    return f'<div class="stack">{parts}</div><p class="note">{figures}</p>'


def _by_name(items: Sequence[Item]) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in items:
        found[item.name] = found.get(item.name, 0) + item.size_bytes
    return found


def _largest(title: tuple[str, str], came: Sequence[Item], after: Mapping[str, int]) -> str:
    """List the largest of the source, and what became of those whose name is still there."""
    if not came:
        return ""
    rows = [
        (
            f"{escape(item.name)}<small>{escape(item.detail)}</small>",
            size(item.size_bytes),
            size(after[item.name]) if item.name in after else "–",
        )
        for item in came
    ]
    head = ("", both("came", "было"), both("went", "стало"))
    return f'<div class="card"><h3>{both(*title)}</h3>{table(head, rows, numbers=(1, 2))}</div>'


def counts(source: Source, went: Sequence[Document]) -> str:
    """Return the table of what the source and the package hold."""
    out = _counted(went)
    rows = [
        (
            both(en, ru),
            number(getattr(source.counts, name)),
            number(out[name]) if name in out else "–",
        )
        for name, en, ru in _COUNTS
        if getattr(source.counts, name) or out.get(name)
    ]
    head = ("", both("source", "исходник"),
            both("package", "пакет"))  # fmt: skip
    note = both(
        "The source as its own format means it, the package in full detail. Formats count "
        "differently (FBX: a stack for each animated object): docs/formats.md has the definitions. "
        "What both still and moving objects use is in the package twice, once for each.",
        "Исходник по меркам его формата, пакет в полной детализации. Форматы считают по-разному "
        "(в FBX свой стек на каждый анимированный объект): определения в docs/formats.md. "
        "То, чем пользуются и неподвижные, и движущиеся объекты, лежит в пакете дважды.",
    )
    made = table(head, rows, numbers=(1, 2))
    return f'<div class="card">{made}<p class="note">{note}</p></div>'


def _counted(documents: Sequence[Document]) -> dict[str, int]:
    def total(collection: str) -> int:
        return sum(len(document.listed(collection)) for document in documents)

    nodes: list[Json] = [n for document in documents for n in document.listed("nodes")]
    return {
        "triangles_drawn": sum(drawn_triangles(document) for document in documents),
        "meshes": total("meshes"),
        "materials": total("materials"),
        "images": total("images"),
        "skins": total("skins"),
        "animations": total("animations"),
        "cameras": sum("camera" in node for node in nodes),
        "lights": sum("KHR_lights_punctual" in node.get("extensions", {}) for node in nodes),
        "nodes_with_extras": sum("extras" in node for node in nodes),
        "morph_targets": sum(
            max((len(p.get("targets", [])) for p in mesh["primitives"]), default=0)
            for document in documents
            for mesh in document.listed("meshes")
        ),
    }


def levels(chunks: Sequence[Chunk]) -> str:
    """Return the table of chunks."""
    rows = [
        (
            f"{escape(chunk.role)}<small>{both(*_ROLES[chunk.role])}</small>",
            size(len(chunk.glb)),
            number(chunk.triangles),
            f"{chunk.error_m:.3f}",
        )
        for chunk in chunks
    ]
    head = (both("level", "уровень"), both("size", "размер"), both("triangles", "треугольники"),
            both("off by, m", "точность, м"))  # fmt: skip
    return f'<div class="card">{table(head, rows, numbers=(1, 2, 3))}</div>'
