"""The commands around reports: render, plan, catch up, compare, verify, clear up, schedule."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pmlib.command_line import ProjectOption, project_of, visible

if TYPE_CHECKING:
    from pmlib.reporting.definition import Definition
    from pmlib.reporting.outcomes import Rendered, Reports
    from pmlib.reporting.plan import Plan

NameArgument = Annotated[str, typer.Argument(help="Which report; see 'pmlib list'.")]
PeriodOption = Annotated[str | None, typer.Option(help="Month YYYY-MM; default: the newest of the workbook.")]
UnitOption = Annotated[str, typer.Option(help="One unit of the definition's matrix, or all.")]
WorkbookOption = Annotated[str | None, typer.Option(help="Where the tables are: folder, file or address.")]
ParameterOption = Annotated[
    list[str] | None, typer.Option("-p", metavar="NAME=VALUE", help="A parameter; see 'pmlib params'.")
]
WorkersOption = Annotated[
    int | None, typer.Option(min=1, help="Notebooks side by side; default: the cores, 4 at most.")
]
WaitOption = Annotated[float, typer.Option(min=0, help="Seconds to wait for another run of the same report.")]
NoWaitOption = Annotated[bool, typer.Option("--no-wait", help="Do not wait for another run: exit 75 at once.")]
ColdOption = Annotated[bool, typer.Option("--cold", help="An ordinary kernel for every notebook, none forked.")]
ForceOption = Annotated[bool, typer.Option("--force", help="Run every notebook, also where nothing changed.")]
VerboseOption = Annotated[bool, typer.Option("-v", "--verbose", help="Say every step, and why it is taken.")]
SendOption = Annotated[bool, typer.Option("--send", help="Send what is new to the definition's recipients by e-mail.")]


def report(
    name: NameArgument,
    *,
    period: PeriodOption = None,
    unit: UnitOption = "all",
    workbook: WorkbookOption = None,
    parameter: ParameterOption = None,
    project: ProjectOption = None,
    workers: WorkersOption = None,
    wait: WaitOption = 600,
    no_wait: NoWaitOption = False,
    cold: ColdOption = False,
    force: ForceOption = False,
    send: SendOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Render a report and publish it under reports/published/; what did not change is not run again."""
    _log_steps(verbose)
    definition, root = _definition(name, project)
    plans = _plans(definition, root, _given(parameter, period=period, workbook=workbook), unit=unit)
    done = _render(plans, workers=workers, wait_s=0 if no_wait else wait, cold=cold, force=force)
    _finish(definition, done, send=send)


def backfill(
    name: NameArgument,
    *,
    first: Annotated[str, typer.Option("--from", help="First month, YYYY-MM.")],
    last: Annotated[str, typer.Option("--to", help="Last month, YYYY-MM.")],
    unit: UnitOption = "all",
    workbook: WorkbookOption = None,
    parameter: ParameterOption = None,
    project: ProjectOption = None,
    workers: WorkersOption = None,
    cold: ColdOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Render every period from one month to another, as each was known at its end."""
    from pmlib.errors import ParameterError
    from pmlib.months import month_text, parse_month

    _log_steps(verbose)
    definition, root = _definition(name, project)
    months = [month_text(month) for month in range(parse_month(first), parse_month(last) + 1)]
    if not months:
        raise ParameterError(f"--from {first} --to {last}: the last month is before the first. Turn them round.")
    given = _given(parameter, period=None, workbook=workbook)
    if "period" in given:
        raise ParameterError("-p period: the months are those from --from to --to. Leave it out.")
    done = _render(_plans(definition, root, given, unit=unit, periods=months), workers=workers, cold=cold)
    _finish(definition, done, send=False)


def due(
    name: NameArgument,
    *,
    project: ProjectOption = None,
    workers: WorkersOption = None,
    wait: WaitOption = 600,
    no_wait: NoWaitOption = False,
    cold: ColdOption = False,
    send: SendOption = False,
    verbose: VerboseOption = False,
) -> None:
    """Render every period missed since the last publication; the one command a scheduler needs."""
    from pmlib.reporting.plan import Planner
    from pmlib.reporting.schedule.due import missed_periods, published_periods
    from pmlib.reporting.schedule.sending import newest_good

    _log_steps(verbose)
    definition, root = _definition(name, project)
    planner = Planner(definition, root, {})
    newest, units = planner.newest(), planner.unit_names()
    plans = [
        plan for unit in units
        for plan in planner.plans(unit=unit or "all", periods=missed_periods(
            published_periods(planner.published, name, unit), newest))
    ]
    plans.sort(key=lambda plan: plan.period)
    code, well = 0, []
    if plans:
        done = _render(plans, workers=workers, wait_s=0 if no_wait else wait, cold=cold)
        code, well = done.exit_code, _well(done)
    else:
        typer.echo(f"{name}: nothing is due, {newest} is published")
    if send:
        # Whoever could not be reached the last time, or came in since, gets the newest.
        code = _send(definition, planner.published, [*well, *newest_good(planner.published, name, units)]) or code
    raise typer.Exit(code)


def plan(
    name: NameArgument,
    *,
    period: PeriodOption = None,
    unit: UnitOption = "all",
    workbook: WorkbookOption = None,
    parameter: ParameterOption = None,
    project: ProjectOption = None,
) -> None:
    """Say what a run would do and why, without doing it."""
    from pmlib.reporting.freshness import reasons

    definition, root = _definition(name, project)
    for one in _plans(definition, root, _given(parameter, period=period, workbook=workbook), unit=unit):
        why = "; ".join(reasons(one))
        typer.echo(visible(f"{one.name}: {why or 'unchanged, nothing to do'}"))


def diff(
    name: NameArgument,
    before: Annotated[str, typer.Argument(metavar="A", help="The earlier period, YYYY-MM.")],
    now: Annotated[str, typer.Argument(metavar="B", help="The later period, YYYY-MM.")],
    unit: Annotated[str | None, typer.Option(help="A unit of the definition's matrix.")] = None,
    rows: Annotated[int, typer.Option(min=0, help="Changed numbers shown.")] = 20,
    project: ProjectOption = None,
) -> None:
    """Say what changed between two published periods, number by number."""
    from pmlib.reporting.history.changes import compare
    from pmlib.reporting.publish import published_report

    root = project_of(project)
    _refuse_unknown(name, root)
    changes = compare(*(published_report(root, name, period, unit) for period in (before, now)))
    typer.echo(visible(changes.report(rows=rows)))


def history(
    name: Annotated[str | None, typer.Argument(help="Which report; default: all.")] = None,
    period: Annotated[str | None, typer.Option(help="Month YYYY-MM; default: all.")] = None,
    unit: Annotated[str | None, typer.Option(help="A unit; default: all.")] = None,
    rows: Annotated[int, typer.Option(min=1, help="Newest runs shown.")] = 30,
    project: ProjectOption = None,
) -> None:
    """List the runs there were: when, of what, with what outcome."""
    from pmlib.months import month_text, parse_month
    from pmlib.reporting.history.log import read_history
    from pmlib.reporting.publish import published_folder

    root = project_of(project)
    if name is not None:
        _refuse_unknown(name, root)
    month = None if period is None else month_text(parse_month(period))
    found = read_history(published_folder(root), report=name, period=month, unit=unit)
    typer.echo(visible(found.report(rows=rows)))


def verify(
    name: Annotated[str, typer.Argument(help="Which report, see 'pmlib list'; or the .json of a decision record.")],
    period: Annotated[str | None, typer.Option(help="Month YYYY-MM; default: every published one.")] = None,
    unit: UnitOption = "all",
    workbook: WorkbookOption = None,
    workers: WorkersOption = None,
    project: ProjectOption = None,
) -> None:
    """Render published reports again from their manifests, aside, and compare them; or make a record's plan again."""
    if name.endswith(".json"):
        raise typer.Exit(_verify_record(Path(name), workbook))
    from pmlib.reporting.history.verification import verify as verify_reports

    definition, root = _definition(name, project)
    found = verify_reports(definition, root, period=period, unit=unit, workers=workers)
    for line in found.lines():
        typer.echo(visible(line))
    raise typer.Exit(found.exit_code)


def gc(
    keep: Annotated[int | None, typer.Option(min=1, help="Keep so many periods of each report; default: all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would go, and remove nothing.")] = False,
    project: ProjectOption = None,
) -> None:
    """Remove what nobody needs: outdated caches, failed runs made good, periods beyond --keep."""
    from pmlib.reporting.history.clearing import clear

    typer.echo(visible(clear(project_of(project), keep=keep, dry_run=dry_run).summary()))


def schedule(
    kind: Annotated[str, typer.Argument(metavar="cron|systemd|github", help="For what.")],
    name: NameArgument,
    *,
    send: SendOption = False,
    project: ProjectOption = None,
) -> None:
    """Print a ready unit that renders what is due, at the definition's day and time."""
    from pmlib.errors import ParameterError, did_you_mean
    from pmlib.reporting.schedule.units import ScheduleKind, schedule_unit

    kinds = [str(one) for one in ScheduleKind]
    if kind not in kinds:
        raise ParameterError(f"schedule: got {kind!r}. {did_you_mean(kind, kinds)}")
    definition, root = _definition(name, project)
    command = [sys.executable, "-m", "pmlib.cli"]
    typer.echo(schedule_unit(ScheduleKind(kind), definition, project=root, command=command, send=send), nl=False)


def list_reports(project: ProjectOption = None) -> None:
    """List the reports a project defines, and their newest period."""
    from pmlib.reporting.definition import known_reports, load_definition
    from pmlib.reporting.pages import newest_period

    root = project_of(project)
    for name in known_reports(root):
        definition = load_definition(name, root)
        newest = newest_period(root, name) or "not published yet"
        typer.echo(visible(f"{name}: {definition.title}, {len(definition.notebooks)} notebooks, {newest}"))


def params(name: NameArgument, project: ProjectOption = None) -> None:
    """List the parameters of a report: type, default, meaning and who takes them."""
    from pmlib.reporting.plan import described_parameters

    for line in described_parameters(*_definition(name, project)):
        typer.echo(visible(line))


def index(project: ProjectOption = None) -> None:
    """Write reports/published/index.html anew from what is published."""
    from pmlib.reporting.pages import write_index

    typer.echo(str(write_index(project_of(project))))


#: Verb -> what it does.
COMMANDS = {
    "report": report, "plan": plan, "backfill": backfill, "due": due, "diff": diff, "history": history,
    "verify": verify, "gc": gc, "schedule": schedule, "list": list_reports, "params": params, "index": index,
}


def _verify_record(path: Path, workbook: str | None) -> int:
    """Make the plan of a decision record again from the tables as they were known, and say what differs."""
    from pmlib.errors import ParameterError
    from pmlib.portfolio import DecisionRecord, learned, verify_record
    from pmlib.project import resolve_source
    from pmlib.reporting.publish import read_manifest
    from pmlib.workbook import open_workbook

    made = DecisionRecord.read(path)
    source = workbook or (read_manifest(path.resolve().parents[2]) or {}).get("workbook")
    if source is None:
        raise ParameterError(f"{path}: lies in no published report, so its workbook is not known. Name it: --workbook.")
    book = open_workbook(resolve_source(str(source))).baseline(made.period)
    found = verify_record(made, book, corrected=learned(book))
    typer.echo(visible(found.summary()))
    return found.exit_code


def _log_steps(verbose: bool) -> None:
    if verbose:
        import logging

        said = logging.StreamHandler()
        said.setFormatter(logging.Formatter("%(asctime)s %(message)s"))
        logging.getLogger("pmlib").addHandler(said)


def _definition(name: str, project: Path | None) -> tuple[Definition, Path]:
    from pmlib.reporting.definition import load_definition

    root = project_of(project)
    return load_definition(name, root), root


def _refuse_unknown(name: str, root: Path) -> None:
    """Refuse a report that is neither defined nor published; one may outlive its definition."""
    from pmlib.errors import ReportError, did_you_mean
    from pmlib.reporting.definition import known_reports
    from pmlib.reporting.publish import published_folder
    from pmlib.reporting.published import named_folders

    shelf = published_folder(root)
    known = {*known_reports(root), *(path.name for path in (named_folders(shelf) if shelf.is_dir() else []))}
    if name not in known:
        raise ReportError(f"report: got {name!r}. {did_you_mean(name, sorted(known))}")


def _given(parameter: Iterable[str] | None, *, period: str | None, workbook: str | None) -> dict[str, str]:
    from pmlib.reporting.parameters import parse_assignments

    options = [("period", period), ("workbook", workbook)]
    return parse_assignments([*(f"{key}={value}" for key, value in options if value is not None), *(parameter or [])])


def _plans(
    definition: Definition, root: Path, given: dict[str, str], *, unit: str, periods: Sequence[str] | None = None
) -> list[Plan]:
    from pmlib.reporting.plan import plan_reports

    return plan_reports(definition, root, given, unit=unit, periods=periods)


def _render(
    plans: Sequence[Plan], *, workers: int | None, wait_s: float | None = None, cold: bool = False, force: bool = False
) -> Reports:
    from pmlib.reporting.render import render

    return render(plans, workers, wait_s=wait_s, cold=cold, force=force, tell=_tell)


def _tell(rendered: Rendered) -> None:
    typer.echo(visible(rendered.line()), err=bool(rendered.cause))
    for run in rendered.notebooks:
        if run.cause:
            typer.echo(visible(f"{rendered.name}: {run.name} {run.status} - {run.cause}"), err=True)


def _finish(definition: Definition, done: Reports, *, send: bool) -> None:
    code = done.exit_code
    if send:
        code = _send(definition, done.index.parent, _well(done)) or code
    raise typer.Exit(code)


def _well(done: Reports) -> list[Path]:
    return [one.folder for one in done.reports if not one.exit_code]


def _send(definition: Definition, published: Path, folders: Sequence[Path]) -> int:
    """Send reports to whoever lacks them; 1 where somebody could not be reached."""
    from pmlib.reporting.schedule.sending import send_new

    deliveries = send_new(definition, published, folders)
    for delivery in deliveries:
        typer.echo(visible(delivery.summary()), err=True)
    return int(any(one.state == "failed" for delivery in deliveries for one in delivery.mailings))
