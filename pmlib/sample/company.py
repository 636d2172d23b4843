"""Who Quillmark Sensors is: its calendar, programmes, products and the names of its projects."""

from __future__ import annotations

from functools import cache

import pandas as pd

from pmlib.months import parse_month

NAME = "Quillmark Sensors"
AS_OF = "2025-12-31"
#: First and last month of the history, and the first month of the plan.
HISTORY_START = parse_month("2023-01")
HISTORY_END = parse_month("2025-12")
PLAN_START = HISTORY_END + 1
HISTORY_MONTHS = HISTORY_END - HISTORY_START + 1
REGIONS = ("central", "north", "south")

PROGRAMMES = {
    "G1": ("Core sensors", "core"),
    "G2": ("Building software", "core"),
    "G3": ("Edge and data platform", "adjacent"),
    "G4": ("Services", "adjacent"),
    "G5": ("New ventures", "new"),
}

LAST_TO_DECIDE = 61
# The 60 projects to decide are P01 to P61 without P27, which finished late.
LATE = ("P27", "P62", "P63", "P64", "P65", "P66")
STOPPED = ("P70", "P77", "P84", "P91", "P98", "P105")
RUNNING = (*(f"P{n}" for n in (*range(12, 27), *range(28, 38))), "P44")
MANDATORY = ("P03", "P20")
MUST = ("P02", "P08", "P09", "P10", "P11", "P13", "P15", "P23", "P28", "P33", "P39", "P46", "P52", "P58")
MUST_NOT = ("P06", "P17", "P21", "P25", "P30", "P36", "P42", "P47", "P50", "P54", "P57", "P60")
BUNDLE = ("P08", "P09", "P10", "P11")
DOUBLE_COUNT = ("P05", "P12", "P19")

_ROSTER = """
Room sensor 4|G1|PR1|product
Self-calibrating climate probe|G1|PR1|product
Cyber resilience of all devices|G1||compliance
Ceiling occupancy sensor 3|G1|PR2|product
Common installer app|G2|PR4|product
Wired thermostat refresh|G1|PR3|product
Leak detection by sound|G5||research
Data platform|G3||platform
Fault prediction on the platform|G3|PR6|product
Open data interface|G3|PR4|product
Tenant comfort reports|G3|PR6|product
One login for installers|G2|PR4|product
Battery life programme|G1|PR1|process
Spare parts portal|G4|PR7|product
Sensor line automation|G1|PR1|process
Cockpit dashboard 5|G2|PR4|product
Legacy portal|G2|PR4|product
Energy insight 3|G2|PR6|product
Installer onboarding flow|G2|PR4|process
Radio approval renewal|G1||compliance
Colour display thermostat|G1|PR3|product
Second source for radio chips|G1||process
Edge gateway|G3|PR5|product
Occupancy firmware 7|G1|PR2|product
Printed manuals relaunch|G1||process
Window contact sensor|G1|PR1|product
Warehouse move|G1||process
Alarm rules engine|G2|PR4|product
Humidity drift correction|G1|PR1|product
On-site server edition|G2|PR4|product
Billing system change|G2||platform
Field service scheduling|G4|PR7|process
Heating curve assistant|G2|PR6|product
Digital twin pilot|G5||research
Gateway for older buildings|G3|PR5|product
Own plastic moulding|G1||process
Sensor skin for facades|G5||research
Multi-site overview|G2|PR4|product
Grid flexibility service|G5|PR6|product
Meeting room display|G1|PR2|product
Calibration service|G4|PR7|product
Desk booking app|G2|PR4|product
Return and refurbish loop|G1||process
Retention programme|G2|PR4|product
Carbon ledger for landlords|G5|PR6|product
Remote commissioning|G4|PR7|product
Voice control|G5||research
Smoke and air combination sensor|G1|PR8|product
Low-power mesh radio|G1|PR2|platform
Rental fleet of sensors|G4|PR7|product
Forecast of room use|G2|PR2|product
Fewer variants in production|G1||process
Indoor positioning|G5||research
Thermostat with camera|G1|PR3|product
Training academy|G4|PR7|product
Water quality probe|G5||research
Own parcel delivery|G1||process
Price list cleanup|G2||process
Maintenance contracts 2|G4|PR7|product
Chat assistant for tenants|G2|PR4|product
Edge gateway 2|G3|PR5|product
Air quality monitor launch|G1|PR8|product
Cloud region north|G2||platform
Solar shading sensor|G1|PR1|product
Partner portal|G4||product
Radio stack 3|G1|PR2|platform
Room sensor 2|G1|PR1|product
Room sensor 3|G1|PR1|product
Occupancy sensor 1|G1|PR2|product
Bluetooth light switch|G1||product
Cockpit dashboard 3|G2|PR4|product
Cockpit dashboard 4|G2|PR4|product
Energy insight 1|G2|PR6|product
Energy insight 2|G2|PR6|product
Sensor line 2|G1||process
Supplier audit|G1||compliance
Augmented reality guide|G5||research
Wired thermostat 5|G1|PR3|product
Wired thermostat 6|G1|PR3|product
Calibration laboratory|G4|PR7|process
Gateway prototype|G3|PR5|research
Message broker change|G2||platform
Customer data model|G2||platform
Home speaker link|G5||product
Lead-free soldering|G1||compliance
Support ticket system|G2||process
Installer newsletter|G4||process
Occupancy sensor 2|G1|PR2|product
Mobile app 1|G2|PR4|product
Mobile app 2|G2|PR4|product
Sensor subscription by token|G5||research
Stock planning|G1||process
Quality gate in test|G1||process
Radio stack 2|G1|PR2|platform
Window sensor study|G1|PR1|research
Service price model|G4|PR7|process
Test robot|G1||process
Shop for consumers|G5||product
Access rights model|G2||platform
Translation into nine languages|G2||process
Battery supplier change|G1||process
Data protection programme|G2||compliance
Packaging without plastic|G1||process
Heat pump interface|G1|PR3|product
Drone inspection|G5||research
Archive of measurements|G2||platform
"""


@cache
def _base_roster() -> pd.DataFrame:
    rows = [line.split("|") for line in _ROSTER.strip().splitlines()]
    roster = pd.DataFrame(rows, columns=["name", "programme_id", "product_id", "kind"])
    roster.insert(0, "project_id", [f"P{n:02d}" for n in range(1, len(roster) + 1)])
    roster["product_id"] = roster["product_id"].mask(roster["product_id"] == "", None)
    ids = roster["project_id"]
    number = ids.str[1:].astype(int)
    roster["state"] = "done"
    roster.loc[number.between(1, LAST_TO_DECIDE) & (ids != "P27"), "state"] = "proposed"
    roster.loc[ids.isin(RUNNING), "state"] = "running"
    roster.loc[ids.isin(STOPPED), "state"] = "stopped"
    roster["worth"] = "borderline"
    roster.loc[ids.isin(MUST), "worth"] = "must"
    roster.loc[ids.isin(MUST_NOT), "worth"] = "must not"
    return roster


def roster(scale: float = 1.0) -> pd.DataFrame:
    """List every project by name, home, state and intended worth (must, borderline, must not).

    Below scale 1 the 106 projects stay, because they carry the truths; above, copies are appended.

    Parameters
    ----------
    scale : float
        Size of the company against the 106 projects of scale 1.

    Returns
    -------
    DataFrame of shape (n_projects, 8)
        project_id, name, programme_id, product_id, kind, state, worth, horizon.

    Examples
    --------
    >>> roster()["state"].value_counts().to_dict()
    {'done': 40, 'proposed': 34, 'running': 26, 'stopped': 6}
    """
    base = _base_roster()
    more = max(0, round(len(base) * (scale - 1)))
    everyone = pd.concat([base, _copies(base, more)], ignore_index=True) if more else base.copy()
    everyone["horizon"] = everyone["programme_id"].map({key: horizon for key, (_, horizon) in PROGRAMMES.items()})
    return everyone


def _copies(base: pd.DataFrame, size: int) -> pd.DataFrame:
    copies = base.iloc[[n % len(base) for n in range(size)]].reset_index(drop=True)
    # A copy of the enabler enables nothing.
    copies["worth"] = copies["worth"].mask(copies["project_id"] == "P08", "borderline")
    copies["project_id"] = [f"P{len(base) + 1 + n}" for n in range(size)]
    copies["name"] = [f"{name} ({n // len(base) + 2})" for n, name in enumerate(copies["name"])]
    return copies


def to_decide(projects: pd.DataFrame) -> pd.DataFrame:
    """Keep the projects that are running or proposed.

    Parameters
    ----------
    projects : DataFrame with a column ``state``
    """
    return projects[projects["state"].isin(["running", "proposed"])].reset_index(drop=True)
