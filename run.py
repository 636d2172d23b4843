#!/usr/bin/env python3
"""Set up pmlib in .venv from the hashed lock, then run a verb. Needs Python 3.11 or newer and nothing else.

    python run.py report            render the monthly reports of the newest period
    python run.py test              run every test and every notebook
    python run.py lab               open the notebooks in JupyterLab
    python run.py dash              show the what-if notebooks as pages on this machine: NOTEBOOK ..., --port N
    python run.py setup             only make or renew .venv
    python run.py bench ROOM        compare speed and answers with other libraries, in environments of their own
    python run.py VERB ...          hand any other verb to pmlib: check, template, sample, list, params, refresh, index
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import subprocess
import sys
import tempfile
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
LOCK = ROOT / "requirements.lock"
BENCH = ROOT / "benchmarks"
BIN = "Scripts/python.exe" if os.name == "nt" else "bin/python"
PYTHON = VENV / BIN


def environment() -> dict[str, str]:
    """Without byte code every import would be compiled again, which costs seconds each time."""
    kept = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONUTF8": "1"}


def call(*words: str | Path) -> int:
    with subprocess.Popen([str(word) for word in words], cwd=ROOT, env=environment()) as process:
        while True:
            # Ctrl-C reaches a server too, which then tidies up and ends by itself.
            with contextlib.suppress(KeyboardInterrupt):
                return process.wait()


def must(*words: str | Path) -> None:
    code = call(*words)
    if code:
        sys.exit(f"run.py: '{' '.join(map(str, words))}' failed with exit code {code}. The lines above say why.")


def stamp(*files: Path) -> str:
    """What an environment depends on: the lock and the project's own definition, or other files, and this Python."""
    named = files or (LOCK, ROOT / "pyproject.toml")
    return f"{hashlib.sha256(b''.join(file.read_bytes() for file in named)).hexdigest()} {sys.version} {ROOT}"


def stands(home: Path, mark: str) -> bool:
    """Whether an environment is there and was made from the same files."""
    file = home / "pmlib-stamp.txt"
    return (home / BIN).is_file() and file.is_file() and file.read_text(encoding="utf-8") == mark


def locked_lines(package: str) -> str:
    """The lines of one package in the lock, hashes included."""
    match = re.search(rf"^{package}==(?:.*\\\n)+.*--hash=\S+\n", LOCK.read_text(encoding="utf-8"), re.MULTILINE)
    if match is None:
        sys.exit(f"run.py: {package} is not in {LOCK.name}. Restore the file from version control.")
    return match[0]


def install_with_uv() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        pinned = Path(folder) / "uv.txt"
        pinned.write_text(locked_lines("uv"), encoding="utf-8")
        if call(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", pinned):
            return False
    uv = [PYTHON, "-m", "uv", "pip", "install", "--quiet", "--python", PYTHON]
    return call(*uv, "--require-hashes", "--compile-bytecode", "-r", LOCK) == 0


def set_up() -> None:
    """Make .venv unless it already fits the lock and this Python."""
    if stands(VENV, stamp()):
        return
    print("run.py: setting up .venv (once; a minute or two)", flush=True)
    venv.EnvBuilder(with_pip=True, clear=True).create(VENV)
    if not install_with_uv():
        print("run.py: uv does not work here; installing with pip instead", flush=True)
        must(PYTHON, "-m", "pip", "install", "--quiet", "--require-hashes", "-r", LOCK)
    must(PYTHON, "-m", "pip", "install", "--quiet", "--no-deps", "--no-build-isolation", "-e", ".")
    (VENV / "pmlib-stamp.txt").write_text(stamp(), encoding="utf-8")


def set_up_peers(name: str, requirements: Path, *, lock: bool) -> Path:
    """Make an environment for benchmarks, beside the lock or (a peer that cannot live with it) alone."""
    home, mark = ROOT / name, stamp(requirements, LOCK, ROOT / "pyproject.toml")
    if not stands(home, mark):
        print(f"run.py: setting up {name} (once; a minute or two)", flush=True)
        venv.EnvBuilder(with_pip=True, clear=True).create(home)
        uv = [PYTHON, "-m", "uv", "pip", "install", "--quiet", "--compile-bytecode", "--python", home / BIN]
        if lock:
            must(*uv, "--require-hashes", "-r", LOCK)
        must(*uv, *(["--constraint", LOCK] if lock else []), "-r", requirements)
        (home / "pmlib-stamp.txt").write_text(mark, encoding="utf-8")
    return home / BIN


def bench(words: list[str]) -> int:
    python = set_up_peers(".venv-bench", BENCH / "requirements.txt", lock=True)
    for peer in sorted((BENCH / "apart").glob("*.txt")):
        set_up_peers(f".venv-bench-{peer.stem}", peer, lock=False)
    return call(python, "-m", "benchmarks", *words)


def make_sample() -> None:
    must(PYTHON, "-c", "from pathlib import Path; from pmlib.sample import write_large_tables; "
                       "write_large_tables(Path('data/quillmark'))")


def main(words: list[str]) -> int:
    if not words or words[0] in ("-h", "--help", "help"):
        print(__doc__)
        return 0
    if sys.version_info < (3, 11):
        sys.exit(f"run.py: got Python {sys.version.split()[0]}, allowed 3.11 or newer. Start it with a newer Python.")
    set_up()
    verb, *rest = words
    if verb == "setup":
        return 0
    if verb == "test":
        make_sample()
        # A file's tests stay together: they share what is dear to make.
        cores = [] if rest else ["-n", str(min(os.cpu_count() or 1, 4)), "--dist", "loadscope"]
        return call(PYTHON, "-m", "pytest", *cores, *rest)
    if verb == "lab":
        make_sample()
        return call(PYTHON, "-m", "jupyterlab", "notebooks", *rest)
    if verb == "dash":
        make_sample()
        return call(PYTHON, "-m", "pmlib.dash", *rest)
    if verb == "bench":
        return bench(rest)
    if verb == "report" and (not rest or rest[0].startswith("-")):
        rest = ["monthly", *rest]
    return call(PYTHON, "-m", "pmlib.cli", verb, *rest)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
