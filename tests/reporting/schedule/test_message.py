from __future__ import annotations

import email
import email.policy
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError, ReportError
from pmlib.reporting.definition import Recipient
from pmlib.reporting.history.changes import compare
from pmlib.reporting.schedule.message import compose

SENDER = "Reports <reports@example.org>"
ANN = Recipient(address="ann@example.org")
PAGES = ["10_check_data.html", "20_score_projects.html", "30_rebalance_portfolio.html"]
AUDIENCES = {
    "board": {"title": "Board", "notebooks": ["30_rebalance_portfolio"], "one_page": True},
    "office": {"title": "Office", "notebooks": ["20_score_projects", "10_check_data"]},
    "everyone": {"title": "Everyone", "one_page": True},
}


def read(definition, folder: Path, recipient: Recipient = ANN, **keys):
    """The oracle: what another mail program reads from the bytes."""
    message = compose(definition, folder, recipient, **{"sender": SENDER, **keys})
    return email.message_from_bytes(message.as_bytes(), policy=email.policy.default)


def text(message) -> str:
    return message.get_body(("plain",)).get_content().replace("\r\n", "\n")


def attached(message) -> list[str]:
    return [part.get_filename() for part in message.iter_attachments()]


def test_the_mail_tells_the_answers_the_changes_and_the_pages(definition, published):
    message = read(definition(), published())
    assert message["Subject"] == "Monthly report, December 2025: Start 4, keep 11, stop 2: value 1,234 k EUR."
    assert (message["From"], message["To"]) == (SENDER, "ann@example.org")
    assert message["Date"].datetime.isoformat() == "2026-01-01T06:03:20+00:00"
    assert message["Auto-Submitted"] == "auto-generated"
    assert text(message) == """\
Monthly report, December 2025

Rebalance portfolio: Start 4, keep 11, stop 2: value 1,234 k EUR. Data
engineering binds.

Check data: Yes. Nothing is set aside.

Score projects: P14 leads with 4.2 of 100 points, 0.2 ahead of P01; it stays
first. More follows.

What changed since November 2025:
- P14 leads in place of P01.

Attached: index.html, 10_check_data.html, 20_score_projects.html,
30_rebalance_portfolio.html, report.pdf, report.xlsx. Save them in one
folder, so that their links work.

Run 1a2b3c4d, finished 2026-01-01 06:03 UTC.
"""


def test_attachments_arrive_byte_for_byte_with_their_types(definition, published):
    folder = published()
    message = read(definition(), folder)
    assert attached(message) == ["index.html", *PAGES, "report.pdf", "report.xlsx"]
    for part in message.iter_attachments():
        assert part.get_payload(decode=True) == (folder / part.get_filename()).read_bytes()
    types = [part.get_content_type() for part in message.iter_attachments()]
    assert types[0] == "text/html" and types[-2] == "application/pdf" and types[-1].endswith("spreadsheetml.sheet")


def test_the_same_publication_gives_the_same_bytes(definition, published):
    folder = published()
    once, again = (compose(definition(), folder, ANN, sender=SENDER).as_bytes() for _ in range(2))
    assert once == again


@pytest.mark.parametrize("other", [{"run_id": "0"}, {"dressing": "0"}, {"period": "2025-11"}, {"unit": "north"},
                                   {"status": "partial"}])
def test_another_publication_has_another_message_id(definition, published, other):
    first = read(definition(), published())["Message-ID"]
    assert first.endswith("@example.org>")
    assert read(definition(), published(**other))["Message-ID"] != first


def test_each_recipient_has_a_message_id_of_their_own(definition, published):
    folder = published()
    others = [read(definition(), folder, Recipient(address=f"{name}@example.org"))["Message-ID"] for name in "abc"]
    assert len(set(others)) == 3


def test_one_page_goes_alone_with_the_answers_it_is_about(definition, published):
    folder = published(pages=("board.html",))
    message = read(definition(audiences=AUDIENCES), folder, Recipient(address="a@b.org", audience="board"))
    assert attached(message) == ["board.html"]
    assert "Rebalance portfolio: " in text(message) and "Score projects" not in text(message)
    assert "Attached: board.html.\n" in text(message)


def test_an_audience_gets_its_pages_but_not_the_whole_report(definition, published):
    folder = published(pages=("office.html",))
    message = read(definition(audiences=AUDIENCES), folder, Recipient(address="a@b.org", audience="office"))
    assert attached(message) == ["office.html", "20_score_projects.html", "10_check_data.html"]
    assert message["Subject"].endswith(": Yes. Nothing is set aside.")
    assert "Rebalance" not in text(message)


def test_an_audience_reads_what_changed_in_its_own_notebooks(definition, published, tmp_path):
    folder = published(pages=("office.html",))
    office = Recipient(address="a@b.org", audience="office")
    assert "What changed" not in text(read(definition(audiences=AUDIENCES), folder, office))
    for month, scores, money in (("before", "1", "10"), ("now", "2", "20")):
        (tmp_path / month).mkdir()
        content = {"20_score_projects": {"summary": "S.", "headline": {scores: "projects scored"}, "figures": {}},
                   "30_rebalance_portfolio": {"summary": "R.", "headline": {money: "M EUR"}, "figures": {}}}
        (tmp_path / month / "summary.json").write_text(json.dumps(content), encoding="utf-8")
    compare(tmp_path / "before", tmp_path / "now").write(folder)
    said = text(read(definition(audiences=AUDIENCES), folder, office))
    assert "What changed since November 2025:\n- " in said and "projects scored" in said and "M EUR" not in said


def test_an_audience_that_reads_all_gets_the_whole_report(definition, published):
    folder = published(pages=("everyone.html",))
    message = read(definition(audiences=AUDIENCES), folder, Recipient(address="a@b.org", audience="everyone"))
    assert attached(message) == ["everyone.html", "report.pdf", "report.xlsx"]


def test_an_audience_whose_page_is_missing_is_refused(definition, published):
    with pytest.raises(ReportError, match=r"page board\.html is not published"):
        read(definition(audiences=AUDIENCES), published(), Recipient(address="a@b.org", audience="board"))


def test_files_beside_the_manifest_are_never_sent(definition, published):
    folder = published(files={"index.html": "0"})
    assert attached(read(definition(), folder)) == ["index.html"]


def test_a_partial_report_says_so_and_names_what_is_missing(definition, published):
    runs = [{"name": "10_check_data", "status": "ok", "cause": None},
            {"name": "20_score_projects", "status": "failed", "cause": "cell [3]: ValueError: no\nweights"},
            {"name": "30_rebalance_portfolio", "status": "skipped", "cause": "needs projects (not there)"}]
    message = read(definition(), published(status="partial", notebooks=runs, answers={"10_check_data": "Yes."}))
    assert message["Subject"] == "Monthly report, December 2025 (incomplete): Yes."
    assert text(message).split("Not in this report:\n")[1].startswith(
        "- Score projects failed: cell [3]: ValueError: no weights\n"
        "- Rebalance portfolio skipped: needs projects (not there)\n")


def test_without_any_answer_the_subject_is_the_title(definition, published):
    assert read(definition(), published(answers={}))["Subject"] == "Monthly report, December 2025"


def test_a_unit_is_named(definition, published):
    message = read(definition(), published(unit="north"), attached=False)
    assert message["Subject"].startswith("Monthly report, north, December 2025: ")
    assert "reports/published/monthly/2025-12/north/" in text(message)


@pytest.mark.parametrize(("changes", "told"), [
    (None, None), ({"before": None, "sentences": []}, None),
    ({"before": "2025-10", "sentences": []}, "What changed since October 2025:\n- Nothing.\n"),
])
def test_changes_are_told_where_there_is_something_to_compare_with(definition, published, changes, told):
    said = text(read(definition(), published(changes=changes)))
    assert told in said if told else "What changed" not in said


def test_without_attachments_the_text_names_the_folder(definition, published):
    folder = published()
    message = read(definition(), folder, attached=False)
    assert not message.is_multipart()
    said = " ".join(text(message).split())
    assert "not attached; they lie in reports/published/monthly/2025-12/ of the project." in said
    assert str(folder.parents[2]) not in said


HOSTILE = ["x\r\nBcc: eve@example.org", "Zoë 東京 ▲", "long " * 2000, "y" * 10_000, "a\x00\u202eb"]


@pytest.mark.parametrize("title", HOSTILE)
def test_no_title_or_answer_becomes_a_header(definition, published, title):
    folder = published(answers={"30_rebalance_portfolio": title, "10_check_data": title})
    message = read(definition(title=title), folder)
    assert sorted(message.keys()) == ["Auto-Submitted", "Content-Type", "Date", "From", "MIME-Version", "Message-ID",
                                      "Subject", "To"]
    assert len(message["Subject"]) <= 240 and "\n" not in message["Subject"] and message["Subject"].isprintable()
    raw = compose(definition(title=title), folder, ANN, sender=SENDER).as_bytes()
    assert raw.isascii() and max(map(len, raw.split(b"\r\n"))) <= 998 and b"\n" not in raw.replace(b"\r\n", b"")


@pytest.mark.parametrize("sign", ["y", "é"])
@pytest.mark.parametrize("length", [10, 69, 70, 74, 77, 78, 79, 119])
def test_a_subject_of_any_length_is_read_back_whole(definition, published, sign, length):
    answer = f"{sign} {'x' * 3} " * 30
    title = (answer * 3)[: length - len(", December 2025")].strip() or "x"
    message = read(definition(title=title), published(answers={}))
    assert message["Subject"].startswith(title[:70]) and message["Subject"].endswith(", December 2025")


@given(words=st.text(max_size=300))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_answer_is_read_back_as_it_was_but_for_blanks_and_control_characters(definition, published, words):
    message = read(definition(), published(answers={"10_check_data": words}))
    plain = "".join(sign for sign in " ".join(words.split()) if sign.isprintable())
    if plain.strip():
        assert f"Check data: {' '.join(plain.split())}" in " ".join(text(message).split())


@pytest.mark.parametrize("address", ["a(x)@b.org", "a\x00@b.org", "a@b..org", "a@" + "b" * 64 + ".org"])
def test_an_address_that_no_mail_can_go_to_is_refused(definition, published, address):
    with pytest.raises(ParameterError, match="recipient: got .*, allowed one address like name@example.org"):
        read(definition(), published(), Recipient(address=address))


@pytest.mark.parametrize("sender", ["", "nobody", "a@b.org, c@d.org", "a@b.org\nBcc: eve@example.org", "A <a@b@c>"])
def test_a_sender_that_is_no_single_address_is_refused(definition, published, sender):
    with pytest.raises(ParameterError, match="sender: got"):
        read(definition(), published(), sender=sender)


def test_a_folder_of_another_report_or_of_none_is_refused(definition, published, tmp_path):
    with pytest.raises(ReportError, match="no manifest of report 'monthly' there"):
        read(definition(), published(report="weekly"))
    with pytest.raises(ReportError, match="no manifest of report"):
        read(definition(), tmp_path)


@pytest.mark.parametrize("finished", [None, "soon"])
def test_a_manifest_without_its_time_is_refused(definition, published, finished):
    with pytest.raises(ReportError, match="has no time 'finished'"):
        read(definition(), published(finished=finished))


def test_a_summary_that_cannot_be_read_is_refused(definition, published):
    folder = published()
    (folder / "summary.json").write_text("{half", encoding="utf-8")
    with pytest.raises(ReportError, match=r"summary\.json cannot be read"):
        read(definition(), folder)
