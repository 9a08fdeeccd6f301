"""A PostgreSQL server for the tests: a given one, an installed one, or one from a wheel."""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import URL

START_SECONDS = 60
OPTIONS = {"listen_addresses": "", "shared_buffers": "64MB", "max_connections": "200"}
# Nothing in a test must survive a crash, so nothing waits for a disk.
FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}


def find_binaries() -> Path | None:
    """The folder with `initdb` and `postgres`: on PATH, of a Debian package, of pgserver."""
    on_path = shutil.which("initdb")
    candidates = [Path(on_path).resolve().parent] if on_path else []
    candidates += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = importlib.util.find_spec("pgserver")
    if wheel is not None and wheel.origin is not None:
        candidates.append(Path(wheel.origin).parent / "pginstall" / "bin")
    return next((path for path in candidates if (path / "postgres").exists()), None)


@dataclass
class PostgresServer:
    """A server on a Unix socket in a folder of its own."""

    binaries: Path
    folder: Path
    user: str | None
    options: Mapping[str, str]
    process: subprocess.Popen[bytes]

    @property
    def url(self) -> URL:
        """The URL of its superuser."""
        return URL.create(
            "postgresql+asyncpg",
            username="postgres",
            database="postgres",
            query={"host": str(self.folder)},
        )

    def stop(self) -> None:
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
        self.process.send_signal(signal.SIGINT)
        self.process.wait(START_SECONDS)

    def crash(self) -> None:
        """Immediate shutdown: nothing is written any more, and the next start recovers."""
        self.process.send_signal(signal.SIGQUIT)
        self.process.wait(START_SECONDS)

    def start(self) -> None:
        self.process = _start(self.binaries, self.folder, self.user, self.options)
        _wait_until_ready(self.process, self.folder)


@contextmanager
def running_server(
    binaries: Path, options: Mapping[str, str] = FORGETFUL
) -> Iterator[PostgresServer]:
    """A fresh server, as long as the block runs."""
    # A socket's path has about 100 characters: pytest's own temporary folders are too deep.
    with TemporaryDirectory(prefix="avito-pg-") as name:
        folder = Path(name)
        user = _server_user()
        if user is not None:
            binaries = _within_reach(binaries, folder)
            shutil.chown(folder, user)
        _initialise(binaries, folder / "data", user)
        process = _start(binaries, folder, user, options)
        server = PostgresServer(binaries, folder, user, options, process)
        try:
            _wait_until_ready(server.process, folder)
            yield server
        finally:
            server.stop()


def _server_user() -> str | None:
    """PostgreSQL refuses to run as root; None: the user of the tests will do."""
    if os.geteuid() != 0:
        return None
    users = Path("/etc/passwd").read_text(encoding="utf-8").splitlines()
    return "postgres" if any(line.startswith("postgres:") for line in users) else "nobody"


def _within_reach(binaries: Path, folder: Path) -> Path:
    """Another user may not look into root's virtual environment: give him a copy of the wheel."""
    package = binaries.parents[1]
    if package.name != "pgserver":
        return binaries
    for part in (package, package.with_name("pgserver.libs")):
        if part.exists():
            shutil.copytree(part, folder / "wheel" / part.name, symlinks=True)
    return folder / "wheel" / "pgserver" / "pginstall" / "bin"


def _initialise(binaries: Path, data: Path, user: str | None) -> None:
    options = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"]
    done = subprocess.run(
        [str(binaries / "initdb"), "-D", str(data), *options],
        user=user,
        cwd=data.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"initdb failed: {done.stderr}")


def _start(
    binaries: Path, folder: Path, user: str | None, options: Mapping[str, str]
) -> subprocess.Popen[bytes]:
    command = [str(binaries / "postgres"), "-D", str(folder / "data"), "-k", str(folder)]
    for option, value in {**OPTIONS, **options}.items():
        command += ["-c", f"{option}={value}"]
    with (folder / "log").open("wb") as log:
        return subprocess.Popen(command, user=user, cwd=folder, stdout=log, stderr=log)


def _wait_until_ready(server: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    pid_file = folder / "data" / "postmaster.pid"
    # The last line of this file says `ready` when connections are accepted.
    while not (pid_file.exists() and pid_file.read_text().rstrip().endswith("ready")):
        if server.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"PostgreSQL did not start: {(folder / 'log').read_text()}")
        time.sleep(0.02)
