from __future__ import annotations

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pmlib.errors import ParameterError, ReportError
from pmlib.months import month_text
from pmlib.reporting.schedule.due import missed_periods, published_periods

months = st.integers(2000 * 12 + 1, 2009 * 12 + 12).map(month_text)
CALENDAR = sorted({f"{dt.date(1999, 12, 1) + dt.timedelta(days=n):%Y-%m}" for n in range(366 * 12)})


def by_calendar(published: list[str], newest: str) -> tuple[str, ...]:
    """The oracle: walk the calendar day by day."""
    return tuple(month for month in CALENDAR if max(published) < month <= newest)


def test_every_month_after_the_last_publication_is_due_over_new_year():
    assert missed_periods(["2025-10"], "2026-02") == ("2025-11", "2025-12", "2026-01", "2026-02")


def test_a_report_never_published_is_due_for_the_newest_month_alone():
    assert missed_periods([], "2025-12") == ("2025-12",)


@pytest.mark.parametrize("published", [["2025-12"], ["2026-03", "2025-01"]])
def test_nothing_is_due_when_the_newest_or_a_later_month_is_published(published):
    assert missed_periods(published, "2025-12") == ()


def test_a_hole_before_the_last_publication_is_not_due():
    assert missed_periods(["2025-08", "2025-11"], "2025-12") == ("2025-12",)


@given(published=st.lists(months, min_size=1, max_size=4), newest=months)
def test_due_months_match_a_walk_through_the_calendar(published, newest):
    assert missed_periods(published, newest) == by_calendar(published, newest)


@given(published=st.lists(months, max_size=4), newest=months)
def test_nothing_is_due_once_what_is_due_was_published(published, newest):
    assert missed_periods([*published, *missed_periods(published, newest)], newest) == ()


def test_more_months_than_the_limit_are_refused_rather_than_cut():
    assert len(missed_periods(["2025-08"], "2025-12", limit=4)) == 4
    with pytest.raises(ReportError, match=r"got 4 months missed since 2025-08, allowed 3\. .*--period"):
        missed_periods(["2025-08"], "2025-12", limit=3)


@pytest.mark.parametrize(("published", "newest"), [(["2025-13"], "2025-12"), (["2025-11"], "December")])
def test_what_is_no_month_is_refused(published, newest):
    with pytest.raises(ParameterError, match="allowed YYYY-MM"):
        missed_periods(published, newest)


def test_a_limit_below_one_is_refused():
    with pytest.raises(ParameterError, match="limit: got 0, allowed 1 or more"):
        missed_periods([], "2025-12", limit=0)


@pytest.fixture
def publish(tmp_path: Path):
    def write(place: str, status: str = "ok", period: str | None = None) -> None:
        folder = tmp_path / place
        folder.mkdir(parents=True)
        content = {"status": status, "period": period or place.split("/")[1]}
        (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")

    return write


def test_only_good_publications_count(tmp_path, publish):
    publish("monthly/2025-12")
    publish("monthly/2025-10")
    publish("monthly/2025-11", status="partial")
    publish("monthly/2025-13")
    publish("monthly/2025-07", period="2025-06")
    publish("monthly/failed/2025-09-20251001T000000Z")
    publish("other/2025-08")
    (tmp_path / "monthly" / "2025-05").mkdir()
    (tmp_path / "monthly" / "2025-04").mkdir()
    (tmp_path / "monthly" / "2025-04" / "manifest.json").write_text("{half", encoding="utf-8")
    assert published_periods(tmp_path, "monthly", None) == ("2025-10", "2025-12")


def test_a_unit_has_publications_of_its_own(tmp_path, publish):
    publish("monthly/2025-11/north")
    publish("monthly/2025-12/south")
    publish("monthly/2025-10")
    assert published_periods(tmp_path, "monthly", "north") == ("2025-11",)
    assert published_periods(tmp_path, "monthly") == ("2025-10",)


def test_before_the_first_publication_there_is_none(tmp_path):
    assert published_periods(tmp_path / "nowhere", "monthly") == ()
