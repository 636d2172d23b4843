"""What is asked of a plan: of a decision, with the tables it was made from, checked like the first time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from pmlib.errors import ParameterError
from pmlib.portfolio.actions import to_decide
from pmlib.portfolio.arguments import of_kind
from pmlib.portfolio.decision import Decision
from pmlib.portfolio.inputs import checked
from pmlib.portfolio.problem import Outcome


def asked(decision: object) -> Decision:
    """Return a decision, with or without a plan.

    Raises
    ------
    ParameterError
        It is none.
    """
    return of_kind(decision, Decision, "decision", remedy="Make one with rebalance.")


def decided(decision: object) -> Outcome:
    """Return the plan of a decision.

    Raises
    ------
    ParameterError
        There is none.
    """
    made = asked(decision)
    if made.outcome is None:
        raise ParameterError(f"plan: there is none ({made.status}). Look at .mends for what has to give way.")
    return made.outcome


def tables_of(
    decision: Decision, tables: Mapping[str, pd.DataFrame], *, also: Sequence[str] = (),
) -> dict[str, pd.DataFrame]:
    """Check the tables handed in beside a decision, and refuse those of another one as far as their projects tell.

    Parameters
    ----------
    decision : Decision
        The plan asked about.
    tables : mapping of table name to frame
        The tables it was made from.
    also : sequence of str
        Further tables to check beside those a plan reads.

    Returns
    -------
    dict of table name to frame
        As from `inputs.checked`.

    Raises
    ------
    MissingTableError
        projects is missing.
    ParameterError
        It is no decision, or other projects are to be decided than in it.
    SchemaError
        A table, column or cell breaks its definition.
    """
    asked(decision)
    typed = checked(tables, also=also)
    there, planned = set(to_decide(typed)["project_id"]), set(decision.actions["project_id"])
    if there != planned:
        name = min(there ^ planned)
        wrong = "is not in the plan" if name in there else "is missing"
        raise ParameterError(f"tables: got {len(there)} projects to decide, {name} {wrong}, allowed the {len(planned)} "
                             "of the plan. Pass the tables the plan was made from.")
    return typed
