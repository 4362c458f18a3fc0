"""The branch's clock as a client sees it, and the phase lock."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from branchxr.protocol.phase import PhaseMeter, SamplingClock, ServerClock, wrapped_ms


def test_the_meter_reports_lead_and_jitter_of_what_came_since() -> None:
    meter = PhaseMeter()
    assert meter.report() is None
    for tick in range(40):
        meter.note(tick * 50 + 42 + (tick % 3))
    lead_ms, jitter_ms = meter.report() or (0, 0)
    assert lead_ms == pytest.approx(7, abs=0.1)
    assert jitter_ms == pytest.approx(1, abs=0.1)
    assert meter.report() is None


def test_poses_around_the_tick_have_a_lead_around_nought() -> None:
    meter = PhaseMeter()
    for tick in range(20):
        meter.note(tick * 50 + (49 if tick % 2 else 51))
    lead_ms, jitter_ms = meter.report() or (25, 25)
    assert abs(wrapped_ms(lead_ms)) < 0.1
    assert jitter_ms == pytest.approx(1, abs=0.1)


def test_the_quickest_round_trip_counts() -> None:
    clock = ServerClock()
    assert not clock.is_set
    clock.note(sent_ms=100, received_ms=300, server_ms=5_050)  # slow on the way back
    assert clock.server_ms(300) == pytest.approx(5_150)
    clock.note(sent_ms=400, received_ms=410, server_ms=5_305)
    assert clock.server_ms(410) == pytest.approx(5_310)
    assert clock.local_ms(clock.server_ms(123)) == pytest.approx(123)
    assert clock.round_trip_ms == 10
    for _ in range(8):  # the quick one leaves the window: clocks drift
        clock.note(sent_ms=1_000, received_ms=1_020, server_ms=6_000)
    assert clock.server_ms(1_010) == pytest.approx(6_000)
    clock.reset()
    assert not clock.is_set


@given(offset_ms=st.floats(-1e9, 1e9), now_ms=st.floats(0, 1e7), ahead_ms=st.floats(0, 49))
def test_samples_lie_before_ticks_by_the_lead(
    offset_ms: float, now_ms: float, ahead_ms: float
) -> None:
    clock = ServerClock()
    clock.note(sent_ms=0, received_ms=0, server_ms=offset_ms)
    sampling = SamplingClock(clock)
    sampling.adjust(lead_ms=0, jitter_ms=max(0.0, ahead_ms - 12))
    due_ms = sampling.next_ms(now_ms)
    assert now_ms - 1e-3 < due_ms <= now_ms + 50.001
    ahead = -wrapped_ms(clock.server_ms(due_ms))
    assert abs(wrapped_ms(ahead - sampling.ahead_ms)) < 1e-3


@pytest.mark.simulation
@pytest.mark.parametrize("seed", range(10))
def test_the_lock_finds_the_tick_over_a_path_that_is_not_symmetric(seed: int) -> None:
    """20 to 32 ms up, 2 ms down: the clock is 12 ms wrong, and the lock takes care of it."""
    rng = random.Random(seed)
    clock = ServerClock()
    clock.note(sent_ms=0, received_ms=22, server_ms=1_000_020)
    sampling, meter = SamplingClock(clock), PhaseMeter()
    now_ms, missed, count = 22.0, 0, 0
    for pose in range(400):
        now_ms = sampling.next_ms(now_ms)
        arrival_ms = now_ms + 1_000_000 + rng.uniform(20, 32)
        meter.note(arrival_ms)
        lead_ms = 50 - arrival_ms % 50
        if pose >= 120:
            count += 1
            missed += lead_ms > 25
        if pose % 40 == 39:
            report = meter.report()
            assert report
            sampling.adjust(lead_ms=report[0], jitter_ms=report[1])
    assert missed / count < 0.01
