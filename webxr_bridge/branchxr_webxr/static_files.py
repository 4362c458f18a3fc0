"""The shim's built files: compressed as they were built, and each kind with its own policy."""

import os
from pathlib import Path
from typing import Final

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.staticfiles import StaticFiles
from starlette.types import Scope

from branchxr.protocol.content_coding import prefers_brotli

WORKER_POLICY: Final = (
    "default-src 'none'; script-src 'wasm-unsafe-eval'; connect-src 'self'; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'none'"
)
"""A worker has the policy of its own file (Content Security Policy Level 3, section 4.2.2):
WebAssembly is compiled in the decoders' workers, and not in the page."""

_FOREVER: Final = "public, max-age=31536000, immutable"


class ShimFiles(StaticFiles):
    """Answer with `NAME.br` for `NAME` where brotli is accepted; the build wrote both.

    Compressing at the time of the request cost 2 s for each page (brotli 11 of 0.9 MB).
    """

    async def get_response(self, path: str, scope: Scope) -> Response:
        """Answer a GET or HEAD; a `.br` by its own name does not exist."""
        if path.endswith(".br"):
            return await super().get_response(path + ".none", scope)
        has_brotli = prefers_brotli(Headers(scope=scope).get("accept-encoding"))
        encoded = f"{path}.br"
        if has_brotli and self.lookup_path(encoded)[1] is not None:
            response = await super().get_response(encoded, scope)
            response.headers["content-type"] = TYPES.get(Path(path).suffix, "text/plain")
            if response.status_code == 200:
                response.headers["content-encoding"] = "br"
        else:
            response = await super().get_response(path, scope)
        response.headers["vary"] = "accept-encoding"
        name = os.path.basename(path)  # noqa: PTH119 - an address, not a file of ours
        # Names with a hash never change; the others are asked for again, and mostly not sent again.
        response.headers["cache-control"] = _FOREVER if name.startswith("chunk-") else "no-cache"
        if name.endswith(".worker.js"):
            response.headers["content-security-policy"] = WORKER_POLICY
        return response


TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".txt": "text/plain; charset=utf-8",
    ".wasm": "application/wasm",
}
