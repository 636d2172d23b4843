from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from pmlib.errors import ParameterError, ReportError
from pmlib.reporting.history.log import COLUMNS, append_run, read_history


def run(**keys: Any) -> dict[str, Any]:
    return {"started": "2026-01-05T06:00:00Z", "report": "monthly", "period": "2025-12", "unit": None,
            "run_id": "0a1b2c3d", "status": "ok", "notebooks_executed": 4, "notebooks_reused": 2, "seconds": 12.5,
            "decided": "Start 17 projects.", "changed": "P17 Legacy: keep → stop.", "cause": None,
            "folder": "monthly/2025-12", "sent_to": ["a@example.org", "b@example.org"], **keys}


def test_no_history_is_no_run(tmp_path: Path) -> None:
    history = read_history(tmp_path)
    assert history.to_frame().empty
    assert list(history.to_frame().columns) == list(COLUMNS)
    assert history.summary() == history.report() == "No run is on record."


def test_what_is_appended_is_read_back(tmp_path: Path) -> None:
    append_run(tmp_path, run())
    row = read_history(tmp_path).to_frame().iloc[0].to_dict()
    assert row == {**run(), "unit": "", "cause": "", "sent_to": ("a@example.org", "b@example.org")}


def test_a_run_is_one_line_of_json_whatever_its_words(tmp_path: Path) -> None:
    append_run(tmp_path, run(cause="line one\nline two\u2028three"))
    append_run(tmp_path, run())
    lines = (tmp_path / "history.jsonl").read_bytes().splitlines()
    assert [json.loads(line)["cause"] for line in lines] == ["line one\nline two\u2028three", None]
    assert len(read_history(tmp_path).to_frame()) == 2


def test_runs_are_kept_by_report_period_and_unit(tmp_path: Path) -> None:
    for keys in ({}, {"report": "yearly"}, {"period": "2025-11"}, {"unit": "G1"}):
        append_run(tmp_path, run(**keys))
    assert len(read_history(tmp_path, report="monthly").runs) == 3
    assert len(read_history(tmp_path, report="monthly", period="2025-12").runs) == 2
    assert read_history(tmp_path, unit="G1").runs["unit"].tolist() == ["G1"]
    assert read_history(tmp_path, report="weekly").runs.empty


@pytest.mark.parametrize("torn", [b'{"started": "2026-01-0', b"\xff\xfe", b"[1, 2]", b'{"report": "monthly"}'])
def test_a_torn_last_line_is_healed_by_the_next_and_named(tmp_path: Path, torn: bytes) -> None:
    append_run(tmp_path, run(period="2025-10"))
    with (tmp_path / "history.jsonl").open("ab") as file:
        file.write(torn)
    append_run(tmp_path, run(period="2025-12"))
    history = read_history(tmp_path)
    assert history.runs["period"].tolist() == ["2025-10", "2025-12"]
    assert history.unreadable == (2,)
    assert history.summary().endswith("history.jsonl, line 2: cannot be read and left out.")


def test_a_line_whose_end_alone_is_missing_is_not_lost(tmp_path: Path) -> None:
    append_run(tmp_path, run(period="2025-10"))
    path = tmp_path / "history.jsonl"
    path.write_bytes(path.read_bytes().rstrip(b"\n"))
    append_run(tmp_path, run(period="2025-12"))
    history = read_history(tmp_path)
    assert (history.runs["period"].tolist(), history.unreadable) == (["2025-10", "2025-12"], ())


def test_runs_that_end_at_the_same_moment_all_get_their_line(tmp_path: Path) -> None:
    writers = [threading.Thread(target=append_run, args=(tmp_path, run(run_id=f"{number:08x}"))) for number in range(8)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    history = read_history(tmp_path)
    assert sorted(history.runs["run_id"]) == [f"{number:08x}" for number in range(8)]
    assert history.unreadable == ()


def test_an_entry_that_lacks_what_names_a_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParameterError, match=r"the entry lacks report, status\. Give it started, report, status"):
        append_run(tmp_path, {"started": "2026-01-05T06:00:00Z"})
    assert not (tmp_path / "history.jsonl").exists()


def test_a_history_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "history.jsonl").mkdir()
    with pytest.raises(ReportError, match=r"history\.jsonl: cannot be written .* Make room"):
        append_run(tmp_path, run())
    with pytest.raises(ReportError, match=r"history\.jsonl: cannot be read .* Give the right"):
        read_history(tmp_path)


def test_ill_typed_numbers_are_missing_and_the_rest_stays(tmp_path: Path) -> None:
    append_run(tmp_path, run(seconds="soon", notebooks_executed=None, started="2026"))
    row = read_history(tmp_path).runs.iloc[0]
    assert pd.isna(row["seconds"]) and pd.isna(row["notebooks_executed"])
    assert row["report"] == "monthly"


def test_numbers_that_are_not_finite_are_written_as_null(tmp_path: Path) -> None:
    append_run(tmp_path, run(seconds=float("nan")))
    assert json.loads((tmp_path / "history.jsonl").read_text(encoding="utf-8"))["seconds"] is None


def test_the_summary_counts_runs_and_names_the_last(tmp_path: Path) -> None:
    append_run(tmp_path, run())
    append_run(tmp_path, run(status="failed", unit="G1", period="2026-01", cause="30_plan, cell 4: KeyError"))
    history = read_history(tmp_path)
    assert history.summary() == "2 runs: 1 failed, 1 ok. The last, monthly 2026-01 G1 at 2026-01-05T06:00:00Z: failed."
    assert history.headline() == {
        "2 runs": "on record", "1 well": "rendered, or nothing to do", "8 notebooks": "executed, 4 reused"}


def test_a_sending_is_on_record_and_no_run_of_its_own(tmp_path: Path) -> None:
    append_run(tmp_path, run(sent_to=[]))
    append_run(tmp_path, run(status="sent"))
    history = read_history(tmp_path)
    assert history.runs["sent_to"].tolist() == [(), ("a@example.org", "b@example.org")]
    assert list(history.headline()) == ["1 run", "1 well", "4 notebooks"]
    assert history.report().splitlines()[1].endswith("to a@example.org, b@example.org")


def test_the_report_shows_the_newest_first_with_what_it_said(tmp_path: Path) -> None:
    for number in range(3):
        append_run(tmp_path, run(period=f"2025-1{number}", sent_to=None))
    append_run(tmp_path, run(status="failed", cause="30_plan, cell 4: KeyError", notebooks_executed=None))
    lines = read_history(tmp_path).report(rows=2).splitlines()
    assert lines[0].split() == ["started", "report", "period", "unit", "status", "run", "seconds", "said"]
    assert lines[1].endswith("? new, 2 kept     12.5  30_plan, cell 4: KeyError")
    assert lines[2].endswith("4 new, 2 kept     12.5  P17 Legacy: keep → stop.")
    assert lines[3:] == ["2 older runs not shown.", read_history(tmp_path).summary()]
