"""The words of the field in one place: one plain sentence each, with formula or unit and where it is computed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from pmlib.errors import ParameterError, did_you_mean, nearest

if TYPE_CHECKING:
    import pandas as pd

_COLUMNS = ["term", "also", "meaning", "formula", "room", "where"]
# Two lines each: term | other names | formula or unit | where it is computed or kept; then what it means.
_BOTH = """
as of | | date | pm.open_workbook
    The day whose knowledge counts: what was learned later is left out.
baseline | | | table milestones
    The approved plan that progress is measured against; a new one must not hide a delay.
benefit | | thousand, or unit of the metric | table benefits
    What a finished project brings, in money or in a metric of a product.
cost of delay | | thousand a month |
    Value lost for each month that something comes later.
evidence | | estimate and standard error | table evidence
    A measured result that bears on what a project promised, used once.
experiment | A/B test | | table experiments
    Units are assigned to two versions by chance, so that only the version can explain a difference.
MoSCoW | must have, should have, could have, will not have | | table features
    A sorting of wishes into four classes; it ranks nothing within a class.
portfolio | | | pm.rebalance
    All projects and proposals that compete for the same money and people.
product | | | table products
    Something customers buy again and again, improved for as long as it lives.
programme | | | table programmes
    Projects and their money led together because they serve one purpose.
project | | | table projects
    A temporary effort with a start, an end, a budget and a promised benefit.
quarantine | | rows | pm.open_workbook
    Rows set aside because they break a rule, listed with the reason and never dropped in silence.
stakeholder | | |
    Whoever must be satisfied, or can stop the work.
weighted shortest job first | WSJF | cost of delay / duration |
    Do first what loses most by waiting for the time it takes.
"""
_PORTFOLIO = """
actual cost | AC | thousand | table evm
    What the work done so far has cost.
assessor | | | table assessors
    A person who judges projects against the goals on a declared scale.
bottleneck | | | pm.rebalance
    The limit that keeps out something worth doing.
budget at completion | BAC | thousand | table projects
    The approved cost of the whole project.
capacity | | person-months | table capacity
    How much work of a skill there is in a month.
cost performance index | CPI | EV / AC |
    Work done for each unit of money spent; below 1 it costs more than planned.
cost to go | | thousand | pm.rebalance
    Money still to be spent until the end: the only cost a decision can change.
decline | | | pm.rebalance
    Not to start a proposal.
demand | | person-months | table demand
    How much work of a skill a project needs in a month.
discount rate | | % a year | pm.Policy
    By how much a year's wait lowers the worth of money.
dominance | | |
    One alternative is at least as good everywhere and better somewhere.
earned schedule | ES | months |
    The month in which the plan expected the work that is now done.
earned value | EV | thousand | table evm
    The budget of the work that is really done.
efficient frontier | | |
    Portfolios for which no other costs less and is worth as much.
enabler | | | table links
    A project worth little alone that others need.
estimate at completion | EAC | BAC / CPI |
    What the whole project will cost if it goes on as so far.
exit cost | | thousand | table projects
    What a stop costs: notice, contracts, clearing up.
expected commercial value | ECV | (PV x chance in the market - launch cost) x technical chance - development cost |
    Value over the stages of a project, each weighted by its chance, money saved by stopping early included.
hold | | months | pm.rebalance
    To pause a running project for some months, at a cost.
horizon | core, adjacent, new | | table programmes
    How far a programme is from today's business: core, adjacent or new.
keep | | | pm.rebalance
    To let a running project go on as planned.
mandatory | | | table projects
    Must be done whatever it is worth, for example by law; its price is always shown.
mix | | % of money | table mix_targets
    How the money still to be spent is shared among horizons.
net present value | NPV | sum of cash flow / (1 + rate)^years | pm.rebalance
    Money to come less money to spend, each discounted to today.
optimality gap | gap | % of value | pm.rebalance
    How much more another plan could be worth at most; 0 means proved the best.
overlap | double count | thousand | table links
    One benefit claimed by several projects; it counts once, for the largest claim.
planned value | PV | thousand | table evm
    The budget of the work that should be done by now; in finance PV also stands for present value.
robust core | | |
    Projects that belong to every portfolio that can be defended under what is not known.
salvage | | thousand | table projects
    What a stopped project still brings in.
schedule performance index | SPI | EV / PV |
    Work done for work planned in money; it returns to 1 at the end of every project, however late.
schedule performance index in time | SPI(t) | earned schedule / actual time |
    Months of plan done for months gone by; it stays below 1 for a late project.
stability interval | | % of weight | pm.scoring.Stability
    How far one weight can move, the others in proportion, before another project leads.
stage gate | gate | | table projects
    A meeting at which a project must earn the money for its next stage.
start | | | pm.rebalance
    To begin a proposal now or in a later month.
stop | | | pm.rebalance
    To end a running project for good; exit cost is paid, cost to go is saved.
sunk cost | | thousand |
    Money already spent: gone either way, so it never counts in a decision.
swing weight | | %, summing to 100 | pm.scoring.group_weights
    How much a goal's step from worst to best level matters beside the steps of the others.
synergy | | thousand | table links
    Extra value that appears only when all projects of a group are done.
value function | | 0 to 100 points | pm.scoring.ValueFunction
    Turns a level on a declared scale into points, so that points add up.
worth of one more unit | shadow price | thousand | pm.portfolio.Decision.worth_of_limits
    What the plan gains when a limit is one unit wider, found by choosing anew.
"""
_PRODUCT = """
Bass diffusion | | m (F(t) - F(t - 1)) with innovation p and imitation q |
    New buyers come by themselves and by word of mouth until the market is full.
bounded retention | retention | % of the cohort | pm.product.cohort_triangle
    Share of a cohort active in month n itself.
churn | | % of the start |
    Share of customers, or of recurring revenue, lost in a period.
cohort | | | pm.product.cohort_triangle
    Customers who began in the same month, followed together.
customer effort score | CES | % of answers | pm.product.satisfaction_by_month
    Share of answers in the top two boxes when asked how easy something was.
customer satisfaction | CSAT | % of answers | pm.product.customer_satisfaction
    Share of answers in the top two boxes when asked how satisfied one is.
gross revenue retention | GRR | sum of min(MRR now, MRR then) / sum of MRR then |
    Recurring revenue kept from the customers of a year ago, growth not counted.
Herfindahl-Hirschman index | HHI | sum of squared shares in %, 0 to 10,000 |
    How concentrated a market is: near 0 many small players, 10,000 one alone.
Kano | Kano model | | table kano
    Sorts features by what having and lacking them does: must-be, performance, attractive, indifferent, reverse.
life cycle | | |
    Launch, growth, maturity and decline of a product.
market share | | % of value or units | pm.product.split_revenue_change
    Our sales as part of all sales in a market that is declared.
monthly recurring revenue | MRR | thousand a month | pm.product.monthly_revenue
    What subscriptions bring in a month, yearly plans spread over their months.
net promoter score | NPS | points, -100 to 100 | pm.product.net_promoter_score
    Share of answers 9 or 10 less share of answers 0 to 6 to one question asked on 0 to 10.
net revenue retention | NRR | sum of MRR now / sum of MRR then |
    Recurring revenue now from the customers of a year ago, growth counted.
price-volume-mix | PVM | thousand, adding up to the change |
    Splits a change of revenue into dearer, more, and other things sold.
response bias | | | table invitations
    Those who answer differ from those who do not, so that a raw score misleads.
RICE | reach, impact, confidence, effort | reach x impact x confidence / effort | table features
    A quick order of features that looks more exact than its inputs are.
rolling retention | unbounded retention | % of the cohort |
    Share of a cohort active in month n or later.
top two boxes | | % of answers | pm.product.customer_satisfaction
    The two best answers of a declared scale.
"""
_STATISTICS = """
break-even | | (cost to go + salvage - exit cost) / benefit per unit | pmlib.portfolio.evidence.break_even
    The change from which going on is worth more than stopping.
claim | prior | unit of the metric | table benefit_map
    What a project promises before anything is measured, as P10, P50 and P90.
false alarm | | at most 5 % of months for a whole board | pm.review_products
    A change reported where nothing changed.
interval | | unit of the figure | pm.product.Estimate
    Range that holds the truth as often as it says, 95 times in 100 if not said otherwise.
number of observations | n | count | pm.product.Estimate
    How many answers, customers or months a figure rests on.
optimizer's curse | | |
    The chosen projects look better than they are, because errors in their favour got them chosen.
percentiles of an estimate | P10, P50, P90 | unit of the quantity | table estimates
    Values the truth stays below 10, 50 and 90 times in 100; not the least and the most.
posterior | | mean and standard deviation | pmlib.portfolio.evidence.update_claim
    What is believed once claim and evidence are weighed by their precision.
reference class | | | table past_forecasts
    Finished projects of the same kind, whose outcomes correct the forecast of a new one.
sample-ratio mismatch | SRM | p-value of the split |
    The two arms of an experiment differ in size by more than chance, so its result is not to be trusted.
standard error | | unit of the estimate | table evidence
    How far an estimate would typically move if it were measured again.
"""
_BLOCKS = {"both": _BOTH, "portfolio": _PORTFOLIO, "product": _PRODUCT, "statistics": _STATISTICS}


def glossary(*, room: str | None = None) -> pd.DataFrame:
    """Say what the words mean: one row per term, by room and name.

    Parameters
    ----------
    room : str, optional
        both, portfolio, product or statistics; by default all.

    Returns
    -------
    DataFrame
        term, also (other names), meaning (one sentence), formula (or unit), room, where (public function or table
        that computes or holds it); empty text where there is none.

    Raises
    ------
    ParameterError
        There is no such room.

    Examples
    --------
    >>> glossary(room="statistics")["term"].head(2).tolist()
    ['break-even', 'claim']
    """
    import pandas as pd

    if room is not None and room not in _BLOCKS:
        raise ParameterError(f"room: got {room!r}. {did_you_mean(room, _BLOCKS)}")
    return pd.DataFrame(_entries(_BLOCKS if room is None else [room]), columns=_COLUMNS)


def define(term: str) -> str:
    """Say what one word means; capitals do not matter, other names and short forms are known too.

    Raises
    ------
    ParameterError
        The word is not in the glossary.

    Examples
    --------
    >>> define("AC")
    'actual cost (AC): What the work done so far has cost. [thousand]'
    """
    by_name = {name.casefold(): entry for entry in _entries(_BLOCKS) for name in _names(entry)}
    entry = by_name.get(term.strip().casefold())
    if entry is None:
        near = nearest(term.strip().casefold(), by_name)
        raise ParameterError(f"term: {term!r} is not in the glossary. {near or 'Look it up in glossary().'}")
    also = f" ({entry['also']})" if entry["also"] else ""
    formula = f" [{entry['formula']}]" if entry["formula"] else ""
    return f"{entry['term']}{also}: {entry['meaning']}{formula}"


def _entries(rooms: Iterable[str]) -> list[dict[str, str]]:
    rows = []
    for room in rooms:
        lines = [line.strip() for line in _BLOCKS[room].strip().splitlines()]
        for head, meaning in zip(lines[::2], lines[1::2], strict=True):
            term, also, formula, where = (part.strip() for part in head.split("|"))
            rows.append({"term": term, "also": also, "meaning": meaning, "formula": formula, "room": room,
                         "where": where})
    return rows


def _names(entry: dict[str, str]) -> list[str]:
    return [entry["term"], *filter(None, entry["also"].split(", "))]
