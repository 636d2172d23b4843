"""Read ``views.sql``: foreign columns mapped to the schema, by views that can only read below their folder."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pmlib.errors import WorkbookError
from pmlib.readers import decode

if TYPE_CHECKING:
    from sqlglot import exp

FILE_NAME = "views.sql"
# What it cannot parse is refused here; without a handler its warnings would go to stderr.
logging.getLogger("sqlglot").addHandler(logging.NullHandler())
#: What a CSV file in a view may need said, because nothing is guessed.
CSV_OPTIONS = ("delim", "sep", "quote", "skip", "decimal_separator", "all_varchar")
_HARMLESS = ("range", "generate_series", "unnest")
_ONLY = "Only CREATE VIEW name AS SELECT ... is allowed in views.sql"

#: Makes a file known to the engine under a name: (file, options) -> name of a table there.
Load = Callable[[Path, dict[str, str]], str]


@dataclass(frozen=True, kw_only=True)
class View:
    """One view: its name, the line it starts on, its query bound to the engine, and the files it reads."""

    name: str
    line: int
    sql: str
    files: tuple[Path, ...]


def read_views(path: Path, load: Load) -> list[View]:
    """Parse ``views.sql`` and bind every file name in it to the folder it stands in.

    Raises
    ------
    WorkbookError
        A statement is no view, a file lies outside the folder or is not there; the message names the line.
    """
    from sqlglot import exp

    views: list[View] = []
    for line, statement in _statements(path):
        if not (isinstance(statement, exp.Create) and statement.kind == "VIEW"
                and isinstance(statement.expression, exp.Query) and isinstance(statement.this, exp.Table)):
            raise _refused(line, f"got {statement.sql(dialect='duckdb')[:60]!r}. {_ONLY}.")
        name = statement.this.name.lower()
        if name in (view.name for view in views):
            raise _refused(line, f"view '{name}' is made twice. Keep one of them.")
        files = _bind(statement.expression, path.parent, load, line=line)
        views.append(View(name=name, line=line, sql=statement.expression.sql(dialect="duckdb"), files=tuple(files)))
    return views


def _refused(line: int, why: str) -> WorkbookError:
    return WorkbookError(f"{FILE_NAME} line {line}: {why}")


def _statements(path: Path) -> Iterator[tuple[int, exp.Expr]]:
    import sqlglot
    from sqlglot.errors import SqlglotError

    sql = decode(path)
    try:
        tokens = sqlglot.tokenize(sql, read="duckdb")
    except SqlglotError as error:
        raise _refused(1, f"cannot be read as SQL ({error}). Check quotes and comments.") from error
    chunk: list[sqlglot.Token] = []
    for token in [*tokens, None]:
        if token is not None and token.token_type.name != "SEMICOLON":
            chunk.append(token)
        elif chunk:
            line = sql.count("\n", 0, chunk[0].start) + 1
            try:
                yield line, sqlglot.parse_one(sql[chunk[0].start : chunk[-1].end + 1], read="duckdb")
            except (SqlglotError, RecursionError) as error:
                text = str(error).splitlines()[0]
                raise _refused(line, f"cannot be read as SQL ({text}). {_ONLY}.") from error
            chunk = []


def _bind(query: exp.Query, folder: Path, load: Load, *, line: int) -> list[Path]:
    from sqlglot import exp

    files: list[Path] = []
    within = {name.alias for name in query.find_all(exp.CTE)}
    for table in list(query.find_all(exp.Table)):
        source, options = (None, {}) if table.name in within else _file_of(table, line)
        if source is None:
            continue
        file = resolve_inside(source, folder, line)
        files.append(file)
        # Only the name changes: a sample or a pivot behind it stays.
        table.set("this", exp.to_identifier(load(file, options), quoted=True))
        if not table.alias:
            table.set("alias", exp.TableAlias(this=exp.to_identifier(file.stem, quoted=True)))
    return files


def _file_of(table: exp.Table, line: int) -> tuple[str | None, dict[str, str]]:
    """File name and CSV options of a table expression; None for the name of a view."""
    from sqlglot import exp

    this = table.this
    if isinstance(this, exp.Identifier):
        if table.db or table.catalog:
            raise _refused(line, f"got {table.sql()!r}, a table of another database. Read a file of the folder.")
        return (this.name, {}) if this.quoted and ("." in this.name or "/" in this.name) else (None, {})
    name = this.name.lower() if isinstance(this, exp.Anonymous) else this.sql_name().lower()
    if name in _HARMLESS:
        return None, {}
    arguments = [node for node in (this.args.get("this"), *this.expressions) if isinstance(node, exp.Expression)]
    if name not in ("read_csv", "read_csv_auto", "read_parquet") or not arguments or not _is_text(arguments[0]):
        raise _refused(line, f"got table function {this.sql(dialect='duckdb')[:60]!r}, allowed read_csv('file') and "
                             "read_parquet('file'). Name one file.")
    return arguments[0].this, dict(_option(argument, line) for argument in arguments[1:])


def _is_text(node: exp.Expression) -> bool:
    from sqlglot import exp

    return isinstance(node, exp.Literal) and node.is_string


def _option(node: exp.Expression, line: int) -> tuple[str, str]:
    from sqlglot import exp

    name = node.this.name.lower() if isinstance(node, exp.EQ | exp.PropertyEQ | exp.Kwarg) else node.sql()
    if name not in CSV_OPTIONS:
        raise _refused(line, f"read_csv option '{name}', allowed {', '.join(CSV_OPTIONS)}. Leave it out.")
    value = str(node.expression.this).replace("\\t", "\t")
    if name == "skip" and not value.isdigit():
        raise _refused(line, f"read_csv option skip: got {value!r}, allowed a whole number. Write, say, skip=2.")
    if name in ("delim", "sep", "quote", "decimal_separator") and len(value) != 1:
        raise _refused(line, f"read_csv option {name}: got {value!r}, allowed one character. Write, say, "
                             f"{name}=';'.")
    return name, value


def resolve_inside(name: str, folder: Path, line: int) -> Path:
    """Resolve a file name against the folder, symbolic links followed, and refuse what lies outside."""
    if "://" in name or "\0" in name:
        raise _refused(line, f"got {name!r}, an address or no name. Read a file of the folder.")
    file = (folder / name).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise _refused(line, f"file {name!r} lies outside the folder. Copy it into the folder.")
    if not file.is_file():
        raise _refused(line, f"file {name!r} is not there. Write it relative to the folder of {FILE_NAME}.")
    if file.suffix.lower() not in (".csv", ".parquet"):
        raise _refused(line, f"file {name!r} ends in {file.suffix!r}, allowed .csv and .parquet. Convert it.")
    return file
