from __future__ import annotations

import pytest

from pmlib.errors import ParameterError
from pmlib.glossary import define
from pmlib.teach import agenda
from pmlib.teach.guide import WORKSHOPS, filled
from pmlib.teach.handout import handout, write_handout
from tests.conftest import ROOT

GUIDE = ROOT / "notebooks" / "workshop" / "README.md"


@pytest.mark.parametrize(("workshop", "minutes"), list(zip(WORKSHOPS, (90, 90, 240), strict=True)))
def test_the_minutes_of_a_workshop_add_up(workshop, minutes):
    plan = agenda(workshop)
    assert plan["minutes"].sum() == minutes
    assert plan["from_minute"].iloc[0] == 0
    assert plan["facilitator"].str.len().gt(20).all()


def test_the_guide_holds_the_agendas_of_the_notebooks_and_the_words_of_the_glossary():
    text = GUIDE.read_text(encoding="utf-8")
    assert filled(text, GUIDE.parent) == text
    assert define("cost to go") in text
    assert "## Agenda of half_day: 240 minutes" in text


def test_an_unknown_workshop_is_named():
    with pytest.raises(ParameterError, match="there is no 'halfday'"):
        agenda("halfday")


def test_the_handout_is_one_page_with_every_mistake(tmp_path):
    weasyprint = pytest.importorskip("weasyprint", reason="the extra pdf is not there")
    page, document = write_handout(tmp_path)
    assert page.read_text(encoding="utf-8") == handout()
    assert document.read_bytes().startswith(b"%PDF")
    assert len(weasyprint.HTML(string=handout()).render().pages) == 1
    assert handout().count("<tr>") == (12 + 3) + 4 + 10
