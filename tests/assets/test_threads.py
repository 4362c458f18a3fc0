"""What goes wrong beside threads is not held up by what they have yet to do."""

from threading import Event, get_ident

import pytest

from branchxr_assets.threads import threads


def test_what_was_begun_is_waited_for() -> None:
    with threads(0) as pool:
        squares = [pool.submit(pow, number, 2) for number in range(9)]
    assert [square.result() for square in squares] == [number**2 for number in range(9)]


def test_after_an_interrupt_nothing_more_is_begun() -> None:
    begun, interrupted = Event(), Event()
    done: list[None] = []

    def work() -> None:
        begun.set()
        interrupted.wait(10)
        done.append(None)

    def interrupt() -> None:
        assert begun.wait(10)
        last.add_done_callback(lambda _cancelled: interrupted.set())
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt), threads(1) as pool:  # noqa: PT012 - they belong together
        *_, last = [pool.submit(work) for _ in range(5)]
        interrupt()
    assert len(done) == 1


def test_one_core_does_it_at_once_in_this_thread() -> None:
    with threads(0) as pool:
        assert pool.submit(get_ident).result() == get_ident()
        failed = pool.submit(int, "none")
    with pytest.raises(ValueError, match="none"):
        failed.result()
