"""When a host is left alone and when it is tried again: a calculation."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figsync.errors import (
    BadBytes,
    BadReply,
    Blocked,
    FigshareProblem,
    Locked,
    NotFound,
    Refused,
    Resting,
    TokenRefused,
    TooMany,
    Unreachable,
)
from figsync.figshare.answers import LinkExpired
from figsync.figshare.breaker import (
    FAILURES,
    LONGEST_WAIT,
    WAITS,
    WAITS_OFFLINE,
    WAITS_UNREACHED,
    Admission,
    Circuit,
    Failure,
    Host,
    Rest,
    Service,
)
from figsync.figshare.hosts import failure

BUSY = Failure("server errors")
UNREACHED = Failure("no connection", was_reached=False)
OFFLINE = Failure("no connection", was_reached=False, is_api=True)
NOW = 1_795_190_400.0  # 2026-11-20 16:00:00 UTC


def fail(circuit: Circuit, *abouts: str, now: float = NOW) -> Circuit:
    for about in abouts:
        failure = Failure("server errors", about)
        circuit = circuit.failed(failure, circuit.rounds, now=now, jitter=0)
    return circuit


def test_a_host_works_until_it_is_known_not_to() -> None:
    assert Circuit().admission(NOW) is Admission.GO


def test_different_requests_that_fail_in_a_row_open_it() -> None:
    files = [f"file {n}" for n in range(FAILURES)]

    assert fail(Circuit(), *files[:-1]).admission(NOW) is Admission.GO
    assert fail(Circuit(), *files).admission(NOW) is Admission.REST


def test_one_file_that_fails_for_ever_opens_nothing() -> None:
    assert fail(Circuit(), *["file 1"] * 100).admission(NOW) is Admission.GO


def test_a_request_for_the_whole_account_counts_each_time() -> None:
    assert fail(Circuit(), *[""] * (FAILURES - 1)).admission(NOW) is Admission.GO
    assert fail(Circuit(), *[""] * FAILURES).admission(NOW) is Admission.REST


def test_a_firewall_before_the_whole_service_opens_it_at_once() -> None:
    whole = Failure("a firewall", is_firewall=True)
    one = Failure("a firewall", "file 1", is_firewall=True)

    closed = Circuit().failed(one, 0, now=NOW, jitter=0)
    open_ = Circuit().failed(whole, 0, now=NOW, jitter=0)

    assert closed.admission(NOW) is Admission.GO
    assert open_.admission(NOW) is Admission.REST


def test_a_success_in_between_forgets_the_failures() -> None:
    files = [f"file {n}" for n in range(FAILURES - 1)]

    circuit = fail(fail(Circuit(), *files).succeeded(0), *files)

    assert circuit.admission(NOW) is Admission.GO


@pytest.mark.parametrize(
    ("failure", "waits"),
    [(BUSY, WAITS), (UNREACHED, WAITS_UNREACHED), (OFFLINE, WAITS_OFFLINE)],
)
def test_the_waits_grow(failure: Failure, waits: tuple[float, ...]) -> None:
    circuit = Circuit()
    for _ in range(FAILURES):
        circuit = circuit.failed(failure, 0, now=NOW, jitter=0)
    now, found = NOW, []
    for _ in range(8):
        found.append(circuit.until - now)
        now = circuit.until
        assert circuit.admission(now - 1) is Admission.REST
        assert circuit.admission(now) is Admission.TRIAL
        circuit = circuit.tried().failed(failure, circuit.rounds, now=now, jitter=0)

    assert found == [*waits, *[waits[-1]] * (8 - len(waits))]


def test_a_night_without_a_network_says_nothing_about_the_host() -> None:
    circuit = Circuit(rounds=500, until=NOW).tried()

    circuit = circuit.failed(BUSY, 500, now=NOW, jitter=0)
    assert circuit.until - NOW == WAITS[0]
    now = circuit.until
    circuit = circuit.tried().failed(BUSY, 501, now=now, jitter=0)
    assert circuit.until - now == WAITS[1]
    now = circuit.until
    circuit = circuit.tried().failed(OFFLINE, 502, now=now, jitter=0)
    assert circuit.until - now == WAITS_OFFLINE[-1]


def test_one_trial_goes_at_a_time_and_others_wait_for_it() -> None:
    circuit = Circuit(rounds=2, until=NOW)

    assert circuit.admission(NOW) is Admission.TRIAL
    assert circuit.tried().admission(NOW) is Admission.WAIT
    assert circuit.tried().released().admission(NOW) is Admission.TRIAL


def test_a_success_of_the_trial_starts_afresh() -> None:
    assert Circuit(rounds=4, until=NOW).tried().succeeded(4) == Circuit()


def test_an_answer_lets_others_go_and_the_next_failure_opens_again() -> None:
    circuit = Circuit(rounds=2, until=NOW).tried().answered(2)

    assert circuit.admission(NOW) is Admission.GO
    again = circuit.failed(BUSY, 2, now=NOW, jitter=0)
    assert again.rounds == 3
    assert again.admission(NOW) is Admission.REST
    assert circuit.succeeded(2) == Circuit()


def test_a_request_from_before_says_nothing_about_the_host_now() -> None:
    circuit = Circuit(rounds=1, until=NOW + 60)

    assert circuit.failed(BUSY, 0, now=NOW, jitter=0) == circuit
    assert circuit.succeeded(0) == circuit
    assert circuit.answered(0) == circuit


def test_a_person_may_try_before_the_time_and_makes_nobody_wait_longer() -> None:
    circuit = Circuit(rounds=3, until=NOW + 900).asked()

    assert circuit.admission(NOW) is Admission.TRIAL
    failed = circuit.tried().failed(BUSY, 3, now=NOW, jitter=0)
    assert failed.admission(NOW) is Admission.REST
    assert (failed.rounds, failed.until) == (3, NOW + 900)
    assert Circuit().asked() == Circuit()


def test_a_clock_that_was_set_back_makes_nobody_wait_for_years() -> None:
    circuit = Circuit(rounds=1, until=NOW)

    assert circuit.admission(NOW - LONGEST_WAIT - 1) is Admission.TRIAL


OPS = st.lists(
    st.tuples(
        st.sampled_from(["fail", "succeed", "answer", "release", "ask", "pass"]),
        st.sampled_from(["", "a", "b", "c", "d", "e", "f"]),
        st.floats(0, 20_000),
        st.floats(0, 1),
    ),
    max_size=60,
)


@given(OPS)
def test_whatever_happens_a_host_is_tried_again_in_time(
    ops: list[tuple[str, str, float, float]],
) -> None:
    """No sequence shuts a host out for longer than the longest wait, or for ever."""
    circuit, now, sent = Circuit(), NOW, 0
    for kind, about, seconds, jitter in ops:
        now += seconds if kind == "pass" else 0
        if kind == "ask":
            circuit = circuit.asked()
        admission = circuit.admission(now)
        assert admission is not Admission.WAIT
        if kind in ("pass", "ask") or admission is Admission.REST:
            continue
        sent += 1
        begun = circuit.rounds
        if admission is Admission.TRIAL:
            circuit = circuit.tried()
            assert circuit.admission(now) is Admission.WAIT
        match kind:
            case "fail":
                failed = Failure("x", about)
                circuit = circuit.failed(failed, begun, now=now, jitter=jitter)
            case "succeed":
                circuit = circuit.succeeded(begun)
                assert circuit == Circuit()
            case "answer":
                circuit = circuit.answered(begun)
            case _:
                circuit = circuit.released()
        assert circuit.until <= now + LONGEST_WAIT
    assert circuit.admission(now + LONGEST_WAIT) is not Admission.REST


@given(st.integers(1, 40), st.floats(0, 1), st.floats(0, 1))
def test_a_host_that_stays_away_gets_ever_fewer_requests(
    days: int, first: float, second: float
) -> None:
    circuit, now, trials = Circuit(), NOW, 0
    for _ in range(FAILURES):
        circuit = circuit.failed(BUSY, 0, now=now, jitter=first)
    while now < NOW + days * 86400:
        now += 60
        if circuit.admission(now) is Admission.TRIAL:
            trials += 1
            rounds = circuit.rounds
            circuit = circuit.tried().failed(BUSY, rounds, now=now, jitter=second)

    assert trials <= 4 + 6 * days
    assert trials >= days * 86400 / LONGEST_WAIT - 1


@pytest.mark.parametrize(
    ("problem", "counts"),
    [
        (Blocked("file 1", "a firewall"), True),
        (Unreachable("file 1", "a problem", status=503), True),
        (Unreachable("file 1", "host: no answer in time"), True),
        (LinkExpired("file 1", "expired"), False),
        (TooMany("file 1", "slower"), False),
        (TokenRefused("file 1", "no", status=401), False),
        (NotFound("file 1", "none", status=404), False),
        (Refused("file 1", "no", status=403), False),
        (Refused("file 1", "no", status=422), False),
        (Locked("file 1", "locked", status=409), False),
        (BadReply("file 1", "nonsense"), False),
        (BadBytes("file 1", "wrong MD5"), False),
        (Resting("host", "left alone"), False),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_counts_against_a_host(problem: FigshareProblem, counts: bool) -> None:
    found = failure(problem, Service.STORAGE, "file 1")

    assert (found is not None) is counts


def test_the_line_names_host_cause_and_time() -> None:
    host = Host(Service.STORAGE, "s3.example.org")
    cause = "a firewall answers in Figshare's place"

    problem = Rest(host, cause, NOW + 300).problem()

    assert str(problem) == (
        "downloads from s3.example.org: a firewall answers in Figshare's place;"
        " it is tried again at 2026-11-20 16:05 UTC"
    )
    assert problem.until == NOW + 300
    assert problem.exit_code == 6
