"""Write `branch.json`: what a branch needs to know of a scene beside its looks."""

import json
from collections.abc import Sequence

from .contents.anchors import list_nodes
from .contents.cells import list_cells
from .document import Json
from .encoders import encoder_versions
from .first_view import COARSEST_BYTES_MAX
from .prepare import Prepared
from .readers import Source
from .recipe import Chunk


def make_branch_json(
    scene: Prepared, source: Source, chunks: Sequence[Chunk], *, identity: str
) -> bytes:
    """Return the bytes; the same scene and versions give the same ones."""
    height = scene.floor.height if scene.floor else round(float(scene.box[0][1]), 4)
    shown = scene.whole.listed("scenes")
    branch: Json = {
        "schema": 1,
        "scene": identity,
        "units": "m",
        "up": "+Y",
        "bounds_m": [[round(float(v), 4) + 0.0 for v in end] for end in scene.box],
        "sources": [{"file": n, "sha256": h} for n, h in sorted(source.hashes.items())],
        "generator": source.generator,
        "licence": source.licence,
        "pipeline": dict(encoder_versions()),
        "budgets": {
            "coarsest_bytes_max": COARSEST_BYTES_MAX,
            "chunks": [
                {
                    "role": chunk.role,
                    "bytes": len(chunk.glb),
                    "triangles": chunk.triangles,
                    "error_m": chunk.error_m,
                }
                for chunk in chunks
            ],
        },
        "extras": shown[0].get("extras") if shown else None,
        "anchors": scene.anchors,
        "nodes": list_nodes(scene.whole),
        "cells": list_cells(scene.floor, scene.box, scene.anchors, height=height),
        "floor": scene.floor.to_json() if scene.floor else None,
    }
    text = json.dumps(branch, ensure_ascii=False, indent=1, allow_nan=False)
    return text.encode("utf-8", "replace") + b"\n"
