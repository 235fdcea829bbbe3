"""wrk as the load generator."""

import csv
import gzip
import json
import os
import pathlib
import subprocess

SECONDS = int(os.environ.get("EUNOMIA_BENCH_SECONDS", "8"))
HERE = pathlib.Path(__file__).parent


def told_by_wrk(script, url, arguments, connections, seconds):
    """What the script told when the time was over."""
    ended = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "10s", "-s", HERE / script, url,
                            "--", *arguments], check=True, stdout=subprocess.PIPE, text=True)
    told = json.loads(next(line for line in ended.stdout.splitlines() if line.startswith("{")))
    if told["errors"]:
        raise RuntimeError(f"{url}: {told['errors']} errors")
    return told


def load(url, kind, token, names, connections=32, seconds=SECONDS):
    """Requests of load.lua a second, and the p99 of one in ms."""
    told = told_by_wrk("load.lua", url, [kind, token, *names], connections, seconds)
    return told["requests"] / told["seconds"], told["p99_ms"]


def replay(url, requests, folder, connections=32, seconds=SECONDS):
    """The same of whole requests, in bytes. Raises when there were too few."""
    file = folder / "requests"
    file.write_bytes(b"\0".join(requests))
    told = told_by_wrk("replay.lua", url, [file], connections, seconds)
    return told["requests"] / told["seconds"], told["p99_ms"], told["requests"]


def names_of(path, folder):
    """A file of its users and one of its items."""
    opened = gzip.open if path.suffix == ".gz" else open
    users, items = {}, {}
    with opened(path, "rt", newline="") as file:
        for row in csv.DictReader(file):
            users[row["USER_ID"]] = items[row["ITEM_ID"]] = None
    for name, values in (("users", users), ("items", items)):
        (folder / name).write_text("\n".join(values) + "\n")
    return folder / "users", folder / "items"
