"""A promise kept at face value after it was measured."""

from __future__ import annotations

from typing import Any

from pmlib.portfolio import Decision, learned, rebalance
from pmlib.portfolio.evidence import Case, weigh_evidence
from pmlib.teach.exercise import Exercise, Property, Tables, Unusable, Way, Worth
from pmlib.teach.once import once

PROJECT = "P44"
VERBS = ("keep", "hold", "stop")


@once
def _promised(tables: Tables) -> str:
    return _verb(rebalance(tables))


@once
def _believed(tables: Tables) -> Decision:
    return rebalance(learned(tables).tables)


@once
def _case(tables: Tables) -> Case:
    return weigh_evidence(tables, project_id=PROJECT)


def _verb(plan: Decision) -> str:
    return str(plan.actions.set_index("project_id")["action"][PROJECT])


def _lost(tables: Tables, answer: str) -> float:
    """Money that the plan loses when it must decide so, everything else chosen anew."""
    plan = _believed(tables)
    return 0.0 if answer == _verb(plan) else plan.force(PROJECT, answer)


def _worth(tables: Tables, answer: Any) -> Worth:
    plan, steps, lost = _believed(tables), _case(tables).steps.set_index("step")["text"], _lost(tables, answer)
    going_on_k = plan.actions.set_index("project_id")["value_on_k"][PROJECT]
    return Worth(money_k=plan.value_k - lost, says=(
        f"{steps['claim']} was promised, {steps['both together']} is expected by now and {steps['break-even']} would "
        f"pay. So going on with {PROJECT} comes to {going_on_k:,.0f} thousand {plan.currency}, and the best plan with "
        f"{answer} for it is worth {plan.value_k - lost:,.0f}."))


def _one_of_the_verbs(_: Tables, answer: Any) -> bool:
    if not isinstance(answer, str) or answer not in VERBS:
        raise Unusable(f"Answer with one of {', '.join(map(repr, VERBS))}, got {answer!r}.")
    return True


def _real(tables: Tables) -> str:
    return "keep" if _case(tables).real else "stop"


EXERCISE = Exercise(
    name="believed_claim",
    title="A promise that was measured",
    mistake="The optimizer's curse: a claim kept at face value",
    question=(f"What should be done with {PROJECT}, now that an experiment has measured what it promised? Answer with "
              "'keep', 'hold' or 'stop'."),
    ways=(
        Way(label=f"Keep to the promise: it is why {PROJECT} was chosen", answer=_promised,
            hint="It was chosen because it promised most, and what promises most has most often erred upward. And a "
                 "measured gain that is real may still be too small to pay. Weigh promise and measurement, then ask "
                 "what would pay."),
        Way(label="Ask only whether the measured gain is real", answer=_real,
            hint="A real gain may be too small to pay. Hold what is believed against the break-even."),
        Way(label="Hold it until more is known", answer=lambda tables: "hold",
            hint="Waiting keeps the people on it and costs a hold, and the measurement is sharp already: how likely is "
                 "it that one more would change the answer?"),
        Way(label="Weigh promise and measurement by how sure each is, correct the tables, plan anew",
            answer=lambda tables: _verb(_believed(tables))),
    ),
    worth=_worth,
    properties=(
        Property(says=f"The answer has to be something one can do with {PROJECT}.", holds=_one_of_the_verbs,
                 hint="Keep, hold or stop."),
        Property(says="No other decision may bring more on what is believed by now.",
                 holds=lambda tables, answer: _lost(tables, answer) <= 0.001 * abs(_believed(tables).value_k),
                 hint="Plan on the corrected tables, and see what the plan says of it."),
    ),
    hints=(
        f"What was promised, what was measured, and how sure is each? pm.weigh_evidence(book, project_id='{PROJECT}').",
        "Promise and measurement together lie between the two, nearer to the surer one. Is that above the break-even?",
        f"pm.rebalance(pm.portfolio.learned(book).tables).actions has the decision on {PROJECT}.",
    ),
    solution=(
        "Weigh promise and measurement by how sure each is, and hold what is believed against what pays. Of many "
        "claims those that promise most have most often erred upward (Smith & Winkler, 2006), and such a claim is why "
        "the project was chosen. The product team found a gain that is real and much smaller. Weighed, the measurement "
        "counts for nearly all, and what is expected lies below the break-even, with what is spent left aside. Both "
        "sides are right, and the project stops: whether a gain is real is for the product to say, whether it is "
        "enough for the portfolio. One more measurement would hardly change that, so waiting only costs."),
)
