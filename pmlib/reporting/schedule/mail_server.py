"""The server that takes e-mail, as the environment names it; its password stays out of every message."""

from __future__ import annotations

import ipaddress
import smtplib
import ssl
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.errors import MessageError
from email.headerregistry import Address
from email.utils import parseaddr
from enum import StrEnum
from typing import Self

from pmlib.errors import ParameterError, did_you_mean

_PREFIX = "PMLIB_SMTP_"
_KEYS = ("HOST", "PORT", "SECURITY", "USER", "PASSWORD", "FROM")
_LAST_PORT, _SHOWN = 65535, 80


class Security(StrEnum):
    """How the way to the server is kept private."""

    STARTTLS = "starttls"
    TLS = "tls"
    NONE = "none"


_PORTS = {Security.STARTTLS: 587, Security.TLS: 465, Security.NONE: 25}


@dataclass(frozen=True, eq=False, kw_only=True)
class MailServer:
    """Where e-mail is handed in, by whom, and over what kind of line.

    Attributes
    ----------
    host : str
    sender : str
        ``reports@example.org`` or ``Reports <reports@example.org>``.
    port : int
    security : Security
    user, password : str or None
        Both or neither. Over a line without encryption only on this machine itself.
    timeout_s : float
        Longest wait for one reply, in seconds.
    context : SSLContext or None
        What certificates are trusted; None for the system's (``SSL_CERT_FILE`` adds a company's own).

    Raises
    ------
    ParameterError
        A login over an unencrypted line to another machine, a user without a password, or an ill sender.
    """

    host: str
    sender: str
    port: int = _PORTS[Security.STARTTLS]
    security: Security = Security.STARTTLS
    user: str | None = None
    password: str | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    context: ssl.SSLContext | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        mail_address(self.sender, f"{_PREFIX}FROM")
        _refuse_host(self.host)
        if (self.user is None) != (self.password is None):
            raise ParameterError(f"{_PREFIX}USER and {_PREFIX}PASSWORD belong together. Set both or neither.")
        if self.user is not None and self.security is Security.NONE and not _is_this_machine(self.host):
            raise ParameterError(f"{_PREFIX}SECURITY: got 'none' with a login to {self.host!r}, which would show the "
                                 "password to the network. Allowed with a login: starttls, tls.")

    @classmethod
    def from_environment(cls, env: Mapping[str, str]) -> Self:
        """Read the server from variables ``PMLIB_SMTP_*``; an empty one counts as not set.

        Parameters
        ----------
        env : mapping of str to str
            ``HOST`` and ``FROM`` are needed; ``SECURITY`` is starttls, tls or none (default starttls), ``PORT`` goes
            with it (587, 465, 25), ``USER`` and ``PASSWORD`` go together.

        Raises
        ------
        ParameterError
            A variable is missing, ill or not known; the message names it, and never a password.

        Examples
        --------
        >>> MailServer.from_environment({"PMLIB_SMTP_HOST": "mail.example.org", "PMLIB_SMTP_FROM": "a@example.org"})
        MailServer(host='mail.example.org', sender='a@example.org', port=587, security=starttls, user=None)
        """
        given = {name.removeprefix(_PREFIX): env[name] for name in sorted(env) if name.startswith(_PREFIX)}
        given = {key: text for key, text in given.items() if text}
        for key, text in given.items():
            _refuse_ill(key, text)
        for key in ("HOST", "FROM"):
            if key not in given:
                raise ParameterError(f"{_PREFIX}{key} is not set. Set it to send reports by e-mail.")
        security = _security(given.get("SECURITY", Security.STARTTLS))
        return cls(host=given["HOST"], sender=given["FROM"], security=security,
                   port=_port(given["PORT"]) if "PORT" in given else _PORTS[security],
                   user=given.get("USER"), password=given.get("PASSWORD"))

    def __repr__(self) -> str:
        return (f"MailServer(host={self.host!r}, sender={self.sender!r}, port={self.port}, "
                f"security={self.security}, user={self.user!r})")

    def connect(self) -> smtplib.SMTP:
        """Connect, encrypt and log in.

        Raises
        ------
        SMTPException, OSError
            What the connection met; no text of the server's reply to the login is kept.
        """
        context = self.context or ssl.create_default_context()
        if self.security is Security.TLS:
            connection: smtplib.SMTP = smtplib.SMTP_SSL(self.host, self.port, timeout=self.timeout_s, context=context)
        else:
            connection = smtplib.SMTP(self.host, self.port, timeout=self.timeout_s)
        try:
            if self.security is Security.STARTTLS:
                connection.starttls(context=context)
            connection.ehlo_or_helo_if_needed()
            self._log_in(connection)
        except BaseException:
            connection.close()
            raise
        return connection

    def _log_in(self, connection: smtplib.SMTP) -> None:
        if self.user is None or self.password is None:
            return
        try:
            connection.login(self.user, self.password)
        except smtplib.SMTPResponseException as error:
            # A server may repeat what it was sent.
            raise smtplib.SMTPAuthenticationError(error.smtp_code, b"the login was refused") from None


def mail_address(text: str, place: str) -> Address:
    """Read one address, with or without a name before it, and nothing that could become a second header.

    Parameters
    ----------
    text : str
    place : str
        What the message names when it is refused.

    Raises
    ------
    ParameterError
        It is not one address, or holds a control character.

    Examples
    --------
    >>> mail_address("Reports <reports@example.org>", "sender").addr_spec
    'reports@example.org'
    """
    name, bare = parseaddr(text) if text.endswith(">") else ("", text)
    user, _, domain = bare.rpartition("@")
    try:
        domain.encode("idna")
        address = Address(display_name=name, username=user, domain=domain)
    except (MessageError, ValueError, IndexError):
        address = Address()
    if not text.isprintable() or not user or not domain or address.addr_spec != bare or bare.count("@") != 1:
        raise ParameterError(f"{place}: got {text[:_SHOWN]!r}, allowed one address like name@example.org. Correct it.")
    return address


def _refuse_ill(key: str, text: str) -> None:
    if key not in _KEYS:
        known = [f"{_PREFIX}{one}" for one in _KEYS]
        raise ParameterError(f"{_PREFIX}{key} is not known. {did_you_mean(_PREFIX + key, known)}")
    login = key in ("USER", "PASSWORD")
    if not text.isprintable() or (login and not text.isascii()):
        raise ParameterError(f"{_PREFIX}{key} holds a character that is not allowed (a line break at its end, say): "
                             f"only {'printable ASCII' if login else 'printable text'}. Set it again.")


def _refuse_host(host: str) -> None:
    try:
        ill = not host.encode("idna") or not host.isprintable() or " " in host
    except UnicodeError:
        ill = True
    if ill:
        raise ParameterError(f"{_PREFIX}HOST: got {host[:_SHOWN]!r}, allowed the name or address of one machine. "
                             "The port goes into PMLIB_SMTP_PORT.")


def _security(text: str) -> Security:
    try:
        return Security(text.lower())
    except ValueError:
        shown = text[:_SHOWN]
        raise ParameterError(f"{_PREFIX}SECURITY: got {shown!r}. {did_you_mean(shown, Security)}") from None


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= _LAST_PORT):
        raise ParameterError(f"{_PREFIX}PORT: got {text[:_SHOWN]!r}, allowed 1 to {_LAST_PORT}. Usual: 587, 465, 25.")
    return int(text)


def _is_this_machine(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"
