"""What could be built next: the backlog, the teams, and a Kano survey of 16 features of the cockpit (truth T21)."""

from __future__ import annotations

import numpy as np
import pandas as pd

from pmlib.sample.forms import file_form, month_texts, stream
from pmlib.schema import TABLES

#: name|product|metric|reach|impact|confidence|effort|team|moscow|state|depends on
_FEATURES = """
Export of every chart as a table|PR4|weekly active buildings|420|1|0.8|3|cockpit|should|planned|
Floor plan with live readings|PR4|weekly active buildings|560|2|0.7|9|cockpit|should|building|
Single sign-on|PR4|trial to paid|380|1|0.9|4|platform|must|building|
Morning summary by mail|PR4|weekly active buildings|610|2|0.8|3|cockpit|could|planned|
Alarm when a room leaves its range|PR4|weekly active buildings|640|2|0.9|5|cockpit|should|building|
Animated start page|PR4|weekly active buildings|300|0.25|0.6|3|cockpit|wont|idea|
Record of who changed which setting|PR4|churn|70|0.5|0.6|8|platform|must|idea|F03
Comparison with similar buildings|PR4|retention at 12 months|450|2|0.5|7|insight|could|idea|
Choice of colours|PR4|weekly active buildings|260|0.25|0.7|2|cockpit|wont|idea|
Readings kept for three years|PR4|churn|520|1|0.9|6|platform|must|planned|
Search over all sites|PR4|weekly active buildings|330|1|0.8|3|cockpit|should|planned|
Proposal which valve to check first|PR4|retention at 12 months|400|3|0.5|8|insight|could|idea|F05
Fast charts on a year of data|PR4|weekly active buildings|580|2|0.8|6|platform|should|building|F10
Roles for tenants and caretakers|PR4|trial to paid|350|1|0.8|5|platform|must|planned|F03
Weekly prize for the thriftiest floor|PR4|weekly active buildings|150|0.5|0.5|4|cockpit|wont|idea|
Booking of rooms from the floor plan|PR4|trial to paid|290|1|0.6|6|cockpit|could|idea|F02
Start page for many sites|PR4|weekly active buildings|240|2|0.7|5|cockpit|should|planned|F11
Own names for sensors|PR4|support tickets|480|0.5|0.9|1|cockpit|should|released|
Printable monthly report|PR4|retention at 12 months|370|1|0.8|3|cockpit|should|planned|F01
Alarms on the phone|PR4|weekly active buildings|510|2|0.7|5|cockpit|should|planned|F05
Quiet hours for alarms|PR4|support tickets|340|0.5|0.8|2|cockpit|could|idea|F05
Open interface for facility software|PR4|trial to paid|180|2|0.6|9|platform|could|idea|F14
Guided first hour|PR4|trial to paid|430|2|0.6|4|cockpit|should|planned|
Notes on the time axis|PR4|weekly active buildings|270|0.5|0.8|2|cockpit|could|idea|
Bill by building|PR4|churn|210|1|0.7|4|platform|could|idea|
Offline view for the plant room|PR4|weekly active buildings|120|1|0.5|6|cockpit|wont|idea|
Import of meter readings|PR6|energy saved|390|2|0.8|5|insight|must|building|
Explanation of a jump in consumption|PR6|retention at 12 months|420|3|0.6|8|insight|should|planned|F27
Forecast for the coming month|PR6|retention at 12 months|360|1|0.6|6|insight|could|idea|F27
Reliable nightly data transfer|PR6|churn|470|3|0.9|6|platform|must|building|
Tariff of the supplier|PR6|energy saved|310|1|0.8|3|insight|should|planned|
Carbon figures for the yearly report|PR6|trial to paid|280|2|0.7|4|insight|should|planned|F27
Weather correction|PR6|energy saved|380|2|0.8|4|insight|must|released|
List of the ten largest wastes|PR6|energy saved|440|3|0.7|5|insight|should|planned|F33
Target by building|PR6|retention at 12 months|260|1|0.7|3|insight|could|idea|
Gas and district heat|PR6|trial to paid|230|2|0.6|6|insight|could|idea|F27
Heat pump view|PR6|trial to paid|140|1|0.5|5|insight|could|idea|F36
Photovoltaic surplus|PR6|energy saved|160|1|0.5|6|insight|wont|idea|
Check of saved energy after a measure|PR6|retention at 12 months|340|2|0.7|5|insight|should|planned|F33
Export for auditors|PR6|trial to paid|190|1|0.8|3|insight|should|planned|F32
Alarm on consumption at night|PR6|energy saved|410|2|0.8|3|insight|should|planned|
Shared view for tenants|PR6|weekly active buildings|220|0.5|0.5|6|cockpit|wont|idea|F14
Battery life of eight years|PR2|returns|520|2|0.7|9|device|must|building|
Counting in both directions|PR2|attach rate|340|2|0.6|8|device|should|planned|
Mounting without tools|PR2|installation minutes|460|1|0.9|3|device|should|planned|
Detection of people who sit still|PR2|returns|430|3|0.6|10|device|must|building|
Update over the air|PR2|support tickets|560|2|0.8|7|platform|must|planned|
White and black housing|PR2|attach rate|200|0.5|0.8|2|device|could|idea|
Desk level presence|PR2|attach rate|150|1|0.4|11|device|wont|idea|F46
Privacy statement for works councils|PR2|trial to paid|310|1|0.9|1|service|must|planned|
Self-test at installation|PR2|installation minutes|390|1|0.8|3|device|should|planned|F47
Radio range in old buildings|PR2|returns|280|2|0.6|8|device|should|idea|
Mains supply version|PR2|attach rate|130|1|0.7|4|device|could|idea|
Replacement of batteries by reminder|PR2|support tickets|450|0.5|0.9|2|cockpit|could|planned|F43
Humidity probe that does not drift|PR1|returns|600|2|0.7|8|device|must|building|
Label that can be scanned|PR1|installation minutes|650|0.5|0.9|1|device|should|released|
Second radio band|PR1|attach rate|220|1|0.5|9|device|wont|idea|
Gateway with two SIM cards|PR5|support tickets|160|1|0.6|6|device|could|idea|
Setup of a gateway in ten minutes|PR5|installation minutes|300|2|0.8|4|platform|should|planned|
Edge rules without the cloud|PR5|attach rate|170|2|0.5|9|platform|could|idea|F47
Booking of a calibration online|PR7|repeat orders|320|1|0.9|3|service|should|planned|
Certificate in the cockpit|PR7|repeat orders|280|1|0.8|2|service|should|planned|F61
Alarm for bad air|PR8|attach rate|190|2|0.7|3|device|should|building|
Particles beside carbon dioxide|PR8|attach rate|120|2|0.5|8|device|could|idea|
"""
_FIRST_PLANNED = 2026 * 12 + 1
#: Person-months a month of each team in the four quarters of 2026.
_CAPACITY = {
    "cockpit": (3.0, 2.0, 3.5, 3.5),
    "device": (6.0, 6.0, 6.0, 6.0),
    "insight": (1.0, 2.5, 3.0, 3.0),
    "platform": (4.0, 5.5, 5.5, 5.5),
    "service": (1.0, 1.0, 1.0, 1.0),
}
#: T21: planted class of each feature asked about.
KANO_CLASSES = {
    "must-be": ("F03", "F07", "F10", "F14"),
    "performance": ("F01", "F02", "F05", "F11", "F13"),
    "attractive": ("F04", "F08", "F12", "F16"),
    "indifferent": ("F06", "F09"),
    "reverse": ("F15",),
}
RESPONDENTS = 300
#: Class of an answer pair: rows functional, columns dysfunctional, both from 1 like to 5 dislike.
EVALUATION = ("QAAAO", "RIIIM", "RIIIM", "RIIIM", "RRRRQ")
LETTERS = {"must-be": "M", "performance": "O", "attractive": "A", "indifferent": "I", "reverse": "R"}
#: Shares of the answers' classes by planted class, in the order M, O, A, I, R, Q.
_SPREAD = {
    "must-be": (0.56, 0.16, 0.06, 0.19, 0.02, 0.01),
    "performance": (0.17, 0.52, 0.15, 0.13, 0.02, 0.01),
    "attractive": (0.06, 0.17, 0.54, 0.20, 0.02, 0.01),
    "indifferent": (0.08, 0.06, 0.15, 0.62, 0.08, 0.01),
    "reverse": (0.03, 0.03, 0.06, 0.27, 0.59, 0.02),
}
_ORDER = "MOAIRQ"
_STEPS = (1, 2, 3, 5, 8, 13, 20)


def features(*, seed: int) -> pd.DataFrame:
    """Write the table `features`: 64, most of them for the cockpit, the energy insight and the occupancy sensor.

    Parameters
    ----------
    seed : int
        Seed of the company, for what a team would only estimate.
    """
    names = ("name", "product_id", "outcome_metric", "reach", "impact_mode", "confidence", "effort_pm", "team",
             "moscow", "state", "depends_on")  # fmt: skip
    frame = pd.DataFrame([line.split("|") for line in _FEATURES.strip().splitlines()], columns=names)
    frame["feature_id"] = [f"F{number:02d}" for number in range(1, len(frame) + 1)]
    numbers = ["reach", "impact_mode", "confidence", "effort_pm"]
    frame[numbers] = frame[numbers].astype(float)
    frame["depends_on"] = frame["depends_on"].mask(frame["depends_on"] == "", None)
    judged = _judged(frame, stream(seed, "features"))
    return file_form("features", {name: frame[name] for name in frame.columns} | judged)


def _judged(frame: pd.DataFrame, rng: np.random.Generator) -> dict[str, np.ndarray]:
    """Draw what goes loosely with impact and priority: ranges, importance, satisfaction and urgency."""
    impact, size = frame["impact_mode"].to_numpy(), len(frame)
    must = (frame["moscow"] == "must").to_numpy()
    importance = np.clip(4.5 + 1.2 * impact + 2 * must + rng.normal(0, 0.8, size), 1, 10)
    met = np.where(frame["state"] == "released", 8.0, np.where(must, 5.5, 4.5))
    return {
        "impact_low": np.maximum(impact / 2, 0.25),
        "impact_high": np.minimum(np.maximum(1.5 * impact, 0.5), 3.0),
        "importance": np.round(importance, 1),
        "satisfaction": np.round(np.clip(met + rng.normal(0, 1.2, size), 1, 10), 1),
        "time_criticality": _step(1.2 * impact + 1.5 * must, rng).astype(float),
        "risk_reduction": _step(0.6 * impact + 2.0 * must, rng).astype(float),
    }


def _step(level: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    place = np.round(level + rng.normal(0.5, 1, len(level)))
    return np.asarray(np.array(_STEPS)[np.clip(place, 0, len(_STEPS) - 1).astype(int)])


def team_capacity() -> pd.DataFrame:
    """Write the table `team_capacity`: 2026 by month, scarce in the cockpit first and in the platform after."""
    months = np.arange(_FIRST_PLANNED, _FIRST_PLANNED + 12)
    columns = {
        "team": np.repeat(list(_CAPACITY), len(months)),
        "month": np.tile(month_texts(months), len(_CAPACITY)),
        "person_months": np.repeat(list(_CAPACITY.values()), 3, axis=1).ravel(),
    }
    return file_form("team_capacity", columns)


def kano(*, seed: int) -> pd.DataFrame:
    """Write the table `kano`: 300 answer pairs about each of 16 features.

    Parameters
    ----------
    seed : int
        Seed of the company.

    References
    ----------
    Kano, Seraku, Takahashi & Tsuji (1984), Hinshitsu 14(2); evaluation table: Berger et al. (1993), CQM Journal 2(4).
    """
    rng = stream(seed, "kano")
    planted = {feature: name for name, members in KANO_CLASSES.items() for feature in members}
    parts = []
    for feature in sorted(planted):
        classes = rng.choice(list(_ORDER), RESPONDENTS, p=_SPREAD[planted[feature]])
        functional, dysfunctional = _pairs(classes, rng)
        parts.append(
            pd.DataFrame(
                {
                    "respondent_id": [f"K{number:03d}" for number in range(1, RESPONDENTS + 1)],
                    "feature_id": feature,
                    "functional": functional,
                    "dysfunctional": dysfunctional,
                }
            )
        )
    return file_form("kano", {name: np.concatenate([part[name] for part in parts]) for name in TABLES["kano"].names})


def _pairs(classes: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Draw an answer pair that the evaluation table puts into the wanted class; extremes are rare."""
    functional, dysfunctional = (np.zeros(len(classes), dtype=int) for _ in range(2))
    table = np.array([list(row) for row in EVALUATION])
    for letter in _ORDER:
        rows, columns = np.nonzero(table == letter)
        weight = np.where((rows == len(table) - 1) | (columns == 0), 1.0, 3.0)
        here = np.flatnonzero(classes == letter)
        cell = rng.choice(len(rows), len(here), p=weight / weight.sum())
        functional[here], dysfunctional[here] = rows[cell] + 1, columns[cell] + 1
    return functional, dysfunctional


def kano_classes(answers: pd.DataFrame) -> pd.DataFrame:
    """Count the classes of the answer pairs by feature.

    Parameters
    ----------
    answers : DataFrame
        The table `kano`.

    Returns
    -------
    DataFrame indexed by feature_id, columns M, O, A, I, R, Q
    """
    table = np.array([list(row) for row in EVALUATION])
    letter = table[answers["functional"].astype(int) - 1, answers["dysfunctional"].astype(int) - 1]
    return pd.crosstab(answers["feature_id"], letter).reindex(columns=list(_ORDER), fill_value=0)


def rice(frame: pd.DataFrame) -> pd.Series:
    """Give reach times impact times confidence by person-month, by feature.

    Parameters
    ----------
    frame : DataFrame
        The table `features`.
    """
    score = frame["reach"] * frame["impact_mode"] * frame["confidence"] / frame["effort_pm"]
    return score.set_axis(frame["feature_id"]).astype(float)
