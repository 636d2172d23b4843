from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import stat
import subprocess
from pathlib import Path

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pmlib.errors import ParameterError
from pmlib.reporting.definition import Definition
from pmlib.reporting.schedule.units import ScheduleKind, schedule_unit

ANALYZE = shutil.which("systemd-analyze")
needs_systemd = pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
needs_sh = pytest.mark.skipif(os.name == "nt", reason="cron and sh are not on this system")
HOSTILE = ["plain", "two words", "it's", 'say "hi"', "100%", "%n %h %%", "a\\b", "end\\", "tab \\t", "back\\%slash",
           "\\\\%", "$HOME `id` $(id)", "Zoë 東京", "a;b&c|d>e#f", "*?[x]~{y}", " lead and trail "]


def definition(**keys) -> Definition:
    return Definition(**{"name": "monthly", "title": "Monthly report", "notebooks": ("10_one",), **keys})


def made(kind: ScheduleKind, *, project="/srv/work", command=("/usr/bin/pmlib",), send=False, **keys) -> str:
    return schedule_unit(kind, definition(**keys), project=Path(project), command=list(map(str, command)), send=send)


def crontab_entry(text: str) -> tuple[list[str], str]:
    """The oracle: read a crontab as cron's manual says; time fields, then the command up to a bare percent sign."""
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    assert len(lines) == 1
    *fields, rest = re.fullmatch(r"(\S+) (\S+) (\S+) (\S+) (\S+) (.*)", lines[0]).groups()
    command, escaped = "", False
    for sign in rest:
        if sign == "%":
            assert escaped, f"cron would cut the command at: {rest}"
            command = command[:-1]
        command, escaped = command + sign, sign == "\\" and not escaped
    return fields, command


def systemd_files(text: str) -> dict[str, str]:
    parts = re.split(r"(?m)^# ~/\.config/systemd/user/(pmlib-\S+\.\w+)$\n", text)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def systemd_values(text: str, key: str) -> list[str]:
    return re.findall(rf"(?m)^{key}=(.*)$", text)


def systemd_words(value: str) -> list[str]:
    """The oracle: words in double quotes as systemd.syntax reads them, then specifiers."""
    words = [re.sub(r"\\(.)", r"\1", word) for word in re.findall(r'"((?:[^"\\]|\\.)*)"', value)]
    assert not any(re.search(r"(?<!%)(?:%%)*%(?!%)", word) for word in words)
    return [word.replace("%%", "%") for word in words]


def stub(path: Path) -> Path:
    """A program that writes down where it stands and what it was given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('#!/bin/sh\numask > "$STUB"; pwd >> "$STUB"; for a; do printf "%s\\n" "$a"; done >> "$STUB"\n'
                    'echo said; exit ${STUB_CODE:-0}\n', encoding="utf-8")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)
    return path


@pytest.mark.parametrize(("day", "time", "cron"), [(1, "06:00", "0 6 1 * *"), (28, "23:59", "59 23 28 * *"),
                                                   (9, "00:05", "5 0 9 * *")])
def test_every_kind_runs_at_the_time_of_the_definition(day, time, cron):
    keys = {"schedule": {"day": day, "time": time}}
    assert " ".join(crontab_entry(made(ScheduleKind.CRON, **keys))[0]) == cron
    workflow = yaml.safe_load(made(ScheduleKind.GITHUB, **keys))
    assert workflow[True]["schedule"] == [{"cron": cron}]
    timer = systemd_files(made(ScheduleKind.SYSTEMD, **keys))["pmlib-monthly.timer"]
    assert systemd_values(timer, "OnCalendar") == [f"*-*-{day:02d} {time}:00"]


def test_sending_is_off_unless_asked_for():
    for kind in ScheduleKind:
        assert "--send" not in made(kind) and "PMLIB_SMTP" not in made(kind)
        assert "--send" in made(kind, send=True) and "PMLIB_SMTP_PASSWORD" in made(kind, send=True)


def test_the_text_is_the_same_each_time():
    for kind in ScheduleKind:
        assert made(kind) == made(kind)


def test_local_time_and_utc_are_told_apart():
    assert "machine's own" in made(ScheduleKind.CRON)
    assert "machine's own" in made(ScheduleKind.SYSTEMD)
    assert "UTC, not local" in made(ScheduleKind.GITHUB)


@needs_sh
@pytest.mark.parametrize("name", HOSTILE)
def test_the_cron_command_runs_in_a_folder_of_any_name(tmp_path, name):
    project = tmp_path / name
    program = stub(project / "bin" / name)
    text = made(ScheduleKind.CRON, project=project, command=[program, "-m", "a b"], send=True, umask="027")
    seen = tmp_path / "seen"
    ran = subprocess.run(["/bin/sh", "-c", crontab_entry(text)[1]], capture_output=True, text=True, check=False,
                         env={"STUB": str(seen), "PATH": "/usr/bin:/bin"}, cwd="/")
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert seen.read_text(encoding="utf-8").splitlines() == [
        "0027", str(project), "-m", "a b", "due", "monthly", "--send", "--project", str(project)]
    log = project / "reports" / "published" / "due-monthly.log"
    assert log.read_text(encoding="utf-8") == "said\n" and stat.S_IMODE(log.stat().st_mode) == 0o640


@needs_sh
def test_cron_has_something_to_mail_only_when_a_run_fails(tmp_path):
    program = stub(tmp_path / "pmlib")
    command = crontab_entry(made(ScheduleKind.CRON, project=tmp_path, command=[program]))[1]
    env = {"STUB": str(tmp_path / "seen"), "STUB_CODE": "75", "PATH": "/usr/bin:/bin"}
    ran = subprocess.run(["/bin/sh", "-c", command], capture_output=True, text=True, check=False, env=env)
    assert ran.stdout == "pmlib due monthly: exit code 75, see reports/published/due-monthly.log\n"


path_text = st.text(st.characters(exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1, max_size=40)


@needs_sh
@given(name=path_text)
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_cron_and_systemd_give_back_every_word(name):
    words = ["/usr/bin/py", name, "due", "monthly", "--project", f"/p/{name}"]
    read = {"project": f"/p/{name}", "command": words[:2]}
    # pathlib drops what means nothing in a path.
    words[-1] = str(Path(words[-1]))
    command = crontab_entry(made(ScheduleKind.CRON, **read))[1]
    assert shlex.split(command.split("mkdir -p reports/published && ")[1].split(" >> reports/")[0]) == words
    service = systemd_files(made(ScheduleKind.SYSTEMD, **read))["pmlib-monthly.service"]
    assert systemd_words(systemd_values(service, "ExecStart")[0].removeprefix(":")) == words


@pytest.mark.parametrize("kind", [ScheduleKind.CRON, ScheduleKind.SYSTEMD])
@pytest.mark.parametrize("bad", ["/a\nb", "/a\rb", "/a\0b", "/a\x1bb", "/a\u2028b", "/a\udcffb"])
def test_a_line_break_or_control_character_is_refused(kind, bad):
    with pytest.raises(ParameterError, match="allowed text on one line"):
        made(kind, project=bad)
    with pytest.raises(ParameterError, match="allowed text on one line"):
        made(kind, command=["/usr/bin/pmlib", bad])


@pytest.mark.parametrize("kind", [ScheduleKind.CRON, ScheduleKind.SYSTEMD])
def test_a_relative_path_is_refused(kind):
    with pytest.raises(ParameterError, match="project is 'work', allowed an absolute path"):
        made(kind, project="work")
    with pytest.raises(ParameterError, match="command is 'python', allowed an absolute path"):
        made(kind, command=["python", "-m", "pmlib.cli"])


def test_a_command_longer_than_cron_takes_is_refused():
    with pytest.raises(ParameterError, match=r"command of \d+ bytes, allowed 990 by cron\. Move the project"):
        made(ScheduleKind.CRON, project="/" + "é" * 300)


@needs_systemd
@pytest.mark.parametrize("name", HOSTILE)
def test_systemd_takes_the_units_in_a_folder_of_any_name(tmp_path, name):
    program = stub(tmp_path / name / "bin" / name)
    text = made(ScheduleKind.SYSTEMD, project=tmp_path / name, command=[program, "$HOME"], send=True)
    ran = verified(tmp_path, text)
    assert (ran.returncode, ran.stdout + ran.stderr) == (0, "")
    words = systemd_words(systemd_values(text, "ExecStart")[0].removeprefix(":"))
    subprocess.run(words, check=True, env={"STUB": str(tmp_path / "seen"), "PATH": "/usr/bin:/bin"})
    assert (tmp_path / "seen").read_text(encoding="utf-8").splitlines()[2:] == [
        "$HOME", "due", "monthly", "--send", "--project", str(tmp_path / name)]


@needs_systemd
def test_systemd_refuses_a_program_that_is_not_there(tmp_path):
    """The check above would tell: what is verified is the very path."""
    ran = verified(tmp_path, made(ScheduleKind.SYSTEMD, project=tmp_path, command=[tmp_path / "two words"]))
    assert ran.returncode != 0 and "two words is not executable" in ran.stderr


def verified(folder: Path, text: str) -> subprocess.CompletedProcess[str]:
    files = systemd_files(text)
    for file, content in files.items():
        (folder / file).write_text(content, encoding="utf-8")
    words = [ANALYZE, "--user", "--man=no", "verify", *(str(folder / file) for file in files)]
    env = {"XDG_RUNTIME_DIR": str(folder), "HOME": str(folder), "PATH": "/usr/bin:/bin"}
    return subprocess.run(words, capture_output=True, text=True, check=False, env=env, timeout=60)


@needs_systemd
def test_systemd_reads_the_calendar_as_once_a_month():
    moment = systemd_values(made(ScheduleKind.SYSTEMD, schedule={"day": 3, "time": "07:30"}), "OnCalendar")[0]
    words = [ANALYZE, "calendar", "--iterations=3", "--base-time=2025-12-01", moment]
    ran = subprocess.run(words, capture_output=True, text=True, check=True, timeout=60, env={"TZ": "UTC"})
    assert re.findall(r"(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d) UTC", ran.stdout) == [
        "2025-12-03 07:30:00", "2026-01-03 07:30:00", "2026-02-03 07:30:00"]


def test_systemd_tries_again_only_what_may_pass():
    service = systemd_files(made(ScheduleKind.SYSTEMD, umask="027"))["pmlib-monthly.service"]
    assert systemd_values(service, "Restart") == ["on-failure"]
    assert systemd_values(service, "RestartPreventExitStatus") == ["1 2"]
    assert systemd_values(service, "UMask") == ["0027"]


def github(**keys) -> dict:
    return yaml.safe_load(made(ScheduleKind.GITHUB, **keys))


def test_the_workflow_reads_only_and_runs_one_at_a_time():
    flow = github()
    assert flow["permissions"] == {"actions": "read", "contents": "read"}
    assert flow["concurrency"] == {"group": "report-monthly", "cancel-in-progress": False}
    assert "workflow_dispatch" in flow[True]
    used = [step["uses"] for step in flow["jobs"]["due"]["steps"] if "uses" in step]
    assert used and all(re.fullmatch(r"actions/[\w-]+@v\d+", one) for one in used)


def test_the_workflow_keeps_the_pages_under_the_name_it_fetches_them_by():
    steps = github(name="TIME-VERB")["jobs"]["due"]["steps"]
    assert steps[-1]["with"]["name"] == "report-TIME-VERB"
    assert "name=report-TIME-VERB&" in steps[2]["run"] and "--name report-TIME-VERB " in steps[2]["run"]
    assert steps[3]["run"] == "python run.py due TIME-VERB"


def test_the_workflow_takes_secrets_only_to_send():
    steps = github(send=True)["jobs"]["due"]["steps"]
    assert steps[3]["env"]["PMLIB_SMTP_PASSWORD"] == "${{ secrets.PMLIB_SMTP_PASSWORD }}"
    others = [step.get("env", {}) for step in steps if step is not steps[3]]
    assert not any(name.startswith("PMLIB") for env in others for name in env)
    assert "env" not in github()["jobs"]["due"]["steps"][3]


GH = """#!/bin/sh
echo "$*" >> "$SEEN"
[ "$1" = api ] && cat "$ANSWER" || :
"""


@needs_sh
@pytest.mark.parametrize("newest", ["", "42"])
def test_the_workflow_fetches_the_newest_pages_where_there_are_any(tmp_path, newest):
    step, gh, seen = github()["jobs"]["due"]["steps"][2], tmp_path / "gh", tmp_path / "seen"
    gh.write_text(GH, encoding="utf-8")
    gh.chmod(0o755)
    (tmp_path / "answer").write_text(newest, encoding="utf-8")
    env = {"PATH": f"{tmp_path}:/usr/bin:/bin", "SEEN": str(seen), "ANSWER": str(tmp_path / "answer"),
           "GITHUB_REPOSITORY": "o/r", "NEWEST": step["env"]["NEWEST"]}
    subprocess.run(["/bin/sh", "-e", "-c", step["run"]], check=True, env=env)
    asked, *fetched = seen.read_text(encoding="utf-8").splitlines()
    assert asked.startswith("api repos/o/r/actions/artifacts?name=report-monthly&per_page=100 --jq [.artifacts[]")
    assert fetched == (["run download 42 --name report-monthly --dir reports/published"] if newest else [])


@pytest.mark.skipif(shutil.which("jq") is None, reason="jq is not installed")
@pytest.mark.parametrize(("runs", "newest"), [
    ([], ""), ([("2026-03", True, 3)], ""), ([("2026-01", False, 1), ("2026-02", False, 2), ("2026-03", True, 3)], "2"),
])
def test_the_newest_pages_are_those_kept_last_and_not_expired(runs, newest):
    artifacts = [{"created_at": f"{month}-01T00:00:00Z", "expired": gone, "workflow_run": {"id": run}}
                 for month, gone, run in runs]
    query = github()["jobs"]["due"]["steps"][2]["env"]["NEWEST"]
    ran = subprocess.run(["jq", query], input=json.dumps({"artifacts": artifacts}), capture_output=True, text=True,
                         check=True)
    assert ran.stdout.strip() == newest
