"""Requests wait in their order; what would be looked at anyway waits once."""

from __future__ import annotations

from figsync.daemon.inbox import Due, Inbox, Look, Wake


def test_requests_are_taken_in_their_order():
    inbox = Inbox()
    inbox.put(Due("pull"))
    inbox.put(Look("Earth"))
    inbox.put(Wake())

    assert inbox.take(0) == [Due("pull"), Look("Earth"), Wake()]
    assert inbox.take(0) == []


def test_bursts_of_hints_wait_once_each():
    inbox = Inbox()
    for _ in range(1000):
        inbox.put(Look("Earth"))
        inbox.put(Look("Mars"))

    assert inbox.take(0) == [Look("Earth"), Look("Mars")]


def test_a_hint_that_was_taken_may_come_again():
    inbox = Inbox()
    inbox.put(Look("Earth"))
    inbox.take(0)
    inbox.put(Look("Earth"))

    assert inbox.take(0) == [Look("Earth")]


def test_equal_requests_of_others_are_all_kept_unless_they_follow_each_other():
    inbox = Inbox()
    for request in (Due("pull"), Due("pull"), Due("scan"), Due("pull")):
        inbox.put(request)

    assert inbox.take(0) == [Due("pull"), Due("scan"), Due("pull")]
