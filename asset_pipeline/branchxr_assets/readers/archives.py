"""What every archive of a stranger is asked."""

import lzma
import zipfile
import zlib
from pathlib import PurePosixPath
from typing import Final

NAME_CHARACTERS_MAX: Final = 1_000
_DEVICES: Final = frozenset('<>:"|?*')
"""Not in a file's name on every system; a colon also starts a drive or an address."""

ZIP_FAULTS: Final = (
    *(KeyError, IndexError, OSError, ValueError, EOFError, RuntimeError, NotImplementedError),
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError),
)
"""All that `zipfile` raises on a broken archive; bzip2 says OSError."""


def is_plain_name(name: str) -> bool:
    """Tell whether a file's name in an archive stays below the folder it is unpacked into."""
    path = PurePosixPath(name)
    return (
        0 < len(name) <= NAME_CHARACTERS_MAX
        and not path.is_absolute()
        and ".." not in path.parts
        and "\\" not in name
        and not any(c in _DEVICES or ord(c) < 32 for c in name)
    )
