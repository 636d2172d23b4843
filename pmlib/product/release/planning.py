"""What to build in which release: the plan of most value under the teams' capacity, proved, with its reasons."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, SchemaError, did_you_mean
from pmlib.months import as_month
from pmlib.portfolio.model import Status
from pmlib.product.engine import Tables
from pmlib.product.release.backlog import RELEASED, chosen_musts, read_backlog, shared_teams, why_never
from pmlib.product.release.capacity import Capacity, Given, ReleaseRules, read_capacity
from pmlib.product.release.formulation import (
    NOWHERE,
    Answer,
    Question,
    best_plan,
    greedy_plan,
    least_shortfall,
    misfits,
)
from pmlib.product.release.plan import BUILT, FORCED, IMPOSSIBLE, LEFT, ReleasePlan
from pmlib.product.release.reasons import forced_costs, one_more, shortfall_frame, why_each

_DEFAULT = ReleaseRules()


@dataclass(frozen=True, eq=False, kw_only=True)
class _Posed:
    """The tables turned into a question: the product's rows, which of them are open, what is forced but cannot be."""

    backlog: pd.DataFrame
    rows: pd.DataFrame
    capacity: Capacity
    rules: ReleaseRules
    period: int

    @property
    def blocked(self) -> bool:
        rows = self.rows
        return bool((rows["must"] & (rows["never"] != "") & (rows["state"] != RELEASED)).any())

    @property
    def names(self) -> list[str]:
        return self.rules.names(self.period)

    @property
    def open_rows(self) -> pd.DataFrame:
        return self.rows[self.rows["never"] == ""]


def plan_releases(
    tables: Tables, *, period: int | str, product_id: str | None = None, capacity: Given | None = None,
    must: Sequence[str] | None = None, rules: ReleaseRules = _DEFAULT,
) -> ReleasePlan:
    """Choose what to build in which release, so that most value is in use soonest.

    Each feature is built at most once and within one release; a team's features fit into what it has; what a
    feature needs is built in the same release or before; musts are in. Value: reach x impact (the most likely) x
    confidence in every quarter after the release, to the horizon (cost of delay). Of equal plans the one of least
    effort is taken, then the first by id. Effort is read as work still to do.

    Parameters
    ----------
    tables : mapping
        ``features``; ``team_capacity`` unless ``capacity`` is given; ``products`` where there is one.
    period : int or str
        Month before the first release.
    product_id : str, optional
        Product planned, with the whole capacity of its teams; all products together when left out.
    capacity : mapping of team to person-months, optional
        Of every release, or one number for each.
    must : sequence of feature_id, optional
        Forced into the plan; by default those agreed as must. Ids of other products are passed over.
    rules : ReleaseRules
        Releases, horizon, what is held to, what is left out, other values than the default.

    Returns
    -------
    ReleasePlan
        With no plan inside where the musts do not fit: then it says which, and how many person-months are missing.

    Raises
    ------
    MissingTableError, SchemaError
        A table or column is missing, or a row cannot be planned with (negative effort, a circle of needs, no team).
    ParameterError
        An unknown product or must, a team without capacity.

    References
    ----------
    Reach x impact x confidence: McBride (2018), Intercom. The choice: Bagnall, Rayward-Smith & Whittley (2001), The
    next release problem, Information and Software Technology 43(14).

    Examples
    --------
    >>> features = pd.DataFrame({
    ...     "feature_id": ["F1", "F2", "F3"], "product_id": "A", "name": "", "reach": [100.0, 90.0, 10.0],
    ...     "impact_low": 1.0, "impact_mode": 1.0, "impact_high": 2.0, "confidence": 1.0, "effort_pm": [3.0, 2.0, 2.0],
    ...     "team": "web", "moscow": ["could", "could", "must"], "depends_on": None, "state": "idea"})
    >>> plan = plan_releases({"features": features}, period="2025-12", capacity={"web": [4, 3]})
    >>> plan.features[["feature_id", "verdict", "release"]].values.tolist()
    [['F2', 'built', 1], ['F3', 'forced', 1], ['F1', 'built', 2]]
    """
    posed = _pose(tables, as_month(period), product_id, must=must, given=(capacity, rules))
    question = _question(posed)
    fits = bool(question.teams) and not posed.blocked
    answer = best_plan(question) if fits else _no_answer(question)
    found = not math.isnan(answer.value)
    forced = forced_costs(question, answer) if found else {}
    greedy = greedy_plan(question) if found else None
    short = np.zeros_like(question.capacity) if found or not fits else np.nan_to_num(least_shortfall(question))
    return ReleasePlan(
        features=_features(posed, question, answer, forced={k: v.points for k, v in forced.items()},
                           why=why_each(question, answer, names=posed.names, forced=forced) if found else []),
        loads=_loads(posed, question, answer),
        shortfall=shortfall_frame(short, question.teams, posed.names),
        misfits=tuple(question.features[i] for i in misfits(question)) if fits and not found else (),
        value_points=answer.value, greedy_points=math.nan if greedy is None else question.worth(greedy),
        status=answer.status, gap=answer.gap, seconds=answer.seconds, period=posed.period, rules=rules,
        question=question, backlog=posed.backlog,
        notes=tuple(filter(None, [shared_teams(posed.backlog, product_id), *posed.capacity.notes])),
    )  # fmt: skip


def _pose(
    tables: Tables, period: int, product_id: str | None, *, must: Sequence[str] | None,
    given: tuple[Given | None, ReleaseRules],
) -> _Posed:
    capacity, rules = given
    backlog = read_backlog(tables, product_id=product_id)
    forced = chosen_musts(backlog, must)
    never = why_never(backlog, product_id=product_id, left_out=rules.left_out, must=forced)
    value = (backlog["reach"] * backlog["impact_mode"] * backlog["confidence"]).astype(float)
    rows = backlog.assign(must=forced, never=never, value_points=_other_values(backlog, value, rules))
    own = rows if product_id is None else rows[rows["product_id"] == product_id]
    read = read_capacity(tables, period=period, rules=rules, given=capacity)
    posed = _Posed(backlog=backlog, rows=own.reset_index(drop=True), capacity=read, rules=rules, period=period)
    _refuse_teams(posed.open_rows, read)
    return posed


def _other_values(backlog: pd.DataFrame, value: pd.Series, rules: ReleaseRules) -> pd.Series:
    """Put values that are given in place of the default."""
    if rules.value is None:
        return value
    for feature, points in rules.value.items():
        if feature not in set(backlog["feature_id"]):
            raise ParameterError(f"value: got {feature!r}. {did_you_mean(str(feature), backlog['feature_id'])}")
        if not isinstance(points, Real) or not 0 <= points < math.inf:
            raise ParameterError(f"value: got {points!r} for {feature}, allowed a finite number, 0 or more. Write 250.")
    return backlog["feature_id"].map(dict(rules.value)).astype(float).fillna(value)


def _refuse_teams(rows: pd.DataFrame, capacity: Capacity) -> None:
    if not capacity.teams:
        return
    for row in rows.itertuples():
        if not row.team:
            raise SchemaError(f"features: {row.feature_id} names no team. Fill in team, or set its state to dropped.")
        if row.team not in capacity.teams:
            raise ParameterError(
                f"capacity: {row.feature_id} is built by team {row.team!r}, which has none. "
                f"{did_you_mean(str(row.team), capacity.teams)} Add the team with 0 if it has no time."
            )


def _question(posed: _Posed) -> Question:
    rows, capacity = posed.open_rows, posed.capacity
    place = {feature: i for i, feature in enumerate(rows["feature_id"])}
    teams = {team: t for t, team in enumerate(capacity.teams)}
    return Question(
        features=tuple(rows["feature_id"]),
        value=rows["value_points"].to_numpy(dtype=np.float64),
        effort=rows["effort_pm"].to_numpy(dtype=np.float64),
        team=np.array([teams.get(team, NOWHERE) for team in rows["team"]], dtype=np.int64),
        first=np.array([place.get(feature, NOWHERE) for feature in rows["depends_on"]], dtype=np.int64),
        must=rows["must"].to_numpy(dtype=bool),
        committed=rows["state"].isin(posed.rules.committed).to_numpy(dtype=bool),
        teams=capacity.teams, capacity=capacity.person_months, quarters=posed.rules.quarters_of_use,
    )  # fmt: skip


def _no_answer(question: Question) -> Answer:
    nothing = np.full(len(question.features), NOWHERE, dtype=np.int64)
    return Answer(built=nothing, value=math.nan, status=Status.INFEASIBLE, gap=math.nan, seconds=0.0)


def _features(
    posed: _Posed, question: Question, answer: Answer, *, forced: dict[str, float], why: list[str]
) -> pd.DataFrame:
    """Lay out every feature with its verdict, by release and id."""
    frame = posed.rows.copy(deep=False)
    where = dict(zip(question.features, answer.built, strict=True))
    built = np.array([where.get(feature, NOWHERE) for feature in frame["feature_id"]], dtype=np.int64)
    inside, names = built != NOWHERE, np.array([*posed.names, ""], dtype=object)
    held = frame["must"] | frame["state"].isin(posed.rules.committed)
    reasons = dict(zip(question.features, why, strict=True)) if why else {}
    frame = frame.assign(
        verdict=np.select([inside & held, inside, frame["never"] != ""], [FORCED, BUILT, IMPOSSIBLE], LEFT),
        release=pd.array(np.where(inside, built + 1, 0), dtype="Int64"),
        release_name=names[built].astype(str),
        worth_points=np.where(inside, frame["value_points"] * question.quarters[built], 0.0),
        forcing_points=frame["feature_id"].map(forced).astype(float),
        reason=[never or reasons.get(feature, "there is no plan")
                for feature, never in zip(frame["feature_id"], frame["never"], strict=True)],
    )  # fmt: skip
    frame["release"] = frame["release"].mask(~inside)
    order = frame["release"].fillna(posed.rules.releases + 1) * 2 + (frame["verdict"] == IMPOSSIBLE)
    columns = ["feature_id", "product_id", "name", "team", "moscow", "state", "depends_on", "effort_pm",
               "value_points", "must", "verdict", "release", "release_name", "worth_points", "forcing_points",
               "reason"]  # fmt: skip
    return frame.assign(order=order).sort_values(["order", "feature_id"], ignore_index=True)[columns]


def _loads(posed: _Posed, question: Question, answer: Answer) -> pd.DataFrame:
    """Lay out what each team has and uses, and what one more person-month would add; teams with open features only."""
    used = question.load(answer.built)
    gain = np.full_like(used, np.nan) if math.isnan(answer.value) else one_more(question, answer)
    rows = [
        (team, r + 1, name, question.capacity[t, r], used[t, r], question.capacity[t, r] - used[t, r], gain[t, r])
        for t, team in enumerate(question.teams) if (question.team == t).any() for r, name in enumerate(posed.names)
    ]  # fmt: skip
    columns = ["team", "release", "release_name", "capacity_pm", "used_pm", "left_pm", "one_more_points"]
    return pd.DataFrame(rows, columns=columns)
