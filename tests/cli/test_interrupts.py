"""Ctrl-C that something swallowed ends a build at its next stage."""

import signal
import sys

import pytest

from branchxr.cli.interrupts import heard_at_the_latest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGINT of one process")


def swallowed() -> None:
    try:
        signal.raise_signal(signal.SIGINT)
    except KeyboardInterrupt:
        return  # as a finaliser does


def test_it_is_raised_at_once_and_again_if_it_was_lost() -> None:
    told = []
    with heard_at_the_latest(lambda what, share: told.append((what, share))) as tell:
        tell("reading", 0.0)
        swallowed()
        with pytest.raises(KeyboardInterrupt):
            tell("writing", 0.9)
    assert told == [("reading", 0.0)]


def test_the_handler_is_put_back() -> None:
    before = signal.getsignal(signal.SIGINT)
    with heard_at_the_latest(None), pytest.raises(KeyboardInterrupt):
        signal.raise_signal(signal.SIGINT)
    assert signal.getsignal(signal.SIGINT) is before


def test_who_ignores_it_goes_on_ignoring_it() -> None:
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        with heard_at_the_latest(None) as tell:
            signal.raise_signal(signal.SIGINT)
            tell("reading", 0.0)
    finally:
        signal.signal(signal.SIGINT, before)
