"""The e-mail about one published report: the answers as sentences, what changed, what is missing, the pages."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
import textwrap
from collections.abc import Collection, Iterator, Mapping
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any

from pmlib.errors import ReportError
from pmlib.months import month_name, parse_month
from pmlib.reporting.definition import Audience, Definition, Recipient
from pmlib.reporting.publish import read_manifest
from pmlib.reporting.schedule.mail_server import mail_address

_WIDTH, _LONGEST_LINE = 76, 998
_MOST_CHANGES = 12
_TITLE, _SENTENCE, _SHORT = 80, 120, 25
_TYPES = {
    ".html": ("text", "html"),
    ".pdf": ("application", "pdf"),
    ".xlsx": ("application", "vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
}


def compose(
    definition: Definition, folder: Path, recipient: Recipient, *, sender: str, attached: bool = True
) -> EmailMessage:
    """Write the e-mail that tells one recipient what a published report says.

    An audience that reads some of the notebooks gets their answers and pages, not the whole report's PDF and
    spreadsheet. A partial report says so in its subject. The same publication gives the same bytes.

    Parameters
    ----------
    definition : Definition
    folder : Path
        A published folder: ``reports/published/<report>/<period>/[<unit>/]``.
    recipient : Recipient
    sender : str
        Address of the sender, with or without a name before it.
    attached : bool
        False, for a server that takes no mail of that size: the text then names the folder instead.

    Returns
    -------
    EmailMessage

    Raises
    ------
    ReportError
        The folder has no whole manifest, or a page of this audience is not published.
    ParameterError
        An address is none.
    """
    report = _Published(definition, folder, recipient)
    message = EmailMessage(policy=SMTP)
    origin = mail_address(sender, "sender")
    message["Subject"] = report.subject()
    message["From"] = origin
    message["To"] = mail_address(recipient.address, "recipient")
    message["Date"] = format_datetime(report.finished())
    message["Message-ID"] = f"<{report.mark()}@{origin.domain.encode('idna').decode()}>"
    message["Auto-Submitted"] = "auto-generated"
    files = report.files() if attached else []
    message.set_content(report.text(files), cte="quoted-printable")
    for path in files:
        kind, detail = _TYPES[path.suffix]
        message.add_attachment(path.read_bytes(), maintype=kind, subtype=detail, filename=path.name)
    if files:
        # Neither base64 nor quoted-printable can hold "=_".
        message.set_boundary(f"=_{report.mark()}")
    if all(str(value).isascii() for value in message.values()):
        # Folded, a subject of 70 to 77 characters would begin with an empty line, which some readers show.
        message.policy = SMTP.clone(max_line_length=_LONGEST_LINE)
    return message


class _Published:
    """What one recipient is to learn from one published folder."""

    def __init__(self, definition: Definition, folder: Path, recipient: Recipient) -> None:
        self.definition, self.folder, self.recipient = definition, folder, recipient
        manifest = read_manifest(folder)
        if manifest is None or manifest.get("report") != definition.name:
            raise ReportError(f"{folder.name}: no manifest of report {definition.name!r} there. Publish it first.")
        self.manifest: dict[str, Any] = manifest
        self.audience: Audience | None = definition.audiences[recipient.audience] if recipient.audience else None
        names = self.audience.notebooks if self.audience is not None else None
        self.notebooks = names or definition.notebooks
        self.whole = set(self.notebooks) == set(definition.notebooks)
        self.answers = {name: one for name, one in _answers(folder).items() if name in self.notebooks and one}

    def title(self) -> str:
        unit = self.manifest.get("unit_name") or self.manifest.get("unit")
        title = _cut(_plain(self.definition.title), _TITLE)
        return ", ".join([title, *([_cut(_plain(unit), _TITLE)] if unit else []), self.period()])

    def period(self) -> str:
        return month_name(parse_month(str(self.manifest.get("period"))))

    def subject(self) -> str:
        note = " (incomplete)" if self.manifest.get("status") != "ok" else ""
        return ": ".join([f"{self.title()}{note}", *(_opening(self.answers[name]) for name in self.told()[:1])])

    def told(self) -> list[str]:
        """Notebooks with an answer: the one that decides first, else the last, which has most to say."""
        told = [name for name in self.notebooks if name in self.answers]
        leads = self.definition.decides if self.definition.decides in told else next(reversed(told), None)
        return sorted(told, key=lambda name: name != leads)

    def finished(self) -> dt.datetime:
        try:
            moment = dt.datetime.fromisoformat(str(self.manifest.get("finished")))
        except ValueError as error:
            raise ReportError(f"{self.folder.name}: its manifest has no time 'finished'. Publish it again.") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)

    def mark(self) -> str:
        """Name of this publication to this recipient, so that a mail program shows a repetition only once."""
        keys = [self.manifest.get(key) for key in ("report", "period", "unit", "run_id", "dressing", "status")]
        whole = json.dumps([*keys, self.recipient.address, self.recipient.audience])
        return hashlib.sha256(whole.encode()).hexdigest()[:32]

    def files(self) -> list[Path]:
        """Give what is attached, in order: the audience's page or the index, pages, PDF, spreadsheet."""
        listed = self.manifest.get("files") or {}
        pages = [f"{name}.html" for name in self.notebooks]
        if self.recipient.audience is None:
            names = ["index.html", *pages]
        else:
            front = f"{self.recipient.audience}.html"
            if front not in listed:
                raise ReportError(f"{self.folder.name}: page {front} is not published. Publish the report again.")
            names = [front] if self.audience is not None and self.audience.one_page else [front, *pages]
        names += ["report.pdf", "report.xlsx"] if self.whole else []
        return [self.folder / name for name in names if name in listed]

    def text(self, files: list[Path]) -> str:
        parts = [self.title(), *self._answered(), *self._changed(), *self._missing(), self._enclosed(files)]
        run = _plain(self.manifest.get("run_id"))
        return "\n\n".join([*parts, f"Run {run}, finished {self.finished():%Y-%m-%d %H:%M %Z}."]) + "\n"

    def _answered(self) -> Iterator[str]:
        for name in self.told():
            yield _filled(f"{_spoken(name)}: {self.answers[name]}")

    def _changed(self) -> Iterator[str]:
        changes = self.manifest.get("changes")
        if not isinstance(changes, Mapping) or not changes.get("before"):
            return
        told = changes.get("sentences") if self.whole else _changes_of(self.folder, self.notebooks)
        if told is not None:
            before = month_name(parse_month(str(changes["before"])))
            lines = [_filled(_plain(one), "- ") for one in told or ["Nothing."]]
            yield "\n".join([f"What changed since {before}:", *lines])

    def _missing(self) -> Iterator[str]:
        runs = [run for run in self.manifest.get("notebooks") or [] if run["name"] in self.notebooks]
        missing = [f"{_spoken(run['name'])} {run['status']}: {_plain(run.get('cause') or 'no cause was given')}"
                   for run in runs if run["status"] != "ok"]
        if missing:
            yield "\n".join(["Not in this report:", *(_filled(one, "- ") for one in missing)])

    def _enclosed(self, files: list[Path]) -> str:
        if files:
            together = " Save them in one folder, so that their links work." if len(files) > 1 else ""
            return _filled(f"Attached: {', '.join(path.name for path in files)}.{together}")
        steps = [self.manifest.get(key) for key in ("report", "period", "unit")]
        place = "/".join(_plain(step) for step in steps if step)
        return _filled(f"The pages are not attached; they lie in reports/published/{place}/ of the project.")


def _answers(folder: Path) -> dict[str, str]:
    try:
        content = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ReportError(f"{folder.name}: summary.json cannot be read. Publish the report again.") from error
    return {name: _plain(entry.get("summary", "")) for name, entry in content.items()}


def _changes_of(folder: Path, notebooks: Collection[str]) -> list[str] | None:
    """Say what changed in some notebooks alone; None where that was not kept."""
    path = folder / "changes.parquet"
    if not path.is_file():
        return None
    import pandas as pd

    from pmlib.reporting.history.sentences import sentences

    changes = pd.read_parquet(path)
    return sentences(changes[changes["notebook"].isin(list(notebooks))].reset_index(drop=True))[:_MOST_CHANGES]


def _plain(text: object) -> str:
    """One line without control characters, nor any that turn the direction of writing."""
    return "".join(sign for sign in " ".join(str(text).split()) if sign.isprintable())


def _cut(text: str, most: int) -> str:
    """Shorten at a blank, or inside a word too long for that."""
    if len(text) <= most:
        return text
    kept = text[: most - 1]
    return f"{(kept.rpartition(' ')[0] or kept).rstrip(' ,;:–-')}…"


def _opening(answer: str) -> str:
    """First sentence of an answer, and the next where the first is as short as 'Yes.'."""
    said = ""
    for sentence in re.split(r"(?<=[.!?])\s+(?=[^\sa-z])", answer):
        said = f"{said} {sentence}".strip()
        if len(said) >= _SHORT:
            break
    return _cut(said, _SENTENCE)


def _spoken(notebook: str) -> str:
    """Turn ``20_score_projects`` into words."""
    words = notebook.lstrip("0123456789_-").replace("_", " ") or notebook
    return words[0].upper() + words[1:]


def _filled(text: str, first: str = "") -> str:
    return textwrap.fill(text, _WIDTH, initial_indent=first, subsequent_indent=" " * len(first),
                         break_long_words=False, break_on_hyphens=False)
