"""What information is worth, in words: what to learn first, and whether anything needs to be learned at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pmlib.portfolio.information.information import Information

#: From here on amounts are shown without decimals.
_WHOLE = 10
#: A worth below this many thousand is none.
_NOTHING = 1e-6
_RARE = 0.05


def amount(value: float) -> str:
    """Write thousands as a board reads them: whole ones, two digits of what is small.

    Examples
    --------
    >>> amount(1234.5), amount(0.123)
    ('1,234', '0.12')
    """
    return f"{value:,.0f}" if abs(value) >= _WHOLE or not value else f"{value:.2g}"


def times(chance: float) -> str:
    """Write a chance as how often in ten.

    Examples
    --------
    >>> times(0.23), times(0.01), times(0.1)
    ('2 times in 10', 'less than 1 time in 20', '1 time in 10')
    """
    often = round(10 * chance)
    return "less than 1 time in 20" if chance < _RARE else f"{max(often, 1)} time{'s' * (often > 1)} in 10"


def summary(found: Information) -> str:
    """Say what to learn first, what knowing everything is worth, and how many studies pay."""
    if found.missing:
        return found.missing
    if not _any(found):
        return " ".join(["Nothing that could be learned about these projects would change the plan: decide now.",
                         *found.notes])
    return " ".join([_first(found), _everything(found), _assumed(found), *found.notes])


def headline(found: Information) -> dict[str, str]:
    """Give the worth of knowing everything, the first study and how many pay."""
    if found.missing:
        return {"no plan": "so there is nothing to learn for"}
    unit = f"thousand {found.currency}"
    figures = {amount(found.evpi_k): f"{unit}: knowing every project's true value before deciding"}
    paying = found.projects[found.projects["net_k"] > 0]
    if len(paying):
        top = paying.iloc[0]
        figures[f"learn about {top['project_id']}"] = (f"first: worth {amount(top['evsi_k'])} {unit} for "
                                                       f"{amount(top['study_cost_k'])}")
    offered = int(found.projects["net_k"].notna().sum())
    return figures | {f"{len(paying)} of {offered}": "projects with a study that is worth more than it costs"}


def one_line(found: Information) -> str:
    """Write the answer in one line."""
    if found.missing:
        return "<Information: no plan>"
    paying = found.projects[found.projects["net_k"] > 0]
    first = f"learn first about {paying['project_id'].iloc[0]}" if len(paying) else "no study pays"
    projects = "1 project" if len(found.projects) == 1 else f"{len(found.projects)} projects"
    return (f"<Information: {projects}; {first}; knowing all is worth {amount(found.evpi_k)} "
            f"thousand {found.currency} (standard error {amount(found.evpi_error_k)})>")


def _any(found: Information) -> bool:
    return bool(found.evpi_k > _NOTHING)


def _first(found: Information) -> str:
    offered = found.projects[found.projects["net_k"].notna()]
    if offered.empty:
        return "No study is offered."
    top: dict[Any, Any] = offered.iloc[0].to_dict()
    usual = found.policy.studies is None
    study = f"a study that {found.policy.words}" if usual else f"the {top['study']}"
    worth = f"{amount(top['evsi_k'])} thousand {found.currency}"
    cost = f"costs {amount(top['study_cost_k'])}"
    flips = f"would change the decision on it {times(top['chance_study_flips'])}"
    if top["net_k"] <= 0:
        return (f"No study is worth more than it costs; nearest is {top['project_id']}: {study} is worth {worth}, "
                f"{cost} and {flips}.")
    return f"Learn first about {_named(top)}: {study} is worth {worth}, {cost} and {flips}."


def _named(row: dict[Any, Any]) -> str:
    same = row["name"] in ("", row["project_id"])
    return str(row["project_id"]) if same else f"{row['project_id']} {row['name']}"


def _everything(found: Information) -> str:
    frame = found.projects
    top = frame.iloc[int(frame["evppi_k"].argmax())]
    error = f" (standard error {amount(found.evpi_error_k)})" if found.evpi_error_k > 0 else ""
    return (f"Knowing every project's true value before deciding would be worth {amount(found.evpi_k)}{error}, beside "
            f"a plan worth {amount(found.plan_k)}; knowing {top['project_id']} alone {amount(top['evppi_k'])}.")


def _assumed(found: Information) -> str:
    net = found.projects["net_k"].dropna()
    if net.empty:
        return ""
    pays = f"{int((net > 0).sum())} of {len(net)} projects have a study that is worth more than it costs"
    rule = f"; each is assumed to cost {100 * found.policy.cost_share:g} % of what the project still costs" \
        if found.policy.studies is None else ""
    return f"{pays}{rule}."
