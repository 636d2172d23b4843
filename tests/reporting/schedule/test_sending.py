from __future__ import annotations

import json
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import yaml
from pydantic import ValidationError

from pmlib import cli
from pmlib.errors import ParameterError
from pmlib.reporting.definition import Definition
from pmlib.reporting.history.log import read_history
from pmlib.reporting.schedule import mail
from pmlib.reporting.schedule.sending import newest_good, send_new
from tests.reporting.schedule.test_mail import ANN, BOB, EVE, PostOffice, open_office


@pytest.fixture
def office(monkeypatch: pytest.MonkeyPatch) -> Any:
    """A mail server that the environment names."""
    monkeypatch.setattr(mail.time, "sleep", lambda _: None)
    taking = PostOffice()
    with open_office(taking) as where:
        for key, value in {"HOST": "127.0.0.1", "PORT": str(where["port"]), "SECURITY": "none",
                           "FROM": "reports@example.org"}.items():
            monkeypatch.setenv(f"PMLIB_SMTP_{key}", value)
        yield taking


def to(*addresses: str, **keys: Any) -> dict[str, Any]:
    return {"recipients": [{"address": address, **keys} for address in addresses]}


def taken(office: PostOffice) -> list[str]:
    found = [addresses[0] for addresses, _ in office.taken]
    office.taken.clear()
    return found


def lines(folder: Path) -> list[dict[str, Any]]:
    path = folder / "history.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []


def test_a_publication_is_sent_once_and_who_has_it_is_in_the_history(office, definition, published):
    folder = published(decided="Start 4.")
    shelf = folder.parents[1]
    [delivery] = send_new(definition(**to(ANN, BOB)), shelf, [folder, folder])
    assert delivery.sent() == (ANN, BOB)
    assert taken(office) == [ANN, BOB]
    [line] = lines(shelf)
    assert line.pop("started") > "2026"
    assert line == {
        "report": "monthly", "period": "2025-12", "unit": None, "run_id": "1a2b3c4d", "status": "sent", "seconds": 0.0,
        "notebooks_executed": 0, "notebooks_reused": 0, "decided": "Start 4.", "cause": None,
        "changed": "P14 leads in place of P01.", "folder": "monthly/2025-12", "sent_to": [ANN, BOB],
    }  # fmt: skip
    assert "sent    0 new, 0 kept      0.0  to ann@example.org, bob@example.org" in read_history(shelf).report()
    [again] = send_new(definition(**to(ANN, BOB)), shelf, [folder])
    assert again.summary() == "monthly 2025-12: sent to 0 of 2 recipients, 2 left out (they have it)."
    assert taken(office) == []
    assert len(lines(shelf)) == 1


def test_another_publication_of_the_same_period_is_sent_again(office, definition, published):
    folder = published()
    send_new(definition(), folder.parents[1], [folder])
    published(run_id="99999999")
    send_new(definition(), folder.parents[1], [folder])
    assert taken(office) == [ANN, ANN]


def test_a_failed_address_is_tried_at_the_next_sending_and_nobody_else(office, definition, published):
    office.replies[BOB] = ["550 5.1.1 no such user"]
    folder = published()
    shelf = folder.parents[1]
    send_new(definition(**to(ANN, BOB)), shelf, [folder])
    assert taken(office) == [ANN]
    assert lines(shelf)[-1]["sent_to"] == [ANN]
    send_new(definition(**to(ANN, BOB, EVE)), shelf, [folder])
    assert taken(office) == [BOB, EVE]
    assert lines(shelf)[-1]["sent_to"] == [ANN, BOB, EVE]


def test_two_senders_at_once_send_it_once(office, definition, published):
    folder = published()
    with ThreadPoolExecutor(2) as pool:
        both = [pool.submit(send_new, definition(**to(ANN, BOB)), folder.parents[1], [folder]) for _ in range(2)]
        assert sorted(len(one.result()[0].sent()) for one in both) == [2, 2]
    assert taken(office) == [ANN, BOB]
    assert len(lines(folder.parents[1])) == 1


def test_where_nobody_could_be_reached_the_history_says_nothing(office, definition, published):
    office.replies[ANN] = ["550 5.1.1 no such user"] * 2
    folder = published()
    for _ in range(2):
        [delivery] = send_new(definition(), folder.parents[1], [folder])
        assert "550 5.1.1 no such user" in delivery.summary()
    assert lines(folder.parents[1]) == []


def test_without_recipients_or_reports_no_server_is_needed(definition, published, monkeypatch):
    monkeypatch.delenv("PMLIB_SMTP_HOST", raising=False)
    folder = published()
    assert send_new(definition(recipients=[]), folder.parents[1], [folder]) == []
    assert send_new(definition(), folder.parents[1], []) == []
    with pytest.raises(ParameterError, match="PMLIB_SMTP_HOST is not set"):
        send_new(definition(), folder.parents[1], [folder])


REGIONS = {"matrix": {"parameter": "region", "units": ["north", "south"]}}


def test_a_recipient_of_one_unit_gets_that_report_alone(office, definition, published):
    folder = published(unit="north", unit_name="north")
    keys = {"recipients": [{"address": ANN, "unit": "north"}, {"address": BOB, "unit": "south"}, {"address": EVE},
                           {"address": ANN}], **REGIONS}
    [delivery] = send_new(definition(**keys), folder.parents[1], [folder])
    assert taken(office) == [ANN, EVE]
    assert [one.address for one in delivery.mailings] == [ANN, EVE]
    assert send_new(definition(**to(BOB, unit="south"), **REGIONS), folder.parents[1], [folder]) == []


@pytest.mark.parametrize(("keys", "message"), [
    (to(ANN, unit="nort") | REGIONS, "unit 'nort' is not one of the matrix. Known: north, south. Did you mean 'north'"),
    (to(ANN, unit="north"), "unit 'north', but there is no matrix of units. Leave unit out"),
    (to(ANN, unit="../x") | REGIONS, "should match pattern"),
])  # fmt: skip
def test_a_recipient_of_an_unknown_unit_is_refused(definition, keys, message):
    with pytest.raises(ValidationError, match=message):
        definition(**keys)


def test_units_that_only_the_workbook_knows_may_be_named(definition):
    made: Definition = definition(**to(ANN, unit="P1"), matrix={"parameter": "product_id", "units": "all"})
    assert made.recipients[0].unit == "P1"


def put(shelf: Path, *place: str, status: str = "ok", **over: Any) -> Path:
    folder = shelf.joinpath(*place)
    folder.mkdir(parents=True)
    content = {"status": status, "period": place[1], **over}
    (folder / "manifest.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


def test_the_newest_good_publication_of_each_unit_is_found_what_ifs_aside(tmp_path):
    put(tmp_path, "monthly", "2025-10", "a")
    newest = put(tmp_path, "monthly", "2025-11", "a", asked={})
    put(tmp_path, "monthly", "2025-12", "a", status="partial")
    other = put(tmp_path, "monthly", "2025-09", "b")
    put(tmp_path, "monthly", "2025-12", "b", asked={"budget_k": "900"})
    assert newest_good(tmp_path, "monthly", ["a", "b", "c"]) == [newest, other]
    assert newest_good(tmp_path / "nowhere", "monthly", [None]) == []


def test_due_sends_the_newest_to_whoever_lacks_it(
    office: PostOffice, project: Callable[..., Path], monkeypatch: pytest.MonkeyPatch, kernels: Any
) -> None:
    cells = ["# One", ("parameters", 'period: str = "2025-12"')]
    root = project({"10_one": cells}, **to(ANN))
    monkeypatch.setattr("pmlib.reporting.render._pools", lambda stack, workers: kernels)

    def due() -> int:
        monkeypatch.setattr(sys, "argv", ["pmlib", "due", "monthly", "--send", "--cold", "--project", str(root)])
        with pytest.raises(SystemExit, match=r"\d") as ended:
            cli.main()
        return int(ended.value.code or 0)

    office.replies[ANN] = ["550 5.1.1 no such user"]
    assert (due(), taken(office)) == (1, [])
    assert (due(), taken(office)) == (0, [ANN])
    assert (due(), taken(office)) == (0, [])
    path = root / "reports" / "monthly.yml"
    content = yaml.safe_load(path.read_text(encoding="utf-8")) | to(ANN, BOB)
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert (due(), taken(office)) == (0, [BOB])
    states = [line["status"] for line in lines(root / "reports" / "published")]
    assert states == ["ok", "sent", "sent"]
