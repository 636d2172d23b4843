"""No secret of the environment is published: every file of a report is searched for their values first.

Found is a value as text, also as HTML, an address, JSON or base64 writes it, in any file, a Parquet column, a sheet
or the words of a PDF. Not found is one that is cut, spread over cells, encrypted, drawn as a picture, or kept as a
number in a Parquet column alone (its CSV twin shows it).
"""

from __future__ import annotations

import base64
import html
import json
import os
import re
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus, unquote

from pmlib.errors import ReportError
from pmlib.reporting.markup import unbroken, without_addresses

if TYPE_CHECKING:
    import pyarrow as pa

_SHORTEST, _SHORTEST_LINE, _MOST_NAMED = 6, 16, 5
_SECRET_NAME = re.compile(
    r"PASSWORD|PASSWD|PASSPHRASE|SECRET|CREDENTIAL|TOKENS?(?![A-Z])|APIKEY|ACCESSKEY|(?<=_)PWD(?![A-Z])"
    r"|(?<![A-Z])(KEYS?|PRIVATE|AUTH|DSN|PASS)(?![A-Z])"
)
_NO_SECRETS = frozenset(
    {"changeme", "default", "disabled", "enabled", "example", "optional", "password", "postgres", "required"}
)
# Once as the standard has it, once with an unescaped @, / or ? in the password.
_PASSWORDS = (
    re.compile(r"://([^\s:/?#@]*):([^\s/?#@]+)@"),
    re.compile(r"://([^\s:/?#@]*):(\S+)@"),
    re.compile(r"(?i)()\b(?:password|passwd|pwd|sslpassword|secret|token|api_?key|access_?key)=['\"{]?([^\s&;'\"}]+)"),
)
_STREAM = re.compile(rb"stream\r?\n(.*?)\r?\n?endstream", re.DOTALL)
_GLYPH = re.compile(rb"<((?:[0-9A-Fa-f]{4})+)>")
_LETTER = re.compile(rb"<([0-9A-Fa-f]{4})>\s*<([0-9A-Fa-f]+)>")
# Where a line, a cell of a notebook and a cell of a sheet begin; the last one is called by its name.
_LINE = re.compile(rb"^", re.MULTILINE)
_NOTEBOOK_CELL = re.compile(rb'(?<!\\)"cell_type":()')
_BOOK_CELL = re.compile(rb'<c r="([A-Z]+[0-9]+)"')


@dataclass(frozen=True, kw_only=True)
class Leak:
    """Where the value of a secret stands in a report; the value itself is nowhere here.

    Attributes
    ----------
    variable : str
        The environment's name of it.
    file : str
        Path below the report's folder.
    place : str
        The line, cell or column.
    """

    variable: str
    file: str
    place: str


@dataclass(frozen=True, kw_only=True)
class _Secret:
    """A value to look for: ``core``, a part that every writing keeps, decides fast whether ``written`` is worth it."""

    variable: str
    core: bytes = field(repr=False)
    written: tuple[bytes, ...] = field(repr=False)
    coded: tuple[bytes, ...] = field(repr=False)

    def position(self, content: bytes) -> int:
        sought = self.coded + (self.written if self.core in content else ())
        return min((at for one in sought if (at := _find(content, one)) >= 0), default=-1)


@dataclass(frozen=True, kw_only=True)
class _Part:
    """A piece of a file as it reads, and what to call a place in it: by the last mark before, where it has some."""

    content: bytes
    label: str
    mark: re.Pattern[bytes] | None = None

    def place(self, at: int) -> str:
        marks = self.mark.findall(self.content, 0, at) if self.mark is not None else []
        return f"{self.label} {marks[-1].decode() or len(marks)}" if marks else self.label


def refuse_secrets(folder: Path, environment: Mapping[str, str]) -> None:
    """Stop a report that shows a secret of its environment.

    Parameters
    ----------
    folder : Path
        The finished draft.
    environment : mapping of name to value
        As of ``secrets_in``.

    Raises
    ------
    ReportError
        A file holds a secret, or cannot be searched; the message names variable, file and place, never the value.
    """
    leaks = secrets_in(folder, environment)
    if leaks:
        named = "; ".join(f"{one.file}, {one.place}: the value of {one.variable}" for one in leaks[:_MOST_NAMED])
        more = f"; and {len(leaks) - _MOST_NAMED} more" if len(leaks) > _MOST_NAMED else ""
        raise ReportError(f"the report shows what the environment keeps secret: {named}{more}. Nothing is published. "
                          "Take it out of the notebook; if it is no secret, give the variable another name.")


def secrets_in(folder: Path, environment: Mapping[str, str]) -> list[Leak]:
    """Find the environment's secrets in the files of a report.

    Looked for are the values of variables named like a secret (PASSWORD, TOKEN, API_KEY, ...) and the passwords in
    addresses under any name; not those shorter than 6 characters, plain words such as ``default``, round numbers,
    paths that exist, and a password that is the account's name.

    Parameters
    ----------
    folder : Path
        The finished draft.
    environment : mapping of name to value
        ``os.environ``, and whatever else may hold an address: ``{**os.environ, "-p workbook": address}``.

    Returns
    -------
    list of Leak
        The first place of each variable in each file, sorted by file.

    Raises
    ------
    ReportError
        A file cannot be read, and so not searched.
    """
    sought = [secret for name, value in sorted(environment.items()) for secret in _secrets(name, value)]
    if not sought:
        return []
    found: dict[tuple[str, str], Leak] = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        file = path.relative_to(folder).as_posix()
        for part in _parts(path, file):
            for secret in sought:
                at = secret.position(part.content)
                if at >= 0:
                    leak = Leak(variable=secret.variable, file=file, place=part.place(at))
                    found.setdefault((file, secret.variable), leak)
    return list(found.values())


def _secrets(name: str, value: str) -> Iterator[_Secret]:
    texts = {word for pattern in _PASSWORDS for user, word in pattern.findall(value) if word != user}
    texts |= {unquote(text) for text in texts}
    if _SECRET_NAME.search(name.upper()):
        # A key of several lines is broken up wherever it is shown.
        lines = value.strip().splitlines()
        texts |= {value.strip()} if len(lines) == 1 else {line for line in lines if len(line) >= _SHORTEST_LINE}
    for text in sorted(texts):
        if not _is_trivial(text):
            yield _secret(name, text)


def _is_trivial(text: str) -> bool:
    number = text.isdecimal() and text.endswith("000")
    few = len(text) < _SHORTEST or len(set(text)) < 3  # noqa: PLR2004
    known = text.lower() in _NO_SECRETS or text.startswith("-----") or (os.path.isabs(text) and os.path.exists(text))
    return few or number or known


def _secret(variable: str, text: str) -> _Secret:
    plain = max(re.findall(r"[A-Za-z0-9]+", text), key=len, default="")
    coded = frozenset().union(*(_base64(text.encode("utf-8", "surrogateescape"), shift) for shift in range(3)))
    return _Secret(variable=variable, core=plain.encode(), written=_written(text), coded=tuple(sorted(coded)))


def _written(text: str) -> tuple[bytes, ...]:
    """Write a text in the ways of pages, addresses, tables and JSON."""
    pages = {html.escape(text, quote=False), html.escape(text), html.escape(text).replace("&#x27;", "&#39;")}
    pages |= {page.replace("&quot;", "&#34;") for page in pages}
    pages |= {unbroken(without_addresses(page)) for page in pages}
    links = {quote(text, errors="replace"), quote(text, safe="", errors="replace"), quote_plus(text, errors="replace")}
    links |= {re.sub("%..", lambda code: code[0].lower(), link) for link in links}
    forms = {text, repr(text)[1:-1], text.replace('"', '""'), *pages, *links}
    for _ in range(2):
        forms |= {json.dumps(form, ensure_ascii=ascii)[1:-1] for form in forms for ascii in (True, False)}
    return tuple(sorted(form.encode("utf-8", "surrogateescape") for form in forms))


def _base64(content: bytes, shift: int) -> frozenset[bytes]:
    """Give the letters of bytes that begin ``shift`` bytes after a group of three."""
    letters = base64.b64encode(bytes(shift) + content)[-(-shift * 8 // 6) : (shift + len(content)) * 8 // 6]
    return frozenset({letters, letters.translate(bytes.maketrans(b"+/", b"-_"))})


def _find(content: bytes, sought: bytes) -> int:
    if not sought.isdigit():
        return content.find(sought)
    # A number is one only as a whole: most figures of a report hold some short run of digits.
    found = re.search(rb"(?<![\d.,])%b(?![.,]?\d)" % sought, content)
    return found.start() if found else -1


def _parts(path: Path, file: str) -> Iterator[_Part]:
    yield _Part(content=os.fsencode(file), label="its name")
    try:
        yield from _READERS.get(path.suffix, _plain)(path)
    except (ValueError, OSError, zipfile.BadZipFile) as error:
        raise ReportError(f"{file}: cannot be searched for secrets ({error}). Render the report again.") from error


def _plain(path: Path) -> Iterator[_Part]:
    yield _Part(content=path.read_bytes(), label="line", mark=_LINE)


def _notebook(path: Path) -> Iterator[_Part]:
    yield _Part(content=path.read_bytes(), label="cell", mark=_NOTEBOOK_CELL)


def _parquet(path: Path) -> Iterator[_Part]:
    from pyarrow import parquet

    table = parquet.ParquetFile(path).read()
    for name, column in zip(table.column_names, table.columns, strict=True):
        for content in _texts(column):
            yield _Part(content=content, label=f"column {name!r}")
    yield _Part(content=path.read_bytes(), label="its description")


def _texts(column: pa.ChunkedArray) -> Iterator[bytes]:
    """Give the cells of a column end to end, as they lie in memory; those of a dictionary once each."""
    for chunk in column.chunks:
        words = getattr(chunk, "dictionary", chunk)
        yield from (buffer.to_pybytes() for buffer in words.buffers() if buffer is not None)


def _book(path: Path) -> Iterator[_Part]:
    with zipfile.ZipFile(path) as book:
        for name in sorted(book.namelist()):
            yield _Part(content=book.read(name), label=name, mark=_BOOK_CELL)


def _pdf(path: Path) -> Iterator[_Part]:
    content = path.read_bytes()
    yield _Part(content=content, label="its description")
    streams = [_inflated(match[1]) for match in _STREAM.finditer(content)]
    fonts = [dict(_LETTER.findall(stream)) for stream in streams if b"beginbfchar" in stream]
    for number, stream in enumerate(streams, start=1):
        yield _Part(content=stream, label=f"stream {number}")
        for font in fonts if b"BT" in stream else ():
            yield _Part(content=_in_letters(stream, font), label=f"the words of stream {number}")


def _inflated(stream: bytes) -> bytes:
    try:
        return zlib.decompressobj().decompress(stream)
    except zlib.error:
        return stream


def _in_letters(stream: bytes, font: Mapping[bytes, bytes]) -> bytes:
    """Read what a page draws: a PDF writes numbers of glyphs, and its font says which letters they are."""
    glyphs = b"".join(_GLYPH.findall(stream))
    letters = b"".join(font.get(glyphs[at : at + 4], b"") for at in range(0, len(glyphs), 4))
    return bytes.fromhex(letters.decode()).decode("utf-16-be", "replace").encode()


_READERS: dict[str, Callable[[Path], Iterator[_Part]]] = {
    ".ipynb": _notebook, ".parquet": _parquet, ".pdf": _pdf, ".xlsx": _book
}
