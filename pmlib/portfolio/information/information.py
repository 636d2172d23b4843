"""Answer: what it is worth to learn more about a project before deciding, and which to study first."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.arguments import of_kind, one_of
from pmlib.portfolio.information import sentences
from pmlib.portfolio.information.beliefs import believed, in_order, problem_at
from pmlib.portfolio.information.envelopes import Envelope, preposterior_sd
from pmlib.portfolio.information.knowing import Knowing, worth_of_knowing
from pmlib.portfolio.information.lines import Lines, forced_lines
from pmlib.portfolio.information.ranking import (
    COLUMNS,
    STUDY_COLUMNS,
    about,
    known,
    nobody,
    ranked,
    studied,
)
from pmlib.portfolio.information.studies import StudyPolicy
from pmlib.portfolio.model import Status
from pmlib.portfolio.policy import Policy
from pmlib.portfolio.problem import Problem, best_plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Standard deviations on either side of the mean that an envelope shows, and at how many places.
_WIDTH, _PLACES = 3.5, 281


class Learned(StrEnum):
    """What is learned of several projects together: their true values, or what their best studies report."""

    TRUTH = "truth"
    STUDY = "study"


@dataclass(frozen=True, eq=False, kw_only=True)
class Information:
    """What it is worth to learn more about each project before deciding, everything else chosen anew.

    Projects are independent and each value is normal. For one project at a time the answers are exact; knowing all
    is sampled.

    Attributes
    ----------
    projects : DataFrame
        One row per project to decide, best study first: rank, project_id, name, mean_k, sd_k (belief of what going on
        is worth), action (planned), flips_at_k (value nearest to the mean from which the plan decides otherwise;
        infinite when none within 6 standard deviations does), then (how), chance_flips (that the true value lies
        there), evppi_k (worth of knowing the true value), and of its best study: study (name), study_cost_k,
        standard_error_k, evsi_k (worth), chance_study_flips (that its result changes what is done with the project),
        evsi_per_cost, net_k (worth less cost); missing where no study is offered, the ratio also where it is free.
    studies : DataFrame
        One row per study offered, with the same figures.
    evpi_k, evpi_error_k : float
        Worth of knowing all true values, thousand, and its standard error from sampling.
    plan_k : float
        Expected value of the plan made now.
    notes : tuple of str
    missing : str
        Why there is no answer, and what to do; empty otherwise.
    """

    projects: pd.DataFrame
    studies: pd.DataFrame
    evpi_k: float
    evpi_error_k: float
    plan_k: float
    currency: str
    policy: StudyPolicy
    notes: tuple[str, ...]
    missing: str = ""
    problem: Problem = field(repr=False)
    lines: Lines | None = field(repr=False, default=None)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per project, the study of most net gain first."""
        return self.projects.copy(deep=False)

    def summary(self) -> str:
        """Say what to learn first, what knowing everything is worth, and how many studies pay."""
        return sentences.summary(self)

    def headline(self) -> dict[str, str]:
        """Give the worth of knowing everything, the first study and how many pay."""
        return sentences.headline(self)

    def __repr__(self) -> str:
        return sentences.one_line(self)

    def envelope(self, project_id: str) -> pd.DataFrame:
        """Say what the best plan is worth over what one project turns out to be worth.

        Parameters
        ----------
        project_id : str

        Returns
        -------
        DataFrame
            value_k (of the project), best_k (the best plan then), planned_k (the plan of now then), action (what the
            best plan does with the project), density (of the belief, per thousand); 3.5 standard deviations either
            way, one row when the value is sure.

        Raises
        ------
        ParameterError
            The project is not to be decided, or there is no plan.
        """
        line, sd = self._envelope(project_id), float(self._of(project_id)["sd_k"])
        z = np.linspace(-_WIDTH, _WIDTH, _PLACES) if sd > 0 else np.zeros(1)
        value = line.mean + sd * z
        density = np.exp(-0.5 * z**2) / math.sqrt(2.0 * math.pi) / sd if sd > 0 else np.full(1, np.nan)
        return pd.DataFrame({
            "value_k": value, "best_k": line(value), "action": line.best(value), "density": density,
            "planned_k": line.at_mean[line.planned] + line.slopes[line.planned] * sd * z})

    def together(self, projects: Sequence[str], *, learned: Learned | str = Learned.TRUTH) -> Knowing:
        """Say what it is worth to learn about several projects at once; it is not the sum of each alone.

        Parameters
        ----------
        projects : sequence of project_id
        learned : Learned
            ``truth``, or what their best ``study`` reports.

        Returns
        -------
        Knowing
            Exact for one project, sampled for more; never below the best of them alone.

        Raises
        ------
        ParameterError
            A project is not to be decided, or there is no plan.
        """
        kind = Learned(one_of(learned, list(Learned), "learned"))
        if isinstance(projects, str):
            raise ParameterError(f"projects: got {projects!r}, allowed a list of project_id. Pass ['{projects}'].")
        mine = pd.DataFrame([self._of(name) for name in projects])
        if mine.empty:
            return Knowing(value_k=0.0, standard_error_k=0.0, draws=0)
        sd = mine["sd_k"].astype(float)
        if kind is Learned.STUDY:
            sd = pd.Series(preposterior_sd(sd, mine["standard_error_k"].astype(float).fillna(np.inf)), mine.index)
        ids = self.problem.actions.projects["project_id"]
        known = ids.map(dict(zip(mine["project_id"], sd, strict=True))).fillna(0.0).to_numpy(dtype=float)
        return worth_of_knowing(self.problem, self._found, sds=known, draws=self.policy.draws, seed=self.policy.seed)

    def plot(self, *, ax: Axes | None = None, top: int = 12) -> Axes:
        """Draw the ``top`` projects by what it is worth to know them, with the worth of a study inside."""
        from pmlib.plots import information as figures

        drawn: Axes = figures.worth_of_learning(self.projects, ax=ax, currency=self.currency, most=top)
        return drawn

    def plot_project(self, project_id: str, *, ax: Axes | None = None) -> Axes:
        """Draw the best plan's value over what one project turns out to be worth, with how likely that is."""
        from pmlib.plots import information as figures

        drawn: Axes = figures.envelope(self.envelope(project_id), self._of(project_id), ax=ax, currency=self.currency)
        return drawn

    @property
    def _found(self) -> Lines:
        if self.lines is None:
            raise ParameterError(f"plan: there is none. {self.missing}")
        return self.lines

    def _of(self, project_id: str) -> pd.Series:
        rows = self.projects[self.projects["project_id"] == project_id]
        if self._found and rows.empty:
            known = self.projects["project_id"].tolist()
            raise ParameterError(f"project_id: {project_id!r} is not to be decided. "
                                 f"{did_you_mean(str(project_id), known)}")
        return rows.iloc[0]

    def _envelope(self, project_id: str) -> Envelope:
        found = self._found
        self._of(project_id)
        return found.envelopes[self.problem.actions.projects["project_id"].tolist().index(project_id)]


def information_value(
    tables: Mapping[str, pd.DataFrame], *, means: Mapping[str, float] | pd.Series,
    sds: Mapping[str, float] | pd.Series, period: int | str | None = None, policy: Policy | None = None,
    study: StudyPolicy | None = None,
) -> Information:
    """Ask what it is worth to learn more about each project before deciding, and which to study first.

    While one project's value is uncertain and all others stand at their means, the value of the best plan is the
    upper edge of a few lines in it: one for each action open to the project, found by planning anew with that action
    forced. What knowing the value is worth is then a sum of unit-normal loss integrals, and that of a study the same
    with the standard deviation of the mean that it will leave: exact, without sampling, and in this order by
    construction: 0 <= study <= truth <= all truths.

    Parameters
    ----------
    tables : mapping of table name to frame
        As for `rebalance`.
    means, sds : Series or mapping by project_id
        Normal belief of what going on with each project is worth, thousand. Projects are taken as independent.
        A project without belief counts as sure at the worth the tables give it.
    period : int or str, optional
        Last known month; the plan begins with the next.
    policy : Policy, optional
        Limits and options; decided by money. Plans are always searched to the proof, whatever ``gap`` says.
    study : StudyPolicy, optional
        Studies offered, and the draws for knowing everything.

    Returns
    -------
    Information
        Without a plan it has no rows and says why.

    Raises
    ------
    ParameterError
        A standard deviation is negative or missing, a project is unknown, a study is without error or of negative
        cost, or the plan is not made by money.
    MissingTableError, SchemaError
        As `rebalance`.

    References
    ----------
    Raiffa & Schlaifer (1961), Applied Statistical Decision Theory: value of perfect and of sample information.
    Keisler (2004), Value of information in portfolio decision analysis, Decision Analysis 1(3).

    Examples
    --------
    >>> projects = pd.DataFrame({"project_id": ["P1", "P2"], "state": "proposed", "bac_k": [500.0, 500.0]})
    >>> found = information_value({"projects": projects}, means={"P1": 100.0, "P2": 60.0},
    ...                           sds={"P1": 0.0, "P2": 50.0}, period="2025-12", policy=Policy(budget_k=500))
    >>> found.to_frame()[["project_id", "flips_at_k", "then", "evppi_k", "evsi_k"]].round(1)
      project_id  flips_at_k   then  evppi_k  evsi_k
    0         P2       100.0  start      6.0     4.2
    1         P1         inf             0.0     NaN
    """
    study = StudyPolicy() if study is None else of_kind(
        study, StudyPolicy, "study", remedy="Make one with StudyPolicy.")
    beliefs = believed(tables, means=means, sds=sds)
    problem = problem_at(tables, beliefs, period=period, policy=policy)
    sds_k = in_order(problem, beliefs)
    projects = about(problem, sds_k)
    offers = study.offers(projects)
    search, plan = best_plan(problem)
    if plan is None:
        return _without(problem, study, search.status)
    lines = forced_lines(problem, plan, sds_k)
    studies = studied(offers, projects, lines)
    everything = worth_of_knowing(problem, lines, sds=sds_k, draws=study.draws, seed=study.seed)
    return Information(
        projects=ranked(known(projects, problem, plan, lines), studies), studies=studies, evpi_k=everything.value_k,
        evpi_error_k=everything.standard_error_k, plan_k=plan.value, currency=problem.currency, policy=study,
        notes=_notes(beliefs, problem, lines, everything), problem=problem, lines=lines)


def _notes(beliefs: pd.DataFrame, problem: Problem, lines: Lines, everything: Knowing) -> tuple[str, ...]:
    notes = ["Projects are taken as independent and their values as normal; worths of several studies do not add up."]
    sure = len(problem.actions.projects) - len(beliefs)
    if sure:
        notes.append(f"{sure} projects without belief count as sure at the worth the tables give them.")
    early = len(lines.unproved) + everything.unproved
    if early:
        which = f" for {', '.join(sorted(set(lines.unproved)))}" if lines.unproved else ""
        many, on = ("1 search", "it") if early == 1 else (f"{early} searches", "them")
        notes.append(f"{many} ended before the proof{which}: what hangs on {on} is at least as much as shown. Raise "
                     "node_limit.")
    return tuple(notes)


def _without(problem: Problem, study: StudyPolicy, status: Status) -> Information:
    why = "No plan holds every limit, so there is no decision to learn for. Ask rebalance(tables).mends what has to " \
          "give way." if status is Status.INFEASIBLE else \
        "The search stopped before it found a plan. Raise node_limit or time_limit_s of the policy."
    return Information(
        projects=nobody(COLUMNS), studies=nobody(STUDY_COLUMNS), evpi_k=math.nan, evpi_error_k=math.nan,
        plan_k=math.nan, currency=problem.currency, policy=study, notes=(), missing=why, problem=problem)
