"""Write `report.html`: the result in 3D, pictures, sizes by cause, and what was lost and why.

One file that asks nothing of any network. It is for the artist who made the scene, in English
and Russian; the words of warnings are in `wording.py`.
"""

import base64
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape
from pathlib import Path
from typing import Final

from PIL import Image

from branchxr._version import __version__

from ..document import Document
from ..geometry import drawn_triangles
from ..pictures import is_for_devices
from ..prepare import Prepared
from ..preview import CUT_M
from ..readers import Source
from ..recipe import Chunk
from ..render import view_from
from ..render.soup import TRIANGLES_MAX
from ..render.textures import Decode
from ..steps import NOTHING_REMEMBERED, StepCache
from ..threads import threads
from ..tree import paths, world_matrices
from ..warnings import SceneWarning
from .bake import Baked, bake
from .cards import counts, levels, spaces
from .images import remembering
from .markup import both, number, size
from .outline import Outline, outline_of_chunk, outline_of_source
from .pictures import Pictures
from .warning_list import counted, warning_list

BYTES_MAX: Final = 4_000_000
"""Of the page without its list of warnings: 2.0 MB of geometry, 0.6 of textures, 3 pictures."""
_PICTURE: Final = (480, 270)
_PICTURE_TRIANGLES_MAX: Final = 3_000_000
_MARKS_MAX: Final = 300
_HERE: Final = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class _Went:
    """What the package shows, read back from the chunks' own bytes."""

    first: list[Outline]
    full: list[Outline]
    live: list[Outline]

    @property
    def whole(self) -> list[Outline]:
        """Everything in full detail."""
        return [*self.full, *self.live]

    @property
    def documents(self) -> list[Document]:
        """Everything in full detail, as far as its outlines tell."""
        return [outline.document for outline in self.whole]


def make_report(
    source: Source,
    prepared: Prepared,
    chunks: Sequence[Chunk],
    warnings: Sequence[SceneWarning],
    *,
    cache: StepCache = NOTHING_REMEMBERED,
    jobs: int = 1,
) -> bytes:
    """Return the page; what of it did not change since the last build is remembered.

    Args:
        source: as it came.
        prepared: what was made of it.
        chunks: of the package.
        warnings: all of the build.
        cache: remembers.
        jobs: threads; the page does not depend on it.
    """
    went = _went(chunks)
    floor = prepared.floor
    floor_m = float(prepared.box[0][1]) if floor is None else floor.height
    places = _places(prepared.whole)
    pictures, (baked, shown) = _illustrated(prepared, went, cache, jobs=jobs, floor_m=floor_m)
    titles = (f"{source.file}: what became of it", f"{source.file}: что получилось")
    body = [
        _header(source, warnings),
        "<main>",
        _facts(source, prepared, chunks),
        _viewer(prepared, baked, shown, pictures.get("full", ""), floor_m=floor_m),
        _heading(
            "What was lost, changed, or could be better",
            "Что потеряно, изменено или может быть лучше",
        ),
        warning_list(warnings, places),
        _heading("Before and after", "До и после"),
        _figures(pictures),
        _plain_note(went.documents),
        _heading("What takes the space", "Что занимает место"),
        spaces(source, chunks, went.documents),
        _heading("What came in, what went out", "Что пришло, что вышло"),
        counts(source, went.documents),
        _heading("Levels of detail", "Уровни детализации"),
        levels(chunks),
        "</main>",
        _footer(source),
    ]
    return _page(titles, body, baked)


def _page(titles: tuple[str, str], body: Sequence[str], baked: Baked | None) -> bytes:
    """Return the whole file; titles are English, then Russian."""
    stream = "" if baked is None else f'<script id="scene" type="text/plain">{baked.text}</script>'
    page = (
        '<!doctype html><html lang="en" data-lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        # Nothing is fetched: should a name of the scene ever slip into markup, it could not act.
        '<meta http-equiv="Content-Security-Policy" content="default-src \'none\'; '
        "img-src data:; style-src 'unsafe-inline'; script-src 'unsafe-inline'\">"
        f"<title>{escape(titles[0])}</title><style>{_text('style.css')}</style></head>"
        f'<body data-title-en="{escape(titles[0])}" data-title-ru="{escape(titles[1])}">'
        f"{''.join(body)}{stream}<script>{_text('viewer.js')}</script></body></html>"
    )
    return page.encode("utf-8", "replace") + b"\n"


def _text(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


def _went(chunks: Sequence[Chunk]) -> _Went:
    def read(role: str) -> list[Outline]:
        return [outline_of_chunk(chunk.glb) for chunk in chunks if chunk.role == role]

    return _Went(read("coarsest"), read("full"), read("live"))


def _places(whole: Document) -> dict[str, list[float]]:
    worlds = world_matrices(whole)
    return {path: worlds[index][:3, 3].tolist() for index, path in paths(whole).items()}


def _illustrated(
    prepared: Prepared, went: _Went, cache: StepCache, *, jobs: int, floor_m: float
) -> tuple[dict[str, str], tuple[Baked | None, str]]:
    """Return the pictures by name, and the scene for the viewer: two halves of the same length."""
    decode = remembering(cache)
    take = _Photographer(prepared, Pictures(_PICTURE, decode, cache), floor_m=floor_m).take

    def plain() -> dict[str, str]:  # shares no textures with the rest
        source = outline_of_source(prepared.whole, cache)
        return {**take("source", [source]), **take("first", went.first)}

    with threads(jobs - 1) as beside:
        ahead = beside.submit(plain)
        pictures = take("full", went.whole)
        baked = _baked(went, decode, cache)
        return {**ahead.result(), **pictures}, baked


class _Photographer:
    """Takes the page's pictures, all from one place, as data URIs by their names."""

    def __init__(self, prepared: Prepared, pictures: Pictures, *, floor_m: float) -> None:
        self._pictures = pictures
        cut_m = floor_m + CUT_M
        self._camera = view_from("corner", prepared.box, size=_PICTURE, cut_m=cut_m)

    def take(self, name: str, scenes: Sequence[Outline]) -> dict[str, str]:
        """Return no picture where nothing is shown, or too much."""
        triangles = sum(drawn_triangles(scene.document) for scene in scenes)
        if not scenes or triangles > min(_PICTURE_TRIANGLES_MAX, TRIANGLES_MAX):
            return {}
        pixels = self._pictures.take(name, scenes, self._camera)
        target = io.BytesIO()
        Image.fromarray(pixels).save(target, "WEBP", quality=82, method=2)
        text = base64.b64encode(target.getvalue()).decode("ascii")
        return {name: f"data:image/webp;base64,{text}"}


def _baked(went: _Went, decode: Decode, cache: StepCache) -> tuple[Baked | None, str]:
    """Pack the fullest level that fits the page; say which it is."""
    for role, scenes in (("full", went.whole), ("coarsest", [*went.first, *went.live])):
        if scenes:
            baked = bake(scenes, decode, cache=cache)
            if baked is not None:
                return baked, role
    return None, ""


def _header(source: Source, warnings: Sequence[SceneWarning]) -> str:
    found = counted(warnings)
    if not warnings:
        said = both("Built. Nothing was lost.", "Собрано. Ничего не потеряно.")
    else:
        said = both(
            f"Built. Lost: {found['loss']}, changed: {found['change']}, advice: {found['advice']}.",
            f"Собрано. Потерь: {found['loss']}, изменений: {found['change']}, "
            f"советов: {found['advice']}.",
        )
    return (
        f"<header><div><h1>{escape(source.file)}<small>{said}</small></h1>"
        '<div class="speak" role="group" aria-label="Language / Язык">'
        '<button data-speak="en" aria-pressed="true">English</button>'
        '<button data-speak="ru" aria-pressed="false">Русский</button></div></div></header>'
    )


def _facts(source: Source, prepared: Prepared, chunks: Sequence[Chunk]) -> str:
    extent = prepared.box[1] - prepared.box[0]
    first = next((len(chunk.glb) for chunk in chunks), 0)
    total = sum(len(glb) for glb in {chunk.glb for chunk in chunks})
    facts = [
        (size(source.size_bytes), ("came in", "пришло")),
        (size(total), ("went out, all levels", "вышло, все уровни")),
        (size(first), ("seen first", "видно сначала")),
        (number(drawn_triangles(prepared.whole)), ("triangles", "треугольников")),
        (
            f"{extent[0]:.1f} × {extent[2]:.1f}",
            (f"metres, {extent[1]:.1f} high", f"метров, высота {extent[1]:.1f}"),
        ),
        (number(len(prepared.anchors)), ("anchors", "якоря")),
    ]
    items = "".join(f"<li><b>{value}</b>{both(*label)}</li>" for value, label in facts)
    return f'<ul class="facts">{items}</ul>'


def _viewer(
    prepared: Prepared, baked: Baked | None, shown: str, poster: str, *, floor_m: float
) -> str:
    if baked is None:
        return ""
    marks = "".join(
        f'<span class="mark" data-at="{[round(v, 2) for v in anchor["position"]]}">'
        f"{escape(str(anchor['kind']))}</span>"
        for anchor in prepared.anchors[:_MARKS_MAX]
    )
    image = f'<img alt="" src="{poster}">' if poster else ""
    box = ""
    if prepared.anchors:
        box = f'<label><input type="checkbox" data-do="marks">{both("Anchors", "Якоря")}</label>'
    level = {
        "full": ("full detail", "полная детализация"),
        "coarsest": ("what is seen first", "то, что видно сначала"),
    }[shown]
    note = both(
        f"The package itself, {level[0]}: {number(baked.triangles)} triangles, rest pose. "
        "Drag to turn, two fingers or Shift to move, wheel or pinch to come closer.",
        f"Сам пакет, {level[1]}: {number(baked.triangles)} треугольников, поза покоя. "
        "Тяните, чтобы повернуть; двумя пальцами или с Shift — сдвинуть; колесо или щипок — ближе.",
    )
    return (
        f"{_heading('The result', 'Результат')}"
        f'<div class="viewer" data-floor="{floor_m:.3f}" data-cut="{floor_m + CUT_M:.3f}">'
        f'{image}<canvas tabindex="0" aria-label="3D"></canvas>{marks}<div class="tools">'
        f'<label>{both("Cut open", "Срез")}<input type="range"></label>{box}'
        f'<button data-do="reset">{both("Whole scene", "Вся сцена")}</button></div></div>'
        f'<p class="note">{note}</p>'
    )


def _figures(pictures: Mapping[str, str]) -> str:
    if not pictures:
        said = both(
            "The scene is too large for pictures here; see branchxr assets preview.",
            "Сцена слишком велика для картинок; см. branchxr assets preview.",
        )
        return f'<p class="note">{said}</p>'
    captions = {
        "source": ("The source", "Исходник"),
        "full": ("The package, in the end", "Пакет, в итоге"),
        "first": ("The package, at first sight", "Пакет, первый вид"),
    }
    shown = [
        f'<figure><img alt="{escape(captions[name][0])}" src="{pictures[name]}" '
        f'width="{_PICTURE[0]}" height="{_PICTURE[1]}">'
        f"<figcaption><b>{both(*captions[name])}</b></figcaption></figure>"
        for name in captions
        if name in pictures
    ]
    note = both(
        f"Cut open {CUT_M} m above the floor, rest pose, one light for all.",
        f"Срез на {str(CUT_M).replace('.', ',')} м над полом, поза покоя, одинаковый свет.",
    )
    return f'<div class="pair">{"".join(shown)}</div><p class="note">{note}</p>'


def _plain_note(documents: Sequence[Document]) -> str:
    """Say which textures the pictures of this page do not show."""
    raws = {raw for document in documents for raw in document.images}
    count = sum(map(is_for_devices, raws))
    if not count:
        return ""
    said = both(
        f"Textures for graphics processors (KTX2, DDS): {count}. The 3D view and the pictures of "
        "the package on this page show each of them as one plain colour; visitors see them whole.",
        f"Текстуры для видеокарт (KTX2, DDS): {count}. В 3D и на картинках пакета на этой странице "
        "каждая из них показана одним ровным цветом; посетители видят их полностью.",
    )
    return f'<p class="note">{said}</p>'


def _footer(source: Source) -> str:
    unknown = both("unknown", "неизвестно")
    wrote = escape(source.generator) if source.generator else unknown
    alone = both(
        "This page is one file and asks nothing of any network.",
        "Эта страница — один файл и ничего не запрашивает из сети.",
    )
    return (
        f"<footer>{both('Format', 'Формат')}: {escape(source.format)} · "
        f"{both('written by', 'записано программой')}: {wrote} · BranchXR {__version__}<br>"
        f"{alone}"
        "</footer>"
    )


def _heading(en: str, ru: str) -> str:
    return f"<h2>{both(en, ru)}</h2>"
