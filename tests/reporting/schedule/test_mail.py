from __future__ import annotations

import asyncio
import contextlib
import email
import email.policy
import shutil
import socket
import ssl
import subprocess
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from pmlib.errors import ReportError
from pmlib.reporting.schedule import mail
from pmlib.reporting.schedule.mail import MailState, send_report
from pmlib.reporting.schedule.mail_server import MailServer, Security

ANN, BOB, EVE = "ann@example.org", "bob@example.org", "eve@example.org"
OPENSSL = shutil.which("openssl")


class PostOffice:
    """Takes mail; ``replies`` gives, per recipient, what it answers first."""

    def __init__(self, replies: dict[str, list[str]] | None = None) -> None:
        self.replies, self.taken, self.calls = replies or {}, [], Counter()

    async def handle_RCPT(self, server: Any, talk: Any, envelope: Any, address: str, options: Any) -> str:
        self.calls[address] += 1
        waiting = self.replies.get(address) or ["250 OK"]
        reply = waiting.pop(0)
        if reply == "close":
            server.transport.close()
        if reply == "hang":
            await asyncio.sleep(30)
        if reply.startswith("2"):
            envelope.rcpt_tos.append(address)
        return reply

    async def handle_DATA(self, server: Any, talk: Any, envelope: Any) -> str:
        waiting = self.replies.get("DATA") or ["250 OK"]
        reply = waiting.pop(0)
        if reply.startswith("2"):
            self.taken.append((tuple(envelope.rcpt_tos), envelope.content))
        return reply

    def read(self) -> list[Any]:
        return [email.message_from_bytes(content, policy=email.policy.default) for _, content in self.taken]


class AnyPort(Controller):
    """On a port that the system chooses."""

    def _trigger_server(self) -> None:
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


@contextlib.contextmanager
def open_office(office: Any, **options: Any) -> Iterator[dict[str, Any]]:
    controller = AnyPort(office, hostname="127.0.0.1", port=0, server_hostname="mail.example.org", **options)
    controller.start()
    try:
        yield {"host": "127.0.0.1", "port": controller.port, "sender": "reports@example.org", "timeout_s": 5.0,
               "security": Security.NONE}
    finally:
        controller.stop()


def to(*addresses: str) -> dict[str, Any]:
    return {"recipients": [{"address": address} for address in addresses]}


def states(delivery: mail.Delivery) -> list[tuple[str, str, int]]:
    return [(one.address, str(one.state), one.tries) for one in delivery.mailings]


def test_each_recipient_gets_a_mail_of_their_own(definition, published):
    office = PostOffice()
    with open_office(office) as where:
        delivery = send_report(definition(**to(ANN, BOB)), published(), MailServer(**where))
    assert [addresses for addresses, _ in office.taken] == [(ANN,), (BOB,)]
    assert [message["To"] for message in office.read()] == [ANN, BOB]
    assert len(list(office.read()[0].iter_attachments())) == 6
    assert states(delivery) == [(ANN, "sent", 1), (BOB, "sent", 1)]
    assert delivery.sent() == (ANN, BOB) and all(one.attached for one in delivery.mailings)
    assert repr(delivery) == "<Delivery: monthly 2025-12: sent to 2 of 2 recipients.>"
    assert delivery.headline() == {"2 of 2": "e-mails sent", "0": "failed"}
    assert delivery.to_frame().loc[0].tolist() == [ANN, None, "sent", 1, None, True]


def test_a_second_delivery_leaves_out_who_has_it(definition, published):
    office = PostOffice()
    with open_office(office) as where:
        delivery = send_report(definition(**to(ANN, BOB)), published(), MailServer(**where), already=[ANN.upper()])
    assert [addresses for addresses, _ in office.taken] == [(BOB,)]
    assert states(delivery) == [(ANN, "left out", 0), (BOB, "sent", 1)]
    assert delivery.sent() == (ANN, BOB)
    assert delivery.summary() == "monthly 2025-12: sent to 1 of 2 recipients, 1 left out (they have it)."


def test_who_is_named_twice_for_the_same_pages_gets_one_mail(definition, published):
    office = PostOffice()
    with open_office(office) as where:
        send_report(definition(**to(ANN, ANN)), published(), MailServer(**where))
    assert len(office.taken) == 1


def test_without_recipients_nobody_is_called(definition, published):
    server = MailServer(host="127.0.0.1", port=1, sender="reports@example.org", security=Security.NONE)
    assert send_report(definition(recipients=[]), published(), server).mailings == ()
    assert send_report(definition(), published(), server, already=[ANN]).sent() == (ANN,)


@pytest.mark.parametrize("reply", ["450 4.2.1 mailbox busy", "421 closing", "close"])
def test_a_temporary_refusal_is_tried_again_and_the_others_do_not_wait(definition, published, reply):
    office = PostOffice({ANN: [reply, reply]})
    with open_office(office) as where:
        delivery = send_report(definition(**to(ANN, BOB)), published(), MailServer(**where), waits_s=(0, 0, 0))
    assert [addresses for addresses, _ in office.taken] == [(BOB,), (ANN,)]
    assert states(delivery) == [(ANN, "sent", 3), (BOB, "sent", 1)]


def test_the_text_after_the_data_may_be_refused_for_a_while_too(definition, published):
    office = PostOffice({"DATA": ["451 4.3.0 try later"]})
    with open_office(office) as where:
        delivery = send_report(definition(), published(), MailServer(**where), waits_s=(0,))
    assert states(delivery) == [(ANN, "sent", 2)] and len(office.taken) == 1


def test_tries_end_with_the_waits_which_are_kept_in_order(definition, published, monkeypatch):
    slept: list[float] = []
    monkeypatch.setattr(mail.time, "sleep", slept.append)
    office = PostOffice({ANN: ["450 busy"] * 9})
    with open_office(office) as where:
        delivery = send_report(definition(), published(), MailServer(**where), waits_s=(1, 20, 300))
    assert slept == [0, 1, 20, 300] and office.calls[ANN] == 4
    assert delivery.sent() == () and delivery.mailings[0].cause == "450 busy"


def test_a_permanent_refusal_is_final_and_stops_nobody_else(definition, published):
    office = PostOffice({ANN: ["550 5.1.1 no such user", "250 OK"]})
    with open_office(office) as where:
        delivery = send_report(definition(**to(ANN, BOB)), published(), MailServer(**where), waits_s=(0, 0))
    assert states(delivery) == [(ANN, "failed", 1), (BOB, "sent", 1)]
    assert delivery.sent() == (BOB,)
    assert delivery.summary() == ("monthly 2025-12: sent to 1 of 2 recipients. "
                                  "ann@example.org: 550 5.1.1 no such user (tries: 1).")


def test_a_server_that_falls_silent_is_left_after_the_time_out(definition, published):
    office = PostOffice({ANN: ["hang"]})
    with open_office(office) as where:
        server = MailServer(**{**where, "timeout_s": 1.0})
        delivery = send_report(definition(**to(ANN, BOB)), published(), server, waits_s=())
    assert states(delivery) == [(ANN, "failed", 1), (BOB, "sent", 1)]
    assert "timed out" in str(delivery.mailings[0].cause)


def test_a_server_that_never_greets_is_asked_once_a_round_for_all(definition, published):
    with socket.create_server(("127.0.0.1", 0)) as mute:
        server = MailServer(host="127.0.0.1", port=mute.getsockname()[1], sender=EVE, security=Security.NONE,
                            timeout_s=0.2)
        delivery = send_report(definition(**to(ANN, BOB, EVE)), published(), server, waits_s=(0,))
        mute.setblocking(False)
        calls = [mute.accept()[0].close() for _ in range(2)]
        with pytest.raises(BlockingIOError, match=r".*"):
            mute.accept()
    assert len(calls) == 2
    assert {(one.state, one.tries) for one in delivery.mailings} == {(MailState.FAILED, 2)}


def test_nobody_listening_is_told_not_raised(definition, published):
    with socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    server = MailServer(host="127.0.0.1", port=port, sender=EVE, security=Security.NONE)
    delivery = send_report(definition(), published(), server, waits_s=(0,))
    assert states(delivery) == [(ANN, "failed", 2)] and "ConnectionRefusedError" in str(delivery.mailings[0].cause)


def test_an_ill_address_or_page_fails_alone(definition, published):
    office = PostOffice()
    keys = {"audiences": {"board": {"title": "Board"}},
            "recipients": [{"address": ANN, "audience": "board"}, {"address": "a(x)@b.org"}, {"address": BOB}]}
    with open_office(office) as where:
        delivery = send_report(definition(**keys), published(), MailServer(**where), waits_s=(0,))
    assert states(delivery) == [(ANN, "failed", 1), ("a(x)@b.org", "failed", 1), (BOB, "sent", 1)]
    assert "board.html is not published" in delivery.summary() and "allowed one address" in delivery.summary()


def test_a_mail_larger_than_the_server_takes_goes_without_its_pages(definition, published):
    office = PostOffice()
    with open_office(office, data_size_limit=3000) as where:
        delivery = send_report(definition(), published(), MailServer(**where))
    assert states(delivery) == [(ANN, "sent", 1)] and not delivery.mailings[0].attached
    said = " ".join(office.read()[0].get_content().split())
    assert "The pages are not attached; they lie in reports/published/monthly/2025-12/" in said


def test_a_server_that_repeats_the_answer_with_control_characters_is_told_on_one_line(definition, published):
    office = PostOffice({ANN: ["550-first\r\n550 \x1b[31m" + "x" * 400]})
    with open_office(office) as where:
        delivery = send_report(definition(), published(), MailServer(**where))
    cause = str(delivery.mailings[0].cause)
    assert cause.startswith("550 first [31mxxx") and cause.isprintable() and len(cause) == 200


def test_an_address_beyond_ascii_goes_where_the_server_takes_it(definition, published):
    for able, state in ((True, "sent"), (False, "failed")):
        office = PostOffice()
        with open_office(office, enable_SMTPUTF8=able) as where:
            delivery = send_report(definition(**to("zoë@example.org")), published(), MailServer(**where), waits_s=(0,))
        assert states(delivery) == [("zoë@example.org", state, 1)]
    assert "SMTPNotSupportedError" in str(delivery.mailings[0].cause)


@pytest.mark.parametrize("status", ["partial", "failed"])
def test_only_a_whole_report_is_sent_unless_asked_for(definition, published, status):
    server = MailServer(host="127.0.0.1", port=1, sender=EVE, security=Security.NONE)
    with pytest.raises(ReportError, match=f"monthly 2025-12: status is '{status}', allowed to send 'ok'"):
        send_report(definition(), published(status=status), server)


def test_a_partial_report_is_sent_when_asked_for_and_says_so(definition, published):
    office = PostOffice()
    with open_office(office) as where:
        send_report(definition(), published(status="partial"), MailServer(**where), partial=True)
    assert office.read()[0]["Subject"].startswith("Monthly report, December 2025 (incomplete): ")


def test_what_is_not_published_is_not_sent(definition, tmp_path):
    with pytest.raises(ReportError, match=r"status is 'not published'.* publish it again"):
        send_report(definition(), tmp_path, MailServer(host="127.0.0.1", sender=EVE))


def checks(seen: list[bytes], *, reply: str | None = None) -> Any:
    def authenticate(server: Any, talk: Any, envelope: Any, mechanism: str, data: Any) -> AuthResult:
        seen.append(data.password)
        good = (data.login, data.password) == (b"reports", b"swordfish")
        return AuthResult(success=good and reply is None, handled=False, message=reply)

    return authenticate


@pytest.mark.parametrize("password", ["swordfish", "goldfish"])
def test_a_login_is_made_once_and_its_refusal_is_final_for_all(definition, published, password):
    office, seen = PostOffice(), []
    options = {"authenticator": checks(seen), "auth_require_tls": False}
    with open_office(office, **options) as where:
        server = MailServer(**where, user="reports", password=password)
        delivery = send_report(definition(**to(ANN, BOB)), published(), server, waits_s=(0, 0))
    if password == "swordfish":
        assert delivery.sent() == (ANN, BOB)
    else:
        assert set(seen) == {b"goldfish"} and len(seen) <= 2
        assert states(delivery) == [(ANN, "failed", 1), (BOB, "failed", 1)]
        assert delivery.mailings[0].cause == "535 the login was refused"


def test_a_server_that_repeats_the_password_does_not_get_it_into_the_record(definition, published):
    options = {"authenticator": checks([], reply="535 not swordfish"), "auth_require_tls": False}
    with open_office(PostOffice(), **options) as where:
        delivery = send_report(definition(), published(), MailServer(**where, user="reports", password="swordfish"))
    assert "swordfish" not in f"{delivery!r} {delivery.to_frame().to_csv()}"


def test_a_login_where_the_server_knows_none_is_told(definition, published):
    with open_office(PostOffice()) as where:
        delivery = send_report(definition(), published(), MailServer(**where, user="reports", password="swordfish"))
    assert states(delivery) == [(ANN, "failed", 1)] and "AUTH" in str(delivery.mailings[0].cause)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    if OPENSSL is None:
        pytest.skip("openssl is not installed")
    folder = tmp_path_factory.mktemp("certificate")
    words = ("req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout key.pem -out cert.pem -days 2 "
             "-subj /CN=mail.example.org -addext subjectAltName=IP:127.0.0.1")
    subprocess.run([OPENSSL, *words.split()], cwd=folder, check=True, capture_output=True)
    return folder


def theirs(certificate) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert.pem", certificate / "key.pem")
    return context


@contextlib.contextmanager
def private_office(office: PostOffice, certificate, security: Security) -> Iterator[dict[str, Any]]:
    key = "tls_context" if security is Security.STARTTLS else "ssl_context"
    options = {"require_starttls": True} if security is Security.STARTTLS else {}
    with open_office(office, **{key: theirs(certificate)}, **options) as where:
        yield {**where, "security": security}


@pytest.mark.parametrize("security", [Security.STARTTLS, Security.TLS])
def test_a_certificate_counts_only_where_it_is_trusted(definition, published, certificate, security):
    office = PostOffice()
    with private_office(office, certificate, security) as where:
        trusting = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        for context, state in ((trusting, "sent"), (None, "failed")):
            delivery = send_report(definition(**to(ANN, BOB)), published(), MailServer(**where, context=context),
                                   waits_s=(0, 0))
            assert states(delivery) == [(ANN, state, 1), (BOB, state, 1)]
    assert "SSLCertVerificationError" in str(delivery.mailings[0].cause) and len(office.taken) == 2


def test_a_certificate_for_another_name_is_refused(definition, published, certificate):
    office = PostOffice()
    with private_office(office, certificate, Security.STARTTLS) as where:
        trusting = ssl.create_default_context(cafile=str(certificate / "cert.pem"))
        server = MailServer(**{**where, "host": "localhost"}, context=trusting)
        delivery = send_report(definition(), published(), server)
    assert delivery.sent() == () and "SSLCertVerificationError" in str(delivery.mailings[0].cause)
    assert office.taken == []


def test_a_server_without_starttls_gets_neither_mail_nor_password(definition, published):
    office, seen = PostOffice(), []
    with open_office(office, authenticator=checks(seen), auth_require_tls=False) as where:
        server = MailServer(**{**where, "security": Security.STARTTLS}, user="reports", password="swordfish")
        delivery = send_report(definition(), published(), server, waits_s=(0,))
    assert states(delivery) == [(ANN, "failed", 1)] and "STARTTLS" in str(delivery.mailings[0].cause)
    assert office.taken == [] and seen == []


def test_the_encrypted_way_to_a_plain_server_is_final(definition, published):
    with open_office(PostOffice()) as where:
        server = MailServer(**{**where, "security": Security.TLS})
        delivery = send_report(definition(), published(), server, waits_s=(0, 0))
    assert states(delivery) == [(ANN, "failed", 1)] and "SSLError" in str(delivery.mailings[0].cause)
