"""The planted truths about products (T17 to T21, T23): measured on the tables alone, and asserted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from pmlib.sample import company
from pmlib.sample.customers import WORSE_FROM
from pmlib.sample.experiments import CLEAR, LUCKY, MISMATCH, REAL, TOO_LUCKY, p_values, variance_saved
from pmlib.sample.features import KANO_CLASSES, LETTERS, kano_classes, rice
from pmlib.sample.forms import hold
from pmlib.sample.invitations import BIASED
from pmlib.sample.prices import ELASTICITY
from pmlib.sample.sales import BASS, LAUNCH, LAUNCHED, bass_sales

Tables = Mapping[str, pd.DataFrame]
#: How many standard errors a sampled figure may lie off the planted one, and must at least where it shall show.
Z, SHOWS = 4.0, 2.0
#: T17: points.
TRUE_NPS, RAW_NPS = 25.0, 44.9
#: T18: retention by month of age before the worse cohorts, and how much of the worsening the total may show.
RETENTION, TOTAL_DROP = {1: 0.78, 12: 0.32, 24: 0.21}, 0.02
#: T19: least the naive elasticity is off. T20: variance that CUPED saves. T21: least promising feature.
NAIVE_OFF, CUPED, LOW_RICE = 0.4, (0.15, 0.30), "F07"
#: T23: month of the highest sales, and of the last observed ones.
PEAK, OBSERVED = 26, company.HISTORY_MONTHS - LAUNCH


def measure(tables: Tables) -> dict[str, Any]:
    """Measure every planted truth about products and assert it.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        The clean tables of the product side in file form.

    Returns
    -------
    dict of str to dict
        What was measured, by truth; rounded.

    Raises
    ------
    CheckError
        A truth does not hold; the message begins with its name.
    """
    return {
        "T17": response_bias(tables),
        "T18": survivorship(tables),
        "T19": elasticity(tables),
        "T20": discoveries(tables),
        "T21": kano(tables),
        "T23": launch(tables),
    }


def _months(texts: pd.Series) -> np.ndarray:
    """Count months from the start of the history; a missing one is never reached."""
    known = {text: int(text[:4]) * 12 + int(text[5:7]) - company.HISTORY_START for text in texts.dropna().unique()}
    return texts.map(known).fillna(10_000).to_numpy().astype(int)


def response_bias(tables: Tables) -> dict[str, Any]:
    """Measure the score of those who answered, raw and weighted by how many of their band did not (T17).

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``surveys`` and ``invitations``.

    Raises
    ------
    CheckError
        A score is not the planted one, or answers and invitations do not match.
    """
    invited = tables["invitations"][tables["invitations"]["product_id"] == BIASED]
    answers = tables["surveys"][tables["surveys"]["product_id"] == BIASED]
    answers = answers[answers["instrument"] == "NPS"]
    answers = answers.assign(month=answers["date"].str[:7])
    joined = answers.merge(invited[invited["responded"]], on=["customer_id", "month"], validate="one_to_one")
    hold("T17", len(joined) == len(answers) == invited["responded"].sum(), "answers and invitations do not match")
    rates = invited.groupby("engagement_band")["responded"].mean()
    points = 100 * (joined["score"].ge(9).astype(float) - joined["score"].le(6)).to_numpy()
    found = {"response_by_band": {name: round(float(rate), 3) for name, rate in rates.items()}}
    weights = {"raw": np.ones(len(points)), "weighted": 1 / joined["engagement_band"].map(rates).to_numpy()}
    for (name, weight), wanted in zip(weights.items(), (RAW_NPS, TRUE_NPS), strict=True):
        value = float(np.average(points, weights=weight))
        error = float(np.sqrt(np.sum((weight * (points - value)) ** 2)) / weight.sum())
        hold("T17", abs(value - wanted) < Z * error, f"{name} NPS {value:.1f} (se {error:.1f}), planted {wanted}")
        found[name] = {"nps": round(value, 1), "se": round(error, 2)}
    return found | {"true_nps": TRUE_NPS, "answers": len(points), "invited": len(invited)}


def survivorship(tables: Tables) -> dict[str, Any]:
    """Measure retention by age, of the older cohorts and of the worse ones that the total hides (T18).

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``subscriptions``.

    Raises
    ------
    CheckError
        Retention is not the planted one, or the worse cohorts show in the total.
    """
    start, last = _months(tables["subscriptions"]["start_month"]), _months(tables["subscriptions"]["end_month"])
    found: dict[str, Any] = {}
    for age, wanted in RETENTION.items():
        share, error = _alive(start, last, age, before=True)
        hold("T18", abs(share - wanted) < Z * error, f"retention at month {age} is {share:.3f}, planted {wanted}")
        found[f"month_{age}"] = round(share, 3)
    alive = [1.0, *(_alive(start, last, age, before=True)[0] for age in RETENTION)]
    ages = (0, *RETENTION)
    monthly = [(alive[k + 1] / alive[k]) ** (1 / (ages[k + 1] - ages[k])) for k in range(len(RETENTION))]
    hold("T18", bool(np.all(np.diff(monthly) > 0)), f"conditional retention does not rise: {np.round(monthly, 3)}")
    (old, old_error), (new, new_error) = (_alive(start, last, 3, before=before) for before in (True, False))
    z = (old - new) / np.hypot(old_error, new_error)
    hold("T18", z > SHOWS, f"cohorts from month {WORSE_FROM + 1} are not worse: {new:.3f} against {old:.3f}")
    total = [_renewed(start, last, months) for months in (range(12, 18), range(29, 35))]
    hold("T18", total[1] > total[0] - TOTAL_DROP, f"the total shows it: {total[0]:.3f}, then {total[1]:.3f}")
    return found | {
        "monthly_by_age": [round(share, 3) for share in monthly],
        "month_3": {"older_cohorts": round(old, 3), "from_month_19": round(new, 3), "z": round(float(z), 1)},
        "total_renewal": {"months_13_to_18": round(total[0], 3), "months_30_to_35": round(total[1], 3)},
    }


def _alive(start: np.ndarray, last: np.ndarray, age: int, *, before: bool) -> tuple[float, float]:
    """Give the share still paying at an age, and its standard error, among those who could have reached it."""
    seen = (start + age < company.HISTORY_MONTHS) & ((start < WORSE_FROM) == before)
    share = float((last[seen] >= start[seen] + age).mean())
    return share, float(np.sqrt(share * (1 - share) / seen.sum()))


def _renewed(start: np.ndarray, last: np.ndarray, months: range) -> float:
    """Give the share of all who paid in a month and paid in the next one, too."""
    paying = sum(int(((start <= month) & (last >= month)).sum()) for month in months)
    stayed = sum(int(((start <= month) & (last > month)).sum()) for month in months)
    return stayed / paying


def elasticity(tables: Tables) -> dict[str, Any]:
    """Measure price elasticity where the lot set the price, and naively (T19).

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``orders`` and ``price_history``.

    Raises
    ------
    CheckError
        The lot does not recover the planted figure, the naive regression is not off, or a line's list price is not
        that of its region and month.
    """
    keys = ["product_id", "region", "month"]
    lines = tables["orders"][tables["orders"]["product_id"].isin(list(ELASTICITY))]
    lines = lines.assign(month=lines["date"].str[:7]).merge(tables["price_history"], on=keys, suffixes=("", "_listed"))
    same = np.isclose(lines["list_price"], lines["list_price_listed"]).all()
    hold("T19", bool(same), "list prices of orders differ from the price history")
    sold = lines.groupby(keys)["units"].sum()
    cells = tables["price_history"].join(sold, on=keys)
    cells = cells.assign(x=np.log(cells["list_price"]), y=np.log(cells["units"]))
    found = {}
    for product, planted in ELASTICITY.items():
        here = cells[cells["product_id"] == product]
        value, error = _slope(here[here["randomised"]], effects=["region", "month"])
        naive, _ = _slope(here, effects=[])
        hold("T19", abs(value - planted) < Z * error, f"{product}: {value:.2f} (se {error:.2f}), planted {planted}")
        hold("T19", abs(naive - planted) > NAIVE_OFF, f"{product}: the naive regression finds {naive:.2f}, too good")
        found[product] = {"planted": planted, "randomised": round(value, 2), "se": round(error, 2),
                          "naive": round(naive, 2)}  # fmt: skip
    return found


def _slope(cells: pd.DataFrame, *, effects: list[str]) -> tuple[float, float]:
    """Regress log units on log price with a constant for every level of the effects."""
    columns = [cells["x"].to_numpy(), np.ones(len(cells))]
    for effect in effects:
        columns += list(pd.get_dummies(cells[effect], drop_first=True, dtype=float).to_numpy().T)
    design, y = np.column_stack(columns), cells["y"].to_numpy()
    fitted, *_ = np.linalg.lstsq(design, y, rcond=None)
    spread = np.sum((y - design @ fitted) ** 2) / (len(y) - design.shape[1])
    return float(fitted[0]), float(np.sqrt(spread * np.linalg.inv(design.T @ design)[0, 0]))


def discoveries(tables: Tables) -> dict[str, Any]:
    """Measure what the experiments found, honestly and by luck (T20).

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``experiments``.

    Raises
    ------
    CheckError
        A real effect or the mismatch does not show, luck is out of the ordinary, or the measure before saves too
        little or too much variance.
    """
    found = p_values(tables["experiments"])
    null = found.drop([*REAL, MISMATCH])
    lucky = null.index[null["p"] < 0.05].tolist()  # noqa: PLR2004
    sound = found.drop(MISMATCH)
    held = sound.index[stats.false_discovery_control(sound["p"]) < 0.05].tolist()  # noqa: PLR2004
    saved = variance_saved(tables["experiments"])
    hold("T20", bool((found.loc[list(REAL), "p"] < CLEAR).all()), "a real effect does not show")
    mismatch = found["mismatch_p"]
    hold("T20", mismatch[MISMATCH] < CLEAR < sound["mismatch_p"].min(), "mismatch elsewhere, or nowhere")
    hold("T20", LUCKY[0] <= len(lucky) <= LUCKY[1] and null["p"].min() > TOO_LUCKY, f"found by luck: {lucky}")
    hold("T20", CUPED[0] < saved < CUPED[1], f"the measure before saves {saved:.1%} of the variance")
    return {
        "real": {test: {"planted_pp": 100 * effect, "found_pp": round(100 * float(found["lift"][test]), 2)}
                 for test, effect in REAL.items()},
        "sample_ratio_mismatch": MISMATCH,
        "null_below_5_percent": lucky,
        "after_benjamini_hochberg": held,
        "variance_saved_pct": round(100 * saved, 1),
    }  # fmt: skip


def kano(tables: Tables) -> dict[str, Any]:
    """Measure the most frequent Kano class of each feature, and the rank of the must-be one with a low RICE (T21).

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``kano`` and ``features``.

    Raises
    ------
    CheckError
        A class is not the planted one, or F07 is not in the bottom quarter.
    """
    modal = kano_classes(tables["kano"]).idxmax(axis=1).astype(str)
    for name, members in KANO_CLASSES.items():
        wrong = [feature for feature in members if modal[feature] != LETTERS[name]]
        hold("T21", not wrong, f"not {name}: {', '.join(wrong)}")
    scores = rice(tables["features"])
    rank, size = int((scores >= scores[LOW_RICE]).sum()), len(scores)
    hold("T21", rank > 0.75 * size, f"{LOW_RICE} has rank {rank} of {size} by RICE")
    classes = {name: list(members) for name, members in KANO_CLASSES.items()}
    return {"classes": classes, f"{LOW_RICE}_rice_rank": rank, "features": size}


def launch(tables: Tables) -> dict[str, Any]:
    """Measure the launched product's first sales against Bass's curve (T23).

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``orders``.

    Raises
    ------
    CheckError
        Sales are off the curve by more than a unit, or its peak is not where it is planted.
    """
    lines = tables["orders"][tables["orders"]["product_id"] == LAUNCHED]
    month = _months(lines["date"].str[:7])
    sold = np.bincount(month, lines["units"], company.HISTORY_MONTHS)[LAUNCH:]
    wanted = bass_sales(**BASS, months=10 * OBSERVED)
    off = float(np.abs(np.cumsum(sold) - np.cumsum(wanted)[:OBSERVED]).max())
    peak = int(wanted.argmax()) + 1
    hold("T23", off <= 1, f"cumulative sales are off the curve by {off:.1f} units")
    hold("T23", peak == PEAK > OBSERVED == len(sold), f"peak at month {peak} of {len(sold)} observed")
    return {**BASS, "peak_month": peak, "observed_months": len(sold), "sold": int(sold.sum())}
