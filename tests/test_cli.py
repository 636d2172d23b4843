from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest

from pmlib import cli
from pmlib.errors import WorkbookError
from pmlib.reporting.publish import hashes, hold, read_manifest


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("PMLIB_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    v4 = nbformat.v4
    cells = [
        v4.new_markdown_cell("# One"),
        v4.new_code_cell("period: str | None = None  # month", metadata={"tags": ["parameters"]}),
        v4.new_code_cell("assert period != '2025-11'\nperiod"),
    ]
    (tmp_path / "notebooks").mkdir()
    nbformat.write(v4.new_notebook(cells=cells), tmp_path / "notebooks" / "10_one.ipynb")
    (tmp_path / "reports").mkdir()
    (tmp_path / "reports" / "monthly.yml").write_text(
        "name: monthly\ntitle: Monthly report\nnotebooks: [10_one]\n", encoding="utf-8"
    )
    return tmp_path


def run(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["pmlib", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    return int(ended.value.code or 0)


def test_a_report_ends_by_saying_where_it_lies(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "report", "monthly", "--period", "2025-12", "--workers", "1") == 0
    folder = root / "reports" / "published" / "monthly" / "2025-12"
    said = capsys.readouterr().out
    assert re.fullmatch(r"monthly 2025-12: ok, 1 of 1 notebooks, 1 run, 0 kept, [\d.]+ s: (.*)\n", said)
    assert said.endswith(f": {folder / 'index.html'}\n")
    assert (folder / "index.html").is_file()
    assert run(monkeypatch, "list") == 0
    assert capsys.readouterr().out == "monthly: Monthly report, 1 notebooks, 2025-12\n"


def test_a_report_that_failed_in_part_says_so_by_its_exit_code(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "report", "monthly", "-p", "period=2025-11") == 1
    assert "monthly 2025-11: 10_one failed - cell [3]: AssertionError" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["report", "montly"], "Did you mean 'monthly'?"),
        (["report", "monthly", "-p", "perod=1"], "Did you mean 'period'?"),
        (["report", "monthly", "--period", "2025-13"], "allowed YYYY-MM"),
        (["report", "monthly", "--workbook", "data"], "'workbook', which no notebook declares"),
        (["report", "monthly", "-p", "period=2025-12", "--period", "2025-12"], "given twice"),
        (["report", "monthly"], "Give --period"),
        (["refresh", "10_on"], "Did you mean '10_one'?"),
        (["student"], "no workshop notebooks there"),
        (["index", "--project", "reports"], "no reports/*.yml there"),
        (["check", "nowhere"], "nowhere"),
        (["check", "x" * 5000], "File name too long"),
        (["check", "~nouser/x"], "no such user's folder"),
        (["report", "monthly", "--project", "x" * 5000], "File name too long"),
        (["report", "monthly", "--period", "0001-01"], "years 1900 to 2199"),
        (["report", "monthly", "--period", "9999-12"], "years 1900 to 2199"),
        (["report", "monthly", "--period="], "got '', allowed str | None"),
        (["sample", "reports"], "reports holds orders.csv and is no sample. Choose an empty folder"),
        (["sample", "reports/monthly.yml", "--scale", "0.01"], "reports/monthly.yml: File exists. Give another place"),
        (["sample", "reports/monthly.yml/x", "--scale", "0.01"], "Not a directory"),
    ],
)
def test_what_cannot_be_meant_ends_with_2_and_one_line(
    root: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    message: str,
) -> None:
    (root / "reports" / "orders.csv").touch()
    assert run(monkeypatch, *words) == 2
    said = capsys.readouterr().err
    assert said.startswith("pmlib: ")
    assert message in said
    assert said.count("\n") == 1


def test_a_published_folder_that_is_a_file_is_named(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (root / "reports" / "published").touch()
    for words in (["report", "monthly", "--period", "2025-12"], ["index"]):
        assert run(monkeypatch, *words) == 2
        said = capsys.readouterr().err
        assert said.startswith(f"pmlib: {root / 'reports' / 'published'}")
        assert said.count("\n") == 1


@pytest.mark.parametrize("options", [["--seed", "-1"], ["--scale", "0"], ["--scale", "nan"], ["--scale", "1e308"]])
def test_a_sample_of_no_size_or_seed_is_refused_before_anything_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, options: list[str]
) -> None:
    assert run(monkeypatch, "sample", str(tmp_path / "new"), *options) == 2
    assert not (tmp_path / "new").exists()


def test_two_runs_of_one_period_at_once_both_end_well_and_leave_it_whole(root: Path) -> None:
    words = [sys.executable, "-m", "pmlib.cli", "report", "monthly", "--period", "2025-12", "--workers", "1"]
    both = [subprocess.Popen(words, cwd=root, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [one.communicate(timeout=120)[1] for one in both]
    assert [one.returncode for one in both] == [0, 0], said
    folder = root / "reports" / "published" / "monthly" / "2025-12"
    found = {name: value for name, value in hashes(folder).items() if name != "manifest.json"}
    assert (read_manifest(folder) or {})["files"] == found
    assert sorted(path.name for path in folder.parent.iterdir()) == ["2025-12", "logs"]
    assert not list((root / "reports" / "published" / ".tmp").iterdir())


def test_outside_a_project_one_learns_how_to_get_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("PMLIB_PROJECT", raising=False)
    monkeypatch.chdir(tmp_path)
    assert run(monkeypatch, "list") == 2
    assert "lies in no project" in (said := capsys.readouterr().err)
    assert "--project" in said


def test_a_locked_report_ends_with_75(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with hold(root / "reports" / "published", "monthly.2025-12"):
        assert run(monkeypatch, "report", "monthly", "--period", "2025-12", "--no-wait") == 75
    assert "held by pid" in capsys.readouterr().err


def test_parameters_are_listed(root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(monkeypatch, "params", "monthly") == 0
    assert capsys.readouterr().out == "period: str | None = None  # month  (10_one)\n"


def test_the_index_is_written_anew(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(monkeypatch, "index") == 0
    assert Path(capsys.readouterr().out.strip()).is_file()


@pytest.mark.parametrize("code", [0, 1, 2])
def test_a_check_ends_with_the_workbooks_verdict(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], code: int
) -> None:
    book = SimpleNamespace(report=lambda rows: f"{rows} rows are set aside.", exit_code=code)
    monkeypatch.setattr("pmlib.workbook.open_workbook", lambda source: book)
    assert run(monkeypatch, "check", "data") == code
    assert capsys.readouterr().out == "3 rows are set aside.\n"


def test_a_workbook_that_cannot_be_opened_ends_with_2(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(source: str) -> None:
        raise WorkbookError("data: no known table here.")

    monkeypatch.setattr("pmlib.workbook.open_workbook", refuse)
    assert run(monkeypatch, "check", "data") == 2


def test_a_template_is_written_once_and_never_over_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    assert run(monkeypatch, "template", str(tmp_path / "my.xlsx")) == 0
    assert run(monkeypatch, "template", str(tmp_path / "my.xlsx")) == 2


def test_the_sample_is_written_with_scale_and_seed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    asked: list[object] = []
    monkeypatch.setattr("pmlib.sample.write_sample", lambda folder, **options: asked.append((folder, options)))
    assert run(monkeypatch, "sample", str(tmp_path), "--scale", "2", "--seed", "5") == 0
    assert run(monkeypatch, "sample", str(tmp_path), "--clean") == 0
    assert asked == [(tmp_path, {"scale": 2.0, "seed": 5, "clean": False}),
                     (tmp_path, {"scale": 1.0, "seed": 20260101, "clean": True})]


def test_the_manifest_of_a_run_from_the_command_line_can_be_read(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, "report", "monthly", "--period", "2025-12", "--project", str(root)) == 0
    content = json.loads((root / "reports/published/monthly/2025-12/manifest.json").read_text(encoding="utf-8"))
    assert content["parameters"] == {"period": "2025-12"}


def test_students_copies_are_written_and_named_and_with_all_of_them_the_handout(
    root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("pmlib.teach.handout.documents_can_be_written", lambda: False)
    cell = nbformat.v4.new_code_cell(
        "### BEGIN SOLUTION\nanswer = 42\n### END SOLUTION", metadata={"tags": ["exercise"]})
    (root / "notebooks" / "workshop").mkdir()
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), root / "notebooks" / "workshop" / "sums.ipynb")
    assert run(monkeypatch, "student", "sums") == 0
    path = root / "notebooks" / "workshop" / "student" / "sums.ipynb"
    assert capsys.readouterr().out == f"{path}\n"
    assert "answer = 42" not in path.read_text(encoding="utf-8")
    assert run(monkeypatch, "student") == 0
    assert capsys.readouterr().out == f"{path}\n{path.with_name('handout.html')}\n"
