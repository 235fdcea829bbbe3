"""Fixtures for tests that drive the real program as a person or a script would."""

import contextlib
import dataclasses
import json
import os
import pathlib
import signal
import subprocess
import time

import pytest

ROOT = pathlib.Path(__file__).parents[1]

# Longest that one command of a test may take; a test that needs longer says so.
COMMAND_LIMIT_S = 300


def pytest_collection_modifyitems(items):
    if os.environ.get("EUNOMIA_SOAK") != "1":
        for item in items:
            if item.get_closest_marker("soak"):
                item.add_marker(pytest.mark.skip(reason="takes minutes: EUNOMIA_SOAK=1, or make soak"))


@dataclasses.dataclass(frozen=True)
class outcome:
    """How a command ended: its exit code (negative: the signal that ended it), what it printed, and, with --json, the
    value that it printed."""

    code: int
    stdout: str
    stderr: str
    value: object = None

    def expect(self, code=0):
        """Itself, when it ended with `code`; otherwise fails the test with what the command said."""
        assert self.code == code, f"ended with {self.code}, expected {code}\nstdout: {self.stdout}\nstderr: {self.stderr}"
        return self


class program:
    """The command line of build/eunomia (or of EUNOMIA_BINARY), one data directory for all of its commands."""

    def __init__(self, binary, data_directory):
        self.binary = binary
        self.data_directory = data_directory

    def environment(self, extra=None):
        # Whatever EUNOMIA_* the caller's shell has must not reach the test.
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("EUNOMIA_")}
        return inherited | {"EUNOMIA_DATA": str(self.data_directory), "NO_COLOR": "1"} | (extra or {})

    def start(self, *arguments, environment=None, **options):
        """The command, running, with pipes for both outputs, in a process group of its own."""
        return subprocess.Popen([self.binary, *map(str, arguments)], env=self.environment(environment),
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                start_new_session=True, **options)

    def run(self, *arguments, environment=None, limit_s=COMMAND_LIMIT_S):
        """Runs the command to its end."""
        process = self.start(*arguments, environment=environment)
        try:
            stdout, stderr = process.communicate(timeout=limit_s)
        except subprocess.TimeoutExpired:
            process.kill()
            stdout, stderr = process.communicate()
            pytest.fail(f"{arguments} still ran after {limit_s} s\n{stdout.decode(errors='replace')}\n"
                        f"{stderr.decode(errors='replace')}")
        return outcome(process.returncode, stdout.decode(), stderr.decode())

    def json(self, *arguments, environment=None, limit_s=COMMAND_LIMIT_S):
        """Runs the command with --json; stdout must be one JSON value, or empty when the command failed."""
        ended = self.run(*arguments, "--json", environment=environment, limit_s=limit_s)
        if ended.code != 0 and not ended.stdout.strip():
            return ended
        try:
            return dataclasses.replace(ended, value=json.loads(ended.stdout))
        except json.JSONDecodeError as problem:
            pytest.fail(f"{arguments} --json did not print one JSON value: {problem}\n{ended.stdout[:2000]}\n{ended.stderr}")

    def kill_after(self, seconds, *arguments, environment=None):
        """Starts the command and ends it by SIGKILL after that time, unless it ended before. The outcome's code is
        -SIGKILL when it was killed."""
        process = self.start(*arguments, environment=environment)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=seconds)
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        stdout, stderr = process.communicate()
        return outcome(process.returncode, stdout.decode(errors="replace"), stderr.decode(errors="replace"))


@pytest.fixture(scope="session")
def eunomia_binary():
    """The path of the program under test."""
    binary = pathlib.Path(os.environ.get("EUNOMIA_BINARY", ROOT / "build" / "eunomia"))
    assert os.access(binary, os.X_OK), f"{binary} is missing: make build, or set EUNOMIA_BINARY"
    return binary


@pytest.fixture
def data_directory(tmp_path):
    """An empty data directory of this test's own."""
    directory = tmp_path / "data"
    directory.mkdir()
    return directory


@pytest.fixture
def eunomia(eunomia_binary, data_directory):
    """The command line, on an empty data directory of this test's own."""
    return program(eunomia_binary, data_directory)


@pytest.fixture(scope="session")
def shared_data():
    """The folder of real data beside the checkout, or EUNOMIA_SHARED/data; the test is skipped where there is none."""
    folder = pathlib.Path(os.environ.get("EUNOMIA_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"no real data at {folder}: set EUNOMIA_SHARED to the folder that holds data/")
    return folder


@pytest.fixture(scope="session")
def postgresql():
    """The URL of the private PostgreSQL that scripts/with-postgres started."""
    url = os.environ.get("EUNOMIA_TEST_POSTGRESQL")
    if not url:
        pytest.skip("no PostgreSQL: run by make test, or inside scripts/with-postgres")
    return url


@pytest.fixture
def small_disk(tmp_path):
    """Mounts file systems that are soon full: small_disk(megabytes) is the path of an empty one. Only root may mount;
    otherwise the test is skipped."""
    mounted = []

    def mount(megabytes):
        folder = tmp_path / f"small-disk-{len(mounted)}"
        folder.mkdir()
        tried = subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "tmpfs", folder],
                               capture_output=True, text=True)
        if tried.returncode != 0:
            pytest.skip(f"cannot mount a small disk, which only root may: {tried.stderr.strip()}")
        mounted.append(folder)
        return folder

    yield mount
    for folder in mounted:
        unmount(folder)


def unmount(folder, tries=50):
    """A process that was just killed may hold the file system for a moment more."""
    for _ in range(tries):
        if subprocess.run(["umount", folder], capture_output=True).returncode == 0:
            return
        time.sleep(0.1)
    subprocess.run(["umount", "--lazy", folder], check=True)
