"""The studies that may be made before deciding: what each costs, and how far it is off."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from pmlib.errors import ParameterError, did_you_mean
from pmlib.portfolio.arguments import number, whole

_COLUMNS = ("project_id", "study_cost_k", "standard_error_k")


@dataclass(frozen=True, eq=False, kw_only=True)
class StudyPolicy:
    """What may be studied before deciding, and how many draws tell what it is worth to know everything.

    Attributes
    ----------
    studies : DataFrame, optional
        One row per study offered, several by project where there are several: project_id, study_cost_k,
        standard_error_k (of its estimate of the project's value; both in thousands), and study (its name) if it has
        one. Where left out, each project has the usual one:
    sd_left : float
        Share of the standard deviation that the usual study leaves, above 0 and below 1.
    cost_share : float
        What the usual study costs, as a share of what the project still costs; 0 or more, an assumption.
    draws : int
        Plans made anew for the value of knowing everything, 4 or more.
    seed : int

    Raises
    ------
    ParameterError
        An option is out of its range, or the frame lacks a column.

    Examples
    --------
    >>> StudyPolicy(cost_share=0.05).draws
    100
    """

    studies: pd.DataFrame | None = None
    sd_left: float = 0.5
    cost_share: float = 0.02
    draws: int = 100
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0.0 < number(self.sd_left, "sd_left") < 1.0:
            raise ParameterError(f"sd_left: got {self.sd_left:g}, allowed above 0 and below 1. A study that leaves "
                                 "half of the standard deviation has 0.5.")
        if number(self.cost_share, "cost_share") < 0.0:
            raise ParameterError(f"cost_share: got {self.cost_share:g}, allowed 0 or more. Set 0.02 for 2 %.")
        whole(self.draws, "draws", least=4)
        whole(self.seed, "seed", least=0)
        if self.studies is not None:
            _refuse_frame(self.studies)

    @property
    def words(self) -> str:
        """What the usual study does, for a sentence."""
        return "halves its uncertainty" if self.sd_left == 0.5 else \
            f"leaves {100 * self.sd_left:.0f} % of its uncertainty"  # noqa: PLR2004

    def offers(self, projects: pd.DataFrame) -> pd.DataFrame:
        """List the studies of these projects.

        Parameters
        ----------
        projects : DataFrame of shape (n_projects, ...)
            project_id, sd_k and cost_k (still to spend).

        Returns
        -------
        DataFrame
            project_id, study, study_cost_k, standard_error_k; of projects whose value is sure there is none to make.

        Raises
        ------
        ParameterError
            A study is of an unknown project, has an error of 0 or less, a negative cost, or a number is missing.
        """
        if self.studies is not None:
            return _checked(self.studies, projects["project_id"].tolist())
        # The share left is that of the posterior of a normal: 1 / (r tau)^2 = 1 / tau^2 + 1 / error^2.
        left = self.sd_left / math.sqrt(1.0 - self.sd_left**2)
        unsure = projects[projects["sd_k"] > 0]
        return pd.DataFrame({
            "project_id": unsure["project_id"].to_numpy(), "study": "usual",
            "study_cost_k": self.cost_share * unsure["cost_k"].to_numpy(dtype=float),
            "standard_error_k": left * unsure["sd_k"].to_numpy(dtype=float)})


def _refuse_frame(studies: object) -> None:
    if not isinstance(studies, pd.DataFrame):
        raise ParameterError(f"studies: got {type(studies).__name__}, allowed a DataFrame. "
                             f"Pass one with {', '.join(_COLUMNS)}.")
    absent = [name for name in _COLUMNS if name not in studies]
    if absent:
        raise ParameterError(f"studies: column '{absent[0]}' is missing. Add it; a study needs {', '.join(_COLUMNS)}.")


def _checked(studies: pd.DataFrame, known: Sequence[str]) -> pd.DataFrame:
    ids = studies["project_id"].astype(str)
    for name in ids[~ids.isin(known)]:
        raise ParameterError(f"studies: project_id '{name}' is not to be decided. {did_you_mean(name, known)}")
    frame = pd.DataFrame({"project_id": ids.to_numpy(), "study": "study"})
    if "study" in studies:
        frame["study"] = studies["study"].astype(str).to_numpy()
    for column in _COLUMNS[1:]:
        amounts = pd.to_numeric(studies[column], errors="coerce").to_numpy(dtype=float)
        least = column == "standard_error_k"
        wrong = ~np.isfinite(amounts) | (amounts <= 0.0 if least else amounts < 0.0)
        if wrong.any():
            at = int(wrong.argmax())
            allowed = "a number above 0: no study is free of error; knowing for sure is the column evppi_k" if least \
                else "0 or more"
            raise ParameterError(f"studies row {studies.index[at]} ({ids.iloc[at]}) column '{column}': got "
                                 f"{studies[column].iloc[at]}, allowed {allowed}. Correct it or leave the study out.")
        frame[column] = amounts
    twice = frame.duplicated(["project_id", "study"])
    if twice.any():
        row = frame[twice].iloc[0]
        raise ParameterError(f"studies: '{row['study']}' of {row['project_id']} stands twice, allowed once. Give each "
                             "study of a project its name in the column 'study'.")
    return frame
