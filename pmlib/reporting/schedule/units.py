"""What starts a report by itself: a line for cron, a pair of units for systemd, a workflow for GitHub."""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path, PurePosixPath

from pmlib.errors import ParameterError
from pmlib.reporting.definition import Definition

#: Longest command that every cron takes, in bytes.
LONGEST_CRON_COMMAND = 990
# systemd starts no program with quotes or backslashes in its path, but gives them to a shell as an argument.
_AROUND = ("/bin/sh", "-c", 'exec "$@"', "sh")
#: Environment variables that ``--send`` reads.
MAIL_VARIABLES = tuple(f"PMLIB_SMTP_{key}" for key in ("HOST", "PORT", "SECURITY", "USER", "PASSWORD", "FROM"))


class ScheduleKind(StrEnum):
    """What wakes a report."""

    CRON = "cron"
    SYSTEMD = "systemd"
    GITHUB = "github"


def schedule_unit(
    kind: ScheduleKind, definition: Definition, *, project: Path, command: Sequence[str], send: bool = False
) -> str:
    """Text that makes cron, systemd or GitHub run ``pmlib due`` for a report at its time.

    Parameters
    ----------
    kind : ScheduleKind
    definition : Definition
        Its ``schedule`` gives the day of the month and the time: local time, but UTC on GitHub.
    project : Path
        The project's root, absolute.
    command : sequence of str
        What starts pmlib, its program as an absolute path; GitHub takes ``python run.py`` instead.
    send : bool
        Whether the published reports go to the recipients by e-mail.

    Returns
    -------
    str
        Comments that say where it belongs, then the text itself; the same for the same arguments.

    Raises
    ------
    ParameterError
        A path that is relative or holds a line break or other control character, a command too long for cron.

    Examples
    --------
    >>> one = Definition(name="monthly", title="Monthly report", notebooks=("10_check_data",))
    >>> text = schedule_unit(ScheduleKind.CRON, one, project=Path("/srv/work"), command=["/usr/bin/pmlib"])
    >>> text.splitlines()[-1][:43]
    '0 6 1 * * umask 077 && cd /srv/work && mkdi'
    """
    kind, verb = ScheduleKind(kind), ["due", definition.name, *(["--send"] if send else [])]
    if kind is ScheduleKind.GITHUB:
        return _github(definition, verb, send=send)
    home = project.as_posix()
    words = [*command, *verb, "--project", home]
    _refuse_unfit(words, absolute={"command": words[0], "project": home})
    return (_cron if kind is ScheduleKind.CRON else _systemd)(definition, words, home, send=send)


def _refuse_unfit(words: Sequence[str], *, absolute: dict[str, str]) -> None:
    for word in words:
        if not word or re.search(r"[\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]", word):
            raise ParameterError(
                f"schedule: got {word!r}, allowed text on one line without control characters. Rename that path.")
    for name, path in absolute.items():
        if not PurePosixPath(path).is_absolute():
            raise ParameterError(f"schedule: {name} is {path!r}, allowed an absolute path. Write it from / on.")


def _hour_minute(definition: Definition) -> tuple[int, int]:
    hour, minute = definition.schedule.time.split(":")
    return int(hour), int(minute)


def _cron_time(definition: Definition) -> str:
    hour, minute = _hour_minute(definition)
    return f"{minute} {hour} {definition.schedule.day} * *"


def _cron(definition: Definition, words: Sequence[str], project: str, *, send: bool) -> str:
    log = f"reports/published/due-{definition.name}.log"
    failed = f"pmlib due {definition.name}: exit code $?, see {log}"
    command = (f"umask {definition.umask} && cd {shlex.quote(project)} && mkdir -p reports/published"
               f' && {shlex.join(words)} >> {log} 2>&1 || echo "{failed}"')
    if len(command.encode()) > LONGEST_CRON_COMMAND:
        raise ParameterError(f"schedule: got a command of {len(command.encode())} bytes, allowed "
                             f"{LONGEST_CRON_COMMAND} by cron. Move the project to a shorter path.")
    lines = [
        f"# Report {definition.name}: every period that is due. Add these lines with: crontab -e",
        "# The time is the machine's own. A run missed while it is off is made up for at the next.",
        f"# Output goes to {log}. Failures are mailed to:",
        "# MAILTO=you@example.org",
        *([f"# Sending needs these lines above it: {', '.join(f'{name}=...' for name in MAIL_VARIABLES)}"]
          if send else []),
        f"{_cron_time(definition)} {_escaped_for_cron(command)}",
    ]
    return "\n".join(lines) + "\n"


def _escaped_for_cron(command: str) -> str:
    """Escape percent signs, which cron takes for line breaks; two quotes keep a backslash before one apart."""
    return re.sub(r"(?<=\\)%", "''%", command).replace("%", r"\%")


def _systemd(definition: Definition, words: Sequence[str], project: str, *, send: bool) -> str:
    name, (hour, minute) = f"pmlib-{definition.name}", _hour_minute(definition)
    return _SYSTEMD.format(
        name=name,
        report=definition.name,
        folder="~/.config/systemd/user",
        secrets=f"# Sending reads {', '.join(MAIL_VARIABLES)} from that file.\n" if send else "",
        # The slash keeps a backslash or a blank at the end of the path from meaning anything.
        project=project.replace("%", "%%") + "/",
        command=" ".join(map(_quoted_for_systemd, [*_AROUND, *words] if set(words[0]) & set("\"'\\") else words)),
        umask=definition.umask,
        moment=f"*-*-{definition.schedule.day:02d} {hour:02d}:{minute:02d}:00",
    )


def _quoted_for_systemd(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%")
    return f'"{escaped}"'


def _github(definition: Definition, verb: Sequence[str], *, send: bool) -> str:
    secrets = "".join(f"\n          {name}: ${{{{ secrets.{name} }}}}" for name in MAIL_VARIABLES)
    return _GITHUB.format(
        name=f"report-{definition.name}",
        time=_cron_time(definition),
        verb=" ".join(verb),
        secrets=f"\n        env:{secrets}" if send else "",
    )


# A oneshot takes no RestartForceExitStatus=, hence the way round: all but 1 and 2 is tried again.
_SYSTEMD = """\
# Two files below {folder}/, then:
#   systemctl --user daemon-reload && systemctl --user enable --now {name}.timer
#   loginctl enable-linger   (so that it runs while you are logged out)
#   journalctl --user -u {name}   (what it said)

# {folder}/{name}.service
[Unit]
Description=Report {report}: every period that is due (pmlib)
StartLimitIntervalSec=6h
StartLimitBurst=6

[Service]
Type=oneshot
WorkingDirectory={project}
# Optional, readable by you alone: NAME=value lines, such as passwords.
{secrets}EnvironmentFile=-%E/pmlib/{report}.env
# The colon keeps systemd from replacing $NAME.
ExecStart=:{command}
# 1 (a notebook failed) and 2 (usage, blocked data) need a person; 75 (another run holds the report), a kill
# or a crash is tried again, at most six times in six hours.
Restart=on-failure
RestartPreventExitStatus=1 2
RestartSec=10min
UMask=0{umask}
Nice=10
NoNewPrivileges=true
LockPersonality=true
RestrictRealtime=true
SystemCallArchitectures=native
# ProtectSystem= and its like need user namespaces, which many machines forbid; add them where yours has them.

# {folder}/{name}.timer
[Unit]
Description=Report {report} falls due

[Timer]
# The machine's own time. Persistent: a moment missed while it was off is made up for at the next start.
OnCalendar={moment}
Persistent=true

[Install]
WantedBy=timers.target
"""

_GITHUB = """\
# .github/workflows/{name}.yml, on the default branch of a repository whose root is this project.
# The time is UTC, not local; GitHub may start a few minutes later.
name: {name}
on:
  schedule:
    - cron: "{time}"
  workflow_dispatch:
permissions:
  actions: read
  contents: read
concurrency:
  group: {name}
  cancel-in-progress: false
jobs:
  due:
    runs-on: ubuntu-latest
    timeout-minutes: 120
    steps:
      - uses: actions/checkout@v4
      - uses: actions/setup-python@v5
        with:
          python-version: "3.12"
      # Each run starts on an empty machine: what is due, and what changed, follows from the pages kept before.
      - name: Bring back what is published
        id: before
        env:
          GH_TOKEN: ${{{{ github.token }}}}
          NEWEST: "[.artifacts[] | select(.expired | not)] | sort_by(.created_at) | last | .workflow_run.id // empty"
        run: |
          run=$(gh api "repos/$GITHUB_REPOSITORY/actions/artifacts?name={name}&per_page=100" --jq "$NEWEST")
          if [ -n "$run" ]; then gh run download "$run" --name {name} --dir reports/published; fi
      - name: Render and publish
        run: python run.py {verb}{secrets}
      - uses: actions/upload-artifact@v4
        if: ${{{{ !cancelled() && steps.before.outcome == 'success' }}}}
        with:
          name: {name}
          path: reports/published
          if-no-files-found: ignore
          retention-days: 90
"""
