"""What product evidence says of a project's benefit: claim and measurement weighed, held against the break-even."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any

import pandas as pd

from pmlib.errors import BlockedTableError, MissingTableError, ParameterError, nearest
from pmlib.months import month_name
from pmlib.portfolio.actions import first_month, to_decide
from pmlib.portfolio.arguments import currency_of
from pmlib.portfolio.claims.ledger import CONTENT
from pmlib.portfolio.claims.wording import metric_words
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.valuation import going_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Ranges are read as claims are asked for: from P10 to P90, right 8 times in 10.
_Z90 = NormalDist().inv_cdf(0.9)
_Z95 = NormalDist().inv_cdf(0.975)
#: How many times wider the variance of the evidence is taken to see whether the verdict would change.
DOUBT = 4.0
STEPS = ("claim", "evidence", "both together", "evidence doubted", "break-even", "decision")
_COLUMNS = ["step", "value", "low", "high", "unit", "text", "says"]
_MONTHS = 12


@dataclass(frozen=True, eq=False, kw_only=True)
class Posterior:
    """What is believed of a change once claim and evidence are weighed; all in the unit of the claim.

    Attributes
    ----------
    mean, sd : float
        Expected change and its standard deviation.
    prior_mean, prior_sd : float
        The claim alone.
    estimate, standard_error : float
        The evidence alone, its error widened as asked.
    weight : float
        Share of the weight that is on the evidence (0-1).
    """

    mean: float
    sd: float
    prior_mean: float
    prior_sd: float
    estimate: float
    standard_error: float
    weight: float

    def chance_above(self, x: float) -> float:
        """Chance (0-1) that the change is larger than ``x``."""
        return 1.0 - NormalDist(self.mean, self.sd).cdf(x)

    def to_frame(self) -> pd.DataFrame:
        """Return claim, evidence and both together: step, value, low, high (from P10 to P90)."""
        known = ((self.prior_mean, self.prior_sd), (self.estimate, self.standard_error), (self.mean, self.sd))
        return pd.DataFrame(
            [(step, mean, mean - _Z90 * sd, mean + _Z90 * sd) for step, (mean, sd) in zip(STEPS, known, strict=False)],
            columns=["step", "value", "low", "high"])

    def summary(self) -> str:
        """Say in one sentence what was claimed, measured and is now believed."""
        claim, found, both = (f"{row['value']:.1f} ({row['low']:.1f} to {row['high']:.1f})"
                              for row in self.to_frame().to_dict("records"))
        return (f"Claimed {claim}, measured {found}, together {both}, each range right 8 times in 10; "
                f"{100 * self.weight:.0f} % of the weight is on the evidence.")

    def headline(self) -> dict[str, str]:
        """Give the big figures and what they are."""
        return {f"{self.mean:.2f}": f"expected change, claimed {self.prior_mean:.2f}",
                f"{100 * self.weight:.0f} %": "of the weight is on the evidence"}

    def __repr__(self) -> str:
        return (f"<Posterior: {self.mean:.2f} (sd {self.sd:.2f}); claim {self.prior_mean:.2f}, "
                f"evidence {self.estimate:.2f}, {100 * self.weight:.0f} % of the weight on it>")


def update_claim(
    *, p10: float, p50: float, p90: float, estimate: float, standard_error: float, variance_factor: float = 1.0,
) -> Posterior:
    """Weigh what a project claims against what was measured, each by its precision.

    Both are taken as normal. The claim has its middle at ``p50`` and the width of ``p90 - p10``; that it may lean
    to one side is left out, so a lopsided claim is centred on its middle and keeps its width.

    Parameters
    ----------
    p10, p50, p90 : float
        The claimed change: low end, middle, high end.
    estimate, standard_error : float
        The measured change, in the same unit.
    variance_factor : float
        How many times wider the variance of the evidence is taken, 1 or more: an experiment 1, weaker designs more.

    Raises
    ------
    ParameterError
        The claim is out of order or has no width, the standard error is not above 0, or the factor is below 1.

    References
    ----------
    Raiffa & Schlaifer (1961), Applied Statistical Decision Theory: the normal prior and its normal posterior.

    Examples
    --------
    >>> update_claim(p10=3.4, p50=6.0, p90=8.6, estimate=2.0, standard_error=0.6)
    <Posterior: 2.32 (sd 0.58); claim 6.00, evidence 2.00, 92 % of the weight on it>
    """
    if not (math.isfinite(p10 + p50 + p90) and p10 <= p50 <= p90 and p10 < p90):
        raise ParameterError(f"claim: got p10 {p10:g}, p50 {p50:g}, p90 {p90:g}, allowed p10 <= p50 <= p90 with "
                             "p10 < p90. Correct benefit_map, or ask for a range.")
    if not (math.isfinite(estimate) and 0.0 < standard_error < math.inf):
        raise ParameterError(f"evidence: got {estimate:g} with standard_error {standard_error:g}, allowed an error "
                             "above 0. Take it from the read-out of the measurement.")
    if not 1.0 <= variance_factor < math.inf:
        raise ParameterError(f"variance_factor: got {variance_factor:g}, allowed 1 or more. Evidence is never surer "
                             "than it was measured.")
    prior_sd, error = (p90 - p10) / (2 * _Z90), standard_error * math.sqrt(variance_factor)
    weight = prior_sd**2 / (prior_sd**2 + error**2)
    return Posterior(mean=p50 + weight * (estimate - p50), sd=math.sqrt(weight) * error, prior_mean=p50,
                     prior_sd=prior_sd, estimate=estimate, standard_error=error, weight=weight)


def break_even(
    *, cost_to_go_k: float, benefit_per_unit_k: float, exit_cost_k: float = 0.0, salvage_k: float = 0.0,
) -> float:
    """Change at which going on is worth exactly as much as stopping, in the unit of the change.

    Sunk cost is not in it: only what a stop would save, less what it costs, plus what can be sold.

    Parameters
    ----------
    cost_to_go_k, exit_cost_k, salvage_k : float
        Money still to spend, the cost of a stop and what a stop would bring in, thousand.
    benefit_per_unit_k : float
        Expected benefit of one unit of change, thousand.

    Raises
    ------
    ParameterError
        One unit of change is worth nothing, or a number is missing.

    Examples
    --------
    >>> round(break_even(cost_to_go_k=600, benefit_per_unit_k=1_104 / 6, exit_cost_k=30, salvage_k=20), 1)
    3.2
    """
    freed_k = cost_to_go_k + (salvage_k - exit_cost_k)
    if benefit_per_unit_k == 0.0 or not math.isfinite(freed_k + benefit_per_unit_k):
        raise ParameterError(f"benefit_per_unit_k: got {benefit_per_unit_k:g} with {freed_k:g} saved by a stop, "
                             "allowed numbers, not 0. Give the project a benefit in estimates or cash_flows.")
    return freed_k / benefit_per_unit_k


@dataclass(frozen=True, eq=False, kw_only=True)
class Case:
    """A project whose promise was measured: what the product sees, what the portfolio sees, what follows.

    Attributes
    ----------
    project_id, subject, metric : str
        The project, its name, and what it promised to change.
    steps : DataFrame
        One row per step (claim, evidence, both together, evidence doubted, break-even, decision): step, value, low,
        high (from P10 to P90), unit, text (value and unit), says. Empty when the case cannot be made.
    posterior : Posterior or None
        Claim and evidence weighed; None when the case cannot be made.
    break_even : float
        Change at which going on equals stopping.
    real : bool
        Whether the measured change is a gain beyond chance (95 %).
    gain_k : float
        Expected gain of going on over stopping, thousand; negative: stop.
    action : str
        What follows: keep or stop, for a proposal start or decline.
    missing : str
        Why the case cannot be made, and what to do; empty otherwise.
    """

    project_id: str
    subject: str
    steps: pd.DataFrame
    metric: str = ""
    posterior: Posterior | None = None
    break_even: float = math.nan
    real: bool = False
    gain_k: float = math.nan
    action: str = ""
    missing: str = ""

    @property
    def found(self) -> bool:
        """Whether there is a case to show."""
        return self.posterior is not None

    def to_frame(self) -> pd.DataFrame:
        """Return one row per step."""
        return self.steps.copy(deep=False)

    def summary(self) -> str:
        """Say what was found, what it means for the decision, and how sure that is."""
        return self.missing or " ".join(self.steps.set_index("step")["says"][["evidence", "break-even", "decision"]])

    def dispute(self) -> str:
        """Say in one sentence whether both sides agree, what each sees, and what follows."""
        if not self.found:
            return self.missing
        agree = "agree" if self.real == (self.gain_k >= 0) else "disagree"
        return (f"On {self.subject} they {agree}: the product sees {self._text('evidence')}, {_gain(self.real)}; the "
                f"portfolio needs {self._text('break-even')}; weighed, the answer is {self.action}.")

    def headline(self) -> dict[str, str]:
        """Give the figures of the case."""
        return {} if not self.found else {
            self._text("evidence"): "measured: what the product sees",
            self._text("break-even"): "needed to pay: what the portfolio sees",
            f"{self.action} {self.project_id}": "follows"}

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw claim, evidence and both together with the break-even on one axis."""
        from pmlib.plots import aspects

        return aspects.case(self.steps, ax, subject=self.subject, metric=self.metric)

    def __repr__(self) -> str:
        said = self.missing or (f"{self.action}; expected {self._text('both together')}, "
                                f"pays from {self._text('break-even')}")
        return f"<Case {self.project_id}: {said}>"

    def _text(self, step: str) -> str:
        return str(self.steps.set_index("step")["text"][step])


def weigh_evidence(tables: Mapping[str, Any], *, project_id: str, period: int | str | None = None) -> Case:
    """Ask whether a project still pays now that its promise has been measured.

    Of the project's claims the first one with evidence is judged. Several measurements of it are pooled by their
    precision, each once. The whole expected benefit is read as the worth of the claim's middle, so an estimate
    that already holds the evidence would count it twice. A mandatory project has no case: it goes on anyway.

    Parameters
    ----------
    tables : mapping of table name to frame
        benefit_map, evidence, projects, and estimates or cash_flows.
    project_id : str
        The project.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month: later evidence is left out.

    Returns
    -------
    Case
        Where tables or rows are missing, a case that says so.

    Raises
    ------
    BlockedTableError, ParameterError
        A table is there but cannot be used; the period is no month.
    """
    first = 0 if period is None and tables.get("projects") is None else first_month(tables, period)
    try:
        return _judged(tables, project_id, first)
    except BlockedTableError:
        raise
    except (MissingTableError, ParameterError) as problem:
        return Case(project_id=project_id, subject=project_id, steps=pd.DataFrame(columns=_COLUMNS),
                    missing=f"No case of {project_id}: {problem}")


def _judged(tables: Mapping[str, Any], project_id: str, first: int) -> Case:
    absent = [name for name in ("benefit_map", "evidence", "projects") if tables.get(name) is None]
    if absent:
        raise MissingTableError(f"it needs {', '.join(absent)}. Put claims into benefit_map, what was measured into "
                                "evidence.")
    projects = to_decide(tables)
    mine = projects[projects["project_id"] == project_id]
    if mine.empty:
        near = nearest(project_id, projects["project_id"])
        raise ParameterError(f"it is not to be decided. {near or 'Name a project that is proposed, running or held.'}")
    if bool(mine["mandatory"].iloc[0]):
        raise ParameterError("it is mandatory and goes on whatever it is worth. Name a project that may be ended.")
    project, (claim, found) = mine.iloc[0], _claim_with_evidence(tables, project_id, first)
    ahead = going_on(tables, mine, first_year=(first - 1) // _MONTHS, policy=Policy()).iloc[0]
    unit_k = float(ahead["benefit_k"]) / claim["claimed_p50"] if claim["claimed_p50"] else 0.0
    needed = break_even(cost_to_go_k=float(ahead["cost_k"]), benefit_per_unit_k=unit_k,
                        exit_cost_k=float(project["exit_cost_k"]), salvage_k=float(project["salvage_k"]))
    verdict = _Verdict(claim=claim, found=found, unit_k=unit_k, needed=needed, currency=currency_of(tables),
                       verbs=("start", "decline") if project["state"] == "proposed" else ("keep", "stop"))
    known = verdict.weighed(1.0)
    return Case(project_id=project_id, subject=f"{project['name']} ({project_id})", metric=verdict.unit[0],
                steps=verdict.steps(), posterior=known, break_even=needed, real=verdict.real(known),
                gain_k=verdict.gain_k(known), action=verdict.action(known))


def _claim_with_evidence(
    tables: Mapping[str, Any], project_id: str, first: int,
) -> tuple[dict[Any, Any], pd.DataFrame]:
    claims, known = (frame[frame["project_id"] == project_id] for frame in (tables["benefit_map"], tables["evidence"]))
    known = known[known["month"] < first].drop_duplicates("evidence_id")
    known = known.drop_duplicates([name for name in CONTENT if name in known])
    for claim in claims.to_dict("records"):
        found = known[(known["product_id"] == claim["product_id"]) & (known["metric"] == claim["metric"])]
        if len(found):
            return claim, found
    raise MissingTableError("no claim of it was measured by this month. Add the measurement to evidence, the claim to "
                            "benefit_map.")


def _pooled(found: pd.DataFrame) -> tuple[float, float]:
    """Pool measurements of one change by their precision: estimate and standard error."""
    if not (found["standard_error"] > 0).all():
        raise ParameterError("evidence has a standard_error of 0. Take it from the read-out of the measurement.")
    precision = 1.0 / found["standard_error"].astype(float) ** 2
    return float((precision * found["estimate"]).sum() / precision.sum()), float(precision.sum() ** -0.5)


def _gain(real: bool) -> str:
    return "a real gain" if real else "no gain beyond chance"


@dataclass(frozen=True, eq=False, kw_only=True)
class _Verdict:
    """Claim, evidence and break-even of one project, put into steps and words."""

    claim: Mapping[Any, Any]
    found: pd.DataFrame
    unit_k: float
    needed: float
    currency: str
    verbs: tuple[str, str]

    def weighed(self, variance_factor: float) -> Posterior:
        estimate, error = _pooled(self.found)
        return update_claim(p10=self.claim["claimed_p10"], p50=self.claim["claimed_p50"], p90=self.claim["claimed_p90"],
                            estimate=estimate, standard_error=error, variance_factor=variance_factor)

    def gain_k(self, known: Posterior) -> float:
        return self.unit_k * (known.mean - self.needed)

    def action(self, known: Posterior) -> str:
        return self.verbs[0] if self.gain_k(known) >= 0 else self.verbs[1]

    def real(self, known: Posterior) -> bool:
        return math.copysign(1.0, known.prior_mean) * known.estimate > _Z95 * known.standard_error

    @property
    def unit(self) -> tuple[str, str]:
        """Metric and unit, ``retention_pp`` -> retention, pp; a metric without a unit keeps its name."""
        return metric_words(str(self.claim["metric"]), self.currency)

    def steps(self) -> pd.DataFrame:
        sure, doubted = self.weighed(1.0), self.weighed(DOUBT)
        rows: list[dict[Any, Any]] = [
            *sure.to_frame().to_dict("records"), doubted.to_frame().loc[2].to_dict() | {"step": STEPS[3]},
            {"step": STEPS[4], "value": self.needed}, {"step": STEPS[5]}]
        frame = pd.DataFrame(rows).assign(unit=self.unit[1])
        text = [f"{self._digits(value)} {self.unit[1]}".rstrip() for value in frame["value"].dropna()]
        spans = [f"{self._digits(row['low'])} to {self._digits(row['high'])}" for row in rows[:4]]
        return frame.assign(text=[*text, ""], says=self._says(text, spans, sure=sure, doubted=doubted))[_COLUMNS]

    def _says(self, text: list[str], spans: list[str], *, sure: Posterior, doubted: Posterior) -> list[str]:
        above, gain, action = sure.chance_above(self.needed), self.gain_k(sure), self.action(sure)
        pays, money = above if self.unit_k > 0 else 1.0 - above, f"thousand {self.currency}"
        return [
            f"{text[0]} of {self.unit[0]} was promised ({spans[0]}, 8 times in 10).",
            f"{text[1]} was measured ({', '.join([spans[1], *self._source()])}): {_gain(self.real(sure))}.",
            f"{text[2]} is expected of both, each weighted by its precision ({spans[2]}); "
            f"{100 * sure.weight:.0f} % of the weight is on what was measured.",
            f"{text[3]} is expected ({spans[3]}) if the variance of the evidence is taken {DOUBT:.0f} times as large: "
            f"{'still' if self.action(doubted) == action else 'then'} {self.action(doubted)}.",
            f"It pays from {text[4]} on: ending it would free {self.unit_k * self.needed:,.0f} {money}, and each "
            f"{self.unit[1] or 'unit'} is worth {self.unit_k:,.0f} thousand.",
            f"{action.capitalize()}: the chance that it pays is {100 * pays:.0f} %, and going on is worth "
            f"{abs(gain):,.0f} {money} {'more' if gain >= 0 else 'less'} than ending it.",
        ]

    def _digits(self, value: float) -> str:
        """Write a change with the digits that the width of the claim deserves."""
        width = self.claim["claimed_p90"] - self.claim["claimed_p10"]
        return f"{value:+,.{max(0, 1 - math.floor(math.log10(width)))}f}"

    def _source(self) -> list[str]:
        """How, on how many and when it was measured, as far as the table says."""
        kinds = sorted(set(self.found["kind"].dropna().astype(str))) if "kind" in self.found else []
        n = int(self.found["n"].fillna(0).sum()) if "n" in self.found else 0
        return [*kinds, *([f"n = {n:,}"] if n else []), month_name(int(self.found["month"].max()))]
