"""Everything a product team decides on, in one answer: what to build, why, how sure, and what experiments showed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from pmlib.errors import BlockedTableError, MissingTableError
from pmlib.product.effects.elasticity import PriceElasticity, price_elasticity
from pmlib.product.engine import Tables, small
from pmlib.product.experiments.programme import ExperimentProgramme, read_experiments
from pmlib.product.experiments.reading import Verdict
from pmlib.product.features.kano import KanoClasses, classify_features
from pmlib.product.features.priorities import MethodComparison, compare_methods
from pmlib.product.features.rank_chances import RankChances, rank_features
from pmlib.product.features.theme_counts import ThemeCounts, count_themes
from pmlib.product.release.capacity import ReleaseRules
from pmlib.product.release.chances import ReleaseChances, chances_of_release
from pmlib.product.release.plan import ReleasePlan
from pmlib.product.release.planning import plan_releases
from pmlib.product.release.readiness import LaunchReadiness, launch_readiness
from pmlib.product.release.roadmap import ProductRoadmap, now_next_later
from pmlib.product.wording import counted, listed

_Result = TypeVar("_Result")
_OPEN = ("idea", "planned", "building")
_DEFAULT = ReleaseRules()


@dataclass(frozen=True, eq=False, kw_only=True)
class FeatureDecisions:
    """What to build next, and what that rests on; each part is None where its table is missing.

    Attributes
    ----------
    product_id : str or None
        The product planned; None without a backlog.
    musts : tuple of str
        Features forced into the plan: agreed as must, or a must-be to customers beyond chance.
    plan : ReleasePlan or None
        What is built in which release, with reasons.
    chances : ReleaseChances or None
        How often each feature is in the plan when its figures are drawn from their ranges.
    roadmap : ProductRoadmap or None
        Now, next, later.
    kano : KanoClasses or None
        What each feature is to customers.
    ranks : RankChances or None
        The chance of each rank.
    methods : MethodComparison or None
        The ranks that four methods give.
    themes : ThemeCounts or None
        What customers write about, by customers and their revenue.
    experiments : ExperimentProgramme or None
        What the experiments showed.
    elasticity : PriceElasticity or None
        What a price does to units.
    readiness : LaunchReadiness or None
        What a launch of the product still lacks.
    """

    product_id: str | None
    musts: tuple[str, ...]
    plan: ReleasePlan | None
    chances: ReleaseChances | None
    roadmap: ProductRoadmap | None
    kano: KanoClasses | None
    ranks: RankChances | None
    methods: MethodComparison | None
    themes: ThemeCounts | None
    experiments: ExperimentProgramme | None
    elasticity: PriceElasticity | None
    readiness: LaunchReadiness | None

    def summary(self) -> str:
        """Return what to build, and what the experiments showed."""
        parts = [] if self.plan is None else [self.plan.summary()]
        if self.plan is None and self.ranks is not None:
            why = "no feature is open" if self.product_id is None else "the table team_capacity is missing"
            parts.insert(0, f"No plan: {why}.")
        if self.experiments is not None:
            parts.append(_experiments_in_short(self.experiments))
        return " ".join(parts) or "No backlog and no experiments in this workbook."

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        figures = {} if self.plan is None else dict(list(self.plan.headline().items())[:3])
        if self.experiments is not None:
            figures |= dict(list(self.experiments.headline().items())[:1])
        return figures or {"–": "no plan and no experiments"}

    def check(self) -> str:
        """Count the plan again from the tables' rows, without the solver.

        Raises
        ------
        CheckError
            The plan breaks a limit, or its value does not add up.
        """
        return "No plan to check." if self.plan is None else self.plan.check()

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<FeatureDecisions: {self.summary()}>"


def decide_features(
    tables: Tables, *, period: int | str, product_id: str | None = None, top: int = 5, rules: ReleaseRules = _DEFAULT,
) -> FeatureDecisions:  # fmt: skip
    """Answer what to build next with everything the workbook knows about it.

    Musts are the features agreed as must and those that are must-bes to customers beyond chance (Kano).

    Parameters
    ----------
    tables : mapping
        Any of ``features``, ``team_capacity``, ``kano``, ``feedback``, ``experiments``, ``price_history``, ...
    period : int or str
        Month before the first release; last month counted of everything else.
    product_id : str, optional
        The product planned; by default the one with the most open features.
    top : int
        How many ranks count as the top.
    rules : ReleaseRules
        Releases, their length and horizon.

    Raises
    ------
    ParameterError
        The product is unknown.
    """
    product = _busiest(tables) if product_id is None else product_id
    asked: dict[str, Any] = {"period": period, "product_id": product}
    kano = _if_there(lambda: classify_features(tables, **asked))
    musts = _musts(tables, kano, product)
    plan = None
    if product is not None:
        plan = _if_there(lambda: plan_releases(tables, **asked, must=musts, rules=rules))
    found = plan is not None and plan.found
    return FeatureDecisions(
        product_id=product, musts=musts, plan=plan,
        chances=chances_of_release(plan) if plan is not None and found else None,
        roadmap=now_next_later(plan) if plan is not None and found else None,
        kano=kano,
        ranks=_if_there(lambda: rank_features(tables, **asked, top=top)),
        methods=_if_there(lambda: compare_methods(tables, **asked)),
        themes=_if_there(lambda: count_themes(tables, **asked)),
        experiments=_if_there(lambda: read_experiments(tables, period=period)),
        elasticity=_if_there(lambda: price_elasticity(tables, period=period)),
        readiness=None if product is None else _if_there(
            lambda: launch_readiness(tables, period=period, product_id=product, must=musts)
        ),
    )  # fmt: skip


def _experiments_in_short(programme: ExperimentProgramme) -> str:
    real, unread = (programme.named(verdict) for verdict in (Verdict.REAL, Verdict.DO_NOT_READ))
    found = f"{listed(real)} found something real" if real else "none found anything real"
    warned = f"; do not read {listed(unread)}" if unread else ""
    return f"Of {counted(len(programme.tests), 'experiment')}, {found}{warned}."


def _if_there(question: Callable[[], _Result]) -> _Result | None:
    try:
        return question()
    except BlockedTableError:
        raise
    except MissingTableError:
        return None


def _busiest(tables: Tables) -> str | None:
    """Find the product with the most open features; None without a backlog."""
    if tables.get("features") is None:
        return None
    rows = small(tables, "features", ["product_id", "state"])
    counts = rows[rows["state"].isin(_OPEN)]["product_id"].value_counts(sort=False).sort_index()
    return None if counts.empty else str(counts.idxmax())


def _musts(tables: Tables, kano: KanoClasses | None, product: str | None) -> tuple[str, ...]:
    if tables.get("features") is None:
        return ()
    rows = small(tables, "features", ["feature_id", "product_id", "moscow", "state"])
    mine = rows[(rows["product_id"] == product) & rows["state"].isin(_OPEN)]
    must_be = set(mine.loc[mine["moscow"] == "must", "feature_id"])
    if kano is not None:
        must_be |= set(kano.members("must-be")).intersection(mine["feature_id"])
    return tuple(sorted(str(one) for one in must_be))
