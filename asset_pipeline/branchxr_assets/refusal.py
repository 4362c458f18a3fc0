"""How the pipeline refuses a scene: the file, the place in it, and what to do."""

from branchxr.errors import SceneRefused


def refused(
    code: str, *, file: str, place: str, expected: str, came: str, remedy: str
) -> SceneRefused:
    """Make the error; `place` is such as `nodes[3].mesh` or `byte 12`."""
    return SceneRefused(expected, f"{came} at {place} of {file!r}", remedy, code=code)
