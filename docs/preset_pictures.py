"""Make the pictures and the table of docs/artists/presets.md: the hall by each preset.

Left the source, in the middle what a preset's full level and live tile show, right what a visitor
sees first. Drawn by the pipeline's own renderer, so that it needs neither browser nor graphics
processor, and comes out the same on any machine with the same encoders.
"""

import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from PIL import Image

from branchxr_assets.build import BuildResult, build_scene
from branchxr_assets.presets import NAMES, load
from branchxr_assets.preview import picture, shown_package, shown_scene
from branchxr_assets.render.picture import Pixels

HERE = Path(__file__).parent
SCENE = HERE.parent / "examples" / "hall" / "hall.glb"
PAGE = HERE / "artists" / "presets.md"
FOLDER = HERE / "artists" / "pictures"
CAMERA = "Branch_Root/Camera.000"
SIZE = (480, 360)
GAP_PX = 6
QUALITY = 82
BEGIN, END = "<!-- made by: make pictures -->\n", "<!-- end -->"


@dataclass(frozen=True, slots=True)
class Look:
    """A preset's package as it is seen."""

    result: BuildResult
    full: Pixels
    first: Pixels

    def bytes_of(self, *roles: str) -> int:
        """Return the raw bytes of chunks."""
        return sum(len(chunk.glb) for chunk in self.result.chunks if chunk.role in roles)

    @property
    def texture_bytes(self) -> int:
        """In graphics memory, with mip levels."""
        return sum(size for c in self.result.chunks for size, _ in c.load.texture_bytes)


def main() -> None:
    before = picture(shown_scene(SCENE), CAMERA, SIZE)
    FOLDER.mkdir(exist_ok=True)
    rows = [
        "| preset | all chunks | full level and live | first sight | textures in graphics memory "
        "| differs from the source by |",
        "|---|---|---|---|---|---|",
        f"| source | {SCENE.stat().st_size / 1e6:.2f} MB | | | | |",
    ]
    shown = []
    for name in NAMES:
        look = looked_at(name)
        save(FOLDER / f"{name}.webp", (before, look.full, look.first))
        rows.append(row(name, look, before))
        shown.append(
            f"**{name}**: the source, the full level, first sight\n\n"
            f"![{name}](pictures/{name}.webp)\n"
        )
    text = PAGE.read_text(encoding="utf-8")
    head, _, rest = text.partition(BEGIN)
    tail = rest.partition(END)[2]
    made = "\n".join([*rows, "", *shown])
    PAGE.write_text(f"{head}{BEGIN}\n{made}\n{END}{tail}", encoding="utf-8")


def looked_at(name: str) -> Look:
    """Build the hall by a preset, and take its pictures."""
    with tempfile.TemporaryDirectory() as folder:
        package = Path(folder) / "package"
        key = Ed25519PrivateKey.generate()
        result = build_scene(SCENE, package, preset=load(name), key=key)
        levels = [
            shown_package(package, level=level, now=time.time(), allow_unsigned=False)
            for level in ("full", "coarsest")
        ]
    return Look(result, *(picture(level, CAMERA, SIZE) for level in levels))


def row(name: str, look: Look, before: Pixels) -> str:
    """Return a preset's line of the table."""
    off = np.abs(look.full.astype(int) - before.astype(int)).mean()
    cells = (
        name,
        f"{look.result.chunk_bytes / 1e6:.2f} MB",
        f"{look.bytes_of('full', 'live') / 1e6:.2f} MB",
        f"{look.bytes_of('coarsest') / 1e3:.0f} kB",
        f"{look.texture_bytes / 1e6:.1f} MB",
        f"{off:.2f} of 255",
    )
    return f"| {' | '.join(cells)} |"


def save(path: Path, pictures: tuple[Pixels, ...]) -> None:
    """Write pictures beside one another, a white line between them."""
    width, height = SIZE
    whole = Image.new("RGB", (len(pictures) * (width + GAP_PX) - GAP_PX, height), "white")
    for number, pixels in enumerate(pictures):
        whole.paste(Image.fromarray(pixels), (number * (width + GAP_PX), 0))
    whole.save(path, "WEBP", quality=QUALITY, method=6)


if __name__ == "__main__":
    main()
