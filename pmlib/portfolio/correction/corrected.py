"""Estimates as they should be counted with: cost uplifted, benefit shrunk or measured, tables to plan on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.months import month_year
from pmlib.portfolio.actions import first_month, to_decide
from pmlib.portfolio.arguments import currency_of, of_kind
from pmlib.portfolio.correction.restating import replaced
from pmlib.portfolio.correction.shrinkage import LEAST, Shrinkage, shrink
from pmlib.portfolio.correction.versions import VersionErrors, version_errors
from pmlib.portfolio.forecasts.reference_class import reference_class
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.model import Floats
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.risk.estimates import newest_points
from pmlib.portfolio.valuation import going_on

if TYPE_CHECKING:
    from matplotlib.axes import Axes

UPLIFT, SHRINKAGE, EVIDENCE, NOTHING = "uplift", "shrinkage", "evidence", "nothing"
_COLUMNS = ["project_id", "name", "state", "benefit_k", "cost_k", "value_k", "corrected_benefit_k", "corrected_cost_k",
            "corrected_value_k", "weight", "sd_k", "corrected_by", "says", "middle_k"]
#: Projects a note names.
_FEW = 5


class Reference(Protocol):
    """A class of closed projects like those to begin, and what they cost against their forecast."""

    @property
    def mean_factor(self) -> float:
        """Mean of outcome over the middle of the forecast; missing where there are too few projects."""

    @property
    def n(self) -> int:
        """How many projects it rests on."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Corrected:
    """Stated and corrected estimates of every project to decide, and the tables to plan on.

    Attributes
    ----------
    projects : DataFrame
        One row per project, sorted: project_id, name, state, benefit_k, cost_k, value_k (stated: expected benefit,
        expected cost to complete, and their difference), corrected_benefit_k, corrected_cost_k, corrected_value_k,
        weight (on the own estimate of benefit, 0-1; missing where evidence took its place), sd_k (of the expected
        value, not of the outcome), corrected_by (uplift, shrinkage, evidence, nothing), says, middle_k (middle
        forecast of cost). Thousands.
    tables : dict of table name to frame
        All tables, with estimates and cash_flows corrected.
    ratios : float array of shape (n,)
        Outcome over the middle of past cost forecasts, project by project where the reference lists them, else its
        factor alone; empty where it has none.
    n_reference : int
        How many projects are behind it.
    errors : VersionErrors or None
        How far off estimates of benefit are; None without versions.
    shrinkage : Shrinkage or None
        Benefit over stated cost, towards what the projects are worth together; None where nothing was shrunk.
    period : int
        Last known month (year * 12 + month).
    policy : Policy
    currency : str
    notes : tuple of str
        What could not be corrected, and why.
    """

    projects: pd.DataFrame
    tables: dict[str, pd.DataFrame]
    ratios: Floats
    n_reference: int
    errors: VersionErrors | None
    shrinkage: Shrinkage | None
    period: int
    policy: Policy
    currency: str
    notes: tuple[str, ...]

    @property
    def factor(self) -> float:
        """What past projects cost over the middle of their forecast, on average; 1 where that is not known."""
        return float(self.ratios.mean()) if len(self.ratios) else 1.0

    @property
    def means(self) -> pd.Series:
        """Expected value of going on by project_id, corrected, thousand; projects with a known value."""
        return self.projects.set_index("project_id")["corrected_value_k"].dropna().rename("mean_k")

    @property
    def sds(self) -> pd.Series:
        """Standard deviation of that expectation by project_id, thousand."""
        return self.projects.set_index("project_id")["sd_k"].reindex(self.means.index)

    @property
    def totals(self) -> pd.DataFrame:
        """Benefit, cost and value of all projects: measure, stated_k, corrected_k, change_k."""
        names = ["benefit_k", "cost_k", "value_k"]
        stated, corrected = ([float(self.projects[f"{prefix}{name}"].sum()) for name in names]
                             for prefix in ("", "corrected_"))
        frame = pd.DataFrame({"measure": ["benefit", "cost", "value"], "stated_k": stated, "corrected_k": corrected})
        return frame.assign(change_k=frame["corrected_k"] - frame["stated_k"])

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project."""
        return self.projects.copy(deep=False)

    def counts(self) -> dict[str, int]:
        """Count projects by what corrected them; one may be corrected by two."""
        return {kind: int(self.projects["corrected_by"].str.contains(kind).sum())
                for kind in (UPLIFT, SHRINKAGE, EVIDENCE, NOTHING)}

    def summary(self) -> str:
        """Say what the correction does to the whole list, and by what."""
        if self.projects.empty:
            return " ".join(self.notes)
        value, n = self.totals.iloc[2], self.counts()
        return (f"All {len(self.projects)} projects together are worth {value['corrected_k']:,.0f} thousand "
                f"{self.currency} after correction, stated {value['stated_k']:,.0f}. Cost was uplifted for {n[UPLIFT]},"
                f" benefit shrunk for {n[SHRINKAGE]}, replaced by evidence for {n[EVIDENCE]}; {n[NOTHING]} stay as "
                "they are.")

    def headline(self) -> dict[str, str]:
        """Give the corrected value, the uplift and the strongest shrinkage."""
        if self.projects.empty:
            return {}
        value, weight = self.totals.iloc[2], self.projects["weight"].min()
        found = {f"{value['corrected_k']:,.0f} thousand {self.currency}":
                 f"worth of all projects, stated {value['stated_k']:,.0f}"}
        if len(self.ratios):
            found[f"{self.factor:.2f}"] = f"times the middle forecast is what projects cost (n = {self.n_reference})"
        if self.shrinkage is not None:
            found[f"{100 * weight:.0f} %"] = "least weight on an own estimate of benefit"
        return found

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw stated against corrected value, one mark per project."""
        from pmlib.plots import correction

        return correction.stated_and_corrected(self.projects, ax, currency=self.currency)

    @classmethod
    def of_nothing(cls, tables: Mapping[str, pd.DataFrame], *, policy: Policy, note: str) -> Corrected:
        """Give the tables as they are, where nothing has a value that could be corrected."""
        return cls(projects=pd.DataFrame({name: [] for name in _COLUMNS}), tables=dict(tables), ratios=np.empty(0),
                   n_reference=0, errors=None, shrinkage=None, period=0, policy=policy, currency="", notes=(note,))

    def __repr__(self) -> str:
        if self.projects.empty:
            return f"<Corrected: {self.summary()}>"
        value, n = self.totals.iloc[2], self.counts()
        return (f"<Corrected: {len(self.projects)} projects, value {value['stated_k']:,.0f} to "
                f"{value['corrected_k']:,.0f} k{self.currency}; {n[UPLIFT]} uplifted, {n[SHRINKAGE]} shrunk, "
                f"{n[EVIDENCE]} by evidence, {n[NOTHING]} as they were>")


def correct_values(
    tables: Mapping[str, pd.DataFrame], *, versions: pd.DataFrame | None = None, reference: Reference | None = None,
    evidence: pd.DataFrame | None = None, period: int | str | None = None, policy: Policy | None = None,
) -> Corrected:
    """Ask what the estimates are worth once it is known how such estimates came out.

    Cost of projects not begun: the middle forecast times what past projects cost over theirs, never below the
    stated mean. Benefit: over the stated cost it is drawn towards what the projects are worth together, the more the
    more such estimates changed from version to version; where the claim behind it was measured, that counts instead.
    An enabler that would not pay alone keeps its benefit, since its worth lies in those that need it.
    A range keeps the side it leans to, moves with its mean, and grows by what is uncertain about the mean.

    Parameters
    ----------
    tables : mapping of table name to frame
        projects, estimates or cash_flows; past_forecasts where there is one.
    versions : DataFrame, optional
        All dated rows of estimates, ``workbook.versions("estimates")``; without them nothing is shrunk.
    reference : Reference, optional
        Factor on the middle cost forecast (``mean_factor``) from ``n`` projects, such as `reference_class`, which is
        the default.
    evidence : DataFrame, optional
        project_id, factor (believed over claimed benefit, 0 or more), sd_k (of the believed one, thousand).
    period : int or str, optional
        Last known month.
    policy : Policy, optional
        Its discount rate counts.

    Returns
    -------
    Corrected

    Raises
    ------
    ParameterError
        Evidence is of no project to decide or no number, or the reference is no factor.
    SchemaError
        A table or the versions break their definition.
    MissingTableError
        Nothing is to be decided, or nothing gives a value.

    References
    ----------
    Smith & Winkler (2006), The optimizer's curse, Management Science 52(3). Uplift by a reference class: Flyvbjerg
    (2006), From Nobel Prize to project management, Project Management Journal 37(3). Shrinkage: Efron & Morris (1973).

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["P1"], "state": ["proposed"], "bac_k": [100.0]})
    >>> estimates = pd.DataFrame({"project_id": "P1", "quantity": ["benefit_pv_k", "cost_k"],
    ...                           "p10": [200.0, 80.0], "p50": [200.0, 100.0], "p90": [200.0, 120.0]})
    >>> from types import SimpleNamespace
    >>> correct_values({"projects": projects, "estimates": estimates}, period="2025-12",
    ...                reference=SimpleNamespace(mean_factor=1.2, n=40))
    <Corrected: 1 projects, value 100 to 80 kEUR; 1 uplifted, 0 shrunk, 0 by evidence, 0 as they were>
    """
    first, policy = first_month(tables, period), Policy() if policy is None else policy
    plain = checked(tables)
    projects = to_decide(plain)
    worth = going_on(plain, projects, first_year=month_year(first), policy=policy)
    reference = reference_class(tables, period=period) if reference is None else reference
    errors = None if versions is None else version_errors(versions, plain, period=first - 1)
    ratios = _ratios(reference)
    frame = _with_evidence(_uplifted(_stated(projects, worth, plain.get("estimates")), ratios), evidence)
    frame, shrinkage = _shrunk(frame, errors, enablers=_enablers(plain.get("links"), frame))
    frame["corrected_by"] = [_causes(row) for row in frame.to_dict("records")]
    frame["corrected_value_k"] = frame["corrected_benefit_k"] - frame["corrected_cost_k"]
    frame["says"] = [_sentence(row, reference, shrinkage) for row in frame.to_dict("records")]
    return Corrected(
        projects=frame[_COLUMNS], tables=dict(tables) | replaced(plain, frame, month_year(first)), ratios=ratios,
        n_reference=int(reference.n) if len(ratios) else 0, errors=errors, shrinkage=shrinkage, period=first - 1,
        policy=policy, notes=_notes(frame, reference, errors, flows=plain.get("cash_flows")),
        currency=currency_of(plain))


def _stated(projects: pd.DataFrame, worth: pd.DataFrame, estimates: pd.DataFrame | None) -> pd.DataFrame:
    """List what is stated, and the same again as the start of what is corrected."""
    frame = projects[["project_id", "name", "state"]].assign(
        **{name: worth[name].to_numpy() for name in ("benefit_k", "cost_k", "p_success", "source")})
    known = frame["source"] != "unknown"
    frame[["benefit_k", "cost_k"]] = frame[["benefit_k", "cost_k"]].where(known)
    middle = newest_points(estimates, frame["project_id"].tolist())[1, :, 1]
    return frame.assign(
        middle_k=np.where(np.isnan(middle) | (frame["source"] != "estimates"), frame["cost_k"], middle),
        value_k=frame["benefit_k"] - frame["cost_k"], corrected_benefit_k=frame["benefit_k"], weight=1.0, sd_k=0.0,
        measured=False)


def _ratios(reference: Reference) -> Floats:
    """Outcome over the middle forecast: of each project where the reference lists them, else the factor; or nothing."""
    factor, cases = float(reference.mean_factor), getattr(reference, "cases", None)
    if np.isnan(factor):
        return np.empty(0)
    if not 0.0 < factor < np.inf:
        raise ParameterError(f"reference: got mean_factor {factor:g}, allowed a finite number above 0. Take it from "
                             "forecasts and outcomes, or leave it out.")
    told = isinstance(cases, pd.DataFrame) and "ratio" in cases and np.isclose(cases["ratio"].mean(), factor)
    return np.asarray(cases["ratio"] if cases is not None and told else [factor], dtype=np.float64)


def _uplifted(frame: pd.DataFrame, ratios: Floats) -> pd.DataFrame:
    """Uplift the cost of what has not begun; a project that runs has its own earned value as evidence."""
    begins = (frame["state"] == "proposed") & (len(ratios) > 0)
    more = np.maximum(frame["cost_k"], float(ratios.mean()) * frame["middle_k"]) if len(ratios) else frame["cost_k"]
    return frame.assign(corrected_cost_k=frame["cost_k"].mask(begins, more))


def _with_evidence(frame: pd.DataFrame, evidence: pd.DataFrame | None) -> pd.DataFrame:
    """Scale the benefit of projects whose claim was measured."""
    if evidence is None or of_kind(evidence, pd.DataFrame, "evidence", remedy="Pass project_id, factor, sd_k.").empty:
        return frame
    missing = [name for name in ("project_id", "factor", "sd_k") if name not in evidence]
    if missing:
        raise ParameterError(f"evidence: column {missing[0]!r} is missing, allowed project_id, factor, sd_k. Add it.")
    known = evidence.set_index("project_id")[["factor", "sd_k"]].apply(pd.to_numeric, errors="coerce").astype(float)
    _refuse_evidence(known, frame["project_id"])
    mine = known.reindex(frame["project_id"]).reset_index(drop=True)
    there = mine["factor"].notna() & frame["benefit_k"].notna()
    return frame.assign(
        measured=there, weight=frame["weight"].mask(there), sd_k=frame["sd_k"].mask(there, mine["sd_k"]),
        corrected_benefit_k=frame["benefit_k"].mask(there, mine["factor"] * frame["benefit_k"]))


def _refuse_evidence(known: pd.DataFrame, ids: pd.Series) -> None:
    numbers = known.to_numpy(dtype=float)
    for bad, problem, remedy in (
        (known.index.duplicated(), "stands twice, allowed one row a project", "Put its claims together."),
        (~known.index.isin(ids), "is not to be decided", ""),
        (~(np.isfinite(numbers) & (numbers >= 0)).all(axis=1),
         "has a factor or sd_k that is none, allowed finite numbers of 0 or more", "Correct it."),
    ):
        if bad.any():
            who = str(known.index[int(np.argmax(bad))])
            raise ParameterError(f"evidence: {who} {problem}. {remedy or did_you_mean(who, ids)}")


def _enablers(links: pd.DataFrame | None, frame: pd.DataFrame) -> pd.Series:
    """Mark projects that others need and that would not pay alone: their worth is theirs, not an error."""
    needed: set[str] = set()
    if links is not None:
        needed = set(links.loc[links["type"].str.startswith("requires") & (links["role"] == "needed"), "member_id"])
    return frame["project_id"].isin(needed) & (frame["value_k"] < 0)


def _shrunk(
    frame: pd.DataFrame, errors: VersionErrors | None, *, enablers: pd.Series
) -> tuple[pd.DataFrame, Shrinkage | None]:
    """Draw benefits that nobody measured towards what the projects are worth together."""
    if errors is None:
        return frame, None
    error = np.asarray(errors.by_project().reindex(frame["project_id"]), dtype=np.float64)
    alike = (frame["cost_k"] > 0) & (frame["p_success"] > 0) & frame["benefit_k"].notna() & ~np.isnan(error)
    alike &= ~enablers
    if alike.sum() < LEAST:
        return frame, None
    own = (frame["benefit_k"] / frame["cost_k"])[alike]
    found = shrink(own, pd.Series(error, index=frame.index)[alike])
    told = found.estimates
    # A benefit of 0 from cash flows alone has nothing that could be scaled.
    mine = alike & ~frame["measured"] & ((frame["benefit_k"] != 0) | (frame["source"] == "estimates"))
    mine &= told["weight"].reindex(frame.index) < 1.0
    cost, told = frame.loc[mine, "cost_k"], told.reindex(frame.index[mine])
    frame = frame.copy()
    frame.loc[mine, "corrected_benefit_k"] = (told["mean"] * cost).clip(lower=0.0)
    frame.loc[mine, "weight"], frame.loc[mine, "sd_k"] = told["weight"], told["sd"] * cost
    return frame, found


def _causes(row: Mapping[Any, Any]) -> str:
    causes = [UPLIFT] if row["corrected_cost_k"] > row["cost_k"] else []
    if row["measured"]:
        causes.append(EVIDENCE)
    elif row["weight"] < 1.0:
        causes.append(SHRINKAGE)
    return ", ".join(causes) or NOTHING


def _sentence(row: Mapping[Any, Any], reference: Reference, shrinkage: Shrinkage | None) -> str:
    said = []
    if UPLIFT in row["corrected_by"]:
        said.append(f"Cost {row['cost_k']:,.0f} to {row['corrected_cost_k']:,.0f}: {reference.n} past ones cost "
                    f"{reference.mean_factor:.2f} times their middle forecast.")
    moved = f"Benefit {row['benefit_k']:,.0f} to {row['corrected_benefit_k']:,.0f}"
    if row["measured"]:
        said.append(f"{moved}: what was measured takes the place of the claim.")
    elif shrinkage is not None and SHRINKAGE in row["corrected_by"]:
        said.append(f"{moved}: {100 * row['weight']:.0f} % of its own estimate, the rest is {shrinkage.centre:.2f} "
                    "times the cost, as of all projects.")
    if not said:
        return "No value is known." if np.isnan(row["value_k"]) else "Nothing is known that would correct it."
    return " ".join(said)


def _notes(
    frame: pd.DataFrame, reference: Reference, errors: VersionErrors | None, *, flows: pd.DataFrame | None,
) -> tuple[str, ...]:
    missing = f"Cost is not uplifted: the reference has no factor. {getattr(reference, 'missing', '')}"
    notes = [missing.strip()] if np.isnan(reference.mean_factor) else []
    notes += ["Benefit is not shrunk: without versions of the estimates their error is not known."
              if errors is None else " ".join(errors.notes)]
    there = set() if flows is None else set(flows["project_id"])
    without = [row["project_id"] for row in frame.to_dict("records")
               if UPLIFT in row["corrected_by"] and row["project_id"] not in there]
    if without:
        notes.append(f"{len(without)} uplifted without cash flows, so budgets see the stated cost: "
                     f"{', '.join(without[:_FEW])}{' and more' if len(without) > _FEW else ''}.")
    return tuple(notes)
