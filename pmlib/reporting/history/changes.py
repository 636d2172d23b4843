"""What changed against the last period, number by number."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pmlib.errors import ParameterError, ReportError, did_you_mean
from pmlib.reporting.shown import PREFIX

if TYPE_CHECKING:
    import pandas as pd

_Tables = dict[tuple[str, str], Path]
# What is counted: one of it, and many.
_DECISION, _FIGURE = ("decision", "decisions"), ("leading figure", "leading figures")
_CELL = ("number or word", "numbers and words")
_CAME, _WENT = ("row came", "rows came"), ("row went", "rows went")
_OTHER = ("table, column or notebook came or went", "tables, columns or notebooks came or went")
_PLACE = ["notebook", "table", "column"]
_LISTED = ("subject", "column", "before", "now", "relative")


@dataclass(frozen=True, eq=False, kw_only=True)
class Changes:
    """Every number and word that is not what it was in the period before.

    Attributes
    ----------
    rows : DataFrame
        One row per change: notebook, table ("answer" for the answer's own figures), key (``project_id=P17``),
        subject (``P17 Legacy dashboards``), column, kind, before and now as text, before_value, now_value,
        difference and relative as numbers (NaN for words).
    notebooks : tuple of str
        All notebooks of the two periods.
    before : str
        The period compared with, ``YYYY-MM``; empty where it is not known.
    note : str
        Why nothing was compared; empty where it was.
    """

    rows: pd.DataFrame
    notebooks: tuple[str, ...]
    before: str = ""
    note: str = ""

    def to_frame(self) -> pd.DataFrame:
        """One row per change."""
        return self.rows.copy(deep=False)

    def sentences(self, limit: int | None = 12) -> list[str]:
        """Say what changed, what matters to a board first.

        Parameters
        ----------
        limit : int or None
            At most so many; None for all.
        """
        from pmlib.reporting.history.sentences import sentences

        if self.rows.empty:
            return [self.note or f"Nothing changed {self._against}."]
        said = sentences(self.rows) or [f"{self.summary()} No decision and no leading figure is among them."]
        return said[:limit]

    def by_notebook(self, name: str) -> Changes:
        """Keep what changed in one notebook.

        Raises
        ------
        ParameterError
            Neither period has it.
        """
        if name not in self.notebooks:
            raise ParameterError(f"notebook: got {name!r}. {did_you_mean(name, self.notebooks)}")
        return self.of([name])

    def of(self, names: Collection[str]) -> Changes:
        """Keep what changed in some notebooks; one that neither period has did not change.

        Parameters
        ----------
        names : collection of str
        """
        own = self.rows[self.rows["notebook"].isin(list(names))].reset_index(drop=True)
        kept = tuple(name for name in self.notebooks if name in names)
        return replace(self, rows=own, notebooks=kept)

    def summary(self) -> str:
        """Say how much changed, by what it is."""
        if self.rows.empty:
            return self.note or f"Nothing changed {self._against}."
        counted = self._counted()
        among = [_number(counted[what], *what) for what in (_DECISION, _FIGURE) if counted[what]]
        cells = f"{_number(counted[_CELL], *_CELL)} changed{', among them ' * bool(among)}{' and '.join(among)}"
        moved = [_number(counted[what], *what) for what in (_CAME, _WENT, _OTHER) if counted[what]]
        parts = [*([cells] if counted[_CELL] or among else []), *([", ".join(moved)] if moved else [])]
        return f"{self._against[0].upper()}{self._against[1:]}, {'; '.join(parts)}."

    def headline(self) -> dict[str, str]:
        """Decisions, leading figures, numbers and words, and rows, each with how many changed."""
        counted = self._counted()
        return {
            _number(counted[_DECISION], *_DECISION): f"changed {self._against}",
            _number(counted[_FIGURE], *_FIGURE): "of the answers changed",
            _number(counted[_CELL], *_CELL): "changed in all",
            _number(counted[_CAME], *_CAME): f"and {counted[_WENT]:,} went",
        }

    def __repr__(self) -> str:
        return f"<Changes: {self.summary()}>"

    @property
    def _against(self) -> str:
        from pmlib.months import month_name, parse_month

        return f"against {month_name(parse_month(self.before))}" if self.before else "against the period before"

    def _counted(self) -> dict[tuple[str, str], int]:
        from pmlib.reporting.history.answers import ANSWER
        from pmlib.reporting.history.sentences import SAME, deciding_words, tally
        from pmlib.reporting.history.table_changes import Kind

        answers, same = self.rows["table"] == ANSWER, self.rows["kind"].isin(SAME)
        own, every = tally(self.rows[~answers]).sum(), tally(self.rows).sum()
        came, went = int(own[Kind.ROW_ADDED]), int(own[Kind.ROW_REMOVED])
        return {
            _DECISION: int(deciding_words(self.rows[same & ~answers])["decides"].sum()),
            _FIGURE: int((same & answers & (self.rows["column"] == "headline")).sum()),
            _CELL: int(every[[*SAME, Kind.WHOLE]].sum()),
            _CAME: came,
            _WENT: went,
            _OTHER: int(every[[kind for kind in Kind if kind.startswith(("column", "table", "notebook"))]].sum()),
        }

    def report(self, rows: int = 20) -> str:
        """Lay out what changed for a terminal: the sentences, the tables, the largest movements.

        Parameters
        ----------
        rows : int
            At most so many tables, and so many numbers.
        """
        if self.rows.empty:
            return self.summary()
        said = [self.summary(), *(f"  {sentence}" for sentence in self.sentences(limit=None))]
        return "\n".join([*said, *_tables_text(self.rows, rows), *_moves(self.rows, rows)])

    def write(self, folder: Path) -> None:
        """Write ``changes.parquet``, and ``changes.csv`` that is safe to open in a spreadsheet."""
        from pmlib.reporting.record import write_table

        write_table(self.rows, folder / "changes")


def _number(number: int, one: str, many: str) -> str:
    return f"{number:,} {one if number == 1 else many}"


def _tables_text(rows: pd.DataFrame, most: int) -> list[str]:
    from pmlib.reporting.history.plain_table import plain_table
    from pmlib.reporting.history.sentences import tally

    counted = tally(rows)
    counted = counted.loc[:, counted.sum() > 0]
    order = counted.sum(axis=1).sort_values(ascending=False, kind="stable").index[:most]
    names = [str(name) for name in counted]
    lines = [[*place, *(f"{number:,}" if number else "" for number in counted.loc[place])] for place in order]
    more = [f"{len(counted) - most:,} tables more"] if len(counted) > most else []
    return ["", plain_table(["notebook", "table", *names], lines, right=names), *more]


def _moves(rows: pd.DataFrame, most: int) -> list[str]:
    """List what moved most beside the other numbers of its column; by percent alone, next to nothing would lead."""
    from pmlib.reporting.history.plain_table import plain_table

    moved = rows[rows["difference"].notna() & rows["relative"].notna()]
    largest = moved[["before_value", "now_value"]].abs().max(axis=1)
    size = moved["difference"].abs() / largest.groupby([moved[name] for name in _PLACE]).transform("max")
    top = moved.assign(size=size).sort_values("size", ascending=False, kind="stable").head(most)
    lines = [[row["table"], *(row[name] for name in _LISTED[:-1]), f"{row['relative']:+.1%}"]
             for row in top.to_dict("records")]
    return ["", plain_table(["table", *_LISTED], lines, right=_LISTED[2:])] if lines else []


def compare(before: Path, now: Path, *, rows: int = 10_000) -> Changes:
    """Say what changed from one report folder to another, in the answers and in every table.

    Rows are matched by a key found from the data, so their order does not matter; numbers within 1e-9 of each
    other are the same.

    Parameters
    ----------
    before, now : Path
        Folders with ``summary.json`` and ``tables/<notebook>/<name>.parquet``, published or not yet.
    rows : int
        At most so many changes of one kind are listed by table; the rest is counted.

    Raises
    ------
    ReportError
        A folder has no readable ``summary.json``, a table cannot be read, or what was published is not as it was.
    """
    import pandas as pd

    from pmlib.reporting.history.table_changes import changes_frame

    for folder in (before, now):
        _refuse_damaged(folder)
    answers = _answers(before), _answers(now)
    tables = _tables(before), _tables(now)
    notebooks = [{*answer, *(name for name, _ in table)} for answer, table in zip(answers, tables, strict=True)]
    frames = [changes_frame([])]
    for name in sorted(notebooks[0] | notebooks[1]):
        if name in notebooks[0] and name in notebooks[1]:
            frames += _notebook(name, answers, tables, rows=rows)
        else:
            frames.append(_one_sided("notebook", name in notebooks[1], notebook=name))
    made = pd.concat(frames, ignore_index=True)
    return Changes(rows=made, notebooks=tuple(sorted(notebooks[0] | notebooks[1])), before=_period(before))


def not_compared(before: str) -> Changes:
    """Say that the period before cannot be compared with, because its folder is not as it was published."""
    from pmlib.months import month_name, parse_month
    from pmlib.reporting.history.table_changes import changes_frame

    return Changes(rows=changes_frame([]), notebooks=(), before=before,
                   note=f"Not compared with {month_name(parse_month(before))}: its folder is not as it was published. "
                        "Render that period anew, then this one.")


def _refuse_damaged(folder: Path) -> None:
    from pmlib.reporting.file_hashes import sha256_of
    from pmlib.reporting.publish import read_manifest

    published: Any = (read_manifest(folder) or {}).get("files")
    kept = published if isinstance(published, dict) else {}
    for name, known in kept.items():
        path = folder / name
        read = name == "summary.json" or name.endswith(".parquet")
        if read and (not path.is_file() or sha256_of(path) != known):
            raise ReportError(f"{path}: not as it was published. Render the period anew.")


def _answers(folder: Path) -> dict[str, Mapping[str, Any]]:
    path = folder / "summary.json"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ReportError(f"{path}: there is none, so this is no report's folder. Render the period anew.") from error
    except (OSError, ValueError) as error:
        raise ReportError(f"{path}: cannot be read ({error}). Render the period anew.") from error
    if not isinstance(content, dict) or not all(isinstance(entry, dict) for entry in content.values()):
        raise ReportError(f"{path}: got something other than one entry per notebook. Render the period anew.")
    return content


def _tables(folder: Path) -> _Tables:
    # What only an output shows is worded and cut for it: the same numbers are in the recorded tables.
    return {(path.parent.name, path.stem): path for path in sorted(folder.glob("tables/*/*.parquet"))
            if not path.stem.startswith(PREFIX)}


def _period(folder: Path) -> str:
    from pmlib.months import parse_month
    from pmlib.reporting.publish import read_manifest

    period = str((read_manifest(folder) or {}).get("period"))
    try:
        parse_month(period)
    except ParameterError:
        return ""
    return period


def _one_sided(what: str, came: bool, **columns: str) -> pd.DataFrame:
    from pmlib.reporting.history.table_changes import Kind, change_rows, changes_frame

    return changes_frame([change_rows(Kind(f"{what} {'added' if came else 'removed'}"), **columns)])


def _notebook(name: str, answers: tuple[Mapping[str, Any], ...], tables: tuple[_Tables, ...], *, rows: int,
              ) -> list[pd.DataFrame]:
    from pmlib.reporting.history.answers import ANSWER, answer_changes
    from pmlib.reporting.history.table_changes import changes_frame, table_changes

    said = changes_frame(answer_changes(*(answer.get(name, {}) for answer in answers)))
    frames = [said.assign(notebook=name, table=ANSWER)]
    for place in sorted(key for key in tables[0].keys() | tables[1].keys() if key[0] == name):
        one, other = (table.get(place) for table in tables)
        if one is None or other is None:
            frames.append(_one_sided("table", other is not None, notebook=name, table=place[1]))
        elif one.read_bytes() != other.read_bytes():
            found = table_changes(_read(one), _read(other), rows=rows)
            frames.append(found.assign(notebook=name, table=place[1]))
    return frames


def _read(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_parquet(path)
    except (OSError, ValueError) as error:
        raise ReportError(f"{path}: the table cannot be read ({error}). Render the period anew.") from error
