"""The machine's clock: its waits end when somebody asks, and only then."""

from __future__ import annotations

import threading

import pytest

from figsync.clock import SystemClock

LONG = 60.0


def test_what_was_parked_and_goes_on_is_not_stopped_later() -> None:
    clock = SystemClock()

    for _ in range(200):
        clock.park()
        clock.go_on()

        assert not clock.wait(0.001)


def test_it_waits_for_as_long_as_it_was_asked_to_after_going_on() -> None:
    clock = SystemClock()
    for _ in range(20):
        clock.park()
        clock.go_on()
        before = clock.monotonic()

        assert not clock.wait(0.02)

        assert clock.monotonic() - before >= 0.019


@pytest.mark.parametrize("wish", [SystemClock.stop, SystemClock.park])
def test_every_wait_ends_when_somebody_asks(wish: object) -> None:
    clock = SystemClock()
    answers: list[bool] = []
    threads = [
        threading.Thread(target=lambda: answers.append(clock.wait(LONG)))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()

    assert callable(wish)
    wish(clock)
    for thread in threads:
        thread.join(LONG / 2)

    assert answers == [True] * 4
    assert clock.wait(LONG)
