"""How much of something is taken from a stage."""

from typing import Final

from ..clock import Clock

BURST_S: Final = 3.0


class Bucket:
    """A token bucket: `rate` a second, and three seconds' worth at once."""

    def __init__(self, rate: float, *, clock: Clock) -> None:
        self._rate = rate
        self._clock = clock
        self._left = rate * BURST_S
        self._at = clock.monotonic()

    def take(self) -> bool:
        """Take one; say whether there was one."""
        now = self._clock.monotonic()
        self._left = min(self._rate * BURST_S, self._left + (now - self._at) * self._rate)
        self._at = now
        if self._left < 1:
            return False
        self._left -= 1
        return True
