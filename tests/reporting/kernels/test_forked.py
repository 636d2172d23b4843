"""A forked kernel is like any other: what it shows, what it starts with, what it can do."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.reporting.kernels.talking import Ran, becomes, run_cells

#: Each is run in a forked and in an ordinary kernel; what they show must be the same.
SHOWN = {
    "text": (
        "import sys\n"
        "print('out'); print('err', file=sys.stderr)\n"
        "'value'"
    ),
    "arguments": (
        "import os\n"
        "[a for a in sys.argv if 'kernel.json' not in a], sys.flags, sys.path, __name__, sys._xoptions"
    ),
    "place": "os.getcwd(), os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid(), os.umask(0o027)",
    "streams": "sys.__stdout__.encoding, sys.__stderr__.errors, sys.__stdin__.read(), sys.stdout.encoding",
    "signals": (
        "import signal\n"
        "{s.name: str(signal.getsignal(s)) for s in signal.Signals}, signal.pthread_sigmask(0, [])"
    ),
    "environment": "sorted(n for n in os.environ if not n.startswith(('PYDEVD', 'PYTEST')))",
    "threads": "import threading\nsorted(t.name.rstrip('0123456789') for t in threading.enumerate())",
    "limits": "import gc, resource\ngc.isenabled(), gc.get_threshold(), resource.getrlimit(resource.RLIMIT_DATA)",
    "shell": "ip = get_ipython()\nip.execution_count, sorted(ip.magics_manager.magics['line']), sorted(ip.user_ns)",
    "matplotlib": "import matplotlib\n{k: str(v) for k, v in matplotlib.rcParams.items()}",
    "pyplot": (
        "import matplotlib.pyplot as plt\n"
        "plt.isinteractive(), plt.get_backend(), list(map(str, matplotlib.units.registry))"
    ),
    "figure": "fig, ax = plt.subplots(); ax.plot([1, 3, 2]); ax.set_title('Übung'); fig",
    "implicit figure": "plt.plot([1, 2]);",
    "after a figure": (
        "{k: str(v) for k, v in matplotlib.rcParams.items()}, plt.isinteractive(), "
        "len(ip.events.callbacks['post_execute'])"
    ),
    "dates": "import datetime\nplt.plot([datetime.date(2024, m, 1) for m in (1, 2, 3)], [1, 2, 3]); plt.show()",
    "magic": "%matplotlib",
    "inline": "%matplotlib inline\n%config InlineBackend.figure_formats",
    "pandas": (
        "import pandas as pd\n"
        "{k: str(pd.get_option(k)) for k in sorted(pd._config.config._registered_options)}"
    ),
    "numpy": "import numpy as np\nnp.geterr(), np.get_printoptions()",
    "table": "pd.DataFrame({f'c{i}': ['x', 1.5] for i in range(30)})",
    "drawn table": "pd.DataFrame({'a': [1, 4, 2]}).plot()",
    "warnings": (
        "import warnings\n"
        "warnings.warn('careful'); warnings.warn('old', DeprecationWarning); np.array([1.0]) / 0"
    ),
    "metadata": (
        "from IPython.display import HTML, display\n"
        "display(HTML('<b>x</b>'), metadata={'text/html': {'a': 1}})"
    ),
    "duckdb": (
        "import duckdb\n"
        "duckdb.sql('select 42 as a').df(), duckdb.default_connection().sql('select 1').fetchall()"
    ),
    "ibis": "import ibis\nibis.memtable({'a': [1, 2]}).a.sum().execute(), ibis.options.interactive",
    "progress": "import tqdm.auto\ntqdm.auto.tqdm",
    "algebra": (
        "import hashlib\n"
        "a = np.random.default_rng(1).normal(size=(300, 300))\n"
        "[hashlib.sha1(np.ascontiguousarray(x).tobytes()).hexdigest() for x in (a @ a, *np.linalg.svd(a), "
        "np.linalg.solve(a, a[0]))]"
    ),
    "awaited": (
        "import asyncio\n"
        "await asyncio.sleep(0.01)\n"
        "type(asyncio.get_running_loop())"
    ),
    "main": (
        "class Own: ...\n"
        "import pickle\n"
        "Own, pickle.loads(pickle.dumps(Own())).__class__ is Own, sys.modules['__main__'].__dict__ is globals()"
    ),
    "system": "!echo from a shell",
    "exception": (
        "def f():\n"
        "    return {}['missing']\n"
        "try:\n"
        "    f()\n"
        "except KeyError:\n"
        "    ip.showtraceback()"
    ),
    "error": "1 / 0",
}
#: Says everything that a notebook before might have changed.
STATE = """
import builtins, os, random, signal, sys, numpy as np, pandas as pd, matplotlib as mpl
state = {
    "options": pd.get_option("display.max_rows"), "figure": mpl.rcParams["figure.figsize"], "names": dir(builtins),
    "environment": sorted(os.environ), "folder": os.getcwd(), "umask": os.umask(0o077), "sum": builtins.sum,
    "signal": str(signal.getsignal(signal.SIGTERM)), "mine": "mine" in globals(), "path": sys.path,
    "error": np.geterr(), "pandas": hasattr(pd, "mine"), "modules": "pmlib_mine" in sys.modules,
}
print(state)
"""
SPOILING = """
import builtins, os, random, signal, sys, types, numpy as np, pandas as pd, matplotlib as mpl
pd.set_option("display.max_rows", 3); mpl.rcParams["figure.figsize"] = (1, 1); builtins.mine = 1
os.environ["MINE"] = "1"; os.chdir("/"); os.umask(0); signal.signal(signal.SIGTERM, lambda *_: None)
mine = 1; sys.path.insert(0, "/mine")
np.seterr(all="raise"); pd.mine = 1; sys.modules["pmlib_mine"] = types.ModuleType("m"); builtins.sum = None
random.seed(1); np.random.seed(1)
"""
DRAWS = (
    "import random, numpy as np, uuid\n"
    "print(random.random(), np.random.rand(), np.random.default_rng().random(), uuid.uuid4())"
)


def plain(outputs: list[Any]) -> str:
    """Outputs without addresses, process numbers and the names widgets are given at random."""
    text = json.dumps(outputs, indent=0)
    for pattern in (r"(?<=ipykernel_)\d+", r"(?<=0x)[0-9a-f]{6,}"):
        text = re.sub(pattern, "", text)
    return text


@pytest.fixture(scope="module")
def both(address: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Ran, Ran]:
    folder = tmp_path_factory.mktemp("same")

    def go(kind: str) -> Ran:
        return run_cells(folder, *SHOWN.values(), name=kind, zygote=address if kind == "warm" else None)

    with ThreadPoolExecutor(2) as threads:
        warm, ordinary = threads.map(go, ("warm", "ordinary"))
    return warm, ordinary


@pytest.mark.parametrize("name", SHOWN)
def test_what_a_cell_shows_is_what_an_ordinary_kernel_shows(both: tuple[Ran, Ran], name: str) -> None:
    warm, ordinary = both
    place = list(SHOWN).index(name)
    assert plain(warm.outputs[place]) == plain(ordinary.outputs[place])
    assert ordinary.outputs[place]


def test_both_kinds_of_kernel_count_cells_alike_and_print_nothing_of_their_own(both: tuple[Ran, Ran]) -> None:
    counts = [[cell.execution_count for cell in ran.notebook.cells if cell.cell_type == "code"] for ran in both]
    assert counts[0] == counts[1] == list(range(1, len(SHOWN) + 1))
    for ran in both:
        assert ran.outcome["cause"] == f"cell [{len(SHOWN)}]: ZeroDivisionError: division by zero"
    assert both[0].notebook.metadata.language_info == both[1].notebook.metadata.language_info


def test_pictures_are_the_same_to_the_byte(both: tuple[Ran, Ran]) -> None:
    hashes = [
        [hashlib.sha256(o.data["image/png"].encode()).hexdigest() for outputs in ran.outputs for o in outputs
         if "image/png" in o.get("data", {})]
        for ran in both
    ]
    assert hashes[0] == hashes[1]
    assert len(hashes[0]) >= 4


def test_nothing_of_a_notebook_is_left_for_the_next(address: str, run: Callable[..., Ran]) -> None:
    before = run(STATE, zygote=address).outputs
    spoilt = run(SPOILING, STATE, zygote=address)
    assert spoilt.outputs[1] != before[0]
    assert run(STATE, zygote=address).outputs == before


def test_kernels_draw_different_numbers_unless_seeded(address: str, run: Callable[..., Ran]) -> None:
    seeded = "import random, numpy as np\nrandom.seed(7); np.random.seed(7)\nprint(random.random(), np.random.rand())"
    first, second = (run(DRAWS, seeded, zygote=address).outputs for _ in range(2))
    for a, b in zip(first[0][0].text.split(), second[0][0].text.split(), strict=True):
        assert a != b
    assert first[1] == second[1]


def test_widgets_are_kept_with_the_notebook(address: str, run: Callable[..., Ran]) -> None:
    cells = ("import ipywidgets as w", "w.IntSlider(3, max=9)", "out = w.Output()\nwith out:\n    print('inside')\nout")
    kinds = []
    for place in (address, None):
        widgets = run(*cells, zygote=place).notebook.metadata.widgets
        state = widgets["application/vnd.jupyter.widget-state+json"]["state"]
        kinds.append(sorted((kept["model_name"], kept["state"].get("value")) for kept in state.values()))
    assert kinds[0] == kinds[1]
    assert ("IntSliderModel", 3) in kinds[0]


#: What starts threads or processes inside a forked kernel, and what it must come to.
WORK = {
    "matmul in threads": (
        "from concurrent.futures import ThreadPoolExecutor\n"
        "import numpy as np\n"
        "a = np.ones((400, 400))\n"
        "with ThreadPoolExecutor(4) as pool: r = sum(pool.map(lambda k: (a @ a * k)[0, 0], range(8)))\n"
        "r",
        "np.float64(11200.0)",
    ),
    "blas threads": (
        "import threading\n"
        "threads = [threading.Thread(target=lambda: np.linalg.svd(a)) for _ in range(3)]\n"
        "[t.start() for t in threads]; [t.join(30) for t in threads]; [t.is_alive() for t in threads]",
        "[False, False, False]",
    ),
    "arrow": (
        "import pyarrow as pa, pyarrow.compute as pc\n"
        "pc.sum(pa.chunked_array([range(1000)] * 50)).as_py()",
        "24975000",
    ),
    "parquet": (
        "import pandas as pd, pyarrow.parquet as pq\n"
        "pd.DataFrame({'a': range(200_000), 'b': 'x'}).to_parquet('t.parquet', row_group_size=5000)\n"
        "int(pd.read_parquet('t.parquet').a.sum()), pq.read_table('t.parquet', use_threads=True).num_rows",
        "(19999900000, 200000)",
    ),
    "duckdb": (
        "import duckdb\n"
        "duckdb.sql('select sum(a) from read_parquet(\\'t.parquet\\')').fetchall(), "
        "duckdb.connect().execute('select count(distinct range % 1000) from range(3000000)').fetchone()",
        "([(19999900000,)], (1000,))",
    ),
    "subprocess": (
        "import subprocess, sys\n"
        "subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True, text=True).stdout",
        "'42\\n'",
    ),
    "fork": (
        "import multiprocessing, os\n"
        "with multiprocessing.get_context('fork').Pool(2) as pool: r = pool.map(abs, [-1, -2])\n"
        "r",
        "[1, 2]",
    ),
    "spawn": (
        "with multiprocessing.get_context('spawn').Pool(1) as pool: r = pool.map(abs, [-3])\n"
        "r",
        "[3]",
    ),
    "thread pool": (
        "from multiprocessing.pool import ThreadPool\n"
        "with ThreadPool(3) as pool: r = pool.map(abs, [-4, -5])\n"
        "r",
        "[4, 5]",
    ),
    "asyncio": (
        "import asyncio\n"
        "sum(await asyncio.gather(*(asyncio.to_thread(abs, -k) for k in range(5))))",
        "10",
    ),
    "logging": (
        "import logging, os\n"
        "logging.getLogger('x').warning('seen'); os.getppid() != 1",
        "True",
    ),
}


def test_threads_and_processes_work_inside_a_forked_kernel(address: str, run: Callable[..., Ran]) -> None:
    ran = run(*(code for code, _ in WORK.values()), zygote=address)
    assert ran.outcome["cause"] is None, ran.outcome
    assert dict(zip(WORK, ran.values, strict=True)) == {name: expected for name, (_, expected) in WORK.items()}


def test_exit_handlers_run_and_user_objects_are_let_go(address: str, run: Callable[..., Ran], tmp_path: Path) -> None:
    code = (
        "import atexit, pathlib, tempfile\natexit.register(pathlib.Path('said').write_text, 'bye')\n"
        "class Held:\n    def __del__(self, write=pathlib.Path('held').write_text): write('gone')\nheld = Held()\n"
        "folder = tempfile.TemporaryDirectory(); print(folder.name)"
    )
    ran = run(code, zygote=address)
    assert becomes(lambda: (tmp_path / "said").exists() and (tmp_path / "held").exists())
    assert becomes(lambda: not Path(ran.outputs[0][0].text.strip()).exists())
