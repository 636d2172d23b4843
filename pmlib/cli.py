"""The commands: one grammar, ``pmlib VERB``. Everything heavy is imported inside the verb that needs it."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from pmlib.errors import LockedError, PmlibError

LOCKED, USAGE = 75, 2
_LONGEST_PLACE = 200

app = typer.Typer(
    name="pmlib",
    help="Score projects, rebalance the portfolio, evaluate products: from tables to a published report.",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    add_completion=False,
)

ProjectOption = Annotated[
    Path | None, typer.Option("--project", help="The project's folder; default: the nearest upward.")
]


def main() -> None:
    """Run a command; what is refused, by pmlib or by the machine, becomes one line on stderr and an exit code.

    Exit codes: 0 all well, 1 some failed (or rows set aside), 2 usage or blocked data, 75 locked.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal cannot write must not end a check in a traceback.
            stream.reconfigure(errors="backslashreplace")
    try:
        app()
    except (PmlibError, OSError) as error:
        typer.echo(f"pmlib: {_visible(_told(error))}", err=True)
        sys.exit(LOCKED if isinstance(error, LockedError) else USAGE)


def _told(error: Exception) -> str:
    """Say in one line what was refused; of the machine's refusals, where."""
    if not isinstance(error, OSError) or error.filename is None:
        return " ".join(f"{error or type(error).__name__}".split())
    place = str(error.filename)
    shown = place if len(place) <= _LONGEST_PLACE else f"{place[:_LONGEST_PLACE]}…"
    return f"{shown}: {error.strerror}. Give another place, or make this one usable."


def _visible(text: str) -> str:
    """Spell out what would move the cursor or turn the direction of writing: names of files and columns are foreign."""
    return "".join(sign if sign.isprintable() or sign == "\n" else repr(sign)[1:-1] for sign in text)


def _project(given: Path | None) -> Path:
    from pmlib.errors import ReportError
    from pmlib.project import find_project, is_project

    if given is not None:
        if not is_project(given):
            raise ReportError(f"--project {given}: no reports/*.yml there. Name the folder that holds reports/.")
        return given.resolve()
    found = find_project()
    if found is None:
        raise ReportError(
            f"{Path.cwd()} lies in no project: no reports/*.yml here or above. Go to a copy of the pmlib repository "
            "(git clone it, or copy its notebooks/, reports/ and data/ to a folder), or name one with --project."
        )
    return found


@app.command()
def report(
    name: Annotated[str, typer.Argument(help="Which report; see 'pmlib list'.")],
    *,
    period: Annotated[str | None, typer.Option(help="Month YYYY-MM; default: the newest of the workbook.")] = None,
    workbook: Annotated[str | None, typer.Option(help="Where the tables are: folder, file or address.")] = None,
    parameter: Annotated[
        list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="A parameter; see 'pmlib params'.")
    ] = None,
    project: ProjectOption = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Notebooks side by side; default 2.")] = None,
) -> None:
    """Render a report and publish it under reports/published/."""
    from pmlib.reporting.definition import load_definition
    from pmlib.reporting.parameters import parse_assignments
    from pmlib.reporting.render import render

    root = _project(project)
    definition = load_definition(name, root)
    options = [("period", period), ("workbook", workbook)]
    texts = [f"{key}={value}" for key, value in options if value is not None]
    rendered = render(definition, root, parse_assignments([*texts, *(parameter or [])]), workers=workers)
    for run in rendered.notebooks:
        typer.echo(f"{run.name}: {run.status}" + (f" - {run.cause}" if run.cause else ""), err=run.cause is not None)
    typer.echo(str(rendered.folder / "index.html"))
    raise typer.Exit(rendered.exit_code)


@app.command()
def check(
    source: Annotated[str, typer.Argument(help="A folder, an .xlsx, DuckDB or SQLite file, or a database address.")],
    rows: Annotated[int, typer.Option(min=0, help="Rows shown of each kind of problem, at most 1000.")] = 3,
) -> None:
    """Say what a workbook holds, what is set aside and what is blocked."""
    from pmlib.project import find_project, resolve_source
    from pmlib.reporting.plan import complete_sample
    from pmlib.workbook import open_workbook

    root = find_project()
    if root is not None:
        complete_sample(resolve_source(source), root)
    book = open_workbook(source)
    typer.echo(_visible(book.report(rows=rows)))
    raise typer.Exit(book.exit_code)


@app.command()
def sample(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to write it.")],
    scale: Annotated[
        float, typer.Option(min=0.01, max=1000, help="Size of the large tables, 1 as in data/quillmark.")
    ] = 1,
    seed: Annotated[int | None, typer.Option(min=0, help="Another company of the same kind.")] = None,
    clean: Annotated[bool, typer.Option("--clean", help="Without the defects that a data owner has to find.")] = False,
) -> None:
    """Write the fictitious company's tables, twelve kinds of defects included."""
    from pmlib.sample import SEED, write_sample

    write_sample(folder, scale=scale, seed=SEED if seed is None else seed, clean=clean)
    typer.echo(str(folder))


@app.command()
def template(
    file: Annotated[Path, typer.Argument(metavar="FILE.xlsx", help="The spreadsheet to write; it must not exist.")],
) -> None:
    """Write an empty spreadsheet with a sheet per table, to be filled in."""
    from pmlib.template import write_template

    typer.echo(str(write_template(file)))


@app.command("list")
def list_reports(project: ProjectOption = None) -> None:
    """List the reports a project defines, and their newest period."""
    from pmlib.reporting.definition import known_reports, load_definition
    from pmlib.reporting.pages import newest_period

    root = _project(project)
    for name in known_reports(root):
        definition = load_definition(name, root)
        newest = newest_period(root, name) or "not published yet"
        typer.echo(f"{name}: {definition.title}, {len(definition.notebooks)} notebooks, {newest}")


@app.command()
def params(
    name: Annotated[str, typer.Argument(help="Which report; see 'pmlib list'.")], project: ProjectOption = None
) -> None:
    """List the parameters of a report: type, default, meaning and who takes them."""
    from pmlib.reporting.definition import load_definition
    from pmlib.reporting.plan import described_parameters

    root = _project(project)
    for line in described_parameters(load_definition(name, root), root):
        typer.echo(line)


@app.command()
def refresh(
    names: Annotated[list[str] | None, typer.Argument(help="Which notebooks; default: all.")] = None,
    project: ProjectOption = None,
) -> None:
    """Re-execute the committed notebooks in place at their default parameters."""
    from pmlib.reporting.refresh import refresh as refresh_notebooks

    for path in refresh_notebooks(_project(project), names):
        typer.echo(str(path))


@app.command()
def index(project: ProjectOption = None) -> None:
    """Write reports/published/index.html anew from what is published."""
    from pmlib.reporting.pages import write_index

    typer.echo(str(write_index(_project(project))))


if __name__ == "__main__":
    main()
