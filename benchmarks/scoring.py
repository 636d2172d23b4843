"""Cases of the scoring room."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.registry import OURS, Case, Data, Implementation

_TOP = 100.0
_SMAA_SHARE, _LOOP_SHARE = 0.02, 0.005


def _names(n: int) -> list[str]:
    return [f"c{j:02d}" for j in range(n)]


def _levels(size: tuple[int, ...], seed: int) -> Data:
    """Positive levels, all to maximise, on scales from 0 to the largest level of each criterion."""
    import pandas as pd

    rng = np.random.default_rng(seed)
    levels = rng.uniform(1.0, 10.0, size)
    frame = pd.DataFrame(levels, columns=_names(size[1]))
    return {"frame": frame, "array": np.ascontiguousarray(levels), "weights": rng.dirichlet(np.ones(size[1])),
            "best": levels.max(axis=0)}


def _our_value(data: Data) -> Callable[[], Any]:
    import pandas as pd

    from pmlib.scoring import additive_values, criteria

    frame, best = data["frame"], data["best"]
    tree = criteria({"objectives": pd.DataFrame({
        "objective_id": frame.columns, "name": frame.columns, "worst": 0.0, "best": best})})
    weights = dict(zip(frame.columns, data["weights"].tolist(), strict=True))
    return lambda: np.asarray(additive_values(frame, tree, weights=weights)["value"])


def _read(data: Data) -> Callable[[], Any]:
    array = data["frame"].to_numpy()

    def call() -> None:
        array.sum()

    return call


def _pydecision_value(data: Data) -> Callable[[], Any]:
    from pyDecision.algorithm import saw_method

    kinds = ["max"] * data["array"].shape[1]
    return lambda: _TOP * saw_method(data["array"], kinds, data["weights"], graph=False, verbose=False)[:, 1]


def _pymcdm_value(data: Data) -> Callable[[], Any]:
    from pymcdm.methods import WSM
    from pymcdm.normalizations import max_normalization

    method, kinds = WSM(max_normalization), np.ones(data["array"].shape[1])
    return lambda: _TOP * method(data["array"], data["weights"], kinds)


def _our_topsis(data: Data) -> Callable[[], Any]:
    from pmlib.scoring import topsis

    weights = dict(zip(data["frame"].columns, data["weights"].tolist(), strict=True))
    return lambda: np.asarray(topsis(data["frame"], weights=weights).numbers["closeness"])


def _our_topsis_table(data: Data) -> Callable[[], Any]:
    from pmlib.scoring import topsis

    weights = dict(zip(data["frame"].columns, data["weights"].tolist(), strict=True))

    def call() -> None:
        topsis(data["frame"], weights=weights).to_frame()

    return call


def _pydecision_topsis(data: Data) -> Callable[[], Any]:
    from pyDecision.algorithm import topsis_method

    kinds = ["max"] * data["array"].shape[1]
    return lambda: topsis_method(data["array"], data["weights"], kinds, graph=False, verbose=False)


def _skcriteria_topsis(data: Data) -> Callable[[], Any]:
    import skcriteria
    from skcriteria.agg.similarity import TOPSIS
    from skcriteria.preprocessing.scalers import VectorScaler

    kinds = [max] * data["array"].shape[1]

    def call() -> Any:
        matrix = skcriteria.mkdm(data["array"], objectives=kinds, weights=data["weights"])
        return TOPSIS().evaluate(VectorScaler(target="matrix").transform(matrix)).e_.similarity

    return call


def _pymcdm_topsis(data: Data) -> Callable[[], Any]:
    from pymcdm.methods import TOPSIS
    from pymcdm.normalizations import vector_normalization

    method, kinds = TOPSIS(vector_normalization), np.ones(data["array"].shape[1])
    return lambda: method(data["array"], data["weights"], kinds)


def _our_flows(data: Data) -> Callable[[], Any]:
    from pmlib.scoring import Preference, promethee

    weights = dict(zip(data["frame"].columns, data["weights"].tolist(), strict=True))
    linear = Preference(shape="linear", q=0.5, p=3.0)
    return lambda: np.asarray(promethee(data["frame"], weights=weights, preferences=linear).numbers["net_flow"])


def _pymcdm_flows(data: Data) -> Callable[[], Any]:
    from pymcdm.methods import PROMETHEE_II

    n = data["array"].shape[1]

    def call() -> Any:
        # An object of its own for each call: the second call of one fails.
        method = PROMETHEE_II("vshape_2", p=np.full(n, 3.0), q=np.full(n, 0.5))
        return method(data["array"], data["weights"], np.ones(n))

    return call


def _draws(size: tuple[int, ...], seed: int) -> Data:
    draws, projects, criteria = size
    rng = np.random.default_rng(seed)
    return {"points": rng.uniform(0.0, _TOP, (projects, criteria)),
            "weights": rng.dirichlet(np.ones(criteria), draws), "draws": draws}


def _our_ranks(data: Data) -> Callable[[], Any]:
    import pandas as pd

    from pmlib.scoring import acceptability

    points = pd.DataFrame(data["points"], columns=_names(data["points"].shape[1]))

    def call() -> None:
        acceptability(points, draws=data["draws"])

    return call


def _pysensmcda_ranks(data: Data) -> Callable[[], Any]:
    from pysensmcda.smaa import simulate

    points, weights = data["points"], data["weights"]
    some = weights[: max(1, int(_SMAA_SHARE * len(weights)))]
    kinds = np.ones(points.shape[1])

    def call() -> None:
        simulate(lambda matrix, w, _: matrix @ w, points, kinds, weights=some, reverse_ranking=True,
                 store="accumulate").rank_acceptability()

    return call


def _pymcdm_ranks(data: Data) -> Callable[[], Any]:
    from pymcdm.helpers import rankdata
    from pymcdm.methods import WSM

    points, weights = data["points"], data["weights"]
    some = weights[: max(1, int(_LOOP_SHARE * len(weights)))]
    method, kinds = WSM(lambda x, cost: x), np.ones(points.shape[1])

    def call() -> None:
        counts = np.zeros((len(points), len(points)))
        rows = np.arange(len(points))
        for w in some:
            counts[rows, (rankdata(method(points, w, kinds), reverse=True) - 1).astype(int)] += 1

    return call


def _sort_alone(data: Data) -> Callable[[], Any]:
    values = data["weights"] @ data["points"].T

    def call() -> None:
        np.argsort(values, axis=1)

    return call


def _nothing(size: tuple[int, ...], seed: int) -> Data:
    return {}


def _import(room: str) -> Callable[[Data], Callable[[], Any]]:
    """Import numpy, pandas and ``room`` in a fresh interpreter."""

    def prepare(_: Data) -> Callable[[], Any]:
        words = [sys.executable, "-c", f"import numpy, pandas{room and ', ' + room}"]
        return lambda: subprocess.run(words, check=True).returncode or None

    return prepare


_PYDECISION, _SKCRITERIA, _PYMCDM, _PYSENSMCDA = "pyDecision", "skcriteria", "pymcdm", "pysensmcda"

CASES = (
    Case(
        name="additive", work="additive value, alternatives x criteria", make=_levels,
        sizes={"full": (1_000_000, 10), "smoke": (500, 4)},
        implementations=(
            Implementation(name=OURS, prepare=_our_value),
            Implementation(name="one read of the matrix", prepare=_read, at_most=2.5, agrees=False),
            Implementation(name="pyDecision saw", prepare=_pydecision_value, package=_PYDECISION, at_least=12),
            Implementation(name="pymcdm WSM", prepare=_pymcdm_value, package=_PYMCDM, at_least=400),
        ),
    ),
    Case(
        name="topsis", work="TOPSIS, alternatives x criteria", make=_levels,
        sizes={"full": (1_000_000, 10), "smoke": (500, 4)},
        implementations=(
            Implementation(name=OURS, prepare=_our_topsis),
            Implementation(name="pmlib, also ranked and sorted", prepare=_our_topsis_table, agrees=False),
            Implementation(name="pyDecision", prepare=_pydecision_topsis, package=_PYDECISION, at_least=1.3),
            Implementation(name="scikit-criteria", prepare=_skcriteria_topsis, package=_SKCRITERIA, at_least=9),
            Implementation(name="pymcdm", prepare=_pymcdm_topsis, package=_PYMCDM, at_least=40),
        ),
    ),
    Case(
        name="promethee", work="PROMETHEE II, linear preference, alternatives x criteria", make=_levels,
        sizes={"full": (2_000, 8), "smoke": (60, 4)},
        implementations=(
            Implementation(name=OURS, prepare=_our_flows),
            Implementation(name="pymcdm", prepare=_pymcdm_flows, package=_PYMCDM, at_least=45),
        ),
    ),
    Case(
        name="promethee large", work="PROMETHEE II, linear preference, alternatives x criteria", make=_levels,
        sizes={"full": (1_000_000, 8), "smoke": (500, 4)},
        implementations=(Implementation(name=OURS, prepare=_our_flows),),
    ),
    Case(
        name="smaa", work="rank acceptability, draws x projects x criteria", make=_draws,
        sizes={"full": (10_000, 500, 8), "smoke": (400, 20, 3)},
        implementations=(
            Implementation(name=OURS, prepare=_our_ranks),
            Implementation(name="argsort alone", prepare=_sort_alone, at_most=1.25, agrees=False),
            Implementation(name="pysensmcda", prepare=_pysensmcda_ranks, package=_PYSENSMCDA, apart=True, at_least=7,
                           share=_SMAA_SHARE, agrees=False),
            Implementation(name="a loop over pymcdm", prepare=_pymcdm_ranks, package=_PYMCDM, at_least=300,
                           share=_LOOP_SHARE, agrees=False),
        ),
    ),
    Case(
        name="smaa long", work="rank acceptability, ten times the draws: memory stays", make=_draws,
        sizes={"full": (100_000, 500, 8), "smoke": (4_000, 20, 3)},
        implementations=(Implementation(name=OURS, prepare=_our_ranks),),
    ),
    Case(
        name="import", work="import of pmlib.scoring with numpy and pandas", make=_nothing,
        sizes={"full": (), "smoke": ()},
        implementations=(
            Implementation(name=OURS, prepare=_import("pmlib.scoring")),
            Implementation(name="numpy and pandas alone", prepare=_import(""), agrees=False),
        ),
    ),
)
