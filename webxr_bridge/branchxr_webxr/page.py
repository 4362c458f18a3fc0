"""The page itself: its HTML, and headers that let it load nothing but its own."""

from collections.abc import Sequence
from html import escape
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

from branchxr.errors import MissingTool

from .first_sight import FirstSight

STATIC: Final = Path(__file__).parent / "static"
SCRIPT: Final = "branchxr.js"
STYLE: Final = "branchxr.css"
MODULES: Final = "modules.json"
"""Written by the build: what the page's script imports. Found only in the script, it would cost
another round trip."""


def require_static(folder: Path = STATIC) -> None:
    """Check that the shim has been built.

    Raises:
        MissingTool: `shim_missing`.
    """
    for name in (SCRIPT, STYLE, MODULES):
        if not (folder / name).is_file():
            raise MissingTool(
                "the page's built JavaScript",
                f"no {name!r} in branchxr_webxr/static",
                "run `make setup` (or: npm --prefix webxr_bridge/npm ci && "
                "npm --prefix webxr_bridge/npm run build)",
                code="shim_missing",
            )


def modules(folder: Path = STATIC) -> tuple[str, ...]:
    """Return the names of the files that the script imports, three.js among them."""
    return msgspec.json.decode((folder / MODULES).read_bytes(), type=tuple[str, ...])


def element(token: str, sight: FirstSight | None = None) -> str:
    """Return the one element that puts the branch into a page of this origin."""
    scene = f' scene="{escape(msgspec.json.encode(sight).decode(), quote=True)}"' if sight else ""
    return f'<branchxr-branch token="{escape(token, quote=True)}"{scene}></branchxr-branch>'


def render(
    token: str, nonce: str, sight: FirstSight | None = None, imports: Sequence[str] = ()
) -> str:
    """Return the HTML of one page. The token is spent by its first socket.

    Where the first sight is light, nothing shares the line with it: the script asks for the rest.

    Args:
        token: buys the page's first socket.
        nonce: of this page's policy.
        sight: shown before the socket is open, where it is known.
        imports: as `modules()` returns them.
    """
    at_once = () if sight and sight.is_light else imports
    links = [f'<link rel="modulepreload" nonce="{nonce}" href="/static/{name}">'
             for name in at_once]  # fmt: skip
    if sight:
        paths = sight.first if sight.is_light else ("tileset.json", *sight.first)
        addresses = (escape(quote(sight.base + path), quote=True) for path in paths)
        links += (f'<link rel="preload" as="fetch" crossorigin href="{one}">' for one in addresses)
    return (
        "<!doctype html>\n"
        '<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        "<title>Branch</title>"
        '<link rel="icon" href="data:,">'
        f'<link rel="stylesheet" nonce="{nonce}" href="/static/{STYLE}">'
        f'<script type="module" nonce="{nonce}" src="/static/{SCRIPT}"></script>'
        f"{''.join(links)}</head><body>{element(token, sight)}"
        "<noscript>This page shows a bank branch in 3D and needs JavaScript.</noscript>"
        "</body></html>\n"
    )


def security_headers(origin: str, nonce: str = "") -> dict[str, str]:
    """Return the headers of every answer; with a nonce also the page's own policy.

    Args:
        origin: of this host; its WebSocket form is allowed beside it, since not every browser
            counts it as `'self'` (Content Security Policy Level 3, section 6.7.2.8).
        nonce: for the page's script and style.
    """
    socket = origin.replace("http", "ws", 1)
    policy = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
    if nonce:
        policy += (
            f"; script-src 'nonce-{nonce}' 'strict-dynamic'; style-src 'nonce-{nonce}'"
            # blob: three.js decodes the textures inside a GLB by fetching object URLs of its own
            f"; connect-src 'self' {socket} blob:; img-src 'self' blob: data:"
            # The decoders' workers come from files here, by the one policy that names them.
            "; worker-src 'self'"
            "; require-trusted-types-for 'script'; trusted-types branchxr-workers"
        )
    return {
        "content-security-policy": policy,
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-embedder-policy": "require-corp",
        "cross-origin-resource-policy": "same-origin",
        "permissions-policy": (
            "publickey-credentials-get=(self), publickey-credentials-create=(self), "
            "xr-spatial-tracking=(self), camera=(), microphone=(), geolocation=(), payment=()"
        ),
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
    }
