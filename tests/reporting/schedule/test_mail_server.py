from __future__ import annotations

import pytest

from pmlib.errors import ParameterError
from pmlib.reporting.schedule.mail_server import MailServer, Security

LEAST = {"PMLIB_SMTP_HOST": "mail.example.org", "PMLIB_SMTP_FROM": "reports@example.org"}
LOGIN = {"PMLIB_SMTP_USER": "reports", "PMLIB_SMTP_PASSWORD": "swordfish"}


def server(**more: str) -> MailServer:
    return MailServer.from_environment({**LEAST, **{f"PMLIB_SMTP_{key}": text for key, text in more.items()}})


@pytest.mark.parametrize(("security", "port"), [("starttls", 587), ("tls", 465), ("none", 25), ("TLS", 465), ("", 587)])
def test_the_port_goes_with_the_security(security, port):
    made = server(SECURITY=security)
    assert made.port == port and made.security is Security(security.lower() or "starttls")
    assert server(SECURITY=security, PORT="2525").port == 2525


def test_empty_variables_count_as_not_set():
    made = server(USER="", PASSWORD="", PORT="")
    assert (made.user, made.password, made.port) == (None, None, 587)


def test_the_password_is_never_shown():
    made = MailServer.from_environment(LEAST | LOGIN)
    assert made.password == "swordfish"
    assert "swordfish" not in f"{made!r} {made} {[made]}" and "reports" in repr(made)


@pytest.mark.parametrize("missing", ["HOST", "FROM"])
def test_what_is_missing_is_named(missing):
    with pytest.raises(ParameterError, match=f"PMLIB_SMTP_{missing} is not set"):
        server(**{missing: ""})


def test_a_misspelt_variable_is_named_with_the_near_one():
    with pytest.raises(ParameterError, match=r"PMLIB_SMTP_PASSWROD is not known.*Did you mean 'PMLIB_SMTP_PASSWORD'"):
        server(PASSWROD="swordfish")


@pytest.mark.parametrize(("key", "text", "says"), [
    ("SECURITY", "ssl", "PMLIB_SMTP_SECURITY: got 'ssl'. Known: starttls, tls, none"),
    ("PORT", "0", "PMLIB_SMTP_PORT: got '0', allowed 1 to 65535"),
    ("PORT", "65536", "allowed 1 to 65535"),
    ("PORT", "25 ", "allowed 1 to 65535"),
    ("PORT", "٢٥", "allowed 1 to 65535"),
    ("PORT", "9" * 5000, "allowed 1 to 65535"),
    ("HOST", "mail example", "PMLIB_SMTP_HOST: got 'mail example'"),
    ("HOST", "a" * 10_000, "PMLIB_SMTP_HOST: got 'aaa"),
    ("HOST", "a\nb", "PMLIB_SMTP_HOST holds a character"),
    ("FROM", "reports", "PMLIB_SMTP_FROM: got 'reports', allowed one address"),
    ("USER", "reports", "PMLIB_SMTP_USER and PMLIB_SMTP_PASSWORD belong together"),
    ("PASSWORD", "swordfish", "PMLIB_SMTP_USER and PMLIB_SMTP_PASSWORD belong together"),
    ("PASSWORD", "swordfish\n", "PMLIB_SMTP_PASSWORD holds a character .* only printable ASCII"),
    ("PASSWORD", "schwertfüsch", "PMLIB_SMTP_PASSWORD holds a character"),
])
def test_what_is_ill_is_refused_by_name_and_no_password_is_told(key, text, says):
    with pytest.raises(ParameterError, match=says) as refused:
        server(**{key: text})
    assert "sword" not in str(refused.value) and "schwert" not in str(refused.value)
    assert len(str(refused.value)) < 300


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "LOCALHOST", "127.8.9.1"])
def test_a_login_without_encryption_is_allowed_on_this_machine(host):
    assert server(HOST=host, SECURITY="none", USER="u", PASSWORD="p").user == "u"


@pytest.mark.parametrize("host", ["mail.example.org", "10.0.0.1", "localhost.example.org", "128.0.0.1"])
def test_a_login_without_encryption_is_refused_elsewhere(host):
    with pytest.raises(ParameterError, match="SECURITY: got 'none' with a login to .*Allowed with a login: starttls"):
        server(HOST=host, SECURITY="none", USER="u", PASSWORD="p")
    assert server(HOST=host, SECURITY="none").user is None
