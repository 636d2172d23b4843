"""The commands: one grammar, ``pmlib VERB``. Everything heavy is imported inside the verb that needs it."""

from __future__ import annotations

import io
import sys
from pathlib import Path
from typing import Annotated

import typer

from pmlib.command_line import ProjectOption, project_of, visible
from pmlib.errors import LockedError, PmlibError
from pmlib.report_commands import COMMANDS

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
for verb, command in COMMANDS.items():
    app.command(verb)(command)  # type: ignore[type-var]

def main() -> None:
    """Run a command; what is refused, by pmlib or by the machine, becomes one line on stderr and an exit code.

    Exit codes: 0 all well, 1 some failed (or rows set aside), 2 usage or blocked data, 75 locked.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # A name that the terminal cannot write must not end a check in a traceback.
            stream.reconfigure(errors="backslashreplace")
    try:
        app(prog_name="pmlib")
    except (PmlibError, OSError) as error:
        typer.echo(f"pmlib: {visible(_told(error))}", err=True)
        sys.exit(LOCKED if isinstance(error, LockedError) else USAGE)


def _told(error: Exception) -> str:
    """Say in one line what was refused; of the machine's refusals, where."""
    if not isinstance(error, OSError) or error.filename is None:
        return " ".join(f"{error or type(error).__name__}".split())
    place = str(error.filename)
    shown = place if len(place) <= _LONGEST_PLACE else f"{place[:_LONGEST_PLACE]}…"
    return f"{shown}: {error.strerror}. Give another place, or make this one usable."


@app.command()
def check(
    source: Annotated[str, typer.Argument(help="A folder, an .xlsx, DuckDB or SQLite file, or a database address.")],
    rows: Annotated[int, typer.Option(min=0, help="Rows shown of each kind of problem, at most 1000.")] = 3,
) -> None:
    """Say what a workbook holds, what is set aside and what is blocked."""
    from pmlib.project import find_project, resolve_source
    from pmlib.reporting.facts import complete_sample
    from pmlib.workbook import open_workbook

    root = find_project()
    if root is not None:
        complete_sample(resolve_source(source), root)
    book = open_workbook(source)
    typer.echo(visible(book.report(rows=rows)))
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


@app.command()
def new(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="The folder to make.")],
) -> None:
    """Make a project of your own: the notebooks, the report definitions and the sample company."""
    from pmlib.new_project import new_project

    typer.echo(str(new_project(folder)))


@app.command()
def refresh(
    names: Annotated[list[str] | None, typer.Argument(help="Which notebooks; default: all.")] = None,
    project: ProjectOption = None,
) -> None:
    """Re-execute the committed notebooks in place at their default parameters."""
    from pmlib.reporting.refresh import refresh as refresh_notebooks

    for path in refresh_notebooks(project_of(project), names):
        typer.echo(str(path))


@app.command()
def student(
    names: Annotated[list[str] | None, typer.Argument(help="Which workshop notebooks; default: all.")] = None,
    project: ProjectOption = None,
) -> None:
    """Write the students' copies of the workshop notebooks anew, without solutions; with all of them, the handout."""
    from pmlib.teach.handout import write_handout
    from pmlib.teach.student_copy import student_copies

    copies = student_copies(project_of(project), names)
    for path in [*copies, *([] if names else write_handout(copies[0].parent))]:
        typer.echo(str(path))


if __name__ == "__main__":
    main()
