"""GCRA: how many requests pass at once, evenly, and after a pause."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aia_mas.application.rate_limits import LocalLimiter
from aia_mas.application.settings_rates import Rate, rate

pytestmark = pytest.mark.anyio


class Hand:
    """A clock that stands until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


async def granted(limiter: LocalLimiter, caller: str, times: int) -> int:
    """Return how many of some requests in a row are granted."""
    return sum([(await limiter.take(caller)).granted for _ in range(times)])


async def test_a_burst_and_then_an_even_flow() -> None:
    clock = Hand()
    limiter = LocalLimiter(rate("10/second burst 3"), clock=clock)

    assert await granted(limiter, "a", 5) == 3
    clock.now += 0.1
    assert await granted(limiter, "a", 5) == 1
    clock.now += 0.25
    assert await granted(limiter, "a", 5) == 2
    clock.now += 60
    assert await granted(limiter, "a", 5) == 3


async def test_what_a_caller_is_told() -> None:
    clock = Hand()
    limiter = LocalLimiter(rate("4/minute"), clock=clock)

    assert await limiter.take("a") == (True, 3, 15.0, 0.0)
    assert await limiter.take("a") == (True, 2, 30.0, 0.0)
    clock.now += 15
    assert await limiter.take("a") == (True, 2, 30.0, 0.0)
    assert await granted(limiter, "a", 2) == 2
    clock.now += 5
    assert await limiter.take("a") == (False, 0, 55.0, 10.0)
    clock.now += 10
    assert (await limiter.take("a")).granted


async def test_callers_do_not_share() -> None:
    limiter = LocalLimiter(rate("1/hour"))

    assert await granted(limiter, "a", 2) == 1
    assert await granted(limiter, "b", 2) == 1


async def test_of_too_many_callers_the_silent_ones_are_forgotten() -> None:
    limiter = LocalLimiter(rate("1/hour"), capacity=3)

    for caller in ("busy", "b", "c", "busy", "d", "busy", "e"):
        await limiter.take(caller)

    assert len(limiter._done_at) == 3
    assert await granted(limiter, "busy", 1) == 0, "refused ones are heard of, too"
    assert await granted(limiter, "b", 1) == 1


@given(
    count=st.integers(1, 50),
    burst=st.integers(1, 50),
    pauses=st.lists(st.floats(0, 2, allow_subnormal=False), max_size=200),
)
async def test_no_window_ever_sees_more_than_its_share(
    count: int, burst: int, pauses: list[float]
) -> None:
    clock = Hand()
    limiter = LocalLimiter(Rate(1 / count, burst), clock=clock)
    times: list[float] = []
    for pause in pauses:
        clock.now += pause
        if (await limiter.take("a")).granted:
            times.append(clock.now)

    for first, began in enumerate(times):
        for last in range(first, len(times)):
            assert last - first + 1 <= burst + (times[last] - began) * count + 1e-3
    assert not times or Counter(times).most_common(1)[0][1] <= burst


@pytest.mark.parametrize(
    ("text", "interval", "burst"),
    [
        ("100/second", 0.01, 100),
        ("6000/minute", 0.01, 6000),
        (" 1 / hour ", 3600.0, 1),
        ("6000/minute burst 500", 0.01, 500),
        ("10/second, burst 20", 0.1, 20),
    ],
)
def test_rates_as_they_are_written(text: str, interval: float, burst: int) -> None:
    assert rate(text) == Rate(interval, burst)


@pytest.mark.parametrize(
    "text",
    [
        *("", "100", "0/second", "1/day", "-1/second", "1.5/second", "9999999/second"),
        *("1/secondburst 2", "1/second burst", "1/second burst 0", "10 per second"),
        *(10, None, ["1/second"]),
    ],
)
def test_what_is_no_rate_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match="must be like 100/second"):
        rate(text)
