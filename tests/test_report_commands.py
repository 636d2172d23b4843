"""Every verb around reports, as its user meets it: what it says where, and how it ends."""

from __future__ import annotations

import contextlib
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from pmlib import cli
from pmlib.report_commands import COMMANDS
from pmlib.reporting.publish import hold

PARAMETERS = 'period: str | None = None  # month\nregion: str | None = None\nfactor: int = 2  # how much'
HEAVY = ("duckdb", "ibis", "jinja2", "matplotlib", "nbconvert", "nbformat", "numpy", "pandas", "papermill", "pydantic",
         "yaml", "zmq")


def run_copied(job: dict[str, Any]) -> dict[str, Any]:
    """Run no kernel: record a number that is the month times the factor; fail where the factor is 0."""
    import pandas as pd

    from pmlib.reporting.record import write_json, write_table

    given, folder = job["parameters"], Path(job["folder"])
    nbformat.write(nbformat.read(job["notebook"], as_version=4), job["output"])
    number = int(given["period"][-2:]) * given.get("factor", 2)
    write_table(pd.DataFrame({"name": ["a", "b"], "value": [number, 1]}), folder / "tables" / job["name"] / "numbers")
    write_json(folder / "summary.json", {job["name"]: {"summary": f"It is {number}.", "headline": {str(number): "k"},
                                                       "figures": {}}})
    cause = None if number else "cell [2]: ValueError: no\x1b[2J"
    return {"name": job["name"], "status": "ok" if number else "failed", "seconds": 0.1, "cause": cause,
            "detail": "", "tries": 1, "cell_seconds": [0.1]}


def define(root: Path, name: str, **keys: Any) -> None:
    content = {"name": name, "title": f"{name.title()} report", "notebooks": ["10_one"], **keys}
    (root / "reports" / f"{name}.yml").write_text(yaml.safe_dump(content), encoding="utf-8")


def write_notebook(root: Path, name: str, *code: str) -> None:
    v4 = nbformat.v4
    cells = [v4.new_markdown_cell("# One", id="a"),
             v4.new_code_cell(PARAMETERS.replace("None  #", '"2025-12"  #'), metadata={"tags": ["parameters"]}, id="b"),
             *(v4.new_code_cell(one, id=f"c{number}") for number, one in enumerate(code))]
    nbformat.write(v4.new_notebook(cells=cells), root / "notebooks" / f"{name}.ipynb")


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with two reports, one of them for two regions; the working directory, without kernels."""
    monkeypatch.delenv("PMLIB_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    for folder in ("notebooks", "reports"):
        (tmp_path / folder).mkdir()
    write_notebook(tmp_path, "10_one")
    define(tmp_path, "monthly")
    define(tmp_path, "regions", matrix={"parameter": "region", "units": ["north", "south"]})
    return tmp_path


@pytest.fixture
def run(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Any]:
    """Run a command without kernels: exit code, lines on stdout, lines on stderr."""
    from pmlib.reporting.execute import Inline

    monkeypatch.setattr("pmlib.reporting.executed.run_notebook", run_copied)
    monkeypatch.setattr("pmlib.reporting.render._pools", lambda stack, workers: Inline)
    monkeypatch.setattr("pmlib.reporting.render._warm", lambda cold: contextlib.nullcontext())

    def go(*words: str) -> tuple[int, list[str], list[str]]:
        monkeypatch.setattr(sys, "argv", ["pmlib", *words])
        with pytest.raises(SystemExit, match=r"^\d*$") as ended:
            cli.main()
        said = capsys.readouterr()
        return int(ended.value.code or 0), said.out.splitlines(), said.err.splitlines()

    return go


def done(period: str, unit: str = "", report: str = "monthly", work: str = r"1 run, 0 kept, [\d.]+ s") -> str:
    name = " ".join(filter(None, (report, period, unit)))
    place = "/".join(filter(None, (report, period, unit)))
    return rf"{name}: ok, 1 of 1 notebooks, {work}: /.*/reports/published/{place}/index\.html"


def matches(lines: list[str], *patterns: str) -> bool:
    return len(lines) == len(patterns) and all(map(re.fullmatch, patterns, lines))


def test_a_report_says_one_line_for_each_unit_on_stdout_and_nothing_else(run: Callable[..., Any]) -> None:
    code, out, err = run("report", "regions")
    assert (code, err) == (0, [])
    assert matches(sorted(out), done("2025-12", "north", "regions"), done("2025-12", "south", "regions"))
    code, out, err = run("report", "regions", "--unit", "north")
    assert (code, err) == (0, [])
    assert matches(out, done("2025-12", "north", "regions", "unchanged"))


def test_causes_go_to_stderr_without_what_moves_a_terminal(run: Callable[..., Any], root: Path) -> None:
    code, out, err = run("report", "monthly", "-p", "factor=0")
    assert code == 1
    assert matches(out, r"monthly 2025-12: partial, 0 of 1 notebooks, 1 run, 0 kept, [\d.]+ s: .*/index\.html")
    assert err == [r"monthly 2025-12: 10_one failed - cell [2]: ValueError: no\x1b[2J"]


def test_what_another_run_holds_ends_with_75_and_a_failure_weighs_more(run: Callable[..., Any], root: Path) -> None:
    with hold(root / "reports/published", "regions.2025-12.north"):
        code, out, err = run("report", "regions", "--no-wait")
        assert code == 75
        assert matches(out, done("2025-12", "south", "regions"))
        assert matches(err, r"regions 2025-12 north: locked - held by pid \d+ on \S+\. Wait for it to end, or end it\.")
        assert run("report", "regions", "--no-wait", "-p", "factor=0")[0] == 1


def test_a_plan_says_why_and_touches_nothing(run: Callable[..., Any], root: Path) -> None:
    assert run("plan", "monthly") == (0, ["monthly 2025-12: not published yet"], [])
    assert not (root / "reports/published").exists()
    run("report", "monthly")
    assert run("plan", "monthly") == (0, ["monthly 2025-12: unchanged, nothing to do"], [])
    assert run("plan", "monthly", "-p", "factor=3") == (0, ["monthly 2025-12: changed: parameter factor"], [])
    assert run("plan", "regions", "--unit", "south", "--period", "2025-11")[1] == [
        "regions 2025-11 south: not published yet"]


def test_a_backfill_renders_every_month_oldest_first(run: Callable[..., Any]) -> None:
    code, out, err = run("backfill", "monthly", "--from", "2025-10", "--to", "2025-12", "--workers", "2")
    assert (code, err) == (0, [])
    assert matches(out, *(done(period) for period in ("2025-10", "2025-11", "2025-12")))
    assert run("backfill", "monthly", "--from", "2025-12", "--to", "2025-12")[1][0].count("unchanged") == 1


def test_due_renders_what_was_missed_and_then_nothing(run: Callable[..., Any]) -> None:
    run("report", "monthly", "--period", "2025-10")
    code, out, _ = run("due", "monthly")
    assert code == 0
    assert matches(out, done("2025-11"), done("2025-12"))
    assert run("due", "monthly") == (0, ["monthly: nothing is due, 2025-12 is published"], [])
    assert run("due", "monthly", "--send") == (0, ["monthly: nothing is due, 2025-12 is published"], [])


def test_a_what_if_does_not_stand_for_what_is_due(run: Callable[..., Any]) -> None:
    run("report", "monthly", "-p", "factor=5")
    assert matches(run("due", "monthly")[1], done("2025-12"))


def test_due_renders_the_units_that_miss_it_alone(run: Callable[..., Any]) -> None:
    run("report", "regions", "--unit", "north")
    assert matches(run("due", "regions")[1], done("2025-12", "south", "regions"))


def test_a_diff_says_what_changed(run: Callable[..., Any]) -> None:
    run("backfill", "monthly", "--from", "2025-11", "--to", "2025-12")
    code, out, err = run("diff", "monthly", "2025-11", "2025-12")
    assert (code, err) == (0, [])
    assert out[0].startswith("Against November 2025, ")
    assert any(re.search(r"numbers +a +value +22 +24 +\+9\.1%", line) for line in out), out
    assert run("diff", "monthly", "2025-12", "2025-12") == (0, ["Nothing changed against December 2025."], [])


def test_the_history_lists_the_newest_run_first(run: Callable[..., Any]) -> None:
    assert run("history") == (0, ["No run is on record."], [])
    run("backfill", "monthly", "--from", "2025-11", "--to", "2025-12")
    run("report", "regions", "--unit", "north")
    code, out, _ = run("history", "--rows", "2")
    assert code == 0
    assert [line.split()[1] for line in out[1:-2] if line[:2] == "20"] == ["regions", "monthly"]
    assert out[-2] == "1 older run not shown."
    assert run("history", "monthly", "--period", "2025-11")[1][-1].startswith("1 run: 1 ok. The last, monthly 2025-11")
    assert run("history", "regions", "--unit", "south")[1] == ["No run is on record."]


def test_verify_compares_and_ends_with_1_where_something_was_altered(run: Callable[..., Any], root: Path) -> None:
    run("report", "monthly")
    assert run("verify", "monthly") == (
        0, ["monthly 2025-12: 5 files come out the same, byte for byte"], [])
    (root / "reports/published/monthly/2025-12/summary.json").write_text("{}", encoding="utf-8")
    assert run("verify", "monthly", "--period", "2025-12")[:2] == (
        1, ["monthly 2025-12: damaged: summary.json; 5 files come out the same, byte for byte"])


def test_verify_makes_the_plan_of_a_decision_record_again_and_shows_what_was_altered(
    run: Callable[..., Any], root: Path
) -> None:
    from pmlib.portfolio import decision_record, learned, rebalance
    from pmlib.workbook import open_workbook

    tables = {
        "projects": "project_id,name,state,bac_k\nP1,One,running,500\nP2,Two,proposed,400\n",
        "cash_flows": "project_id,year,cost_k,benefit_k\nP1,2026,100,300\nP2,2026,400,600\n",
        "workbook": "name,as_of\nAcme,2025-12-31\n",
    }
    (root / "tables").mkdir()
    for name, text in tables.items():
        (root / "tables" / f"{name}.csv").write_text(text, encoding="utf-8")
    book = open_workbook(root / "tables")
    known = learned(book)
    path = decision_record(rebalance(known.tables), book, corrected=known).write(
        root / "reports" / "published" / "monthly" / "2025-12" / "tables" / "50_period_review")
    code, out, err = run("verify", str(path))
    assert (code, out) == (2, [])
    assert err[-1].endswith("lies in no published report, so its workbook is not known. Name it: --workbook.")
    manifest = path.parents[2] / "manifest.json"
    manifest.write_text('{"workbook": "tables"}', encoding="utf-8")
    said = "The record of 2025-12 holds: the same tables and parameters give the same decisions."
    assert run("verify", str(path)) == run("verify", str(path), "--workbook", "tables") == (0, [said], [])
    path.write_text(path.read_text(encoding="utf-8").replace('"start"', '"decline"'), encoding="utf-8")
    code, [line], _ = run("verify", str(path))
    assert code == 1
    assert line.startswith("The record of 2025-12 does not hold")
    assert "P2" in line


def test_gc_says_what_would_go_and_then_removes_it(run: Callable[..., Any], root: Path) -> None:
    run("backfill", "monthly", "--from", "2025-11", "--to", "2025-12")
    said = "1 cache, 0 failed runs, 1 period: 0.0 MB."
    assert run("gc", "--keep", "1", "--dry-run") == (0, [f"Would remove {said}"], [])
    assert (root / "reports/published/monthly/2025-11").exists()
    assert run("gc", "--keep", "1") == (0, [f"Removed {said}"], [])
    assert not (root / "reports/published/monthly/2025-11").exists()
    assert run("gc", "--keep", "0")[0] == 2


def test_reports_parameters_and_the_index_are_listed(run: Callable[..., Any], root: Path) -> None:
    run("report", "monthly")
    assert run("list") == (0, ["monthly: Monthly report, 1 notebooks, 2025-12",
                               "regions: Regions report, 1 notebooks, not published yet"], [])
    assert run("params", "monthly")[1] == [
        "factor: int = 2  # how much  (10_one)", "period: str | None = '2025-12'  # month  (10_one)",
        "region: str | None = None  (10_one)"]
    assert run("index") == (0, [str(root / "reports/published/index.html")], [])


@pytest.mark.parametrize(("kind", "words"), [
    ("cron", "0 6 1 * * umask 077 && cd "), ("systemd", "OnCalendar=*-*-01 06:00:00"),
    ("github", '- cron: "0 6 1 * *"'),
])  # fmt: skip
def test_a_schedule_is_printed_ready_to_use(run: Callable[..., Any], kind: str, words: str) -> None:
    code, out, err = run("schedule", kind, "monthly", "--send")
    assert (code, err) == (0, [])
    assert any(words in line for line in out)
    assert any("due monthly --send" in line.replace('"', "") for line in out)


def test_new_says_where_the_project_lies(run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, root: Path) -> None:
    monkeypatch.setattr("pmlib.new_project.new_project", lambda folder: folder)
    assert run("new", "mine") == (0, ["mine"], [])


RANGE = ["--from", "2025-11", "--to", "2025-12"]


@pytest.mark.parametrize("words", [
    ["report", "montly"], ["params", "montly"], ["plan", "montly"], ["backfill", "montly", *RANGE], ["due", "montly"],
    ["diff", "montly", "2025-11", "2025-12"], ["history", "montly"], ["verify", "montly"],
    ["schedule", "cron", "montly"]], ids=lambda words: words[0])  # fmt: skip
def test_every_verb_knows_the_near_name_of_a_report(run: Callable[..., Any], words: list[str]) -> None:
    assert run(*words) == (
        2, [], ["pmlib: report: got 'montly'. Known: monthly, regions. Did you mean 'monthly'?"])


@pytest.mark.parametrize(("words", "message"), [
    (["report", "monthly", "--period", "2025-13"], "allowed YYYY-MM"),
    (["plan", "monthly", "--period", "December"], "allowed YYYY-MM"),
    (["history", "--period", "2025-1"], "allowed YYYY-MM"),
    (["backfill", "monthly", "--from", "2025-1", "--to", "2025-12"], "allowed YYYY-MM"),
    (["backfill", "monthly", "--from", "2025-12", "--to", "2025-10"], "the last month is before the first. Turn them"),
    (["backfill", "monthly", *RANGE, "-p", "period=2025-10"], "period"),
    (["diff", "monthly", "2025-11", "2025-12"], "monthly 2025-11 is not published"),
    (["verify", "monthly"], "nothing is published. Render it first: pmlib report monthly."),
    (["report", "regions", "--unit", "nort"], "unit: got 'nort'. Known: all, north, south. Did you mean 'north'?"),
    (["plan", "regions", "--unit", "nort"], "Did you mean 'north'?"),
    (["backfill", "regions", *RANGE, "--unit", "nort"], "Did you mean 'north'?"),
    (["report", "monthly", "--unit", "north"], "monthly.yml has no matrix of units"),
    (["report", "regions", "-p", "region=north"], "Name the unit: --unit."),
    (["schedule", "crontab", "monthly"], "schedule: got 'crontab'. Known: cron, systemd, github. Did you mean 'cron'?"),
    (["plan", "monthly", "-p", "factr=3"], "Did you mean 'factor'?"),
])  # fmt: skip
def test_what_cannot_be_meant_ends_with_2_and_one_line(
    run: Callable[..., Any], words: list[str], message: str, root: Path
) -> None:
    code, out, err = run(*words)
    assert (code, out, len(err)) == (2, [], 1)
    assert err[0].startswith("pmlib: ")
    assert message in err[0]
    assert not list(root.glob("reports/published/*/*/manifest.json"))


@pytest.mark.parametrize("words", [["backfill", "monthly", "--from", "2025-11"], ["diff", "monthly", "2025-11"],
                                   ["report"], ["report", "monthly", "--workers", "0"], ["gc", "--keep", "x"]])
def test_a_missing_or_wrong_option_ends_with_2_and_the_usage(run: Callable[..., Any], words: list[str]) -> None:
    code, out, err = run(*words)
    assert (code, out) == (2, [])
    assert re.match(rf"Usage: .* {words[0]} ", err[0])


@pytest.mark.parametrize("verb", [*COMMANDS, "check", "sample", "template", "new", "refresh"])
def test_every_verb_has_help_and_says_what_each_option_is(run: Callable[..., Any], verb: str) -> None:
    code, out, err = run(verb, "--help")
    assert (code, err) == (0, [])
    assert re.match(rf"Usage: .* {verb} ", out[0])
    assert "." in " ".join(out[2:5])
    options = [line for line in out if re.match(r"  -", line)]
    assert options and not [line for line in options if re.fullmatch(r"  -\S+( [A-Z]+)? *", line)]


def test_help_loads_nothing_heavy() -> None:
    code = ("import sys\nfrom pmlib import cli\ntry:\n    cli.app(['--help'])\nexcept SystemExit:\n    pass\n"
            f"print(sorted(set({HEAVY}) & set(sys.modules)))")
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert said.splitlines()[-1] == "[]"
    assert all(f"  {verb} " in said for verb in COMMANDS)


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_on_a_terminal_a_bar_names_the_notebook_that_runs(root: Path) -> None:
    import pty
    import termios

    write_notebook(root, "10_one", "import time; time.sleep(0.5)")
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 100))
    words = [sys.executable, "-m", "pmlib.cli", "report", "monthly", "--workers", "2"]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=theirs, text=True) as process:
        os.close(theirs)
        seen = b""
        with contextlib.suppress(OSError):
            while more := os.read(ours, 4096):
                seen += more
        os.close(ours)
        assert process.stdout is not None
        out = process.stdout.read().splitlines()
    assert (process.returncode, matches(out, done("2025-12"))) == (0, True)
    assert re.search(r"0%\|.*\| 0/1 \[.*10_one\]", seen.decode())
    assert "ok, 1 of 1" not in seen.decode()
