"""What marks a software authenticator: both the key that claims it and the branch that caps it."""

from typing import Final

SOFT_AAGUID: Final = bytes.fromhex("de26af706a39a83956cf4d70389f9103")
"""The AAGUID that `SoftKey` writes into its credentials: SHA-256 of "branchxr soft authenticator
v1", first 16 bytes, fixed for ever. An AAGUID is only a claim, but nobody gains by this one:
it is the lowest assurance there is."""
