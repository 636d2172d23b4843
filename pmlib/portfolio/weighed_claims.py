"""A claim weighed against any measurement of it: what is believed, the verb in the plan, and where the verb turns."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.portfolio.arguments import one_of
from pmlib.portfolio.claims.priors import Beta, Normal
from pmlib.portfolio.claims.updates import VARIANCE_FACTORS, Finding, pooled, update
from pmlib.portfolio.claims.wording import counted, figure
from pmlib.portfolio.information.envelopes import Envelope

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: What a measurement is called that there is none of.
NOTHING = ""
CASES = ("without it", "with it", "where the verb turns", "where it pays on its own")
COLUMNS = ["case", "effect", "low", "high", "text", "benefit_share", "benefit_k", "value_k", "verb", "plan_k"]


@dataclass(frozen=True, kw_only=True)
class Measurement:
    """A measured change of a metric; without a kind nothing was measured.

    Attributes
    ----------
    estimate, standard_error : float
        In the unit of the metric.
    kind : str
        How it was measured (`claims.updates.VARIANCE_FACTORS`), or nothing.
    """

    estimate: float = math.nan
    standard_error: float = math.nan
    kind: str = NOTHING

    @property
    def factor(self) -> float:
        """How many times as wide its variance is taken."""
        return VARIANCE_FACTORS[self.kind]

    @property
    def finding(self) -> Finding:
        """What counts of it beside a claim."""
        return Finding(estimate=self.estimate, standard_error=self.standard_error, variance_factor=self.factor)


@dataclass(frozen=True, eq=False, kw_only=True)
class MeasuredClaim:
    """A claim of a project, ready to be weighed against any measurement of it without solving the plan again.

    The best plan with the project in each of its actions is known, so what the plan does with it is known for
    whatever it is worth: each such plan keeps a fixed share of the project's value, and the highest line wins.

    Attributes
    ----------
    project : mapping
        project_id, name, n_unmeasured (claims, beside this one), benefit_k (expected, as claimed), without_k (expected
        if this claim were not measured), cost_k (expected, to complete), pays_k (value of going on from which it is
        worth more than ending it; missing if mandatory); thousand.
    claim : mapping
        product_id, metric, metric_name, unit, claimed_p10, claimed_p50, claimed_p90.
    prior : Normal or Beta
        The claim as a distribution.
    others : tuple of float
        Believed over claimed change of the project's other measured claims.
    known : Measurement
        What the tables hold of this claim, several measurements pooled.
    best : Envelope
        The best plan over what going on with the project is worth.
    shift_k : float
        What the yardstick of the plan counts beside the money, thousand.
    currency : str
    """

    project: Mapping[str, Any]
    claim: Mapping[str, Any]
    prior: Normal | Beta
    others: tuple[float, ...]
    known: Measurement
    best: Envelope
    shift_k: float
    currency: str

    @property
    def span(self) -> tuple[float, float]:
        """Changes worth looking at: from the claim's own range three times as wide, with 0 and what is known."""
        low, high = (float(self.claim[name]) for name in ("claimed_p10", "claimed_p90"))
        ends = [2 * low - high, 2 * high - low, 0.0]
        if self.known.kind:
            ends += [self.known.estimate - 3 * self.known.standard_error,
                     self.known.estimate + 3 * self.known.standard_error]
        return (0.0, 1.0) if isinstance(self.prior, Beta) else (min(ends), max(ends))

    def weigh(
        self, *, estimate: float = math.nan, standard_error: float = math.nan, kind: str = NOTHING,
    ) -> WeighedClaim:
        """Weigh the claim against a measurement, in place of what the tables hold of it.

        Parameters
        ----------
        estimate, standard_error : float
            The measured change, in the claim's unit.
        kind : str
            How it was measured; empty: nothing was.

        Raises
        ------
        ParameterError
            The kind is unknown, or the numbers are none of a measurement.
        """
        one_of(kind, (*VARIANCE_FACTORS, NOTHING), "kind")
        found = Measurement(estimate=estimate, standard_error=standard_error, kind=kind)
        return WeighedClaim(question=self, measured=found)

    def as_known(self) -> WeighedClaim:
        """Weigh the claim against what the tables hold of it."""
        return WeighedClaim(question=self, measured=self.known)

    def __repr__(self) -> str:
        return f"<MeasuredClaim {self.project['project_id']} {self.claim['metric']}: {self.as_known().verdict()}>"

    def share(self, effect: float | None) -> float:
        """Share of the project's benefit that is believed (0 or more) at an expected change; None: not measured."""
        ratios = [*self.others, *([] if effect is None else [effect / self.prior.mean])]
        if not ratios:
            return float(self.project["without_k"] / self.project["benefit_k"])
        return max(0.0, math.fsum(ratios) / len(ratios))

    def effect_at(self, value_k: float) -> float:
        """Find the expected change at which going on is worth so much; missing where no change makes it so."""
        share = (value_k + self.project["cost_k"]) / self.project["benefit_k"]
        effect = self.prior.mean * (share * (len(self.others) + 1) - math.fsum(self.others))
        within = not isinstance(self.prior, Beta) or 0.0 <= effect <= 1.0
        return effect if share >= 0.0 and within else math.nan

    def verb(self, value_k: float) -> str:
        """Say what the best plan does with the project where going on is worth so much."""
        return self.best.best([value_k + self.shift_k])[0]

    def plan_k(self, value_k: float) -> float:
        """Say what the best plan is worth then, thousand."""
        return float(self.best(value_k + self.shift_k))

    def turn(self, value_k: float) -> tuple[float, str]:
        """Find the nearest value at which the plan decides the project otherwise, and how; missing if there is none."""
        lines, places = self.best.edges
        verbs = [self.best.verbs[line] for line in lines]
        turns = [self.best.mean + place - self.shift_k for place in places]
        here = int(np.searchsorted(turns, value_k, side="right"))
        found = [(abs(at - value_k), at, verbs[beyond]) for place, at in enumerate(turns)
                 for beyond in [place + 1 if place >= here else place]
                 if verbs[beyond] != verbs[here] and not math.isnan(self.effect_at(at))]
        return min(found)[1:] if found else (math.nan, "")


@dataclass(frozen=True, eq=False, kw_only=True)
class WeighedClaim:
    """What one measurement of a claim makes of its project.

    Attributes
    ----------
    question : MeasuredClaim
        The claim, and what the plan does with its project.
    measured : Measurement
        What it is weighed against.
    """

    question: MeasuredClaim
    measured: Measurement

    @cached_property
    def posterior(self) -> Normal | Beta:
        """What is believed of the change."""
        return update(self.question.prior, [self.measured.finding]) if self.measured.kind else self.question.prior

    @property
    def break_even(self) -> float:
        """Expected change at which the verb turns, in the claim's unit; missing where none turns it."""
        return float(self._table["effect"].iloc[2])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per case.

        Returns
        -------
        DataFrame
            case (without it, with it, where the verb turns, where it pays on its own), effect (expected change, in
            the claim's unit), low, high (P10 to P90), text (all three with the unit), benefit_share (of what was
            claimed, 0 or more), benefit_k, value_k (of going on), verb (in the plan; where it turns, the one it turns
            to; on its own none), plan_k (worth of the best plan); missing where no change makes it so.
        """
        return self._table.copy(deep=False)

    @cached_property
    def _table(self) -> pd.DataFrame:
        question = self.question
        effect = self.posterior.mean if self.measured.kind else None
        rows = [self._row(CASES[0], question.prior, question.share(None)),
                self._row(CASES[1], self.posterior, question.share(effect))]
        turn_k, then = question.turn(rows[1]["value_k"])
        return pd.DataFrame([*rows, self._edge(CASES[2], turn_k, then),
                             self._edge(CASES[3], float(question.project["pays_k"]), "")], columns=COLUMNS)

    def _edge(self, case: str, value_k: float, verb: str) -> dict[str, Any]:
        """Row of a value at which something turns; empty but for its name where no change brings it about."""
        question, project = self.question, self.question.project
        if math.isnan(effect := question.effect_at(value_k)):
            return {"case": case, "verb": ""}
        benefit_k = value_k + project["cost_k"]
        return {"case": case, "effect": effect, "text": self._figure(effect), "verb": verb,
                "benefit_share": benefit_k / project["benefit_k"], "benefit_k": benefit_k, "value_k": value_k,
                "plan_k": question.plan_k(value_k)}

    def _row(self, case: str, belief: Normal | Beta, share: float) -> dict[str, Any]:
        question, project = self.question, self.question.project
        value_k, (low, high) = share * project["benefit_k"] - project["cost_k"], map(belief.quantile, (0.1, 0.9))
        return {"case": case, "effect": belief.mean, "low": low, "high": high,
                "text": f"{self._figure(belief.mean)} ({self._bare(low)} to {self._bare(high)})",
                "benefit_share": share, "benefit_k": share * project["benefit_k"], "value_k": value_k,
                "verb": question.verb(value_k), "plan_k": question.plan_k(value_k)}

    def verdict(self) -> str:
        """Say the verb, and what it was without the measurement."""
        before, now = self._table["verb"].iloc[:2]
        return now if now == before else f"{now} instead of {before}"

    def summary(self) -> str:
        """Say what is believed, what that does to the benefit and the verb, and where the verb turns."""
        return " ".join(filter(None, (self._belief(), self._benefit(), self._turn(), self._rest())))

    def headline(self) -> dict[str, str]:
        """Give the verb, the change expected, the one at which the verb turns, and the benefit still believed."""
        with_it, turn = self._table.iloc[1], self._table.iloc[2]
        figures = {f"{with_it['verb']} {self.question.project['project_id']}": self._instead(),
                   self._figure(with_it["effect"]): f"{self.question.claim['metric_name']} expected"}
        if turn["verb"]:
            figures[f"at {self._figure(turn['effect'])}"] = f"turns it to {turn['verb']}"
        return figures | {f"{100 * with_it['benefit_share']:.0f} %": "of the benefit is believed"}

    def intervals(self) -> pd.DataFrame:
        """Claim, measurement and both together in % of what was claimed: the rows that the figure draws."""
        question, whole = self.question, 0.01 * self.question.prior.mean
        known = {"claimed": question.prior, "both": self.posterior}
        if self.measured.kind:
            mean, sd = pooled(question.prior, [self.measured.finding])
            known["measured"] = Normal(mean=mean, sd=sd)
        rows = [(0, f"{question.project['project_id']} {question.claim['metric_name']}", step, self._figure(one.mean),
                 one.mean / whole, *sorted((one.quantile(0.1) / whole, one.quantile(0.9) / whole)),
                 float(self._table["effect"].iloc[3]) / whole) for step, one in known.items()]
        return pd.DataFrame(rows, columns=["row", "claim", "step", "text", "value", "low", "high", "break_even"])

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw claim, measurement and both together, with the change from which the project pays on its own."""
        from pmlib.plots import claims

        drawn: Axes = claims.beliefs(self.intervals(), ax=ax)
        return drawn

    def __repr__(self) -> str:
        project_id, metric = self.question.project["project_id"], self.question.claim["metric_name"]
        return f"<WeighedClaim {project_id}: {self.verdict()}; {metric} {self._figure(self.posterior.mean)} expected>"

    def _figure(self, value: float) -> str:
        return f"{self._bare(value)} {self.question.claim['unit']}".rstrip()

    def _bare(self, value: float) -> str:
        claim = self.question.claim
        return figure(value, claim["claimed_p90"] - claim["claimed_p10"], sign=isinstance(self.question.prior, Normal))

    def _belief(self) -> str:
        project, claim = self.question.project, self.question.claim
        claimed = self._figure(claim["claimed_p50"])
        low, high = (self._bare(claim[name]) for name in ("claimed_p10", "claimed_p90"))
        said = (f"{project['name']} ({project['project_id']}) claims {claimed} of {claim['metric_name']} ({low} to "
                f"{high}, 8 times in 10)")
        if not self.measured.kind:
            return f"{said}; nothing is measured of it."
        low, high = (self._bare(self.posterior.quantile(share)) for share in (0.1, 0.9))
        wider = f", variance taken {self.measured.factor:g} times" if self.measured.factor > 1 else ""
        return (f"{said}; with {self._figure(self.measured.estimate)} measured ({self.measured.kind}, standard error "
                f"{self.measured.standard_error:.2g}{wider}), {self._figure(self.posterior.mean)} is expected "
                f"({low} to {high}).")

    def _benefit(self) -> str:
        without, with_it = (row for _, row in self._table.head(2).iterrows())
        if not self.measured.kind:
            drawn = "" if self.question.others or with_it["benefit_share"] == 1.0 else (
                f", {100 * with_it['benefit_share']:.0f} % of what it claims, drawn towards what projects are worth")
            return (f"{with_it['benefit_k']:,.0f} thousand {self.question.currency} of benefit are counted on{drawn}; "
                    f"the plan says {with_it['verb']}.")
        return (f"That is {100 * with_it['benefit_share']:.0f} % of the benefit: {with_it['benefit_k']:,.0f} thousand "
                f"{self.question.currency}, {without['benefit_k']:,.0f} without the measurement. The plan says "
                f"{with_it['verb']}, {self._instead()}.")

    def _instead(self) -> str:
        before, now = self._table["verb"].iloc[:2]
        return "with and without it" if now == before else f"{before} without it"

    def _turn(self) -> str:
        turn = self._table.iloc[2]
        if math.isnan(self.question.project["pays_k"]):
            return "It is mandatory and goes on whatever it is worth."
        if not turn["verb"]:
            return "No measurement of this claim turns the verb."
        return f"The verb turns to {turn['verb']} at {self._figure(turn['effect'])} expected{self._needed()}."

    def _needed(self) -> str:
        """Say which measurement, as sure as this one, would bring the belief to where the verb turns."""
        prior, after = self.question.prior, self.posterior
        if not self.measured.kind or not isinstance(prior, Normal):
            return ""
        weight = 1.0 - (after.sd / prior.sd) ** 2
        needed = prior.mean + (self.break_even - prior.mean) / weight
        return (f", which takes {self._figure(needed)} measured as surely as this, with {100 * weight:.0f} % of the "
                "weight on the measurement")

    def _rest(self) -> str:
        """Say how the other claims of the project count."""
        rest = self.question.project["n_unmeasured"]
        if not rest or not (self.measured.kind or self.question.others):
            return ""
        return (f"{counted(rest, 'claim').capitalize()} of it {'is' if rest == 1 else 'are'} not measured and "
                f"{'is' if rest == 1 else 'are'} taken to come out in the proportion of those measured.")
