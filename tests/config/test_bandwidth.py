from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from figsync.config import BandwidthTable, load_config
from figsync.config.bandwidth import MIDNIGHT, Span
from figsync.config.kinds import Wrong
from figsync.config.week import parse_table
from figsync.errors import WrongUsage
from tests.world import World

M = 1 << 20
NAMES = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
MONDAY = datetime(2026, 11, 16)


def at(table: BandwidthTable, day: str, hour: str) -> int:
    hours, minutes = hour.split(":")
    midnight = MONDAY + timedelta(days=NAMES.index(day))
    return table.at(midnight + timedelta(hours=int(hours), minutes=int(minutes)))


@pytest.mark.parametrize(
    ("day", "hour", "rate"),
    [
        ("Mon", "07:59", 0),
        ("Mon", "08:00", 2 * M),
        ("Fri", "17:59", 2 * M),
        ("Fri", "18:00", 0),
        ("Sat", "12:00", 0),
    ],
)
def test_office_hours_are_limited_and_nothing_else(day: str, hour: str, rate: int):
    table = parse_table("08:00-18:00 Mon-Fri 2M, else 0")

    assert at(table, day, hour) == rate


@pytest.mark.parametrize("text", ["2M", "2 M", "2 MiB", "2097152", "else 2M", " 2M, "])
def test_a_size_alone_is_for_all_times(text: str):
    assert parse_table(text) == BandwidthTable.always(2 * M)


def test_where_no_time_fits_there_is_no_limit():
    assert at(parse_table("08:00-18:00 2M"), "Mon", "20:00") == 0


def test_the_first_time_that_fits_counts():
    table = parse_table("12:00-13:00 8M, 08:00-18:00 2M, else 1M")

    assert [
        at(table, "Mon", hour) for hour in ("11:59", "12:30", "13:00", "19:00")
    ] == [
        2 * M,
        8 * M,
        2 * M,
        1 * M,
    ]


@pytest.mark.parametrize(
    ("day", "hour", "rate"),
    [
        ("Fri", "21:59", 0),
        ("Fri", "22:00", M),
        ("Sat", "05:59", M),
        ("Sat", "06:00", 0),
        ("Sat", "22:00", 0),
        ("Fri", "05:00", 0),
    ],
)
def test_a_time_over_midnight_belongs_to_the_day_it_begins(
    day: str, hour: str, rate: int
):
    assert at(parse_table("22:00-06:00 Fri 1M"), day, hour) == rate


def test_the_night_of_sunday_ends_on_monday():
    table = parse_table("22:00-06:00 Sun 1M")

    assert (at(table, "Sun", "23:00"), at(table, "Mon", "05:00")) == (M, M)


@pytest.mark.parametrize(
    "text",
    [
        "08:00-18:00 Mon,Wed,Sat-Sun 1M",
        "8:00-18:00 mon wed sat sun 1M",
        "Monday, Wednesday, Saturday - Sunday 08:00 \N{EN DASH} 18:00 1 MiB",
        "08:00-12:00 12:00-18:00 Mon Wed Sat-Sun 1M",
        "08:00-18:00 Mon 1M\n08:00-18:00 Wed 1M\n08:00-18:00 Sat-Sun 1M",
    ],
)
def test_days_and_hours_come_in_lists_ranges_and_lines(text: str):
    table = parse_table(text)

    days = [day for day in NAMES if at(table, day, "12:00") == M]
    assert days == ["Mon", "Wed", "Sat", "Sun"]
    assert at(table, "Mon", "07:59") == at(table, "Mon", "18:00") == 0


def test_a_range_of_days_may_go_over_the_weekend():
    table = parse_table("Fri-Mon 1M")

    assert [day for day in NAMES if at(table, day, "0:00")] == [
        "Mon",
        "Fri",
        "Sat",
        "Sun",
    ]


def test_the_last_minute_of_a_day_is_part_of_it():
    table = parse_table("00:00-24:00 Mon 1M, 22:00-00:00 Tue 2M")

    assert (at(table, "Mon", "23:59"), at(table, "Tue", "00:00")) == (M, 0)
    assert (at(table, "Tue", "23:59"), at(table, "Wed", "00:00")) == (2 * M, 0)


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("5X", "'5X' is no time, day or size"),
        ("08:00-18:00 Mon-Fri", "there is no size after '08:00-18:00 Mon-Fri'"),
        ("08:00-18:00 Mon-Fri 2M, else", "'else' is no time, day or size"),
        ("08:00-18:00 Mon-Freitag 2M", "'Mon-Freitag' is no time, day or size"),
        ("08:00-18:00 Mo 2M", "'Mo' is no time, day or size"),
        ("08:00-25:00 2M", "'08:00-25:00' is no time of a day"),
        ("24:00-08:00 2M", "'24:00-08:00' is no time of a day"),
        ("08:00-17:60 2M", "'08:00-17:60' is no time of a day"),
        ("08:00-08:00 2M", "'08:00-08:00' ends when it begins"),
        ("08:00 2M", "'08:00' is no time, day or size"),
        ("2M, 08:00-18:00 0", "no time is left for '08:00-18:00 0'"),
        ("2M 3M", "no time is left for '3M'"),
        ("else 0 Mon 2M", "no time is left for 'Mon 2M'"),
        ("-5", "'-5' is no time, day or size"),
        ("Mon-Fri -2M", "'Mon-Fri-2M' is no time, day or size"),
        ("2M/s", "'2M/s' is no time, day or size"),
        ("08:00-18:00 2M # at work", "'08:00-18:00 2M # at work' has a comment"),
        (",", "'' is no time, day or size"),
    ],
)
def test_what_is_not_understood_is_named(text: str, cause: str):
    with pytest.raises(Wrong) as caught:
        parse_table(text)

    assert caught.value.cause == cause
    assert caught.value.right


def test_a_complaint_names_line_and_key(tmp_path: Path):
    path = tmp_path / "config.ini"
    path.write_text("[transfer]\nbandwidth_limit = 08:00-18:00 Mon-Fri\n")

    with pytest.raises(WrongUsage) as caught:
        load_config(path, {"HOME": str(tmp_path)})

    assert "line 2, [transfer] bandwidth_limit" in str(caught.value)
    assert "08:00-18:00 Mon-Fri 2M, else 0" in str(caught.value)


def test_a_table_may_have_several_lines(tmp_path: Path):
    path = tmp_path / "config.ini"
    path.write_text("[transfer]\nbandwidth_limit =\n  Sat-Sun 0\n  else 2M\n")

    table = load_config(path, {"HOME": str(tmp_path)}).transfer.bandwidth_limit

    assert (at(table, "Sat", "12:00"), at(table, "Mon", "12:00")) == (0, 2 * M)


minutes = st.integers(0, MIDNIGHT - 1)
spans = st.builds(
    Span,
    st.frozensets(st.integers(0, 6), min_size=1),
    minutes,
    st.integers(0, MIDNIGHT),
    st.integers(0, 9).map(lambda number: number * M),
).filter(lambda span: span.start != span.end)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2027, 12, 31))


def written(span: Span) -> str:
    hours = [f"{m // 60:02}:{m % 60:02}" for m in (span.start, span.end)]
    days = ",".join(NAMES[day] for day in sorted(span.days))
    return f"{'-'.join(hours)} {days} {span.rate // M}M"


@given(st.lists(spans, min_size=1, max_size=5))
def test_what_is_written_is_what_is_read(table: list[Span]):
    text = ", ".join(written(span) for span in table)
    is_early = (frozenset(range(7)), 0, MIDNIGHT) in [
        (span.days, span.start, span.end) for span in table[:-1]
    ]
    if not is_early:
        assert parse_table(text).spans == tuple(table)


@given(spans, moments)
def test_a_time_lasts_from_its_start_to_its_end(span: Span, moment: datetime):
    length = (span.end - span.start) % MIDNIGHT or MIDNIGHT
    midnights = [
        moment.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=back)
        for back in (0, 1)
    ]
    starts = [
        midnight + timedelta(minutes=span.start)
        for midnight in midnights
        if midnight.weekday() in span.days
    ]
    inside = any(
        start <= moment < start + timedelta(minutes=length) for start in starts
    )

    assert BandwidthTable((span,)).at(moment) == (span.rate if inside else 0)


@given(st.text(max_size=40))
def test_any_text_is_a_table_or_gets_a_complaint(text: str):
    try:
        table = parse_table(text)
    except Wrong as wrong:
        assert wrong.cause.isprintable()
    else:
        assert table.at(MONDAY) >= 0


@pytest.fixture
def berlin(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "CET-1CEST,M3.5.0,M10.5.0/3")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.usefixtures("berlin")
def test_summer_time_moves_no_border():
    table = parse_table("08:00-18:00 2M, else 0")

    # 2026: Sunday 29 March and Sunday 25 October.
    for month, day in ((3, 28), (3, 29), (3, 30), (10, 24), (10, 25), (10, 26)):
        border = datetime(2026, month, day, 8).timestamp()
        assert table.at(datetime.fromtimestamp(border - 1)) == 0
        assert table.at(datetime.fromtimestamp(border)) == 2 * M


@pytest.mark.usefixtures("berlin")
def test_an_hour_that_comes_twice_is_limited_twice():
    table = parse_table("02:00-03:00 2M, else 0")
    midnight = datetime(2026, 10, 25).timestamp()

    hours = [table.at(datetime.fromtimestamp(midnight + h * 3600)) for h in range(5)]

    assert hours == [0, 0, 2 * M, 2 * M, 0]


@pytest.mark.usefixtures("berlin")
def test_a_mirror_obeys_the_table_by_local_time(tmp_path: Path):
    world = World(tmp_path, transfer__bandwidth_limit="08:00-18:00 Mon-Fri 2M, else 1M")
    world.sync()

    with world.mirror() as mirror:
        allowed = mirror.figshare.settings.bandwidth
        assert allowed(datetime(2026, 11, 16, 8).timestamp()) == 2 * M
        assert allowed(datetime(2026, 7, 20, 17, 59).timestamp()) == 2 * M
        assert allowed(datetime(2026, 7, 20, 18).timestamp()) == M
        assert allowed(datetime(2026, 11, 21, 12).timestamp()) == M
