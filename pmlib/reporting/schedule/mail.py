"""Sending a published report: each recipient alone, temporary refusals again, permanent ones told."""

from __future__ import annotations

import contextlib
import math
import smtplib
import ssl
import time
from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from email.message import EmailMessage
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING

from pmlib.errors import PmlibError, ReportError
from pmlib.reporting.definition import Definition, Recipient
from pmlib.reporting.publish import read_manifest
from pmlib.reporting.schedule.mail_server import MailServer, mail_address
from pmlib.reporting.schedule.message import compose

if TYPE_CHECKING:
    import pandas as pd

#: Seconds before each further try after a temporary refusal; as many tries as numbers, after the first.
WAITS_S = (30.0, 120.0, 480.0)
_LONGEST_CAUSE = 200
_TEMPORARY = range(400, 500)


class MailState(StrEnum):
    """What became of the mail to one recipient."""

    SENT = "sent"
    FAILED = "failed"
    LEFT_OUT = "left out"


@dataclass(frozen=True, kw_only=True)
class Mailing:
    """How the mail to one recipient went.

    Attributes
    ----------
    tries : int
        How often it was tried; 0 for one left out.
    cause : str or None
        Why it failed, in one line.
    attached : bool
        Whether the pages went along; False where the server takes no mail of that size.
    """

    address: str
    audience: str | None
    state: MailState
    tries: int = 0
    cause: str | None = None
    attached: bool = False


@dataclass(frozen=True, eq=False, kw_only=True)
class Delivery:
    """Who got a published report by e-mail, and who did not, and why."""

    report: str
    period: str
    unit: str | None
    mailings: tuple[Mailing, ...]

    def sent(self) -> tuple[str, ...]:
        """Addresses that have all their mail, sorted: what ``already`` takes next time."""
        failed = {one.address for one in self.mailings if one.state is MailState.FAILED}
        return tuple(sorted({one.address for one in self.mailings} - failed))

    def to_frame(self) -> pd.DataFrame:
        """One row per recipient: address, audience, state, tries, cause, attached."""
        import pandas as pd

        rows = [{**asdict(one), "state": str(one.state)} for one in self.mailings]
        return pd.DataFrame(rows, columns=list(Mailing.__dataclass_fields__))

    def summary(self) -> str:
        """Say how many got it, and of the others why not."""
        left = self._count(MailState.LEFT_OUT)
        first = f"{self._name()}: sent to {self._count(MailState.SENT)} of {len(self.mailings)} recipients"
        failed = [f"{one.address}: {one.cause} (tries: {one.tries})."
                  for one in self.mailings if one.state is MailState.FAILED]
        return " ".join([first + (f", {left} left out (they have it)." if left else "."), *failed])

    def headline(self) -> dict[str, str]:
        """Count the mails."""
        return {f"{self._count(MailState.SENT)} of {len(self.mailings)}": "e-mails sent",
                str(self._count(MailState.FAILED)): "failed"}

    def _count(self, state: MailState) -> int:
        return sum(one.state is state for one in self.mailings)

    def _name(self) -> str:
        return " ".join(filter(None, (self.report, self.unit, self.period)))

    def __repr__(self) -> str:
        return f"<Delivery: {self.summary()}>"


def send_report(
    definition: Definition,
    folder: Path,
    server: MailServer,
    *,
    already: Collection[str] = (),
    waits_s: Sequence[float] = WAITS_S,
    partial: bool = False,
) -> Delivery:
    """Send a published report to its recipients, each in a mail of their own.

    A reply 4xx, a broken connection or a silent server is tried again after each of the waits, for all recipients
    concerned together; a reply 5xx, an untrusted certificate or a refused login is final. No recipient's failure
    keeps the report from another. A mail whose acceptance got lost on the way is sent again under the same
    Message-ID.

    Parameters
    ----------
    definition : Definition
        Its ``recipients`` get the report; those of another unit do not.
    folder : Path
        The published folder of one period (and unit).
    server : MailServer
    already : collection of str
        Addresses that have this publication, and are left out.
    waits_s : sequence of float
        Seconds before each further try, growing.
    partial : bool
        Whether a report of status ``partial`` is sent too; its subject says "incomplete".

    Returns
    -------
    Delivery

    Raises
    ------
    ReportError
        Nothing is published there, or a partial report that was not asked for.
    """
    manifest = read_manifest(folder) or {}
    if manifest.get("status") != "ok" and not partial:
        raise ReportError(f"{definition.name} {folder.name}: status is {manifest.get('status', 'not published')!r}, "
                          "allowed to send 'ok'. Mend the notebooks that failed, then publish it again.")
    has, unit = {address.casefold() for address in already}, manifest.get("unit")
    recipients = list({(one.address, one.audience): one for one in definition.recipients
                       if one.unit in (None, unit)}.values())
    waiting = [one for one in recipients if one.address.casefold() not in has]
    done = _in_rounds(_Post(definition, folder, server), waiting, waits_s)
    left_out = {one: _mailing(one, MailState.LEFT_OUT) for one in recipients if one not in waiting}
    return Delivery(report=definition.name, period=str(manifest.get("period")), unit=str(unit) if unit else None,
                    mailings=tuple((done | left_out)[one] for one in recipients))


def _mailing(one: Recipient, state: MailState, *, cause: str | None = None, attached: bool = False) -> Mailing:
    return Mailing(address=one.address, audience=one.audience, state=state, cause=cause, attached=attached)


def _in_rounds(post: _Post, waiting: list[Recipient], waits_s: Sequence[float]) -> dict[Recipient, Mailing]:
    done: dict[Recipient, Mailing] = {}
    for tries, wait in enumerate((0, *waits_s), start=1):
        if waiting:
            time.sleep(wait)
        results = post.round(waiting)
        done |= {one: replace(mailing, tries=tries) for one, (mailing, _) in results.items()}
        waiting = [one for one, (_, again) in results.items() if again]
    return done


class _Undelivered(Exception):
    """Why a mail did not go out, whether another try may help, and whether all recipients are concerned."""

    def __init__(self, cause: str, *, again: bool = False, everyone: bool = False) -> None:
        one_line = "".join(sign for sign in " ".join(cause.split()) if sign.isprintable())
        super().__init__(one_line[:_LONGEST_CAUSE])
        self.again, self.everyone = again, everyone


@dataclass(frozen=True)
class _Post:
    """Hands the mails of one report to one server."""

    definition: Definition
    folder: Path
    server: MailServer

    def round(self, waiting: list[Recipient]) -> dict[Recipient, tuple[Mailing, bool]]:
        """Try every recipient once; the second value says whether another try may help."""
        results: dict[Recipient, tuple[Mailing, bool]] = {}
        for place, one in enumerate(waiting):
            try:
                results[one] = _mailing(one, MailState.SENT, attached=self._hand_over(one)), False
            except _Undelivered as error:
                concerned = waiting[place:] if error.everyone else [one]
                results |= {each: (_mailing(each, MailState.FAILED, cause=str(error)), error.again)
                            for each in concerned}
                if error.everyone:
                    break
        return results

    def _hand_over(self, one: Recipient) -> bool:
        """Send one mail; whether its pages went along."""
        message, connection = self._message(one), self._connection()
        try:
            fits = len(message.as_bytes()) <= _largest(connection)
            message = message if fits else self._message(one, attached=False)
            connection.send_message(message, mail_address(self.server.sender, "sender").addr_spec, [one.address])
        except OSError as error:
            raise _undelivered(error) from error
        finally:
            _end(connection)
        return fits

    def _message(self, one: Recipient, *, attached: bool = True) -> EmailMessage:
        try:
            return compose(self.definition, self.folder, one, sender=self.server.sender, attached=attached)
        except (PmlibError, OSError) as error:
            raise _Undelivered(str(error)) from error

    def _connection(self) -> smtplib.SMTP:
        try:
            return self.server.connect()
        except OSError as error:
            # The others would only meet the same, and a login refused often enough locks an account.
            raise _undelivered(error, everyone=True) from error


def _undelivered(error: OSError, *, everyone: bool = False) -> _Undelivered:
    """Read an error of the connection (those of smtplib are OSErrors too): which of them may pass by themselves."""
    said: bytes | str
    if isinstance(error, smtplib.SMTPRecipientsRefused):
        code, said = next(iter(error.recipients.values()))
    elif isinstance(error, smtplib.SMTPResponseException):
        code, said = error.smtp_code, error.smtp_error
    else:
        lasting = isinstance(error, smtplib.SMTPException | ssl.SSLError)
        passing = isinstance(error, smtplib.SMTPServerDisconnected | ssl.SSLEOFError) or not lasting
        return _Undelivered(f"{type(error).__name__}: {error}", again=passing, everyone=everyone)
    words = said.decode(errors="replace") if isinstance(said, bytes) else str(said)
    return _Undelivered(f"{code} {words}", again=code in _TEMPORARY, everyone=everyone)


def _largest(connection: smtplib.SMTP) -> float:
    """Most bytes that the server says it takes; it may not say."""
    said = connection.esmtp_features.get("size", "")
    return int(said) if said.isascii() and said.isdigit() and int(said) else math.inf


def _end(connection: smtplib.SMTP) -> None:
    # Whether the mail was taken is known by now; how the server says goodbye changes nothing.
    with contextlib.suppress(OSError):
        connection.quit()
    connection.close()
