"""What a feature is to customers: Kano classes from pairs of answers, named only where the survey tells them apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import pandas as pd

from pmlib.errors import ParameterError, ScaleError, SchemaError, nearest
from pmlib.months import as_month
from pmlib.product.change import holm
from pmlib.product.engine import Tables, small
from pmlib.product.features.backlog import all_features, refuse_unknown_product
from pmlib.product.features.equal_counts import equal_counts_p
from pmlib.product.wording import counted, listed, percent

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

#: Class of an answer pair: rows functional, columns dysfunctional, each from 1 like to 5 dislike.
EVALUATION = ("QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ")
#: The classes in the order of ties: what harms most when it is missing comes first.
LETTERS = "MOAIRQ"
CLASS_NAMES = {"M": "must-be", "O": "performance", "A": "attractive", "I": "indifferent", "R": "reverse"}
MIXED, TOO_FEW = "mixed", "not enough answers"
LEAST_ANSWERS = 20

_SCALE = 5
_WRONG_SHARE = 0.05


@dataclass(frozen=True, eq=False, kw_only=True)
class KanoClasses:
    """What each feature is to customers, and how sure that is.

    Attributes
    ----------
    features : DataFrame
        One row per feature asked about: ``product_id``, ``feature_id``, ``name``, ``kano`` (must-be, performance,
        attractive, indifferent, reverse; ``mixed`` where no class is ahead, ``not enough answers``), ``largest`` (the
        most frequent class's letter) and ``second``, ``p`` (chance of such a lead without one, corrected for the
        features asked about), ``better`` (0 to 1) and ``worse`` (-1 to 0) with ``_low`` and ``_high`` (95 %), ``n``
        (pairs of answers), ``n_missing``.
    shares : DataFrame
        ``feature_id``, ``letter``, ``n``, ``share``, ``low``, ``high`` (0-1; all six of a feature hold together 95 % of
        the time). Q: questionable pairs, such as to like it both ways.
    period : int
        Month the survey is read at; the table has no dates.
    """

    features: pd.DataFrame
    shares: pd.DataFrame
    period: int

    def to_frame(self) -> pd.DataFrame:
        """Return one row per feature."""
        return self.features.copy(deep=False)

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw the features on the map of better against worse."""
        from pmlib.plots import features

        return features.kano_map(self.features, ax)

    def members(self, name: str) -> list[str]:
        """Return the ids of the features of a class.

        Raises
        ------
        ParameterError
            There is no such class.
        """
        known = [*CLASS_NAMES.values(), MIXED, TOO_FEW]
        if name not in known:
            raise ParameterError(f"class: got {name!r}, allowed {', '.join(known)}. {nearest(name, known)}".rstrip())
        return [str(feature) for feature in self.features.loc[self.features["kano"] == name, "feature_id"]]

    @property
    def questionable_share(self) -> float:
        """Share of pairs that answer like or dislike to both questions; NaN without answers."""
        n = self.shares["n"].sum()
        return float(self.shares.loc[self.shares["letter"] == "Q", "n"].sum() / n) if n > 0 else np.nan

    def headline(self) -> dict[str, str]:
        """Return the big figures and what they are."""
        if self.features.empty:
            return {"–": "no Kano answers"}
        told = {name: self.members(name) for name in CLASS_NAMES.values()}
        figures = {f"{len(ids)} {name}": ", ".join(ids) for name, ids in told.items() if ids}
        return dict(list(figures.items())[:3]) | {percent(self.questionable_share): "questionable pairs of answers"}

    def summary(self) -> str:
        """Return two or three sentences: how many of each class, who is must-be, what cannot be told."""
        if self.features.empty:
            return "No Kano answers."
        counts = [f"{len(self.members(name))} {name}" for name in CLASS_NAMES.values() if self.members(name)]
        classed = f": {listed(counts)}" if counts else ", none with a clear class"
        open_ends = [f"{len(self.members(name))} {words}" for name, words in _UNTOLD.items() if self.members(name)]
        untold = f" {listed(open_ends)}." if open_ends else ""
        low, high = int(self.features["n"].min()), int(self.features["n"].max())
        n = counted(low, "pair") if low == high else f"{low:,} to {high:,} pairs"
        return (
            f"{counted(len(self.features), 'feature')} asked about{classed}.{self._must_be()}{untold} {n} of answers "
            f"each, {percent(self.questionable_share)} of them questionable."
        )

    def __repr__(self) -> str:
        """Write one line a meeting can read."""
        return f"<KanoClasses: {self.summary()}>"

    def _must_be(self) -> str:
        members = self.members("must-be")
        return f" Must-be: {listed(members)}." if members else ""


_UNTOLD = {MIXED: f"{MIXED} (no class is clearly ahead)", TOO_FEW: f"with fewer than {LEAST_ANSWERS} usable answers"}


def classify_features(tables: Tables, *, period: int | str, product_id: str | None = None) -> KanoClasses:
    """Find what each feature is to customers from their pairs of answers.

    A class is named only where the largest of M, O, A, I and R leads the second beyond chance: given that an answer
    falls into one of the two, it is a fair coin otherwise (exact binomial test, two-sided, Holm over all features
    asked about, 5 %). That the two are the largest of five needs no further correction (Hung & Fithian 2019). Fong's
    (1996) test, widely used here, takes the variance of the lead too small and finds leads too often. Fewer than 20
    usable answers are not classified.

    better = (A + O) / (A + O + M + I), worse = -(O + M) / (A + O + M + I), each a proportion with Wilson's interval.

    Parameters
    ----------
    tables : mapping
        ``kano``; ``features`` for names and products, where there.
    period : int or str
        Month the survey is read at.
    product_id : str, optional
        One product; all by default. Needs ``features``.

    Raises
    ------
    MissingTableError
        There is no Kano survey.
    ScaleError
        An answer is not 1, 2, 3, 4 or 5.
    SchemaError
        A feature is unknown, or a respondent answered twice about it.
    ParameterError
        The product is unknown.

    References
    ----------
    Kano, Seraku, Takahashi & Tsuji (1984), Hinshitsu 14(2). Berger et al. (1993), Center for Quality of Management
    Journal 2(4): evaluation table, and Timko's better and worse. Fong (1996), ibid. 5(3). Goodman (1965),
    Technometrics 7(2): joint intervals of shares. Hung & Fithian (2019), Annals of Statistics 47(2): rank verification.

    Examples
    --------
    >>> answers = pd.DataFrame({"respondent_id": [f"K{i}" for i in range(30)], "feature_id": "F1",
    ...                         "functional": 3, "dysfunctional": [5] * 24 + [3] * 6})
    >>> classify_features({"kano": answers}, period="2025-12").members("must-be")
    ['F1']
    """
    month, answers = as_month(period), _answers(tables, product_id)
    counts, missing = _counts(answers)
    ids = answers[["product_id", "feature_id", "name"]].drop_duplicates("feature_id").sort_values("feature_id")
    features = pd.concat(
        [ids.reset_index(drop=True), leads(counts), coefficients(counts), pd.DataFrame({"n_missing": missing})], axis=1
    )
    features["kano"] = _classes(features, counts)
    order = ["product_id", "feature_id", "name", "kano", "largest", "second", "p", "better", "better_low",
             "better_high", "worse", "worse_low", "worse_high", "n", "n_missing"]  # fmt: skip
    return KanoClasses(features=features.assign(n=counts.sum(axis=1))[order], period=month,
                       shares=_shares(features["feature_id"], counts))  # fmt: skip


def letters(functional: Integers, dysfunctional: Integers) -> npt.NDArray[np.str_]:
    """Class of each pair of answers, by the evaluation table.

    Parameters
    ----------
    functional, dysfunctional : integer ndarrays of shape (n,)
        1 like, 2 expect, 3 neutral, 4 live with, 5 dislike: to have it, and not to have it.

    Examples
    --------
    >>> letters(np.array([1, 1, 3, 5]), np.array([5, 3, 5, 5])).tolist()
    ['O', 'A', 'M', 'Q']
    """
    table = np.array([list(row) for row in EVALUATION])
    return np.asarray(table[functional - 1, dysfunctional - 1])


def leads(counts: Integers) -> pd.DataFrame:
    """Largest and second class of each feature, and the chance of that lead without one, corrected over the features.

    Parameters
    ----------
    counts : integer ndarray of shape (n_features, 6)
        Answers by class, in the order M, O, A, I, R, Q; Q does not compete.

    Examples
    --------
    >>> leads(np.array([[30, 10, 5, 5, 0, 0]])).round(4).to_numpy().tolist()
    [['M', 'O', 0.0022]]
    """
    order = np.argsort(-counts[:, :-1], axis=1, kind="stable")
    first, second = (np.take_along_axis(counts, order[:, [j]], axis=1)[:, 0] for j in (0, 1))
    names = np.array(list(LETTERS))
    p = holm(equal_counts_p(first, second))
    return pd.DataFrame({"largest": names[order[:, 0]], "second": names[order[:, 1]], "p": p})


def coefficients(counts: Integers) -> pd.DataFrame:
    """Better and worse of each feature with Wilson's 95 % intervals; NaN without answers in A, O, M or I.

    Parameters
    ----------
    counts : integer ndarray of shape (n_features, 6)
        Answers by class, in the order M, O, A, I, R, Q.

    Examples
    --------
    >>> coefficients(np.array([[50, 20, 10, 20, 0, 0]]))[["better", "worse"]].to_numpy().tolist()
    [[0.3, -0.7]]
    """
    must, performance, attractive, indifferent = counts[:, :4].T
    n = must + performance + attractive + indifferent
    better, worse = _wilson(attractive + performance, n), _wilson(performance + must, n)
    return pd.DataFrame({
        "better": better[0], "better_low": better[1], "better_high": better[2],
        "worse": -worse[0], "worse_low": -worse[2], "worse_high": -worse[1],
    })  # fmt: skip


def _wilson(count: Integers, n: Integers) -> tuple[Floats, Floats, Floats]:
    from statsmodels.stats.proportion import proportion_confint

    share, low, high = (np.full(len(n), np.nan) for _ in range(3))
    some = n > 0
    share[some] = count[some] / n[some]
    low[some], high[some] = proportion_confint(count[some], n[some], method="wilson")
    return share, low, high


def joint_intervals(counts: Integers) -> tuple[Floats, Floats]:
    """Give intervals of all shares of each row that hold together 95 % of the time; NaN in rows without answers.

    Parameters
    ----------
    counts : integer ndarray of shape (n_features, n_classes)

    Returns
    -------
    two ndarrays of shape (n_features, n_classes)

    References
    ----------
    Goodman (1965), Technometrics 7(2).
    """
    from scipy import special

    n = counts.sum(axis=1, keepdims=True).astype(np.float64)
    n[n == 0] = np.nan
    chi2 = float(special.ndtri(1 - 0.025 / counts.shape[1]) ** 2)
    half = np.sqrt(chi2 * (chi2 + 4 * counts * (n - counts) / n))
    low, high = (chi2 + 2 * counts - half) / (2 * (chi2 + n)), (chi2 + 2 * counts + half) / (2 * (chi2 + n))
    return np.clip(low, 0, 1), np.clip(high, 0, 1)


def _answers(tables: Tables, product_id: str | None) -> pd.DataFrame:
    """Pairs of answers with product and name of their feature."""
    answers = small(tables, "kano", ["respondent_id", "feature_id", "functional", "dysfunctional"])
    _refuse(answers)
    if tables.get("features") is None:
        if product_id is not None:
            refuse_unknown_product(tables, product_id, seen=())
        return answers.assign(product_id="", name=answers["feature_id"])
    known = all_features(tables)[["product_id", "feature_id", "name"]]
    for feature in answers.loc[~answers["feature_id"].isin(known["feature_id"]), "feature_id"].head(1):
        raise SchemaError(f"kano: feature_id '{feature}' is not in features. "
                          f"{nearest(feature, known['feature_id'])}".rstrip() + " Add it to features.")  # fmt: skip
    if product_id is not None:
        refuse_unknown_product(tables, product_id, seen=known["product_id"])
        known = known[known["product_id"] == product_id]
    return answers.merge(known, on="feature_id", how="inner", validate="many_to_one")


def _refuse(answers: pd.DataFrame) -> None:
    for column in ("functional", "dysfunctional"):
        values = answers[column].astype("float64")
        wrong = values.notna() & ~values.isin(range(1, _SCALE + 1))
        if wrong.any():
            row = answers[wrong].iloc[0]
            raise ScaleError(f"kano: {column} answer of respondent '{row['respondent_id']}' about "
                             f"'{row['feature_id']}' is {values[wrong].iloc[0]:g}, allowed 1, 2, 3, 4 or 5. "
                             "Recode: 1 like, 2 expect, 3 neutral, 4 live with, 5 dislike.")  # fmt: skip


def _counts(answers: pd.DataFrame) -> tuple[Integers, Integers]:
    """Pairs by feature (sorted) and class, and how many lack an answer."""
    feature, index = np.unique(answers["feature_id"].astype(object).to_numpy(dtype=object), return_inverse=True)
    pairs = answers[["functional", "dysfunctional"]].to_numpy(dtype=np.float64, na_value=np.nan)
    whole = ~np.isnan(pairs).any(axis=1)
    found = letters(*pairs[whole].astype(np.int64).T)
    counts = np.zeros((len(feature), len(LETTERS)), dtype=np.int64)
    for j, letter in enumerate(LETTERS):
        counts[:, j] = np.bincount(index[whole][found == letter], minlength=len(feature))
    return counts, np.bincount(index[~whole], minlength=len(feature)).astype(np.int64)


def _classes(features: pd.DataFrame, counts: Integers) -> Any:
    usable = counts[:, :-1].sum(axis=1)
    clear = features["largest"].map(CLASS_NAMES).where(features["p"] <= _WRONG_SHARE, MIXED)
    return clear.where(usable >= LEAST_ANSWERS, TOO_FEW).astype("str")


def _shares(feature_ids: pd.Series, counts: Integers) -> pd.DataFrame:
    low, high = joint_intervals(counts)
    n = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, n, out=np.full(counts.shape, np.nan), where=n > 0)
    return pd.DataFrame({
        "feature_id": feature_ids.repeat(len(LETTERS)).to_numpy(),
        "letter": np.tile(list(LETTERS), len(feature_ids)),
        "n": counts.ravel(), "share": share.ravel(), "low": low.ravel(), "high": high.ravel(),
    })  # fmt: skip
