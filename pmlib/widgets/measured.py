"""Sliders over a measurement: another effect, another error, another verb for the project that promised it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import ipywidgets as ipy
import pandas as pd

from pmlib.display import note, table
from pmlib.errors import BlockedTableError, MissingTableError, ParameterError
from pmlib.portfolio import Decision, Policy
from pmlib.portfolio.claims.updates import VARIANCE_FACTORS
from pmlib.portfolio.measured_claims import measured_claim
from pmlib.portfolio.weighed_claims import NOTHING, MeasuredClaim, WeighedClaim
from pmlib.widgets.live import Live, live, picture

#: Steps of a slider over what the size of the claim's range is written in: 1 pp, 10 %, 0.1.
_STEPS = 20
_LOOK: dict[str, Any] = {"continuous_update": False}


def evidence(
    tables: Mapping[str, pd.DataFrame], *, project_id: str = "P44", metric: str | None = None,
    period: int | str | None = None, policy: Policy | None = None, plan: Decision | None = None,
) -> Live:
    """Move what was measured of a claim and watch the project's benefit and its verb in the plan.

    Parameters
    ----------
    tables, project_id, metric, period, policy, plan
        As for `measured_claim`; the controls begin with what the tables hold of the claim. Where there is no such
        claim, no plan or no benefit, a note says so instead.
    """
    try:
        question = measured_claim(tables, project_id=project_id, metric=metric, period=period, policy=policy, plan=plan)
    except BlockedTableError:
        raise
    except (MissingTableError, ParameterError) as missing:
        said = str(missing)
        return live({}, lambda: note(said).html, said)
    controls = _controls(question)

    def weighed() -> str:
        return _weighed(question.weigh(**{name: control.value for name, control in controls.items()}))

    return live(controls, weighed, f"{len(controls)} controls for what was measured of {project_id}: open the notebook "
                "in JupyterLab to move them.")


def _controls(question: MeasuredClaim) -> dict[str, Any]:
    claim, known = question.claim, question.known
    width, unit = claim["claimed_p90"] - claim["claimed_p10"], f", {claim['unit']}" if claim["unit"] else ""
    size = math.floor(math.log10(width))
    step, digits = 10.0**size / _STEPS, max(0, 2 - size)
    estimate, error = ((known.estimate, known.standard_error) if known.kind else
                       (claim["claimed_p50"], question.prior.sd / 2))
    low, high = question.span
    kinds = [("not measured", NOTHING), *((f"{kind}, variance x {factor:g}", kind)
                                          for kind, factor in VARIANCE_FACTORS.items())]
    return {
        "estimate": ipy.FloatSlider(value=estimate, min=low, max=high, step=step, readout_format=f".{digits}f",
                                    description=f"Measured {claim['metric_name']}{unit}", **_LOOK),
        "standard_error": ipy.FloatSlider(value=error, min=step, max=max(width, 2 * error), step=step,
                                          readout_format=f".{digits}f", description=f"Its standard error{unit}",
                                          **_LOOK),
        "kind": ipy.Dropdown(value=known.kind, options=kinds, description="How it was measured"),
    }


def _weighed(answer: WeighedClaim) -> str:
    columns = {"case": "Measurement", "text": f"Expected {answer.question.claim['metric_name']}, P10 to P90",
               "benefit_share": "Of the benefit", "benefit_k": "Benefit", "value_k": "Worth of going on",
               "verb": "Verb in the plan", "plan_k": "Worth of the plan"}
    return "".join([
        f"<p>{escape(answer.summary())}</p>",
        picture(answer.plot(), answer.summary()),
        table(answer.to_frame(), columns=columns,
              caption=f"The project with and without the measurement, thousand {answer.question.currency}.").html,
    ])
