"""The what-if notebooks as pages on this machine: what can be moved and what it answers, no code."""

from __future__ import annotations

import argparse
import os
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from pmlib.errors import ParameterError, PmlibError
from pmlib.project import PROJECT_VARIABLE, find_project
from pmlib.reporting.kernels.launching import ADDRESS_VARIABLE, PROVISIONER_VARIABLES, warm_kernels

#: What is shown where no notebook is named, those of them that are there.
NOTEBOOKS = ("60_what_if_portfolio.ipynb", "65_what_if_product.ipynb")
PORT = 8866
_LAST_PORT = 65_535
# This page, the names of its controls, the look of the reports.
_PAGES, *_PARTS = (str(Path(__file__).parent / name) for name in ("dash_pages", "widgets", "reporting/template"))
_FAILED = "This part cannot be shown. The window in which the dashboard was started says why."
# Everything a page needs comes from this server. Voila's own script makes functions of texts, hence eval.
_POLICY = ("default-src 'self' 'unsafe-inline' 'unsafe-eval' data: blob:; base-uri 'none'; form-action 'none'; "
           "frame-ancestors 'none'")
_OPTIONS = (
    "--no-browser", "--Voila.ip=127.0.0.1", "--Voila.port_retries=0", "--classic_tree=True",
    "--strip_sources=True", "--show_tracebacks=False", f"--VoilaExecutor.cell_error_instruction={_FAILED}",
    "--MappingKernelManager.cull_idle_timeout=600",
    "--template=lab", "--VoilaConfiguration.allow_template_override=NO",
    "--theme=light", "--VoilaConfiguration.allow_theme_override=NO",
)  # fmt: skip


def chosen(names: Sequence[str | Path], project: Path) -> list[Path]:
    """Which notebooks to show.

    Parameters
    ----------
    names : sequence of str or Path
        Files; none means the project's what-if notebooks.
    project : Path
        Whose ``notebooks`` are looked through.

    Returns
    -------
    list of Path
        In the order given.

    Raises
    ------
    ParameterError
        One is not there, there is none, or two have one name.
    """
    found = [Path(name).resolve() for name in names] or [project / "notebooks" / name for name in NOTEBOOKS]
    for file in found if names else ():
        if file.suffix != ".ipynb" or not file.is_file():
            raise ParameterError(f"dash: '{file.name}' is no notebook that is there. Give the path of an .ipynb file.")
    for name, n in Counter(file.name for file in found).items():
        if n > 1:
            raise ParameterError(f"dash: two notebooks are called {name}. Rename one, or show them one by one.")
    there = [file for file in found if file.is_file()]
    if not there:
        raise ParameterError(f"dash: {' and '.join(NOTEBOOKS)} are not in {project / 'notebooks'}. "
                             "Name a notebook to show.")
    return there


def prepare(notebook: Path, folder: Path) -> Path:
    """Copy a notebook for a dashboard: titled by its first heading, without outputs.

    Parameters
    ----------
    notebook : Path
        Stays as it is.
    folder : Path
        Takes the copy.

    Returns
    -------
    Path
        The copy, of the same name.

    Raises
    ------
    ParameterError
        It cannot be read as a notebook.
    """
    import nbformat

    try:
        book = nbformat.read(notebook, as_version=4)  # type: ignore[no-untyped-call]
    except Exception as error:
        raise ParameterError(f"dash: '{notebook.name}' cannot be read as a notebook. "
                             "Open and save it in JupyterLab.") from error
    for cell in book.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    lines = [line for cell in book.cells if cell.cell_type == "markdown" for line in cell.source.splitlines()]
    book.metadata["title"] = next((line[2:].strip() for line in lines if line.startswith("# ")), notebook.stem)
    copy = folder / notebook.name
    nbformat.write(book, copy)  # type: ignore[no-untyped-call]
    return copy


def serve(names: Sequence[str | Path] = (), *, port: int = PORT) -> None:
    """Show notebooks on this machine until the process is ended.

    Each visit runs a kernel of its own on a copy, so that nothing a visitor does stays; only programs of this machine
    reach it, and a cell that fails shows neither its code nor its traceback.

    Parameters
    ----------
    names : sequence of str or Path
        Notebooks; none means the project's what-if notebooks. With more than one the first page lists them.
    port : int
        On the loopback address.

    Raises
    ------
    ParameterError
        A notebook is not there, the port is taken or none, or Voila is not installed.
    """
    try:
        from voila.app import Voila
    except ImportError as error:
        raise ParameterError("dash: Voila is not installed. Install it with pip install 'pmlib[dash]'.") from error
    project = find_project() or Path.cwd()
    notebooks = chosen(names, project)
    _check(port)
    os.environ[PROJECT_VARIABLE] = str(project)
    with tempfile.TemporaryDirectory(prefix="pmlib-dash-") as home:
        copies = [prepare(notebook, Path(home)) for notebook in notebooks]
        app = Voila.instance()
        app.initialize([*_OPTIONS, f"--port={port}", str(copies[0] if len(copies) == 1 else home)])
        app.template_paths = [_PAGES, *app.template_paths, *_PARTS]
        # Voila answers to any name of the machine unless told otherwise, and so to a foreign page's.
        app.tornado_settings = {"allow_remote_access": False, "headers": {"Content-Security-Policy": _POLICY}}
        with warm_kernels() as warm:
            os.environ.update({**PROVISIONER_VARIABLES, ADDRESS_VARIABLE: warm} if warm else {})
            app.start()


def _check(port: int) -> None:
    if not 0 < port <= _LAST_PORT:
        raise ParameterError(f"dash: got port {port}, allowed 1 to {_LAST_PORT}. Give another with --port.")
    with socket.socket() as probe:
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            raise ParameterError(f"dash: port {port} is taken. Give another with --port, or end what uses it.")


def main(words: Sequence[str] | None = None) -> int:
    """Read the command line and serve; what is wrong is said in a line.

    Parameters
    ----------
    words : sequence of str, optional
        Default: those of the process.

    Returns
    -------
    int
        Exit code: 0 when ended, 2 when refused.
    """
    parser = argparse.ArgumentParser(prog="dash", description="Show what-if notebooks as pages on this machine.")
    parser.add_argument("notebooks", nargs="*", metavar="NOTEBOOK", help="default: the what-if notebooks")
    parser.add_argument("--port", type=int, default=PORT, help="on the loopback address (default: %(default)s)")
    given = parser.parse_args(words)
    try:
        serve(given.notebooks, port=given.port)
    except PmlibError as refused:
        sys.stderr.write(f"{refused}\n")
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
