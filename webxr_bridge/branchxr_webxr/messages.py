"""The stage's vocabulary as a page has it: JSON with an `op`; the same as `npm/src/messages.ts`.

What comes from a page is strict and bounded: it is only a browser on the network. Binary messages
are cell frames (down) and uplink poses (up), passed on untouched.
"""

from typing import Any, Final

import msgspec
import numpy as np

from branchxr.errors import ProtocolError
from branchxr.stages.messages import Answer, Down, PageUp

SUBPROTOCOL: Final = "branchxr.page.1"
MAX_UP_BYTES: Final = 65_536
"""Of one message from a page; the longest is a credential with an attestation chain."""

CREDENTIAL_LEVELS: Final = 8
"""Of nesting; WebAuthn Level 3 section 5.1 needs four, extensions a few more."""

_UP: Final[msgspec.json.Decoder[PageUp]] = msgspec.json.Decoder(PageUp)


class Hello(Down, frozen=True, tag="hello"):
    """The page is in. All that is shown follows; `resume` is secret and buys the next socket."""

    resume: str
    handled: int
    branch: str
    is_development: bool
    rp_id: str


class Handled(Down, frozen=True, tag="handled"):
    """Messages up to number `n` were handled."""

    n: int


def parse_up(text: str) -> PageUp:
    """Parse what a page sent.

    Raises:
        ProtocolError: `page_message_malformed`.
    """
    try:
        if len(text) > MAX_UP_BYTES:
            raise msgspec.ValidationError("too long")
        message = _UP.decode(text)
        if message.n < 1:
            raise msgspec.ValidationError("not numbered")
        if isinstance(message, Answer) and not _is_shallow(message.credential, CREDENTIAL_LEVELS):
            raise msgspec.ValidationError("nested too deep")
    except (msgspec.DecodeError, UnicodeEncodeError, RecursionError) as error:
        raise ProtocolError(
            "a message of the page's protocol",
            f"{type(error).__name__}: {error}"[:200],
            "reload the page",
            code="page_message_malformed",
        ) from error
    return message


def _is_shallow(value: object, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    inner = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_is_shallow(each, levels - 1) for each in inner)


def encode_down(message: Down) -> str:
    """Return the message as JSON."""
    return _ENCODER.encode(message).decode()


def _plain(value: object) -> list[Any]:
    if not isinstance(value, np.ndarray):
        raise NotImplementedError(type(value).__name__)
    is_ids = value.dtype == np.uint32
    plain: list[Any] = (value if is_ids else value.ravel()).tolist()
    return plain


_ENCODER: Final = msgspec.json.Encoder(enc_hook=_plain)
