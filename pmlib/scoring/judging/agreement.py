"""How far the assessors agree, who judges differently, and what would change without them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from pmlib.scoring.additive import score
from pmlib.scoring.assessors import Judgements, judged
from pmlib.scoring.inputs import listed
from pmlib.scoring.judging.concordance import concordance
from pmlib.scoring.judging.habits import (
    FEWEST,
    NARROW,
    BoolArray,
    by_project,
    holm,
    mean_difference,
    narrow_ones,
    off_colleagues,
    own_programme_bias,
    width,
)
from pmlib.scoring.judging.panel import Panel, read_panel
from pmlib.scoring.ranks import ranks
from pmlib.scoring.scorecard import Scorecard
from pmlib.scoring.values import CriteriaTree, FloatArray, ValueScale

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LEVEL = 0.05
# Two habits are looked for, so that each may raise a false alarm in half of the 5 %.
_HABIT_LEVEL = _LEVEL / 2
_CRITERIA = [
    "objective_id", "name", "n_assessors", "n", "w", "chi_square", "p_value", "p_holm", "spread", "reason",
]  # fmt: skip
_LEFT_OUT = [
    "assessor_id", "largest_change", "project_id", "rank_before", "rank_after", "leader", "leader_changes",
    "n_unjudged",
]  # fmt: skip


@dataclass(frozen=True, eq=False, kw_only=True)
class Agreement:
    """How far the assessors agree, and who stands out.

    Levels are raw levels turned so that more is better, on the criteria that share one scale (``scale``); points,
    0 to 100, are on all criteria. Without a shared scale the level columns are empty and habits are judged in points.

    Attributes
    ----------
    assessors : DataFrame
        One row per assessor: assessor_id, programme_id, n_answers; with the ending _levels or _points, each with
        its 95 % bounds (_low_levels, ...): deviation (above the mean of all colleagues on the same project and
        criterion), own and other (the same on the own programme and on the rest), bias (own less rest, against
        neutral colleagues); n_own, n_other (projects behind own and other); lowest, highest, share_of_range (0-1),
        spread (standard deviation within a criterion) and spread_ratio (against the middle colleague on the same
        answers), all in levels; p_bias, p_narrow (Holm over assessors); finding (what stands out, else empty);
        reason (why the bias is not measurable, else empty).
    criteria : DataFrame
        One row per criterion: objective_id, name, n_assessors, n (projects judged by all of them), w (Kendall, 0 to
        1, tie correction), chi_square, p_value, p_holm (over criteria), spread (mean standard deviation over
        assessors, points), reason (why w is not measurable).
    left_out : DataFrame
        One row per assessor left out: assessor_id, largest_change (places), project_id, rank_before, rank_after,
        leader, leader_changes, n_unjudged (scores only they gave). Empty with one assessor.
    projects : DataFrame
        Widest apart first: project_id, name, rank, spread (mean over criteria, points), objective_id (the criterion
        they differ on most), largest_spread.
    scale : str
        The shared scale, such as ``1 to 5``; empty when there is none.
    group : str
        Whose weights the ranks use.
    """

    assessors: pd.DataFrame
    criteria: pd.DataFrame
    left_out: pd.DataFrame
    projects: pd.DataFrame
    scale: str
    group: str

    def to_frame(self) -> pd.DataFrame:
        """Return one row per assessor."""
        return self.assessors.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes | None:
        """Draw how far each assessor judges above the colleagues; None where nobody can be compared."""
        from pmlib.plots import judgement

        if len(self.assessors) < 2:  # noqa: PLR2004
            return None
        return judgement.assessors(self.assessors, ax=ax, unit="levels" if self.scale else "points")

    @property
    def named(self) -> list[str]:
        """Assessors who stand out."""
        return self.assessors.loc[self.assessors["finding"] != "", "assessor_id"].to_list()

    def summary(self) -> str:
        """Say how far the assessors agree, who stands out and what leaving one out would change."""
        found = "; ".join(finding for finding in self.assessors["finding"] if finding)
        return " ".join([self._agree(), f"{found}." if found else self._nobody(), *self._without()])

    def headline(self) -> dict[str, str]:
        """Give the range of Kendall's W, how many assessors stand out and the largest move without one."""
        w, named = self.criteria["w"].dropna(), self.named
        figures = {f"{w.min():.2f} to {w.max():.2f}": f"Kendall's W over {len(w)} criteria"} if len(w) else {}
        who = f": {listed(pd.Series(named))}" if named else ""
        figures[f"{len(named)} of {len(self.assessors)}"] = f"assessors stand out{who}"
        if len(self.left_out):
            row = self.left_out.iloc[int(self.left_out["largest_change"].argmax())]
            move = f"largest move of a project without one assessor ({row['assessor_id']})"
            figures[_counted(row["largest_change"], "place")] = move
        return figures

    def __repr__(self) -> str:
        """Say it in one line."""
        w, named = self.criteria["w"].dropna(), listed(pd.Series(self.named, dtype=str)) or "nobody"
        agree = f"W {w.min():.2f} to {w.max():.2f}" if len(w) else "W not measurable"
        who = _counted(len(self.assessors), "assessor")
        return f"<Agreement: {who} on {len(self.criteria)} criteria, {agree}; stand out: {named}>"

    def _agree(self) -> str:
        table, who = self.criteria.dropna(subset=["w"]), _counted(len(self.assessors), "assessor")
        if table.empty:
            return f"{who}: Kendall's W is not measurable ({self.criteria['reason'].iloc[0]})."
        low, high = table.iloc[int(table["w"].argmin())], table.iloc[int(table["w"].argmax())]
        beyond = f"beyond chance on {int((table['p_holm'] < _LEVEL).sum())} of {len(self.criteria)} criteria"
        runs = f"runs from {low['w']:.2f} ({low['name']}) to {high['w']:.2f} ({high['name']})"
        runs = runs if len(table) > 1 else f"is {low['w']:.2f} ({low['name']})"
        return (
            f"{who}: Kendall's W {runs}, {beyond}, and the answers on a project spread by "
            f"{self.criteria['spread'].mean():.0f} points."
        )

    def _nobody(self) -> str:
        table = self.assessors
        if not table["p_bias"].isna().all():
            return "No assessor stands out."
        why = table["reason"].iloc[0] if len(table) else "nobody judged anything"
        if table["p_narrow"].isna().all():
            return f"No habit of an assessor is measurable: {why}."
        return f"No assessor keeps to a narrow range; bias towards the own programme is not measurable: {why}."

    def _without(self) -> list[str]:
        if self.left_out.empty:
            return []
        row = self.left_out.iloc[int(self.left_out["largest_change"].argmax())]
        unseat = self.left_out.loc[self.left_out["leader_changes"], "assessor_id"]
        leader = f"changes the leader (without {listed(unseat)})" if len(unseat) else "keeps the leader"
        if row["largest_change"] == 0:
            return ["No rank changes when one assessor is left out."]
        move = f"{row['project_id']} from {row['rank_before']} to {row['rank_after']} without {row['assessor_id']}"
        places = _counted(row["largest_change"], "place")
        return [f"Leaving one assessor out {leader}; the largest move is {places}, {move}."]


def agreement(tables: Mapping[str, Any], *, group: str = "board") -> Agreement:
    """Find whether the assessors agree, and who judges differently.

    Two habits are looked for, each named only where chance would name anybody at all in fewer than 2.5 % of panels
    without it (Holm over the assessors). *Narrow range*: less than three quarters of the standard deviation of the
    middle colleague on the same answers; t over projects of the difference in squared distance from the criterion's
    mean. *Own programme*: how far the answers lie above those of neutral colleagues (not on their own programme, not
    narrow), own programme less the rest; Student's t over projects, because the criteria of one project go together.
    Who is merely lenient or strict is measured (``deviation``), not named: judging everything alike changes no order.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        What :func:`pmlib.scoring.score` needs; ``assessors`` and ``projects`` say whose programme is whose.
    group : str
        Whose weights rank the projects.

    Returns
    -------
    Agreement
        With one assessor there is nothing to compare: ``reason`` says so, nobody is named, ``left_out`` is empty.

    Raises
    ------
    MissingTableError, ParameterError, SchemaError, ScaleError
        As :func:`pmlib.scoring.score`; or an assessor stands in two rows of ``assessors``.

    References
    ----------
    Kendall & Babington Smith (1939), Annals of Mathematical Statistics 10 (W); Holm (1979), Scandinavian Journal of
    Statistics 6; Pitman (1939), Biometrika 31 (two standard deviations on the same objects).

    Examples
    --------
    >>> objectives = pd.DataFrame({"objective_id": ["fit"], "name": ["Fit"], "worst": [1.0], "best": [5.0]})
    >>> levels = {"A": (5.0, 4.0), "B": (2.0, 3.0), "C": (3.0, 3.0)}
    >>> rows = [(project, "fit", who, level) for project in levels for who, level in zip("xy", levels[project])]
    >>> columns = ["project_id", "objective_id", "assessor_id", "raw_level"]
    >>> found = agreement({"objectives": objectives, "scores": pd.DataFrame(rows, columns=columns),
    ...     "weights": pd.DataFrame({"objective_id": ["fit"], "weight": [1.0]})})
    >>> found.criteria[["name", "n", "w", "spread"]].round(2)
      name  n     w  spread
    0  Fit  3  0.93   11.79
    """
    card = score(tables, group=group)
    answers = judged(tables, card.tree, projects=card.table["project_id"].to_list())
    panel = read_panel(tables, answers, card)
    return Agreement(
        assessors=_assessors(panel),
        criteria=_criteria(panel, answers, card.tree),
        left_out=_left_out(panel, card),
        projects=_projects(answers, card),
        scale=panel.scale.allowed if panel.scale else "",
        group=card.group,
    )


def _criteria(panel: Panel, answers: Judgements, tree: CriteriaTree) -> pd.DataFrame:
    rows = []
    for j, leaf in enumerate(tree.leaves):
        judges = ~np.isnan(panel.raw[:, j]).all(axis=0)
        found = concordance(panel.raw[:, j, judges])
        spread = float(pd.Series(answers.spread[:, j]).mean())
        rows.append({"objective_id": leaf, "name": tree.names[leaf], "n_assessors": int(judges.sum()),
                     **found._asdict(), "spread": spread})  # fmt: skip
    table = pd.DataFrame(rows)
    return table.assign(p_holm=holm(table["p_value"].to_numpy()))[_CRITERIA]


def _assessors(panel: Panel) -> pd.DataFrame:
    points, levels, own, scale = panel.points, panel.levels, panel.own, panel.scale
    unit, habit = ("levels", levels) if scale else ("points", points)
    low, high = (scale.levels[0], scale.levels[-1]) if scale else (0.0, 100.0)
    widths = [width(habit, a) for a in range(len(panel.who))]
    narrow, p_narrow = narrow_ones(widths, level=_HABIT_LEVEL)
    names = {"assessor_id": panel.who, "programme_id": panel.homes, "n_answers": (~np.isnan(points)).sum(axis=(0, 1))}
    off = {name: _off(cube, own, narrow) for name, cube in (("levels", levels), ("points", points))}
    known = ~np.isnan(by_project(off_colleagues(habit)))
    answers = pd.DataFrame(habit.reshape(habit.shape[0] * habit.shape[1], -1))
    table = pd.concat([pd.DataFrame(names), *(off[name].add_suffix(f"_{name}") for name in off)], axis=1).assign(
        n_own=(known & own).sum(axis=0),
        n_other=(known & ~own).sum(axis=0),
        lowest=answers.min(),
        highest=answers.max(),
        share_of_range=(answers.max() - answers.min()) / (high - low),
        spread=[one.spread for one in widths],
        spread_ratio=[one.ratio for one in widths],
        p_bias=holm(off[unit]["bias_p"].to_numpy()),
        p_narrow=p_narrow,
    )
    whys = zip(table["p_bias"], known.sum(axis=0), narrow, panel.homeless, strict=True)
    return table.drop(columns=["bias_p_levels", "bias_p_points"]).assign(
        finding=[_finding(row, scale) for row in table.to_dict("records")], reason=[_why_not(*why) for why in whys]
    )


def _off(cube: FloatArray, own: BoolArray, narrow: BoolArray) -> pd.DataFrame:
    """Measure how far each assessor lies off the colleagues: everywhere, on the own programme, on the rest."""
    off = by_project(off_colleagues(cube))
    parts = {
        "deviation": [mean_difference(column) for column in off.T],
        "own": [mean_difference(column) for column in np.where(own, off, np.nan).T],
        "other": [mean_difference(column) for column in np.where(own, np.nan, off).T],
        "bias": own_programme_bias(cube, own, narrow=narrow),
    }
    columns = {name: [one.mean for one in found] for name, found in parts.items()}
    for name, found in parts.items():
        columns[f"{name}_low"], columns[f"{name}_high"] = [one.low for one in found], [one.high for one in found]
    return pd.DataFrame({**columns, "bias_p": [one.p_value for one in parts["bias"]]})


def _why_not(p_bias: float, n_compared: int, narrow: bool, homeless: str) -> str:
    if not np.isnan(p_bias):
        return ""
    if n_compared < FEWEST:
        return f"colleagues judged {n_compared} of the same projects, needed {FEWEST}"
    if narrow:
        return "the range is too narrow to tell how the own programme is judged"
    return homeless or f"fewer than {FEWEST} own or other projects judged by a neutral colleague too"


def _finding(row: Mapping[Any, Any], scale: ValueScale | None) -> str:
    unit, ends = ("levels", f"levels {{}} of {scale.allowed}") if scale else ("points", "{} of 100 points")
    said = []
    if row["p_bias"] < _HABIT_LEVEL:
        own, rest = _side(row, "own", unit), _side(row, "other", unit)
        said.append(f"{row['assessor_id']} judges the own programme {row['programme_id']} {own}, other projects {rest}")
    if row["p_narrow"] < _HABIT_LEVEL and row["spread_ratio"] < NARROW:
        used = ends.format(f"{row['lowest']:g} to {row['highest']:g}")
        wide = f"spreads {row['spread_ratio']:.2f} times as widely as the middle colleague"
        said.append(f"{row['assessor_id']} uses only {used} and {wide}")
    return "; ".join(said)


def _side(row: Mapping[Any, Any], part: str, unit: str) -> str:
    mean, low, high = (row[f"{part}{end}_{unit}"] for end in ("", "_low", "_high"))
    digits, sign = 2 if unit == "levels" else 1, 1 if mean >= 0 else -1
    low, high = sorted((sign * low, sign * high))
    away = f"{sign * mean:.{digits}f} {unit} {'above' if mean >= 0 else 'below'} the colleagues"
    return f"{away} (95 %: {low:.{digits}f} to {high:.{digits}f}, n = {row[f'n_{part}']})"


def _left_out(panel: Panel, card: Scorecard) -> pd.DataFrame:
    ids, weights = card.table["project_id"].to_numpy(dtype=object), card.weights.to_numpy(dtype=float)
    before, points = card.table["rank"].to_numpy(), panel.points
    rows = []
    for a, assessor in enumerate(panel.who if len(panel.who) > 1 else []):
        left = np.delete(points, a, axis=2)
        judged_by = (~np.isnan(left)).sum(axis=2)
        sums = np.where(np.isnan(left), 0.0, left).sum(axis=2)
        # As on the scorecard, a score nobody gave stands at the middle of its bounds.
        means = np.divide(sums, judged_by, out=np.full(sums.shape, 50.0), where=judged_by > 0)
        after = ranks(means @ weights)
        most = int(np.argmax(np.abs(after - before)))
        first = pd.Series(ids[after == 1])
        rows.append({
            "assessor_id": assessor,
            "largest_change": int(abs(after[most] - before[most])),
            "project_id": ids[most],
            "rank_before": int(before[most]),
            "rank_after": int(after[most]),
            "leader": listed(first),
            "leader_changes": set(first) != set(ids[before == 1]),
            "n_unjudged": int((~np.isnan(points[:, :, a]) & (judged_by == 0)).sum()),
        })  # fmt: skip
    return pd.DataFrame(rows, columns=_LEFT_OUT)


def _projects(answers: Judgements, card: Scorecard) -> pd.DataFrame:
    spread = pd.DataFrame(answers.spread, columns=card.tree.leaves)
    known = spread.notna().any(axis=1)
    widest = spread.loc[known].idxmax(axis=1).reindex(spread.index)
    table = card.table[["project_id", "name", "rank"]].assign(
        spread=spread.mean(axis=1), objective_id=widest, largest_spread=spread.max(axis=1)
    )
    return table.sort_values(["spread", "project_id"], ascending=[False, True], ignore_index=True)


def _counted(count: int, what: str) -> str:
    return f"{count} {what}{'' if count == 1 else 's'}"
