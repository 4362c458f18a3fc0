"""Unity: the stage for Unity games."""
