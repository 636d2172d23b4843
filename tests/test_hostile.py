"""Whatever somebody brings is refused in words, set aside row by row, or read as it is meant; never anything else."""

from __future__ import annotations

import subprocess
import sys
from collections import defaultdict
from pathlib import Path

import pytest

from tests import hostile

BY_FAMILY: dict[str, list[hostile.Case]] = defaultdict(list)
for each in hostile.corpus():
    BY_FAMILY[each.family].append(each)

#: Runs every command line of a list in one process, as ``pmlib check`` would, and says how each ended.
RUN = """
import sys
from pmlib.cli import main
for source in sys.argv[1:]:
    sys.argv = ["pmlib", "check", source]
    try:
        main()
    except SystemExit as end:
        print("exit", end.code, flush=True)
"""


def test_the_corpus_is_large_and_names_every_case_once():
    names = [(case.family, case.name) for cases in BY_FAMILY.values() for case in cases]
    assert len(names) >= 240
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("family", BY_FAMILY)
def test_a_hostile_workbook_is_refused_set_aside_or_read_as_it_is_meant(family, tmp_path):
    outcomes = [hostile.tried(case, tmp_path / str(at)) for at, case in enumerate(BY_FAMILY[family])]
    assert [f"{one.case.name}: {complaint}" for one in outcomes for complaint in one.complaints] == []


CALLED = ("CSV cut off", "xlsx cut off", "SQLite with flipped bits", "DuckDB by hand", "Parquet by hand",
          "wrong encoding", "weights.weight in disguise", "programmes.name in disguise", "odd files", "odd headers",
          "look-alike ids", "xlsx by hand", "views.sql", "SQLite by hand", "tables that make no sense", "addresses")


def test_the_command_line_says_it_in_words_and_by_its_exit_code(tmp_path):
    cases = [BY_FAMILY[family][at % 3] for at, family in enumerate(CALLED)]
    places = [tmp_path / str(at) for at in range(len(cases))]
    for place in places:
        place.mkdir()
    sources = [str(case.write(place)) for case, place in zip(cases, places, strict=True)]
    sources = [source for source in sources if "\0" not in source]
    ran = subprocess.run([sys.executable, "-c", RUN, *sources], capture_output=True, text=True, encoding="utf-8",
                         errors="replace", cwd=Path(__file__).parents[1], timeout=120, check=False)
    assert "Traceback" not in ran.stdout + ran.stderr
    ends = [line for line in ran.stdout.splitlines() if line.startswith("exit ")]
    assert len(ends) == len(sources)
    assert set(ends) <= {"exit 0", "exit 1", "exit 2"}
    assert len([end for end in ends if end != "exit 0"]) >= 8
    assert [sign for sign in ran.stdout + ran.stderr if sign != "\n" and not sign.isprintable()] == []


def test_one_bad_workbook_ends_the_command_with_two(tmp_path):
    (tmp_path / "views.sql").write_text("ATTACH 'x'", encoding="utf-8")
    ran = subprocess.run([sys.executable, "-m", "pmlib.cli", "check", str(tmp_path)], capture_output=True, text=True,
                         cwd=Path(__file__).parents[1], timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr.startswith("pmlib: views.sql line 1: got")
    assert ran.stderr.count("\n") == 1
