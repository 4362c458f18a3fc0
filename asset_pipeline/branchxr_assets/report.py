"""Write `report.html`: what came in, what went out, what was lost and why. One file, no scripts."""

import base64
from collections.abc import Iterable, Sequence
from html import escape
from typing import Final

from .document import Document
from .geometry import drawn_triangles
from .lods import Chunk
from .plan import draw_plan
from .prepare import Prepared
from .readers import Source
from .readers.gltf import read_chunk
from .warnings import SceneWarning

CUT_M: Final = 2.2
"""Above doors, below ceilings."""
_STYLE: Final = """
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;
color:#1d2733;background:#fff}
h1{font-size:1.6rem}h2{font-size:1.2rem;margin-top:2rem}
table{border-collapse:collapse;width:100%}td,th{padding:.3rem .6rem;text-align:left;
border-bottom:1px solid #dfe5ec;vertical-align:top}td.n,th.n{text-align:right;
font-variant-numeric:tabular-nums}code{font-size:.9em;overflow-wrap:anywhere}
.bar{background:#2f6fde;height:.6rem;min-width:1px}
.plans{display:flex;flex-wrap:wrap;gap:1rem}figure{margin:0;flex:1 1 17rem}
img{width:100%;background:#fff;border:1px solid #dfe5ec}
@media(prefers-color-scheme:dark){body{color:#dbe4ee;background:#12171d}
td,th{border-color:#2a3540}}
"""
_ROLES: Final = {
    "coarsest": "seen first: plain colours, merged",
    "middle": "fewer triangles, smaller textures",
    "full": "everything that stands still",
    "live": "lights, cameras, and what moves or is acted on",
}


def make_report(
    source: Source, prepared: Prepared, chunks: Sequence[Chunk], warnings: Sequence[SceneWarning]
) -> bytes:
    """Return the page; its pictures of the package are drawn from the chunks' own bytes."""
    whole = prepared.whole
    title = f"{source.file}: what became of it"
    body = [
        f"<h1>{escape(title)}</h1>",
        "<h2>What came in</h2>",
        _table(("what", "how many"), _counts(source, whole), numbers=(1,)),
        "<h2>What went out</h2>",
        _chunk_table(chunks, source.size_bytes),
        "<h2>Both, from above</h2>",
        _pictures(prepared, chunks),
        f"<h2>What was lost or guessed ({len(warnings)})</h2>",
        _warning_table(warnings),
    ]
    page = (
        '<!doctype html><html lang="en"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(title)}</title><style>{_STYLE}</style><body>{''.join(body)}</body></html>"
    )
    return page.encode("utf-8", "replace") + b"\n"


def _pictures(prepared: Prepared, chunks: Sequence[Chunk]) -> str:
    """Draw the source, what is seen first, and what is seen in the end, all to one scale."""
    written = {chunk.role: chunk.glb for chunk in chunks}
    shown: dict[str, list[Document]] = {"the source": [prepared.whole]}
    for title, roles in (("seen first", ("coarsest",)), ("seen in the end", ("full", "live"))):
        parts = [read_chunk(written[r]) for r in roles if r in written]
        if parts:
            shown[title] = parts
    floor = prepared.floor
    cut_m = CUT_M + (float(prepared.box[0][1]) if floor is None else floor.height)
    figures = []
    for title, documents in shown.items():
        raw = base64.b64encode(draw_plan(documents, prepared.box, cut_m=cut_m)).decode("ascii")
        figures.append(
            f'<figure><img alt="{title}, from above" src="data:image/png;base64,{raw}">'
            f"<figcaption>{title}</figcaption></figure>"
        )
    note = f"Cut open {CUT_M} m above the floor; plain colours, rest pose."
    return f'<div class="plans">{"".join(figures)}</div><p><small>{note}</small></p>'


def _counts(source: Source, whole: Document) -> list[tuple[str, str]]:
    rows = [
        ("bytes, textures included", _number(source.size_bytes)),
        ("written by", source.generator or "unknown"),
        ("triangles drawn", _number(drawn_triangles(whole))),
    ]
    names = ("nodes", "meshes", "materials", "images", "animations", "skins", "cameras")
    return rows + [(name, _number(getattr(source.counts, name))) for name in names]


def _chunk_table(chunks: Sequence[Chunk], source_bytes: int) -> str:
    largest = max([source_bytes, *(len(chunk.glb) for chunk in chunks)])
    rows = [
        (
            f"{chunk.role}<br><small>{_ROLES[chunk.role]}</small>",
            _number(len(chunk.glb)),
            _number(chunk.triangles),
            f"{chunk.error_m:.3f}",
            f'<div class="bar" style="width:{100 * len(chunk.glb) / largest:.1f}%"></div>',
        )
        for chunk in chunks
    ]
    head = ("chunk", "bytes", "triangles", "off by at most, m", "against the source")
    return _table(head, rows, numbers=(1, 2, 3), is_markup=True)


def _warning_table(warnings: Sequence[SceneWarning]) -> str:
    if not warnings:
        return "<p>Nothing.</p>"
    rows = [(w.code, w.path, w.message) for w in warnings]
    return _table(("code", "where", "what"), rows)


def _table(
    head: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    numbers: Sequence[int] = (),
    is_markup: bool = False,
) -> str:
    def line(cells: Sequence[str], tag: str, *, is_raw: bool) -> str:
        made = []
        for index, cell in enumerate(cells):
            kind = ' class="n"' if index in numbers else ""
            made.append(f"<{tag}{kind}>{cell if is_raw else escape(cell)}</{tag}>")
        return f"<tr>{''.join(made)}</tr>"

    body = "".join(line(row, "td", is_raw=is_markup) for row in rows)
    return f"<table>{line(head, 'th', is_raw=False)}{body}</table>"


def _number(value: int) -> str:
    return f"{value:,}".replace(",", " ")
