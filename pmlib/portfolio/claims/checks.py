"""Whether claims and evidence hold together: no orphans, nothing claimed or measured twice, nothing due too early."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import MissingTableError
from pmlib.months import month_name, month_text
from pmlib.portfolio.actions import first_month, to_decide
from pmlib.portfolio.arguments import currency_of, one_of
from pmlib.portfolio.claims.ledger import twin_of
from pmlib.portfolio.claims.readings import claim_tables, unclaimed
from pmlib.portfolio.claims.wording import counted, metric_words, named
from pmlib.portfolio.timelines import lengths
from pmlib.portfolio.valuation import SWANSON

_COLUMNS = ["check", "projects", "product_id", "metric", "says", "remedy"]
_SHARED = ["product_id", "metric", "unit", "projects", "n", "claimed", "largest", "too_much", "links", "counted_once"]
_Rows = list[tuple[str, ...]]


class Check(StrEnum):
    """What may be wrong with claims and their evidence."""

    LOST_CLAIM = "claim set aside"
    CLOSED = "claim of a closed project"
    SHARED = "claimed by several projects"
    EARLY = "due before the project is finished"
    NO_CLAIM = "project without a claim"
    UNMEASURED = "metric never measured"
    LOST_EVIDENCE = "evidence of no claim"
    TWIN = "the same evidence twice"
    HELD = "benefit estimated after the evidence"


_REMEDIES = {
    Check.LOST_CLAIM: "Correct the row of benefit_map.",
    Check.CLOSED: "Take the claim out of benefit_map, or reopen the project.",
    Check.SHARED: "Say in links (overlap) how much of it is the same benefit.",
    Check.EARLY: "Correct by_month, or the months the project takes.",
    Check.NO_CLAIM: "Say in benefit_map which metric of its product it moves, or take out its product_id.",
    Check.UNMEASURED: "Measure it, or claim a metric that is measured.",
    Check.LOST_EVIDENCE: "Correct the row of evidence, or add the claim to benefit_map.",
    Check.TWIN: "Keep one of the rows; it is counted once.",
    Check.HELD: "Ask who estimated it. If the estimate holds the evidence, take the row out, else it counts twice.",
}


@dataclass(frozen=True, eq=False, kw_only=True)
class ClaimChecks:
    """Whether what projects promise of products holds together.

    Attributes
    ----------
    findings : DataFrame
        One row per finding, in the order of `Check`: check, projects (ids), product_id, metric, says, remedy.
    shared : DataFrame
        One row per metric of a product that several projects claim: product_id, metric, unit, projects, n, claimed
        (middles added up), largest (the one claim that there may be), too_much (claimed less largest), links (overlap
        links with two or more of them), counted_once (one link holds them all).
    n_claims, n_evidence : int
        Claims of projects to decide, and measurements known by the period.
    period : int
        Last known month.
    currency : str
        Of claims in money.
    """

    findings: pd.DataFrame
    shared: pd.DataFrame
    n_claims: int
    n_evidence: int
    period: int
    currency: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per finding."""
        return self.findings.copy(deep=False)

    def counts(self) -> dict[str, int]:
        """Count the findings of every check, those without any too."""
        found = self.findings["check"].value_counts()
        return {str(check): int(found.get(str(check), 0)) for check in Check}

    def of(self, check: str) -> pd.DataFrame:
        """Return the findings of one check.

        Raises
        ------
        ParameterError
            There is no such check.
        """
        wanted = one_of(str(check), list(Check), "check")
        return self.findings[self.findings["check"] == wanted].reset_index(drop=True)

    def summary(self) -> str:
        """Say how many claims and measurements there are, and how many findings of each kind."""
        first = (f"{counted(self.n_claims, 'claim')} of projects to decide, {counted(self.n_evidence, 'measurement')} "
                 f"by {month_name(self.period)}.")
        found = [f"{check} {n}" for check, n in self.counts().items() if n]
        once = int(self.shared["counted_once"].sum())
        rest = f" Claimed by several and counted once by links: {once}." if once else ""
        return f"{first} {'; '.join(found).capitalize() if found else 'Nothing is wrong with them'}.{rest}"

    def headline(self) -> dict[str, str]:
        """Give the number of claims and of findings."""
        return {f"{self.n_claims}": "claims of projects to decide", f"{len(self.findings)}": "findings to look at"}

    def __repr__(self) -> str:
        found = ", ".join(f"{check} {n}" for check, n in self.counts().items() if n)
        return f"<ClaimChecks {month_name(self.period)}: {counted(self.n_claims, 'claim')}; {found or 'nothing wrong'}>"


def check_claims(tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None) -> ClaimChecks:
    """Say whether claims have a project, a product and a measurement, and whether anything counts twice.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects and benefit_map; evidence, products, links and estimates where there are any. Of plain frames a row
        that refers to nothing known is refused; of a workbook, which has set it aside, it is listed.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month: later evidence is not known.

    Raises
    ------
    MissingTableError
        projects or benefit_map is missing.
    SchemaError
        A table of plain frames breaks its definition, or holds evidence of what nobody claims.

    Examples
    --------
    >>> check_claims({
    ...     "projects": pd.DataFrame({"project_id": ["P1", "P2"], "state": "running", "bac_k": 100.0}),
    ...     "benefit_map": pd.DataFrame({"project_id": ["P1", "P2"], "product_id": "PR1", "metric": "sales_k",
    ...                                  "claimed_p10": 10.0, "claimed_p50": 20.0, "claimed_p90": 40.0})},
    ...     period="2025-12")
    <ClaimChecks December 2025: 2 claims; claimed by several projects 1, metric never measured 1>
    """
    typed = claim_tables(tables)
    claims, projects, first = typed["benefit_map"], to_decide(typed), first_month(typed, period)
    if tables.get("benefit_map") is None:
        raise MissingTableError("benefit_map: missing. The checks need it; add benefit_map.csv with project_id, "
                                "product_id, metric, claimed_p10, claimed_p50, claimed_p90.")
    known = typed["evidence"][typed["evidence"]["month"] < first]
    mine, currency = claims[claims["project_id"].isin(projects["project_id"])], currency_of(typed)
    shared = _shared(mine, typed.get("links"), currency)
    finders: dict[Check, Callable[[], _Rows]] = {
        Check.LOST_CLAIM: lambda: _set_aside(tables, "benefit_map"),
        Check.CLOSED: lambda: _closed(claims, typed["projects"], projects),
        Check.SHARED: lambda: _twice_claimed(shared),
        Check.EARLY: lambda: _early(mine, projects, typed.get("estimates"), first=first),
        Check.NO_CLAIM: lambda: _without_claim(claims, projects),
        Check.UNMEASURED: lambda: _never_measured(mine, known),
        Check.LOST_EVIDENCE: lambda: _set_aside(tables, "evidence") + _of_no_claim(known, claims),
        Check.TWIN: lambda: _twins(known),
        Check.HELD: lambda: _held(known[known["project_id"].isin(mine["project_id"])], typed.get("estimates")),
    }
    rows = [(str(check), *row, _REMEDIES[check]) for check, find in finders.items() for row in find()]
    return ClaimChecks(findings=pd.DataFrame(rows, columns=_COLUMNS).astype(str), shared=shared, n_claims=len(mine),
                       n_evidence=len(known), period=first - 1, currency=currency)


def _set_aside(tables: Mapping[str, Any], name: str) -> _Rows:
    """Rows that a workbook has set aside, in its own words."""
    quarantine = getattr(tables, "quarantine", None)
    if quarantine is None:
        return []
    frame = quarantine.to_frame()
    return [("", "", "", f"{row['file']} row {row['row']}: {row['column']} {row['value']!r} {row['problem']}.")
            for row in frame[frame["table"] == name].to_dict("records")]


def _closed(claims: pd.DataFrame, projects: pd.DataFrame, open_ones: pd.DataFrame) -> _Rows:
    state = projects.set_index("project_id")["state"]
    closed = claims[~claims["project_id"].isin(open_ones["project_id"])].sort_values(["project_id", "metric"])
    return [(row["project_id"], row["product_id"], row["metric"],
             f"{row['project_id']} is {state[row['project_id']]} and claims {row['metric']} of {row['product_id']}.")
            for row in closed.to_dict("records")]


def _shared(claims: pd.DataFrame, links: pd.DataFrame | None, currency: str) -> pd.DataFrame:
    """Sum of claims of one metric of one product, against the largest of them."""
    overlaps: dict[Any, set[str]] = {} if links is None else dict(
        links[links["type"] == "overlap"].groupby("link_id")["member_id"].agg(set))
    rows = []
    for (product, metric), group in claims.groupby(["product_id", "metric"], sort=True):
        middles, who = group["claimed_p50"].to_numpy(), set(group["project_id"])
        if len(who) == 1:
            continue
        largest = float(middles[np.argmax(np.abs(middles))])
        tied = [str(link) for link, members in overlaps.items() if len(members & who) > 1]
        rows.append((product, metric, metric_words(str(metric), currency)[1], ", ".join(sorted(who)), len(who),
                     float(middles.sum()), largest, float(middles.sum()) - largest, ", ".join(tied),
                     any(who <= overlaps[link] for link in tied)))
    return pd.DataFrame(rows, columns=_SHARED).astype({"claimed": float, "largest": float, "too_much": float,
                                                       "n": int, "counted_once": bool})


def _twice_claimed(shared: pd.DataFrame) -> _Rows:
    rows: _Rows = []
    for row in shared[~shared["counted_once"]].to_dict("records"):
        partly = f" {row['links']} counts a part of it once." if row["links"] else ""
        rows.append((row["projects"], row["product_id"], row["metric"],
                     f"{row['n']} projects claim {row['metric']} of {row['product_id']}: {row['claimed']:,.1f} "
                     f"{row['unit']}".rstrip() + f" together, {row['largest']:,.1f} the largest alone.{partly}"))
    return rows


def _early(claims: pd.DataFrame, projects: pd.DataFrame, estimates: pd.DataFrame | None, *, first: int) -> _Rows:
    """Claims that are to show before the project is expected to have finished."""
    length = lengths(projects, estimates, first=first, weights=SWANSON)
    begins = projects["start_month"].fillna(first).clip(lower=first).where(projects["state"] != "running", first)
    last = pd.Series(np.where(length > 0, begins.astype("int64") + length - 1, 0), index=projects["project_id"])
    due = claims[(claims["by_month"] < claims["project_id"].map(last)).fillna(value=False).astype(bool)]
    return [(row["project_id"], row["product_id"], row["metric"],
             f"{row['project_id']} claims {row['metric']} of {row['product_id']} by {month_text(row['by_month'])}, and "
             f"is not expected to finish before {month_text(last[row['project_id']])}.")
            for row in due.sort_values(["project_id", "metric"]).to_dict("records")]


def _without_claim(claims: pd.DataFrame, projects: pd.DataFrame) -> _Rows:
    if "product_id" not in projects:
        return []
    silent = projects[projects["product_id"].fillna("").ne("") & ~projects["project_id"].isin(claims["project_id"])]
    return [(row["project_id"], row["product_id"], "",
             f"{row['project_id']} serves {row['product_id']} and claims nothing of it.")
            for row in silent.to_dict("records")]


def _never_measured(claims: pd.DataFrame, evidence: pd.DataFrame) -> _Rows:
    rows: _Rows = []
    for metric, group in claims[~claims["metric"].isin(evidence["metric"])].groupby("metric", sort=True):
        rows.append((named(sorted(set(group["project_id"]))), named(sorted(set(group["product_id"]))), str(metric),
                     f"{metric} is claimed {len(group)} {'time' if len(group) == 1 else 'times'} and was never "
                     "measured for any project."))
    return rows


def _of_no_claim(evidence: pd.DataFrame, claims: pd.DataFrame) -> _Rows:
    return [(row["project_id"], row["product_id"], row["metric"],
             f"{row['evidence_id']} measures {row['metric']} of {row['product_id']}, which {row['project_id']} does "
             "not claim.") for row in unclaimed(evidence, claims).sort_values("evidence_id").to_dict("records")]


def _twins(evidence: pd.DataFrame) -> _Rows:
    twins = evidence.assign(twin=twin_of(evidence)).query("twin != ''").sort_values("evidence_id")
    return [(row["project_id"], row["product_id"], row["metric"],
             f"{row['evidence_id']} says the same as {row['twin']}: {row['metric']} of {row['product_id']} in "
             f"{month_text(row['month'])}, {row['estimate']:g}.") for row in twins.to_dict("records")]


def _held(evidence: pd.DataFrame, estimates: pd.DataFrame | None) -> _Rows:
    """Evidence that whoever estimated the benefit later may have known already."""
    if estimates is None or "as_of" not in estimates:
        return []
    made = estimates[estimates["quantity"] == "benefit_pv_k"].groupby("project_id")["as_of"].max()
    day = evidence["project_id"].map(made)
    later = evidence[(12 * day.dt.year + day.dt.month > evidence["month"])].sort_values("evidence_id")
    return [(row["project_id"], row["product_id"], row["metric"],
             f"{row['evidence_id']} was known in {month_text(row['month'])}, the benefit of {row['project_id']} was "
             f"estimated on {made[row['project_id']]:%Y-%m-%d}.") for row in later.to_dict("records")]
