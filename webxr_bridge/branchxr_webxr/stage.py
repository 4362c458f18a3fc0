"""The WebXR stage: where a script sees and acts on one person's page."""

from typing import Any

from branchxr.scene.streamer import LoadedScene
from branchxr.stages.link import StageLink
from branchxr.stages.remote import RemoteStage

from .messages import encode_down

BASE_URL = "/scene/"
"""Where a page finds the scene's files, on its own origin."""


class PageLink(StageLink[str]):
    """Messages as JSON, and frames, for one page."""

    def __init__(self) -> None:
        super().__init__(encode_down)


class WebXRStage(RemoteStage):
    """A page with a person before it; implements `branchxr.stages.stage.Stage`."""

    def __init__(self, link: StageLink[Any], *, scene: LoadedScene | None = None) -> None:
        super().__init__("webxr", link, scene=scene, base_url=BASE_URL)
