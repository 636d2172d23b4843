"""Database engines that tests start for themselves, on this machine alone; a test that cannot have one is skipped."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def postgresql() -> Iterator[str]:
    """Start Debian's server on a free loopback port and give its address; install it first where that is allowed."""
    binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries and shutil.which("apt-get"):
        subprocess.run(["apt-get", "install", "-y", "-q", "postgresql"], check=False, capture_output=True)
        binaries = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
    if not binaries:
        pytest.skip("PostgreSQL is not installed and cannot be")
    # The server refuses to run as root, and pytest keeps its folders to the account that runs it.
    account = {"user": "postgres"} if Path("/root").owner() == Path.home().owner() == "root" else {}

    def run(*words: str) -> None:
        subprocess.run([str(binaries[-1] / words[0]), *words[1:]], check=True, capture_output=True, **account)

    with tempfile.TemporaryDirectory(prefix="pmlib-") as home:
        if account:
            shutil.chown(home, "postgres")
        data, port = f"{home}/data", free_port()
        run("initdb", "-D", data, "-A", "trust", "-U", "pmo")
        run("pg_ctl", "-D", data, "-w", "-l", f"{home}/log", "-o",
            f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={home}", "start")
        try:
            yield f"postgres://pmo:secret@127.0.0.1:{port}/postgres"
        finally:
            run("pg_ctl", "-D", data, "-m", "immediate", "stop")


@contextlib.contextmanager
def spark(home: Path) -> Iterator[Any]:
    """Start Spark within this process, on two threads and the loopback address, and give its session."""
    sql = pytest.importorskip("pyspark.sql", reason="PySpark is not installed: pip install pmlib[spark]")
    if shutil.which("java") is None:
        pytest.skip("Java is not installed: Spark needs version 17")
    # Months would move where the session's zone is not that of the data.
    settings = {
        "spark.sql.session.timeZone": "UTC", "spark.sql.shuffle.partitions": "2", "spark.ui.enabled": "false",
        "spark.driver.host": "127.0.0.1", "spark.driver.bindAddress": "127.0.0.1",
        "spark.sql.warehouse.dir": str(home / "warehouse"),
    }  # fmt: skip
    session = sql.SparkSession.builder.master("local[2]").config(map=settings).getOrCreate()
    session.sparkContext.setLogLevel("ERROR")
    try:
        yield session
    finally:
        session.stop()
