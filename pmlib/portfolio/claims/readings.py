"""Every claim beside what was measured of it: which rows count, and what is believed since."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, SchemaError, nearest
from pmlib.portfolio.claims.ledger import twin_of
from pmlib.portfolio.claims.priors import Beta, Normal, claim_prior
from pmlib.portfolio.claims.updates import Finding, moved_by, pooled, update
from pmlib.portfolio.claims.wording import metric_words
from pmlib.portfolio.inputs import checked
from pmlib.schema import TABLES
from pmlib.schema.casting import empty, plain

#: What ties evidence to a claim.
KEY = ["project_id", "product_id", "metric"]
#: Why a row of evidence says nothing here.
NO_CLAIM = "its project is not to be decided, has no known benefit, or does not claim it"
_READ = ("benefit_map", "evidence", "products")
_LEFT_OUT = [*("evidence_id", *KEY), "reason"]
NUMBERS = ["claimed_p10", "claimed_p50", "claimed_p90", "prior_mean", "prior_sd", "estimate", "standard_error", "n",
           "posterior_mean", "posterior_sd", "posterior_low", "posterior_high", "weight", "moved_by"]
COLUMNS = [*KEY, "metric_name", "unit", "kinds", "evidence", "month", *NUMBERS]


def claim_tables(tables: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """Check the tables of claims beside those of a plan; of plain frames, evidence of nobody's claim is refused.

    Where benefit_map or evidence is missing there is one without rows. A workbook keeps such evidence: its user reads
    of it in `check_claims`.

    Raises
    ------
    SchemaError
        A table breaks its definition, or a row of evidence measures what its project does not claim.
    """
    typed = checked(tables, also=_READ)
    for name in _READ[:2]:
        typed.setdefault(name, _without_rows(name))
    evidence, claims = typed["evidence"], typed["benefit_map"]
    if tables.get("benefit_map") is None or hasattr(tables, "quarantine"):
        return typed
    lost = unclaimed(evidence, claims)
    if len(lost):
        row = lost.iloc[0]
        own = claims.loc[claims["project_id"] == row["project_id"], "metric"]
        known = f" It claims {', '.join(sorted(set(own)))}." if len(own) else " It claims nothing."
        raise SchemaError(f"evidence {row['evidence_id']}: {row['metric']} of {row['product_id']} is measured for "
                          f"{row['project_id']}, which does not claim it.{known} "
                          f"{nearest(row['metric'], own) or 'Add the claim to benefit_map, or take the row out.'}")
    return typed


def _without_rows(name: str) -> pd.DataFrame:
    return pd.DataFrame({column.name: plain(empty(0, column), column) for column in TABLES[name].columns})


def unclaimed(evidence: pd.DataFrame, claims: pd.DataFrame) -> pd.DataFrame:
    """Rows of evidence whose project claims no such metric of the product."""
    known = pd.MultiIndex.from_frame(claims[KEY])
    return evidence[~pd.MultiIndex.from_frame(evidence[KEY]).isin(known)]


@dataclass(frozen=True, eq=False, kw_only=True)
class Readings:
    """Claims that were measured.

    Attributes
    ----------
    claims : DataFrame
        One row per measured claim, sorted by project, product and metric: metric_name, unit, kinds, evidence (ids),
        month (of the newest), the claim (claimed_p10, claimed_p50, claimed_p90, prior_mean, prior_sd), what was
        measured (estimate, standard_error as it counts, n), what is believed (posterior_mean, posterior_sd, and from
        P10 to P90 posterior_low, posterior_high), weight (share of the weight on the evidence, 0-1) and moved_by (how
        far another measurement like the newest would move the mean, one standard deviation), all in the claim's unit.
    left_out : DataFrame
        Rows of evidence that do not count: evidence_id, project_id, product_id, metric, reason.
    """

    claims: pd.DataFrame
    left_out: pd.DataFrame


def read_claims(
    claims: pd.DataFrame, evidence: pd.DataFrame, *, factors: Mapping[str, float], currency: str,
) -> Readings:
    """Weigh every claim against its evidence.

    Parameters
    ----------
    claims : DataFrame
        Checked rows of ``benefit_map`` of the projects asked about.
    evidence : DataFrame
        Checked rows of ``evidence`` known by the period.
    factors : mapping
        Variance factor by kind of evidence.
    currency : str
        Of the money.
    """
    evidence = evidence.sort_values(["month", "evidence_id"], kind="stable")
    twins, strange = twin_of(evidence), evidence.index.isin(unclaimed(evidence, claims).index)
    reason = pd.Series(np.where(twins != "", "the same as " + twins, ""), index=evidence.index, dtype=str)
    reason = reason.mask(strange, NO_CLAIM)
    rows, by_claim = [], _by_claim(evidence[reason == ""])
    for claim in claims.sort_values(KEY, kind="stable").to_dict("records"):
        found = by_claim.get(tuple(claim[name] for name in KEY), [])
        try:
            rows += [_reading(claim, found, factors=factors, currency=currency)] if found else []
        except ParameterError as problem:
            reason[evidence["evidence_id"].isin([row["evidence_id"] for row in found])] = str(problem)
    left_out = evidence.assign(reason=reason)[reason != ""].sort_values("evidence_id", kind="stable")
    table = pd.DataFrame(rows, columns=COLUMNS) if rows else pd.DataFrame(
        {name: pd.Series([], dtype=float if name in NUMBERS else str) for name in COLUMNS})
    return Readings(claims=table, left_out=left_out[_LEFT_OUT].reset_index(drop=True))


def _by_claim(evidence: pd.DataFrame) -> dict[tuple[str, ...], list[dict[Any, Any]]]:
    found: dict[tuple[str, ...], list[dict[Any, Any]]] = {}
    for row in evidence.assign(n=evidence["n"].astype(float)).to_dict("records"):
        found.setdefault(tuple(row[name] for name in KEY), []).append(row)
    return found


def _reading(
    claim: Mapping[Any, Any], evidence: Sequence[Mapping[Any, Any]], *, factors: Mapping[str, float], currency: str,
) -> dict[str, Any]:
    prior = claim_prior(claim["metric"], p10=claim["claimed_p10"], p50=claim["claimed_p50"], p90=claim["claimed_p90"])
    if prior.mean == 0.0:
        raise ParameterError("claim: got a middle of 0, allowed any other. A benefit cannot be scaled by it: correct "
                             "benefit_map.")
    found = [Finding(estimate=row["estimate"], standard_error=row["standard_error"], n=row["n"],
                     variance_factor=factors[row["kind"]]) for row in evidence]
    after, (estimate, error) = update(prior, found), pooled(prior, found)
    name, unit = metric_words(claim["metric"], currency)
    return {
        **{key: claim[key] for key in (*KEY, *NUMBERS[:3])}, "metric_name": name, "unit": unit,
        "kinds": ", ".join(sorted({row["kind"] for row in evidence})),
        "evidence": ", ".join(row["evidence_id"] for row in evidence), "month": int(evidence[-1]["month"]),
        "prior_mean": prior.mean, "prior_sd": prior.sd, "estimate": estimate, "standard_error": error,
        "n": sum(one.n for one in found), "posterior_mean": after.mean, "posterior_sd": after.sd,
        "posterior_low": after.quantile(0.1), "posterior_high": after.quantile(0.9), "weight": _weight(prior, after),
        "moved_by": moved_by(after, found[-1]),
    }


def _weight(prior: Normal | Beta, after: Normal | Beta) -> float:
    """Share of the weight that is on the evidence: of precision, or of trials."""
    if isinstance(prior, Beta) and isinstance(after, Beta):
        return 1.0 - (prior.a + prior.b) / (after.a + after.b)
    return 1.0 - (after.sd / prior.sd) ** 2
