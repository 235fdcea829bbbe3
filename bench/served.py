"""A running server, as the benchmarks ask it."""

import http.client
import json
import os
import pathlib
import re
import signal
import subprocess
import time

import common

BINARY = pathlib.Path(os.environ.get("EUNOMIA_BINARY", common.ROOT / "build" / "eunomia"))


def resident_mb(pid):
    """Of a process and its children."""
    total = 0
    for each in [pid, *map(int, subprocess.run(["pgrep", "-P", str(pid)], stdout=subprocess.PIPE, text=True).stdout.split())]:
        with open(f"/proc/{each}/status") as status:
            total += int(next(line.split()[1] for line in status if line.startswith("VmRSS"))) / 1000
    return total


class server:
    def __init__(self, folder, *options):
        self.folder = folder
        self.process = subprocess.Popen([BINARY, "up", "--port", "0", "--data", folder, *map(str, options)],
                                        stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        self.port = int(re.search(r"listens on http://[^:]+:(\d+);", line)[1])
        self.token = (folder / "administrator.token").read_text().strip()
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port)

    def bytes(self, verb, path, body=None, content_type="application/json"):
        """The body of the answer."""
        data = body if isinstance(body, bytes) or body is None else json.dumps(body)
        self.connection.request(verb, path, data, {"Authorization": f"Bearer {self.token}", "Content-Type": content_type})
        answer = self.connection.getresponse()
        text = answer.read()
        if answer.status >= 300:
            raise RuntimeError(f"{verb} {path}: {answer.status} {text[:500]!r}")
        return text

    def ask(self, *question, **options):
        """The same as JSON."""
        text = self.bytes(*question, **options)
        return json.loads(text) if text else None

    def wait(self, job):
        while job["state"] in ("queued", "running"):
            time.sleep(0.05)
            job = self.ask("GET", f"/api/v1/jobs/{job['id']}")
        if job["state"] != "succeeded":
            raise RuntimeError(json.dumps(job))

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def resident_mb(self):
        return resident_mb(self.process.pid)

    def stop(self):
        self.connection.close()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.process.stdout.close()
