"""Time between two machines: the branch's clock as a client sees it, and the phase lock.

Without the lock a pose waits half a tick on average; with it p99 fell from 52.6 to 12.8 ms at 200
clients in one room (20 Hz, loopback). All times are milliseconds of a monotonic clock.
"""

import math
from collections import deque
from typing import Final

from .frames import TICK_MS

TARGET_LEAD_MS: Final = 6.0
"""Wanted between a pose's arrival and the tick, beside the jitter: 4-8 ms measured best."""

METER_SAMPLES: Final = 64
CLOCK_SAMPLES: Final = 8


class PhaseMeter:
    """How early the poses of one sender come before the tick; the branch's half of the lock."""

    def __init__(self) -> None:
        self._leads_ms: deque[float] = deque(maxlen=METER_SAMPLES)

    def note(self, arrival_ms: float) -> None:
        """Take the arrival of a pose, on the branch's clock."""
        self._leads_ms.append(TICK_MS - arrival_ms % TICK_MS)

    def report(self) -> tuple[float, float] | None:
        """Return the mean lead and the jitter of what came since the last report.

        The mean is circular: a pose that just missed the tick has a lead of almost a whole one,
        and belongs beside the one that just made it. `None` for fewer than 4 poses.
        """
        leads = list(self._leads_ms)
        self._leads_ms.clear()
        if len(leads) < 4:
            return None
        turns = [lead / TICK_MS * math.tau for lead in leads]
        mean = math.atan2(sum(map(math.sin, turns)), sum(map(math.cos, turns)))
        lead_ms = mean / math.tau * TICK_MS % TICK_MS
        apart = sorted(abs(wrapped_ms(lead - lead_ms)) for lead in leads)
        return lead_ms, apart[math.ceil(len(apart) * 0.95) - 1]


class ServerClock:
    """The branch's monotonic milliseconds, estimated from round trips.

    The round trip with the least delay of the last 8 counts (as in NTP, RFC 5905 section 10): its
    error is at most half of it.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=CLOCK_SAMPLES)
        self._offset_ms = 0.0
        self.round_trip_ms = 0.0

    @property
    def is_set(self) -> bool:
        """Whether there was a round trip."""
        return bool(self._samples)

    def note(self, *, sent_ms: float, received_ms: float, server_ms: float) -> None:
        """Take a round trip: our clock when sent and received, the branch's in between."""
        round_trip_ms = max(0.0, received_ms - sent_ms)
        self._samples.append((round_trip_ms, server_ms - (sent_ms + received_ms) / 2))
        self.round_trip_ms, self._offset_ms = min(self._samples)

    def reset(self) -> None:
        """Forget everything: the branch may be another process now."""
        self._samples.clear()

    def server_ms(self, now_ms: float) -> float:
        """Return the branch's time at a time of ours."""
        return now_ms + self._offset_ms

    def local_ms(self, server_ms: float) -> float:
        """Return our time at a time of the branch's."""
        return server_ms - self._offset_ms


class SamplingClock:
    """When to sample the next pose; the client's half of the lock."""

    def __init__(self, clock: ServerClock, *, interval_ms: float = TICK_MS) -> None:
        self._clock = clock
        self._interval_ms = interval_ms
        self._ahead_ms: float | None = None

    @property
    def ahead_ms(self) -> float:
        """How long before a tick to sample; at first by the round trip alone."""
        if self._ahead_ms is not None:
            return self._ahead_ms
        return min(TICK_MS - 1.0, TARGET_LEAD_MS + self._clock.round_trip_ms / 2)

    def adjust(self, *, lead_ms: float, jitter_ms: float) -> None:
        """Shift by what the branch reported.

        Only half of a small error is corrected: the report is one of noise as well.
        """
        wanted_ms = min(TICK_MS * 0.8, TARGET_LEAD_MS + jitter_ms)
        shift_ms = wrapped_ms(wanted_ms - lead_ms)
        if abs(shift_ms) < 4.0:
            shift_ms /= 2
        self._ahead_ms = (self.ahead_ms + shift_ms) % TICK_MS

    def next_ms(self, now_ms: float) -> float:
        """Return the time, on our clock, of the first sample after `now_ms`."""
        start_ms = self._clock.local_ms(-self.ahead_ms)
        count = math.floor((now_ms - start_ms) / self._interval_ms + 1e-6) + 1
        return start_ms + count * self._interval_ms


def wrapped_ms(difference_ms: float) -> float:
    """Return a difference of phases, between minus and plus half a tick."""
    return (difference_ms + TICK_MS / 2) % TICK_MS - TICK_MS / 2
