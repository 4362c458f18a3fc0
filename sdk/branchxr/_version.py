"""The version of the whole distribution: the Python packages, the shim and the Unity package."""

__version__ = "0.1.0"
