"""Scene files of a branch in another process, on the page's own origin.

The page checks every byte against hashes that Python verified, so this only passes them on.
"""

import re
from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Final

from starlette.responses import PlainTextResponse, StreamingResponse
from starlette.types import Receive, Scope, Send

from branchxr.errors import BranchXRError, NotFound
from branchxr.transport.http import BranchHttp

_FILE: Final = re.compile(r"/(?:[A-Za-z0-9_-][A-Za-z0-9._-]*/)*[A-Za-z0-9_-][A-Za-z0-9._-]*")


class SceneProxy:
    """An ASGI app to be mounted at `/scene`.

    Args:
        http: makes a connection to the branch; one for each file, so that nothing is shared.
        base: of the package on the branch, ending in `/`.
    """

    def __init__(self, http: Callable[[], BranchHttp], *, base: str = "/scene/") -> None:
        self._http = http
        self._base = base

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer GET for a plain file path; everything else is refused."""
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        if scope["type"] != "http" or scope["method"] != "GET":
            await PlainTextResponse("only GET\n", 405)(scope, receive, send)
        elif not _FILE.fullmatch(path):
            await PlainTextResponse("no such file\n", 404)(scope, receive, send)
        else:
            await self._pass_on(path[1:], scope, receive, send)

    async def _pass_on(self, path: str, scope: Scope, receive: Receive, send: Send) -> None:
        async with AsyncExitStack() as stack:
            http = self._http()
            stack.push_async_callback(http.close)
            try:
                download = await stack.enter_async_context(http.download(self._base + path))
            except NotFound:
                await PlainTextResponse("no such file\n", 404)(scope, receive, send)
                return
            except BranchXRError:
                await PlainTextResponse("the branch does not answer\n", 502)(scope, receive, send)
                return
            headers = {"cache-control": CACHE[path.startswith("c/")]}
            if download.etag:
                headers["etag"] = download.etag
            kind = TYPES.get(path.rpartition(".")[2], "application/octet-stream")
            response = StreamingResponse(download.parts, headers=headers, media_type=kind)
            await response(scope, receive, send)


TYPES: Final = {"json": "application/json", "glb": "model/gltf-binary"}
CACHE: Final = {True: "public, max-age=31536000, immutable", False: "no-cache"}
"""Chunks are named by their hash; the rest may change."""
