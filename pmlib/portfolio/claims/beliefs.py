"""What is believed of every project whose claims were measured: its benefit, whether it pays, whether to wait."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.errors import CheckError
from pmlib.months import month_name, month_year
from pmlib.portfolio.actions import first_month, to_decide
from pmlib.portfolio.arguments import currency_of, one_of
from pmlib.portfolio.claims.benefits import Unmeasured, project_benefits
from pmlib.portfolio.claims.readings import claim_tables, read_claims
from pmlib.portfolio.claims.updates import variance_factors
from pmlib.portfolio.claims.wording import counted, figure, named, verb_sentence
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.valuation import going_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_NAMED, _LEFT_OUT = 2, 3
_FACTORS = ["project_id", "factor", "sd_k"]
_MONEY = ["prior_benefit_k", "prior_sd_k", "benefit_k", "sd_k", "needed_k", "gain_before_k", "gain_k", "evsi_k",
          "delay_k", "waiting_k"]
_PROJECT_COLUMNS = ["project_id", "name", "state", "mandatory", "n_claims", "n_measured", "factor", *_MONEY,
                    "p_pays_before", "p_pays", "verb_before", "verb", "verb_otherwise", "flipped", "sentence"]
_STEPS = (("claimed", "prior_mean", "prior_sd"), ("measured", "estimate", "standard_error"),
          ("both", "posterior_mean", "posterior_sd"))
_INTERVALS = ["row", "claim", "step", "text", "value", "low", "high", "break_even"]
#: Thousands that rounding may take from a sum.
_ROUNDING_K = 1e-6
_Z90 = 1.2815515655446004


@dataclass(frozen=True, eq=False, kw_only=True)
class Beliefs:
    """Every project whose claims were measured: what is believed of its benefit, and the verb on its own.

    Attributes
    ----------
    projects : DataFrame
        One row per project, sorted: project_id, name, state, mandatory, n_claims, n_measured, factor (share of the
        expected benefit still believed), prior_benefit_k, prior_sd_k, benefit_k, sd_k (expected benefit before and
        after, with the spread that the claims alone give it), needed_k (cost to go net of exit cost and salvage),
        gain_before_k, gain_k (of going on over ending it), evsi_k (worth of one more month of data), delay_k (what the
        month costs), waiting_k (the one less the other), p_pays_before, p_pays (0-1), verb_before, verb, verb_otherwise
        (if claims that were not measured counted the other way), flipped, sentence.
    claims : DataFrame
        One row per measured claim (see `claims.readings.Readings`), with break_even, the change from which on the
        project pays, other claims at their expectation; missing for a mandatory one.
    factors : DataFrame
        project_id, factor (0 at the least: a benefit below nothing is none), sd_k: what corrected estimates take.
    left_out : DataFrame
        Rows of evidence that do not count, with the reason.
    period : int
        Last known month.
    variance_factors : dict
        By kind of evidence.
    unmeasured : Unmeasured
        How claims that were not measured count.
    currency : str
        Of the money.
    """

    projects: pd.DataFrame
    claims: pd.DataFrame
    factors: pd.DataFrame
    left_out: pd.DataFrame
    period: int
    variance_factors: Mapping[str, float]
    unmeasured: Unmeasured
    currency: str

    @property
    def flipped(self) -> pd.DataFrame:
        """The projects that evidence decides otherwise."""
        return self.projects[self.projects["flipped"]].reset_index(drop=True)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project whose claims were measured."""
        return self.projects.copy(deep=False)

    def intervals(self) -> pd.DataFrame:
        """Claim, measurement and both together, in % of what was claimed, so that all stand on one axis.

        Returns
        -------
        DataFrame
            Three rows per claim: row (place of the claim), claim (project and metric), step (claimed, measured, both),
            text (value and unit), value, low, high (from P10 to P90) and break_even in % of the claim.
        """
        rows = [(place, f"{claim['project_id']} {claim['metric_name']}", step,
                 figure(claim[mean], claim["claimed_p90"] - claim["claimed_p10"], claim["unit"]),
                 *_percent(claim, claim[mean], claim[sd]), 100.0 * claim["break_even"] / claim["prior_mean"])
                for place, claim in enumerate(self.claims.to_dict("records")) for step, mean, sd in _STEPS]
        return pd.DataFrame(rows, columns=_INTERVALS)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw claim, measurement, both together and what pays, for every measured claim."""
        from pmlib.plots import claims

        drawn: Axes = claims.beliefs(self.intervals(), ax=ax)
        return drawn

    def summary(self) -> str:
        """Say how much of the benefit is still believed, and every project that evidence decides otherwise."""
        if self.projects.empty:
            nothing = (f"No claim of a project to decide was measured by {month_name(self.period)}. Put claims into "
                       "benefit_map, and what is measured of them into evidence.")
            return " ".join(filter(None, (nothing, self._not_counted())))
        before, after = (float(self.projects[name].sum()) for name in ("prior_benefit_k", "benefit_k"))
        many, flips = len(self.projects), self.flipped["sentence"].head(_NAMED).tolist()
        if len(self.flipped) > _NAMED:
            flips.append(f"Decided otherwise too: {named(self.flipped['project_id'][_NAMED:])}.")
        first = (f"By {month_name(self.period)} {counted(len(self.claims), 'claim')} of {counted(many, 'project')} "
                 f"{'was' if len(self.claims) == 1 else 'were'} measured: {after:,.0f} thousand {self.currency} of "
                 f"benefit expected, {before:,.0f} before.")
        kept = "" if flips else "No verb changes."
        return " ".join(filter(None, (first, *flips, kept, self._share(), self._waiting(), self._not_counted())))

    def headline(self) -> dict[str, str]:
        """Give how many verbs change, which, and what the benefit changed by."""
        if self.projects.empty:
            return {"0": "claims were measured"}
        change = float((self.projects["benefit_k"] - self.projects["prior_benefit_k"]).sum())
        flips = {f"{row['verb']} {row['project_id']}": f"instead of {row['verb_before']}, by what was measured"
                 for row in self.flipped.head(2).to_dict("records")}
        return {f"{len(self.flipped)} of {len(self.projects)}": "measured projects are decided otherwise", **flips,
                f"{change:+,.0f}": f"thousand {self.currency} of expected benefit, by what was measured"}

    def check(self) -> str:
        """Verify that every belief lies between its claim and its measurement, and that benefits follow from them.

        Raises
        ------
        CheckError
            One does not.
        """
        claims, rows = self.claims, self.projects
        ends = np.sort(claims[["prior_mean", "estimate"]].to_numpy(dtype=float), axis=1)
        slack = 1e-9 * np.abs(ends).max(initial=1.0)
        outside = ~claims["posterior_mean"].between(ends[:, 0] - slack, ends[:, 1] + slack)
        apart = (rows["benefit_k"] - rows["needed_k"] - rows["gain_k"]).abs() > _ROUNDING_K
        if outside.any() or apart.any():
            name = [*claims.loc[outside, "project_id"], *rows.loc[apart, "project_id"]][0]
            raise CheckError(f"beliefs: {name} got a belief outside claim and measurement or a gain that does not add "
                             "up, allowed neither. Report this with the workbook.")
        return (f"{counted(len(claims), 'claim')}: what is believed lies between claim and measurement, and every gain "
                "is benefit less what is needed.")

    def __repr__(self) -> str:
        flips = named((f"{row['verb']} {row['project_id']}" for row in self.flipped.to_dict("records")), most=4)
        return (f"<Beliefs {month_name(self.period)}: {counted(len(self.claims), 'claim')} of "
                f"{counted(len(self.projects), 'project')} measured; {flips or 'no verb changes'}>")

    def _share(self) -> str:
        if (self.projects["n_claims"] <= 1).all():
            return ""
        taken = ("come out in the proportion of those measured" if self.unmeasured is Unmeasured.AS_MEASURED
                 else "come true as claimed")
        return f"Claims of one project share its benefit equally; those not measured are taken to {taken}."

    def _waiting(self) -> str:
        names = self.projects.loc[self.projects["waiting_k"] > 0, "project_id"].tolist()
        return (f"One more month of data is worth more than it costs for {named(names)}." if names else
                "For none is one more month of data worth its delay.")

    def _not_counted(self) -> str:
        rows = [f"{row['evidence_id']} ({row['reason'].rstrip('.')})" for row in self.left_out.to_dict("records")]
        more = f"; and {len(rows) - _LEFT_OUT} more" if len(rows) > _LEFT_OUT else ""
        return f"Left out: {'; '.join(rows[:_LEFT_OUT])}{more}." if rows else ""


def weigh_claims(
    tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None,
    factors: Mapping[str, float] | None = None, unmeasured: str = Unmeasured.AS_MEASURED,
    policy: Policy | None = None,
) -> Beliefs:
    """Weigh every claim that was measured against its evidence, and say what follows for its project.

    The project's expected benefit is read as the worth of what it claims, in equal parts if it claims several changes.
    So the estimate must not hold the evidence already. Of the spread only that of the claims is counted; cost to go
    stands at its mean, and what is believed of a rate is taken as a normal. One more month of data is taken to bring
    another measurement of each claim like its newest; waiting puts off by that month what the better of going on and
    ending is worth over the other, at the policy's rate. The cost of a hold, or of the month's own work, comes on top.
    The verb is that of the project on its own; limits, contracts and links are the plan's.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects, estimates or cash_flows, benefit_map and evidence.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month: later evidence is not known.
    factors : mapping of kind of evidence to variance factor, optional
        In place of the usual ones (`claims.updates.VARIANCE_FACTORS`).
    unmeasured : Unmeasured
        What claims that were not measured are taken to come to, beside measured ones of the same project.
    policy : Policy, optional
        Its discount rate.

    Returns
    -------
    Beliefs
        Empty where nothing was measured.

    Raises
    ------
    MissingTableError
        projects, or every table with a value, is missing.
    ParameterError
        A factor, the period or ``unmeasured`` is none.
    SchemaError
        A table breaks its definition, or plain frames hold evidence of what nobody claims.

    References
    ----------
    Raiffa & Schlaifer (1961), Applied Statistical Decision Theory: conjugate priors, value of sample information.

    Examples
    --------
    >>> weigh_claims({
    ...     "projects": pd.DataFrame({"project_id": ["P44"], "state": "running", "bac_k": [600.0]}),
    ...     "cash_flows": pd.DataFrame({"project_id": ["P44"], "year": 2026, "cost_k": 600.0, "benefit_k": 1_104.0}),
    ...     "benefit_map": pd.DataFrame({"project_id": ["P44"], "product_id": "PR4", "metric": "retention_pp",
    ...                                  "claimed_p10": 3.4, "claimed_p50": 6.0, "claimed_p90": 8.6}),
    ...     "evidence": pd.DataFrame({"evidence_id": ["V1"], "project_id": "P44", "product_id": "PR4",
    ...                               "metric": "retention_pp", "month": "2025-09", "estimate": 2.0,
    ...                               "standard_error": 0.6, "kind": "experiment"})}, period="2025-12")
    <Beliefs December 2025: 1 claim of 1 project measured; stop P44>
    """
    kinds = variance_factors(factors)
    taken = Unmeasured(one_of(str(unmeasured), list(Unmeasured), "unmeasured"))
    typed, policy = claim_tables(tables), Policy() if policy is None else policy
    first, currency = first_month(typed, period), currency_of(typed)
    ahead = _valued(typed, first=first, policy=policy)
    claims = typed["benefit_map"][typed["benefit_map"]["project_id"].isin(ahead["project_id"])]
    evidence = typed["evidence"][typed["evidence"]["month"] < first]
    found = read_claims(claims, evidence, factors=kinds, currency=currency)
    counts = claims["project_id"].value_counts()
    ahead = ahead.assign(n_claims=ahead["project_id"].map(counts).fillna(0).astype(int))
    ahead = ahead[ahead["project_id"].isin(found.claims["project_id"])].reset_index(drop=True)
    (benefits, needed), (others, _) = (
        project_benefits(ahead, found.claims, rate=policy.discount_rate, unmeasured=reading)
        for reading in sorted(Unmeasured, key=lambda reading: reading is not taken))
    measured, benefits = found.claims.assign(break_even=needed), benefits.assign(verb_otherwise=others["verb"])
    of_project: dict[str, list[Mapping[Any, Any]]] = {}
    for claim in measured.to_dict("records"):
        of_project.setdefault(claim["project_id"], []).append(claim)
    sentences = [verb_sentence(row, of_project[row["project_id"]], currency,
                               as_measured=taken is Unmeasured.AS_MEASURED) for row in benefits.to_dict("records")]
    return Beliefs(
        projects=benefits.assign(sentence=pd.Series(sentences, dtype=str))[_PROJECT_COLUMNS], claims=measured,
        factors=benefits[_FACTORS].assign(factor=benefits["factor"].clip(lower=0.0)), left_out=found.left_out,
        period=first - 1, variance_factors=kinds, unmeasured=taken, currency=currency)


def _valued(tables: Mapping[str, pd.DataFrame], *, first: int, policy: Policy) -> pd.DataFrame:
    """Projects to decide whose benefit is known, with what going on brings and costs."""
    projects = to_decide(tables)
    worth = going_on(tables, projects, first_year=month_year(first), policy=policy).reset_index()
    return projects.merge(worth[worth["benefit_k"] != 0.0], on="project_id")


def _percent(claim: Mapping[Any, Any], middle: float, sd: float) -> tuple[float, float, float]:
    """Middle and both ends, P10 to P90, in % of the claim's own middle, lower end first."""
    whole = 0.01 * claim["prior_mean"]
    low, high = sorted(((middle - _Z90 * sd) / whole, (middle + _Z90 * sd) / whole))
    return middle / whole, low, high
