"""Presets: what a scene is made for, as documented TOML files; `branchxr.toml` overrides."""

from .preset import NAMES, Budgets, Geometry, Levels, Motion, Preset, Textures, load

__all__ = ["NAMES", "Budgets", "Geometry", "Levels", "Motion", "Preset", "Textures", "load"]
