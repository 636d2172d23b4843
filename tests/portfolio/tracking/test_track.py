"""The whole portfolio in one answer, and its figures."""

from __future__ import annotations

from dataclasses import replace

import matplotlib as mpl
import matplotlib.pyplot as plt
import pytest

from pmlib.errors import CheckError, MissingTableError
from pmlib.portfolio.tracking.status import StatusRule
from pmlib.portfolio.tracking.track import track_portfolio

mpl.use("Agg")


@pytest.fixture(scope="module")
def sample(company):
    return track_portfolio(company)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def test_the_summary_is_what_a_pmo_says(sample):
    assert sample.summary() == (
        "December 2025: 26 projects in progress, CPI 0.96 and SPI 1.00; at this rate it comes to 30,297 thousand EUR, "
        "1,477 over budget. 9 end after the planned month at the rate so far, P31 the latest, by 9 months. "
        "Reported green, but not by the figures: P36, P31, P22. P31 has been nearly done for 6 months (92 % reported, "
        "55 % earned). Of 16,483 thousand EUR of benefits promised so far 14,320 came in (87 %). 39 of 45 closed "
        "projects succeeded, the stopped counted (87 %, between 74 and 94). The data of 6 projects do not fit: months "
        "missing (6).")


def test_the_planted_truths_stand_in_one_frame(sample):
    frame = sample.to_frame().set_index("project_id")
    assert sorted(frame.index[frame["watermelon"]]) == ["P22", "P31", "P36"]
    assert frame.index[frame["stuck"]].tolist() == ["P31"]
    assert frame["index"].is_monotonic_increasing
    assert len(frame) == 26


def test_parts_agree_with_one_another(sample):
    going = sample.value.projects[sample.value.projects["stage"] == "in progress"].set_index("project_id")
    times = sample.schedule.projects.set_index("project_id").loc[going.index]
    assert going["cpi"].tolist() == pytest.approx(times["cpi"].tolist())
    assert going["spi"].tolist() == pytest.approx(times["spi"].tolist())


def test_the_headline_has_four_figures(sample):
    assert list(sample.headline()) == ["CPI 0.96", "3 watermelons", "87 %", "39 of 45"]
    assert repr(sample) == "<Tracking December 2025: 26 in progress, CPI 0.96; watermelons: P36, P31, P22>"


def test_what_is_missing_is_said(followed):
    answer = track_portfolio(followed(P1=[(10.0, 10.0, 9.0)]))
    assert answer.benefits is None
    assert answer.missing == (
        "No milestones: whether reports are ahead of the work rests on earned value alone.",
        "No benefits: what came in of what was promised is not known. Add benefits.csv.")
    assert answer.summary().startswith("January 2025: 1 project in progress, CPI 1.11 and SPI 1.00;")


def test_nothing_to_follow_is_said(company):
    answer = track_portfolio(company, period="2000-01")
    assert answer.summary().startswith("No project in progress has earned value by this month.")
    assert answer.to_frame().empty
    assert answer.plot().get_title(loc="left") == "No project in progress has both indices"


def test_the_rule_and_the_grouping_are_passed_on(company):
    answer = track_portfolio(company, by="kind", rule=StatusRule(green=0.95, amber=0.9))
    assert len(answer.status.watermelons) > 3
    assert "platform" in set(answer.value.groups["group"])


def test_a_missing_table_is_refused():
    with pytest.raises(MissingTableError, match="projects: missing"):
        track_portfolio({})


def test_figures_name_the_worst_and_the_watermelons(sample):
    words = [text.get_text() for text in sample.plot().texts]
    assert words == ["P23", "P36", "P31", "P22", "P26"]
    rows = [label.get_text() for label in sample.status.plot().get_yticklabels()]
    assert rows[:2] == ["P23 Edge gateway", "P36 Own plastic moulding"]


def test_the_curves_of_the_late_finisher_mark_its_earned_schedule(sample):
    ax = sample.schedule.plot(project_id="P27")
    assert "4.0 months late" in [text.get_text() for text in ax.texts]
    assert list(ax.lines[-1].get_xdata()) == [24.0, 28.0]


def test_figures_draw_what_their_frames_say(sample):
    ax = sample.benefits.plot()
    assert ax.lines[1].get_ydata()[-1] == pytest.approx(sample.benefits.realised_k)
    assert len(sample.value.plot().patches) == 2 * len(sample.value.groups)
    shares = sample.closed.plot().lines[0].get_xdata()
    assert list(shares) == sample.closed.rates.loc[sample.closed.rates["cohort"] == "all closed", "share"].tolist()


def test_figures_of_nothing_say_so(company):
    answer = track_portfolio(company, period="2000-01")
    for drawn in (answer.status.plot(), answer.value.plot(), answer.benefits.plot(), answer.closed.plot()):
        assert drawn.get_title(loc="left").startswith("No ")


def test_a_first_month_without_cost_or_plan_is_told_without_indices(followed):
    answer = track_portfolio(followed(P1=[(0.0, 0.0, 0.0)]))
    assert answer.summary().startswith("January 2025: 1 project in progress, no CPI yet and no SPI yet; at this rate")
    assert "nan" not in f"{answer.summary()} {answer.headline()} {answer!r} {answer.value.summary()}".lower()


def test_empty_tables_are_told_without_a_month(followed):
    tables = followed(P1=[(10.0, 10.0, 9.0)])
    answer = track_portfolio({**tables, "evm": tables["evm"].iloc[:0]})
    assert repr(answer) == "<Tracking of no month: none in progress; watermelons: none>"
    assert "1 running or held project has no earned value by this month: P1." in answer.summary()


def test_a_project_without_budget_has_no_estimate_and_is_said(followed):
    answer = track_portfolio(followed(P1=[(10.0, 10.0, 20.0), (20.0, 20.0, 30.0)], projects={"P1": {"bac_k": 0.0}}))
    assert answer.traps["what"].tolist() == ["no budget"]
    assert "nan" not in answer.summary().lower()


def test_everything_adds_up_and_what_does_not_is_refused(sample):
    assert sample.check() == ("5 groups add up to 26 projects in progress to the cent. So do benefits by project, less "
                              "what is claimed twice, by type and by month.")
    lost = replace(sample, value=replace(sample.value, groups=sample.value.groups.iloc[1:]))
    with pytest.raises(CheckError, match="tracking: pv_k by programme misses the total by -9,040.1"):
        lost.check()
    once = replace(sample, benefits=replace(sample.benefits, overlaps=sample.benefits.overlaps.iloc[:0]))
    with pytest.raises(CheckError, match="planned_k by project misses the total by 1,145.72"):
        once.check()


def test_the_weakest_project_is_named(sample, company):
    assert sample.weakest == "P23"
    assert track_portfolio(company, period="2000-01").weakest is None
