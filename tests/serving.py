"""A running server, for tests that speak to it as its users do."""

import contextlib
import http.client
import json
import os
import re
import signal
import subprocess
import time
import urllib.parse

import pytest

STARTS_WITHIN_S = 60
STOPS_WITHIN_S = 60


class answer:
    def __init__(self, status, headers, body):
        self.status = status
        self.headers = headers
        self.body = body

    @property
    def json(self):
        return json.loads(self.body)

    def expect(self, status=200):
        assert self.status == status, f"{self.status}, expected {status}: {self.body[:2000]!r}"
        return self


class server:
    """`eunomia up` on a free port, over one data directory; may be started again after it ended."""

    # A sanitizer watches it, which costs time and memory.
    sanitized = "EUNOMIA_SANITIZED" in os.environ

    def __init__(self, program):
        self.program = program
        self.process = None
        self.url = None

    def start(self, *arguments, port=0):
        assert self.process is None
        self.log = open(self.program.data_directory.parent / "server.log", "ab")
        self.process = subprocess.Popen(
            [self.program.binary, "up", "--port", str(port), "--log-level", "info", *map(str, arguments)],
            env=self.program.environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=self.log)
        deadline = time.monotonic() + STARTS_WITHIN_S
        while True:
            line = self.process.stdout.readline().decode()
            if found := re.search(r"listens on (https?://\S+?);", line):
                self.url = found[1]
                return self
            if not line or time.monotonic() > deadline:
                self.process.kill()
                pytest.fail(f"the server did not start: {self.process.wait()}\n{self.logged()}")

    def logged(self):
        """What the server wrote to standard error, also when it has ended."""
        return (self.program.data_directory.parent / "server.log").read_text(errors="replace")

    @property
    def port(self):
        return urllib.parse.urlsplit(self.url).port

    @property
    def token(self):
        return (self.program.data_directory / "administrator.token").read_text().strip()

    def stop(self):
        """Ends it as an administrator would; its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.ended()

    def kill(self):
        self.process.kill()
        return self.ended()

    def ended(self):
        code = self.process.wait(timeout=STOPS_WITHIN_S)
        self.process.stdout.close()
        self.process = None
        self.log.close()
        return code

    def request(self, verb, path, body=None, token=None, headers=None, timeout=60):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        with contextlib.closing(connection):
            all_headers = {"Authorization": f"Bearer {token or self.token}"} | (headers or {})
            if body is not None and not isinstance(body, (bytes, str)):
                body = json.dumps(body)
                all_headers.setdefault("Content-Type", "application/json")
            connection.request(verb, path, body, {name: value for name, value in all_headers.items() if value is not None})
            got = connection.getresponse()
            return answer(got.status, got.headers, got.read())

    def get(self, path, **options):
        return self.request("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.request("POST", path, body, **options)

    def wait_for_job(self, job, limit_s=120):
        deadline = time.monotonic() + limit_s
        while True:
            now = self.get(f"/api/v1/jobs/{job['id']}").expect().json
            if now["state"] not in ("queued", "running"):
                return now
            assert time.monotonic() < deadline, now
            time.sleep(0.05)

    def erase(self, *users):
        """The request, when these people are gone from what answers; wait_for_request() for the disk."""
        return self.post("/api/v1/subjects/erasures", {"users": list(users)}).expect(202).json

    def wait_for_request(self, request, limit_s=120):
        deadline = time.monotonic() + limit_s
        while True:
            now = self.get(f"/api/v1/subjects/requests/{request['id']}").expect().json
            if now["state"] == "completed":
                return now
            assert time.monotonic() < deadline, now
            time.sleep(0.05)

    def make_shop(self, interactions, items=None, users=None, family="ease", name="shop", **recommender):
        """A dataset and a trained recommender of one name, from CSV files."""
        self.post("/api/v1/datasets", {"name": name}).expect(201)
        for kind, path in [("items", items), ("users", users), ("interactions", interactions)]:
            if path is not None:
                job = self.post(f"/api/v1/datasets/{name}/uploads?kind={kind}&undeclared=declare", path.read_bytes(),
                                headers={"Content-Type": "text/csv"}).expect(202).json
                ended = self.wait_for_job(job)
                assert ended["state"] == "succeeded", ended
        self.post("/api/v1/recommenders",
                  {"name": name, "dataset": name, "family": family, **recommender}).expect(201)
        return self.train(name)

    def train(self, name="shop"):
        ended = self.wait_for_job(self.post(f"/api/v1/recommenders/{name}/train").expect(202).json)
        assert ended["state"] == "succeeded", ended
        return ended["result"]

    def recommend(self, name="shop", **question):
        return self.post(f"/api/v1/recommenders/{name}/recommendations", question).expect().json


@pytest.fixture
def served(eunomia):
    """A server that is not started yet."""
    it = server(eunomia)
    yield it
    if it.process is not None:
        if it.sanitized:
            code = it.stop()
            assert code == 0, f"ended with {code}\n{it.logged()[-8000:]}"  # leaks are found at the end
        else:
            it.kill()


@pytest.fixture
def running(served):
    """A server on an empty data directory."""
    return served.start()
