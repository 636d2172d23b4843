"""Whatever somebody brings is refused in words, set aside row by row, or read as it is meant; never anything else."""

from __future__ import annotations

from collections import defaultdict

import pytest

from pmlib.cli import main
from tests import hostile

BY_FAMILY: dict[str, list[hostile.Case]] = defaultdict(list)
for each in hostile.corpus():
    BY_FAMILY[each.family].append(each)


def test_the_corpus_is_large_and_names_every_case_once():
    names = [(case.family, case.name) for cases in BY_FAMILY.values() for case in cases]
    assert len(names) >= 413
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("family", BY_FAMILY)
def test_a_hostile_workbook_is_refused_set_aside_or_read_as_it_is_meant(family, tmp_path):
    outcomes = [hostile.tried(case, tmp_path / str(at)) for at, case in enumerate(BY_FAMILY[family])]
    assert [f"{one.case.name}: {complaint}" for one in outcomes for complaint in one.complaints] == []


CALLED = ("CSV cut off", "xlsx cut off", "SQLite with flipped bits", "DuckDB by hand", "Parquet by hand",
          "wrong encoding", "weights.weight in disguise", "programmes.name in disguise", "odd files", "odd headers",
          "look-alike ids", "xlsx by hand", "views.sql", "SQLite by hand", "tables that make no sense", "addresses")


def ended(source: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr("sys.argv", ["pmlib", "check", source])
    with pytest.raises(SystemExit) as end:
        main()
    return end.value.code or 0


def test_the_command_line_says_it_in_words_and_by_its_exit_code(tmp_path, monkeypatch, capfd):
    codes = []
    for at, family in enumerate(CALLED):
        place = tmp_path / str(at)
        place.mkdir()
        codes.append(ended(str(BY_FAMILY[family][at % 3].write(place)), monkeypatch))
    said = "".join(capfd.readouterr())
    assert "Traceback" not in said
    assert set(codes) <= {0, 1, 2}
    assert len([code for code in codes if code]) >= 8
    assert [sign for sign in said if sign != "\n" and not sign.isprintable()] == []


def test_one_bad_workbook_ends_the_command_with_two(tmp_path, monkeypatch, capfd):
    (tmp_path / "views.sql").write_text("ATTACH 'x'", encoding="utf-8")
    assert ended(str(tmp_path), monkeypatch) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("pmlib: views.sql line 1: got")
    assert err.count("\n") == 1
