"""Draw pictures of documents without a graphics processor: docs/adr/0009 says why in numpy."""

from .camera import Camera, camera_of_node, view_from
from .picture import Lighting, render

__all__ = ["Camera", "Lighting", "camera_of_node", "render", "view_from"]
