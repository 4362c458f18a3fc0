"""WebXR: a page with a stage for each visitor, its Python half and the shim it serves."""
