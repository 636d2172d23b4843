"""Tables that limit the choice: programmes, mix, skills, capacity, demand, budgets, links."""

from __future__ import annotations

import pandas as pd

from pmlib.sample import company
from pmlib.sample.forms import file_form, month_texts, records, stream

#: Capacity as a share of the demand of all 60 projects (truth T2), and price of a bought person-month.
SKILLS = {
    "data engineering": ("Data engineering and pipelines", 0.36, 0.0),
    "cloud software": ("Cloud and application software", 0.74, 13.0),
    "firmware": ("Firmware and radio", 0.72, 14.0),
    "hardware": ("Electronics and mechanics", 0.78, 15.0),
    "user experience": ("User experience and research", 0.80, 11.0),
    "field service": ("Installation and field service", 0.76, 9.0),
}
BUDGET_SHARE = 0.65
COST_PER_PM_K = 19.0
BUDGET_YEARS = (2026, 2027, 2028, 2029)
CAPACITY_MONTHS = range(company.HISTORY_START, company.HISTORY_START + 84)
#: Month 31 of the history leaves this share of the data engineers (truth T13).
SHRUNK, LEFT = "data engineering", 0.92
SHRUNK_FROM, SHRUNK_DAY = company.HISTORY_START + 30, "2025-07-01"
_OTHER_SKILLS = {
    "G1": ("firmware", "hardware"),
    "G2": ("cloud software", "user experience"),
    "G3": ("cloud software", "firmware"),
    "G4": ("field service", "user experience"),
    "G5": ("hardware", "cloud software"),
}
_LINKS: tuple[tuple[str, tuple[tuple[str, str, float], ...]], ...] = (
    ("requires_active", (("P09", "needs", 0), ("P10", "needs", 0), ("P11", "needs", 0), ("P08", "needed", 0))),
    ("requires_active", (("P07", "needs", 0), ("P31", "needed", 0))),
    ("requires_active", (("P51", "needs", 0), ("P24", "needed", 0))),
    ("requires_finished", (("P01", "needs", 0), ("P68", "needed", 0))),
    ("requires_finished", (("P04", "needs", 0), ("P89", "needed", 0))),
    ("requires_finished", (("P16", "needs", 0), ("P72", "needed", 0))),
    ("requires_finished", (("P61", "needs", 0), ("P66", "needed", 0))),
    ("requires_finished", (("P48", "needs", 0), ("P62", "needed", 0))),
    ("requires_finished", (("P43", "needs", 0), ("P22", "needed", 0))),
    ("requires_finished", (("P38", "needs", 0), ("P73", "needed", 0))),
    ("requires_finished", (("P59", "needs", 0), ("P27", "needed", 0))),
    ("excludes", (("P01", "member", 0), ("P26", "member", 0))),
    ("excludes", (("P38", "member", 0), ("P40", "member", 0))),
    ("excludes", (("P53", "member", 0), ("P45", "member", 0))),
    ("excludes", (("P55", "member", 0), ("P41", "member", 0))),
    ("synergy", (("P18", "member", 120), ("P33", "member", 120))),
    ("synergy", (("P13", "member", 90), ("P49", "member", 90))),
    ("synergy", (("P35", "member", 110), ("P61", "member", 110))),
    ("synergy", (("P28", "member", 60), ("P38", "member", 60), ("P16", "member", 60))),
    ("synergy", (("P14", "member", 50), ("P59", "member", 50))),
    ("synergy", (("P02", "member", 70), ("P26", "member", 70))),
    ("synergy", (("P22", "member", -80), ("P49", "member", -80))),
    ("synergy", (("P03", "member", -60), ("P43", "member", -60))),
    ("overlap", (("P05", "member", 2_400), ("P12", "member", 2_400), ("P19", "member", 2_400))),
    ("overlap", (("P18", "member", 150), ("P56", "member", 120))),
    ("overlap", (("P16", "member", 90), ("P38", "member", 110))),
    ("overlap", (("P32", "member", 100), ("P46", "member", 140))),
)


def programmes() -> pd.DataFrame:
    """Write the table `programmes`: five, by how far from today's business they are."""
    names, horizons = zip(*company.PROGRAMMES.values(), strict=True)
    return file_form("programmes", {"programme_id": list(company.PROGRAMMES), "name": names, "horizon": horizons})


def mix_targets() -> pd.DataFrame:
    """Write the table `mix_targets`: bands around 70 / 20 / 10, and the looser ones before 2025."""
    bands = {
        "2023-01-01": {"core": (0.60, 0.90), "adjacent": (0.08, 0.30), "new": (0.02, 0.15)},
        "2025-01-01": {"core": (0.62, 0.78), "adjacent": (0.13, 0.27), "new": (0.05, 0.15)},
    }
    rows = [(horizon, *band, day) for day, version in bands.items() for horizon, band in version.items()]
    names = ("horizon", "floor_share", "ceiling_share", "valid_from")
    return file_form("mix_targets", dict(zip(names, zip(*rows, strict=True), strict=True)))


def skills() -> pd.DataFrame:
    """Write the table `skills`: six."""
    return file_form("skills", {"skill": list(SKILLS), "name": [name for name, _, _ in SKILLS.values()]})


def demand(economics: pd.DataFrame, *, seed: int) -> pd.DataFrame:
    """Write the table `demand`: a level load in every month of work, for data engineers and two other skills.

    Parameters
    ----------
    economics : DataFrame
        As :mod:`pmlib.sample.economics` gives it.
    seed : int
        Seed of the company.
    """
    split = stream(seed, "demand").uniform(0.35, 0.65, len(economics))
    rows: list[tuple[str, str, str, int, float]] = []
    for share, row in zip(split, records(economics), strict=True):
        action = "keep" if row.state == "running" else "start"
        load = row.cost_k / COST_PER_PM_K / row.months
        one, other = _OTHER_SKILLS[row.programme_id]
        rest = 1 - row.engineering
        needs = {"data engineering": row.engineering, one: rest * share, other: rest * (1 - share)}
        rows.extend(
            (row.project_id, action, skill, month, max(0.01, round(load * part, 2)))
            for skill, part in needs.items()
            for month in range(row.first, row.first + row.months)
        )
    ids, actions, needed, months, amounts = zip(*rows, strict=True)
    columns = {"project_id": ids, "action": actions, "skill": needed, "month": month_texts(months)}
    return file_form("demand", {**columns, "person_months": amounts})


def capacity(demanded: pd.DataFrame) -> pd.DataFrame:
    """Write the table `capacity`: per skill a fixed share of what all projects together would need.

    Teams keep their size, the share being that of the mean month in which there is work; data engineers
    were more until the second version.

    Parameters
    ----------
    demanded : DataFrame
        The table `demand`.
    """
    needed = demanded.pivot_table(index="month", columns="skill", values="person_months", aggfunc="sum", fill_value=0)
    parts = []
    for skill, (_, share, price) in SKILLS.items():
        level = round(needed[skill].mean() * share, 2)
        versions = [("2023-01-01", CAPACITY_MONTHS, level)]
        if skill == SHRUNK:
            now = CAPACITY_MONTHS[CAPACITY_MONTHS.index(SHRUNK_FROM):]
            versions = [("2023-01-01", CAPACITY_MONTHS, round(level / LEFT, 2)), (SHRUNK_DAY, now, level)]
        for day, months, people in versions:
            columns = {"skill": skill, "month": month_texts(list(months)), "person_months": people, "valid_from": day}
            parts.append(pd.DataFrame(columns).assign(hire_limit_pm=1.0 * (price > 0), hire_cost_k=price))
    frame = pd.concat(parts, ignore_index=True)
    return file_form("capacity", {name: frame[name] for name in frame.columns})


def budgets(flows: pd.DataFrame, projects: pd.DataFrame) -> pd.DataFrame:
    """Write the table `budgets`: 65 % of the cost of all 60 projects, and the version before it.

    Parameters
    ----------
    flows, projects : DataFrame
        The tables `cash_flows` and `projects`.
    """
    home = flows.merge(projects[["project_id", "programme_id"]], on="project_id")
    home["capex_k"] = home["cost_k"] * home["capex_share"]
    home["opex_k"] = home["cost_k"] - home["capex_k"]
    total = home.groupby(["programme_id", "year"])[["capex_k", "opex_k"]].sum().reset_index()
    total = total[total["year"].isin(BUDGET_YEARS)]
    versions = []
    for day, share in (("2024-01-01", 0.62), ("2025-12-01", BUDGET_SHARE)):
        version = total.assign(valid_from=day)
        version[["capex_k", "opex_k"]] = (version[["capex_k", "opex_k"]] * share).round(1)
        versions.append(version)
    frame = pd.concat(versions, ignore_index=True)
    return file_form("budgets", {name: frame[name] for name in frame.columns})


def links() -> pd.DataFrame:
    """Write the table `links`: the enabler, requirements, alternatives, joint gains and shared benefits."""
    rows = [
        (f"L{number:02d}", member, kind, role, float(amount))
        for number, (kind, members) in enumerate(_LINKS, start=1)
        for member, role, amount in members
    ]
    names = ("link_id", "member_id", "type", "role", "amount_k")
    return file_form("links", dict(zip(names, zip(*rows, strict=True), strict=True)))
