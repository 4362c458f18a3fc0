"""The one module that knows `pxr`, OpenUSD's bindings, which have no types."""

import importlib
import os
from typing import Any

# One thread: a pool of them reserves address space, which is bounded, and gains nothing here.
os.environ.setdefault("PXR_WORK_THREAD_LIMIT", "1")

Ar: Any = importlib.import_module("pxr.Ar")
Gf: Any = importlib.import_module("pxr.Gf")
Sdf: Any = importlib.import_module("pxr.Sdf")
Tf: Any = importlib.import_module("pxr.Tf")
Usd: Any = importlib.import_module("pxr.Usd")
UsdGeom: Any = importlib.import_module("pxr.UsdGeom")
UsdLux: Any = importlib.import_module("pxr.UsdLux")
UsdShade: Any = importlib.import_module("pxr.UsdShade")
UsdSkel: Any = importlib.import_module("pxr.UsdSkel")
UsdUtils: Any = importlib.import_module("pxr.UsdUtils")
