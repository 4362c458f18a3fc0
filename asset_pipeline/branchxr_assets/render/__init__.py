"""Draw pictures of documents without a graphics processor: docs/adr/0009 says why in numpy."""

from .camera import Camera, camera_of_node, view_from
from .picture import Lighting, render, render_windows

__all__ = ["Camera", "Lighting", "camera_of_node", "render", "render_windows", "view_from"]
