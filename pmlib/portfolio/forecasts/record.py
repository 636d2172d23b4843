"""What closed forecasts teach, in one answer: did ranges hold, by how much were we off, does correcting help."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from pmlib.portfolio.forecasts.log import ForecastLog, forecast_log
from pmlib.portfolio.forecasts.recalibration import Recalibration, Verdict, recalibrate
from pmlib.portfolio.forecasts.reference_class import ReferenceClass, reference_class

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True, eq=False, kw_only=True)
class ForecastRecord:
    """The record of own forecasts.

    Attributes
    ----------
    log : ForecastLog
        How often ranges held and how good chances were, by estimator.
    costs, months, benefits : ReferenceClass
        By what factor outcomes lay off.
    recalibration : Recalibration
        Shift and width by estimator, tested on forecasts held out.
    """

    log: ForecastLog
    costs: ReferenceClass
    months: ReferenceClass
    benefits: ReferenceClass
    recalibration: Recalibration

    @property
    def found(self) -> bool:
        """Whether a forecast is scored."""
        return self.log.found

    @property
    def classes(self) -> tuple[ReferenceClass, ...]:
        """The reference classes with a factor."""
        return tuple(one for one in (self.costs, self.months, self.benefits) if one.found)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per estimator and quantity, as of the log."""
        return self.log.to_frame()

    def factors(self) -> pd.DataFrame:
        """Return the factors of every reference class that has any: quantity, measure, factor, low, high, n."""
        columns = ["quantity", "measure", "factor", "low", "high", "n"]
        if not self.classes:
            return pd.DataFrame(columns=columns)
        frames = [one.to_frame().assign(quantity=one.quantity) for one in self.classes]
        return pd.concat(frames, ignore_index=True)[columns]

    def summary(self) -> str:
        """Say whether stated ranges held, by how much outcomes were off, and whether correcting helps."""
        held = self.log.summary().split(" Nearest")[0] if self.log.row().get("n") else self.log.summary()
        off = "; ".join(one.on_average() for one in self.classes)
        tested = self.recalibration.verdict is not Verdict.UNTESTED
        return " ".join(filter(None, (held, off and f"{off[0].upper()}{off[1:]}.", self._helped() if tested else "")))

    def headline(self) -> dict[str, str]:
        """Give the big figures and what they are."""
        figures = dict(list(self.log.headline().items())[:1])
        for one in self.classes:
            figure, what = next(iter(one.headline().items()))
            # Two factors may round to the same figure.
            figures[figure] = f"{figures[figure]}; {what}" if figure in figures else what
        return figures

    def plot(self, *, ax: Axes | None = None) -> Axes:
        """Draw stated against observed shares by estimator, with intervals."""
        return self.log.plot(ax=ax)

    def __repr__(self) -> str:
        factors = ", ".join(f"{one.quantity} x {one.mean_factor:.2f}" for one in self.classes) or "no factor"
        return f"<ForecastRecord: {repr(self.log)[14:-1]}; {factors}; recalibration {self.recalibration.verdict}>"

    def _helped(self) -> str:
        row = self.recalibration.tests.iloc[0]
        return (f"Moved and widened by what the earlier half shows, ranges of the later half held "
                f"{100 * row['inside_after']:.0f} % of outcomes (as stated: {100 * row['inside_before']:.0f} %): "
                f"recalibration {self.recalibration.verdict}.")


def forecast_record(tables: Mapping[str, pd.DataFrame], *, period: int | str | None = None) -> ForecastRecord:
    """Ask what our own closed forecasts teach.

    Parameters
    ----------
    tables : mapping of table name to frame
        past_forecasts; benefits, projects and workbook where there are such.
    period : int or str, optional
        Last known month, ``YYYY-MM`` or year * 12 + month; by default the workbook's as_of.

    Returns
    -------
    ForecastRecord
        Each part says what it lacks.

    Raises
    ------
    SchemaError, ParameterError
        A row is not usable; the period is no month.

    Examples
    --------
    >>> forecast_record({})
    <ForecastRecord: past_forecasts is missing. Add forecasts of closed projects with what came true.; no factor; \
recalibration too few to test>
    """
    return ForecastRecord(
        log=forecast_log(tables, period=period), recalibration=recalibrate(tables, period=period),
        costs=reference_class(tables, period=period, quantity="cost_k"),
        months=reference_class(tables, period=period, quantity="months"),
        benefits=reference_class(tables, period=period, quantity="benefits"))
