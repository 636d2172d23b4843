from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys

import nbformat
import pytest

import run
from pmlib import dash
from pmlib.errors import ParameterError
from tests.conftest import ROOT
from tests.live_browser.small_project import notebook


@pytest.fixture
def written(tmp_path):
    file = tmp_path / "what_if.ipynb"
    cells = ("Before all.", "# What if?\n\nMove it.", ("interactive", "1 + 1"), "# Second")
    nbformat.write(notebook(*cells), file)
    return file


def test_a_copy_has_a_title_and_no_outputs(written, tmp_path):
    before = written.read_bytes()
    (tmp_path / "home").mkdir()
    book = nbformat.read(dash.prepare(written, tmp_path / "home"), as_version=4)
    assert book.metadata["title"] == "What if?"
    assert [cell.source for cell in book.cells if cell.cell_type == "code"] == ["1 + 1"]
    assert [cell.outputs for cell in book.cells if cell.cell_type == "code"] == [[]]
    assert written.read_bytes() == before


def test_a_file_that_is_no_notebook_is_refused(tmp_path):
    file = tmp_path / "torn.ipynb"
    file.write_text("{", encoding="utf-8")
    with pytest.raises(ParameterError, match=r"'torn.ipynb' cannot be read as a notebook. Open and save it"):
        dash.prepare(file, tmp_path)


def test_without_a_name_the_what_if_notebooks_that_are_there_are_shown(tmp_path):
    (tmp_path / "notebooks").mkdir()
    with pytest.raises(ParameterError, match=r"60_what_if_portfolio.ipynb and 65_.* Name a notebook to show"):
        dash.chosen([], tmp_path)
    there = tmp_path / "notebooks" / dash.NOTEBOOKS[1]
    there.touch()
    assert dash.chosen([], tmp_path) == [there]


def test_a_named_notebook_must_be_there(written, tmp_path):
    assert dash.chosen([written], tmp_path) == [written]
    with pytest.raises(ParameterError, match=r"'gone.ipynb' is no notebook that is there"):
        dash.chosen([written, tmp_path / "gone.ipynb"], tmp_path)


def test_two_notebooks_of_one_name_are_refused(written, tmp_path):
    (tmp_path / "other").mkdir()
    other = tmp_path / "other" / written.name
    other.write_bytes(written.read_bytes())
    with pytest.raises(ParameterError, match=r"two notebooks are called what_if.ipynb. Rename one"):
        dash.chosen([written, other], tmp_path)


def test_what_is_wrong_is_said_in_a_line(capsys, tmp_path):
    assert dash.main([str(tmp_path / "gone.ipynb")]) == 2
    assert capsys.readouterr().err.startswith("dash: 'gone.ipynb' is no notebook")


def test_without_voila_the_remedy_is_named(monkeypatch, written):
    monkeypatch.setitem(sys.modules, "voila.app", None)
    with pytest.raises(ParameterError, match=r"pip install 'pmlib\[dash\]'"):
        dash.serve([written])


def test_a_port_that_is_taken_or_none_is_refused_before_anything_starts(written):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(ParameterError, match=rf"port {port} is taken. Give another"):
            dash.serve([written], port=port)
    with pytest.raises(ParameterError, match=r"got port 70000, allowed 1 to 65535"):
        dash.serve([written], port=70_000)


@pytest.mark.skipif(os.name == "nt", reason="Ctrl-C is no signal on Windows")
def test_a_server_that_is_told_to_end_by_a_key_may_tidy_up_first():
    tidies = "except KeyboardInterrupt: time.sleep(1), sys.exit(7)"
    server = f"import sys, time\ntry: print(flush=True), time.sleep(60)\n{tidies}"
    starter = f"import run, sys\nsys.exit(run.call(sys.executable, '-c', {server!r}))"
    told = {"cwd": ROOT, "stdout": subprocess.PIPE, "start_new_session": True}
    with subprocess.Popen([sys.executable, "-c", starter], **told) as one:
        assert one.stdout.readline()
        os.killpg(one.pid, signal.SIGINT)
        assert one.wait(30) == 7


def test_the_verb_makes_the_sample_first(monkeypatch):
    done = []
    monkeypatch.setattr(run, "set_up", lambda: done.append("set up"))
    monkeypatch.setattr(run, "make_sample", lambda: done.append("sample"))
    monkeypatch.setattr(run, "call", lambda *words: done.append(words[1:]) or 0)
    assert run.main(["dash", "what_if.ipynb", "--port", "8900"]) == 0
    assert done == ["set up", "sample", ("-m", "pmlib.dash", "what_if.ipynb", "--port", "8900")]
