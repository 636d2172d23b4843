"""After a run: send what its recipients do not have yet, and note it in the history."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from pmlib.reporting.definition import Definition
from pmlib.reporting.history.log import append_run, read_history
from pmlib.reporting.publish import hold, read_manifest
from pmlib.reporting.schedule.due import published_periods
from pmlib.reporting.schedule.mail import Delivery, MailState, send_report
from pmlib.reporting.schedule.mail_server import MailServer


def newest_good(published: Path, report: str, units: Iterable[str | None]) -> list[Path]:
    """Find the newest publication of each unit that went well.

    Parameters
    ----------
    published : Path
        The folder of published reports.
    report : str
    units : iterable of str or None
        Folder names; None for a report without units.
    """
    newest = {unit: published_periods(published, report, unit)[-1:] for unit in units}
    return [published / report / period / (unit or "") for unit, periods in newest.items() for period in periods]


def send_new(definition: Definition, published: Path, folders: Iterable[Path]) -> list[Delivery]:
    """Send published reports to the recipients who do not have them.

    Parameters
    ----------
    definition : Definition
    published : Path
        The folder of published reports; its history says who has what.
    folders : iterable of Path
        Of reports that went well; each is sent once, the oldest period first.

    Raises
    ------
    ParameterError
        The mail server is not named, or ill, in the environment.
    LockedError
        Another run is sending one of them for minutes.
    """
    chosen = sorted(set(folders))
    if not chosen or not definition.recipients:
        return []
    server = MailServer.from_environment(os.environ)
    sent = [_send(definition, published, folder, server) for folder in chosen]
    return [delivery for delivery in sent if delivery.mailings]


def _send(definition: Definition, published: Path, folder: Path, server: MailServer) -> Delivery:
    place = folder.relative_to(published)
    # Two senders at once would each find that nobody has it.
    with hold(published, ".".join([*place.parts, "mail"])):
        manifest: Mapping[str, Any] = read_manifest(folder) or {}
        delivery = send_report(definition, folder, server, already=_have(published, manifest))
        if any(one.state is MailState.SENT for one in delivery.mailings):
            append_run(published, _entry(manifest, place.as_posix(), delivery))
    return delivery


def _have(published: Path, manifest: Mapping[str, Any]) -> set[str]:
    about = {key: manifest.get(key) for key in ("report", "period", "unit")}
    runs = read_history(published, **about).to_frame()
    return {address for addresses in runs.loc[runs["run_id"] == manifest.get("run_id"), "sent_to"]
            for address in addresses}


def _entry(manifest: Mapping[str, Any], folder: str, delivery: Delivery) -> dict[str, Any]:
    about = {key: manifest.get(key) for key in ("report", "period", "unit", "run_id", "decided")}
    sentences = manifest["changes"]["sentences"]
    return {**about, "status": "sent", "started": dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds"),
            "seconds": 0.0, "notebooks_executed": 0, "notebooks_reused": 0, "changed": next(iter(sentences), ""),
            "cause": None, "folder": folder, "sent_to": list(delivery.sent())}
