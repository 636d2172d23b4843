"""Compare everyone on every case of a room and write the ratios: ``python -m benchmarks ROOM [--size large]``.

Run it by ``python run.py bench ROOM``, which makes the environments first.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.registry import OURS, ROOMS, Case, Implementation, Told, cases

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "benchmarks" / "README.md"
#: Everyone works once in every round, in turn, so that a busy machine slows all alike.
ROUNDS = 3
_BIN = "Scripts/python.exe" if os.name == "nt" else "bin/python"

Answer = dict[str, Any]


def compare(room: str, *, size: str, rounds: int = ROUNDS) -> list[Answer]:
    """Run every case of a room; one row per case and implementation other than ours."""
    rows: list[Answer] = []
    for case in (case for case in cases(room).values() if size in case.sizes):
        with tempfile.TemporaryDirectory() as folder:
            seen: list[dict[str, Answer]] = []
            for _ in range(rounds):
                seen.append({who.name: _work(room, case, who, size=size, folder=folder)
                             for who in case.implementations})
            rows.extend(_rows(case, seen, folder=Path(folder), size=case.sizes[size]))
    return rows


def _work(room: str, case: Case, who: Implementation, *, size: str, folder: str) -> Answer:
    python = ROOT / f".venv-bench-{who.package}" / _BIN if who.apart else Path(sys.executable)
    if not python.is_file():
        return {"absent": f"{who.package} is not installed"}
    print(f"{case.name} {case.sizes[size]}: {who.name}", file=sys.stderr, flush=True)
    words = [room, case.name, who.name, size, str(Path(folder) / f"{_slug(who.name)}.npy")]
    done = subprocess.run([str(python), "-m", "benchmarks.worker", *words], cwd=ROOT, capture_output=True, text=True,
                          check=False)
    if done.returncode:
        return {"absent": done.stderr.strip().splitlines()[-1]}
    answer: Answer = json.loads(done.stdout.splitlines()[-1])
    return answer


def _rows(case: Case, seen: list[dict[str, Answer]], *, folder: Path, size: tuple[int, ...]) -> list[Answer]:
    rows = []
    for who in case.implementations:
        absent = next((turn[who.name]["absent"] for turn in seen if "absent" in turn[who.name]), "")
        if absent and who.name == OURS:
            sys.exit(f"{case.name}: {OURS} itself did not work: {absent}")
        row: Answer = {"case": case, "who": who, "size": size, "absent": absent}
        if not row["absent"]:
            own, theirs = ([turn[name]["seconds"] for turn in seen] for name in (OURS, who.name))
            above = statistics.median(a - b for a, b in zip(own, theirs, strict=True))
            faster = [b / a for a, b in zip(own, theirs, strict=True)]
            row |= {"seconds": statistics.median(theirs), "faster": statistics.median(faster),
                    "range": (min(faster), max(faster)), "extra_mb": seen[0][who.name]["extra_mb"],
                    "lighter": seen[0][who.name]["extra_mb"] / max(1.0, seen[0][OURS]["extra_mb"]),
                    "peak_mb": seen[0][who.name]["peak_mb"],
                    "above": above / (size or (1,))[0], "apart": _difference(folder, who) if who.agrees else None}
        rows.extend(_told(row, seen) if who.told and not absent else [row])
    return rows


def _told(row: Answer, seen: list[dict[str, Answer]]) -> list[Answer]:
    """Give a row for each number that is told in place of seconds."""
    who: Implementation = row["who"]
    numbers = zip(*(turn[who.name]["told"] for turn in seen), strict=True)
    return [row | {"told": told, "place": place, "number": statistics.median(turns)}
            for place, (told, turns) in enumerate(zip(who.told, numbers, strict=True))]


def _difference(folder: Path, who: Implementation) -> float | None:
    ours, theirs = folder / f"{_slug(OURS)}.npy", folder / f"{_slug(who.name)}.npy"
    if who.name == OURS or who.told or not (ours.is_file() and theirs.is_file()):
        return None
    return difference(np.load(ours), np.load(theirs), share=who.share)


def difference(own: np.ndarray, theirs: np.ndarray, *, share: float = 1.0) -> float:
    """Return the largest difference of two answers; one who did a share of the work is compared on that share."""
    return float(np.max(np.abs((own[: len(theirs)] if share < 1 and own.ndim else own) - theirs)))


def _slug(name: str) -> str:
    return re.sub(r"\W+", "_", name)


def table(rows: list[Answer]) -> str:
    """Write the rows as a table of Markdown."""
    lines = ["| work | who | seconds | MB | by ours | goal | reached | largest difference |",
             "| --- | --- | ---: | ---: | ---: | --- | --- | ---: |"]
    for row in rows:
        case, who = row["case"], row["who"]
        work = f"{case.work}, {' x '.join(f'{n:,}' for n in row['size'])}" if who.name == OURS and row["size"] else \
            case.work if who.name == OURS else ""
        if row["absent"]:
            lines.append(f"| {work} | {who.name} | | | | | absent: {row['absent']} | |")
            continue
        if "told" in row:
            lines.append(_told_line(work if not row["place"] else "", row))
            continue
        goal, reached = _verdict(who, row)
        apart = "" if row["apart"] is None else f"{row['apart']:.1e}"
        ratio = "1" if who.name == OURS else f"{row['faster']:.3g} ({row['range'][0]:.3g} to {row['range'][1]:.3g})"
        cost = f"{row['seconds']:.4g} | " + (f"{row['extra_mb']:.0f}" if case.in_process else "")
        lines.append(f"| {work} | {who.name} | {cost} | {ratio} | {goal} | {reached} | {apart} |")
    return "\n".join(lines)


def _told_line(work: str, row: Mapping[str, Any]) -> str:
    told: Told = row["told"]
    goal = "" if told.at_most is None else f"at most {told.at_most:g} {told.unit}"
    reached = "" if told.at_most is None else "yes" if row["number"] <= told.at_most else "no"
    return f"| {work} | {row['who'].name}: {told.what} | {row['number']:.3g} {told.unit} | | | {goal} | {reached} | |"


def _verdict(who: Implementation, row: Mapping[str, Any]) -> tuple[str, str]:
    """Say every goal, and whether it was reached."""
    said = []
    if who.at_least is not None:
        said.append((f"at least {who.at_least:g}", "yes" if row["faster"] >= who.at_least else "no"))
    if who.at_most is not None:
        slower = 1 / row["faster"]
        met = "yes" if slower <= who.at_most else "no"
        said.append((f"ours at most {who.at_most:g} of it", f"{met} ({slower:.2f})"))
    if who.within is not None:
        said.append((f"within {who.within:g} s", "yes" if row["seconds"] <= who.within else "no"))
    if who.above_within is not None:
        met = "yes" if row["above"] <= who.above_within else "no"
        said.append((f"ours at most {who.above_within:g} s more for each", f"{met} ({row['above']:.2f})"))
    if who.lighter_at_least is not None:
        met = "yes" if row["lighter"] >= who.lighter_at_least else "no"
        said.append((f"MB at least {who.lighter_at_least:g}", f"{met} ({row['lighter']:.1f})"))
    if who.within_mb is not None:
        met = "yes" if row["peak_mb"] <= who.within_mb else "no"
        said.append((f"process within {who.within_mb:,.0f} MB", f"{met} ({row['peak_mb']:,.0f})"))
    return "; ".join(goal for goal, _ in said), "; ".join(met for _, met in said)


def write(name: str, rows: list[Answer], *, rounds: int = ROUNDS) -> None:
    """Put a table between the marks of this name in ``benchmarks/README.md``."""
    day = datetime.now(tz=UTC).strftime("%Y-%m-%d")
    machine = (f"{os.cpu_count()} cores, {platform.system()} on {platform.machine()}, "
               f"Python {platform.python_version()}, numpy {np.__version__}")
    turns = f"median of {rounds} rounds" if rounds > 1 else "one round"
    text = (f"<!-- {name}: begin -->\n{day}; {machine}; {turns}.\n\n{table(rows)}\n"
            f"<!-- {name}: end -->")
    marks = re.compile(f"<!-- {name}: begin -->.*<!-- {name}: end -->", re.DOTALL)
    README.write_text(marks.sub(lambda _: text, README.read_text(encoding="utf-8")), encoding="utf-8")


def main() -> int:
    """Compare, print and write."""
    words = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    words.add_argument("room", choices=ROOMS)
    words.add_argument("--size", choices=("full", "large", "smoke"), default="full")
    words.add_argument("--rounds", type=int, default=ROUNDS, help="how often everyone takes a turn")
    words.add_argument("--dry", action="store_true", help="print the table, do not write it")
    asked = words.parse_args()
    rows = compare(asked.room, size=asked.size, rounds=asked.rounds)
    print(table(rows))
    if not asked.dry and asked.size != "smoke":
        write(asked.room if asked.size == "full" else f"{asked.room}, {asked.size}", rows, rounds=asked.rounds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
