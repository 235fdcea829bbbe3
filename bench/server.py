"""The server under load, the load generator beside it on the same cores: recommendations a second beside the service
that people write with FastAPI and implicit, durable events a second, from an event to the recommendation that knows it,
and memory. Ours answers with a person's newest events folded in, the peer from the factors of its last training."""

import contextlib
import http.client
import os
import pathlib
import signal
import statistics
import subprocess
import sys
import tempfile
import time

import common
from load import SECONDS, load, names_of
from served import resident_mb, server

PEERS = pathlib.Path(__file__).parent / "peers"
ROUNDS = 3
FACTORS = 64
PEER = "FastAPI and implicit 0.7.3"


class peer:
    def __init__(self, data, folder):
        model = folder / "peer.model"
        subprocess.run([sys.executable, PEERS / "fastapi_implicit.py", "train", data, model, str(FACTORS)], check=True)
        self.port = 18_765
        # As many workers as there are cores; faster than one or four of them here.
        self.process = subprocess.Popen(
            [sys.executable, "-m", "uvicorn", "--app-dir", PEERS, "--workers", str(common.THREADS), "--no-access-log",
             "--log-level", "warning", "--port", str(self.port), "fastapi_implicit:app"],
            env=os.environ | {"MODEL": str(model)})
        deadline = time.monotonic() + 60
        while True:
            with contextlib.suppress(OSError):
                http.client.HTTPConnection("127.0.0.1", self.port, timeout=1).connect()
                time.sleep(2)  # the other worker
                break
            if time.monotonic() > deadline:
                raise RuntimeError("the peer did not start")
            time.sleep(0.2)

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)


def prepare(ours, data):
    ours.ask("POST", "/api/v1/datasets", {"name": "shop"})
    ours.wait(ours.ask("POST", "/api/v1/datasets/shop/uploads?undeclared=ignore", data.read_bytes(), "text/csv"))
    for family, parameters in (("ease", {}), ("ials", {"factors": FACTORS})):
        ours.ask("POST", "/api/v1/recommenders", {"name": family, "dataset": "shop", "family": family, "parameters": parameters})
        ours.wait(ours.ask("POST", f"/api/v1/recommenders/{family}/train"))


def recommendations(ours, theirs, names, shop):
    asked = {family: [] for family in ("ease", "ials", PEER)}
    for family in ("ease", "ials"):
        load(ours.url(f"/api/v1/recommenders/{family}/recommendations"), "ask", ours.token, names)
    load(theirs.url("/recommendations"), "ask", "none", names)
    for _ in range(ROUNDS):
        for family in ("ease", "ials"):
            asked[family].append(load(ours.url(f"/api/v1/recommenders/{family}/recommendations"), "ask", ours.token, names))
        asked[PEER].append(load(theirs.url("/recommendations"), "ask", "none", names))
    rate = {who: statistics.median(r for r, _ in runs) for who, runs in asked.items()}
    slow = {who: statistics.median(p for _, p in runs) for who, runs in asked.items()}
    for family, text in (("ease", "EASE"), ("ials", f"iALS with {FACTORS} factors")):
        common.figure("server", f"recommendations a second, {text}, {shop}", unit="/s", better="higher",
                      ours=rate[family], peer=PEER, theirs=rate[PEER], goal="over 15,000/s", met=rate[family] > 15_000,
                      note=f"32 connections, 10 items for one of everybody at random; medians of {ROUNDS} runs of "
                           f"{SECONDS} s in turn; the peer has a worker for each core")
        common.figure("server", f"p99 of it, {text}", unit="ms", ours=slow[family], peer=PEER, theirs=slow[PEER],
                      goal="under 5 ms", met=slow[family] < 5)


def events(ours, names):
    for kind, path, each, connections, goal in (
            ("batch", "/api/v1/datasets/shop/events/batch", 500, 4, 50_000), ("event", "/api/v1/datasets/shop/events", 1, 32, 5_000)):
        runs = [load(ours.url(path), kind, ours.token, names, connections) for _ in range(ROUNDS)]
        rate = each * statistics.median(r for r, _ in runs)
        text = "in batches of 500" if each > 1 else "one by one"
        common.figure("server", f"durable events a second, {text}", unit="/s", better="higher", ours=rate,
                      goal=f"over {goal:,}/s", met=rate > goal, note=f"{connections} connections; ids that nobody had sent")
        common.figure("server", f"p99 of a request with them, {text}", unit="ms", ours=statistics.median(p for _, p in runs))


def event_to_recommendation(ours, names):
    """The best item of somebody is seen by them: until an answer without it is there."""
    users = names[0].read_text().split("\n")[:500]
    seconds = []
    for turn in range(2000):
        user = users[turn % len(users)]
        question = {"user": user, "count": 3}
        best = ours.ask("POST", "/api/v1/recommenders/ease/recommendations", question)["items"][0]["item"]
        begin = time.perf_counter()
        ours.ask("POST", "/api/v1/datasets/shop/events", {"user_id": user, "item_id": best, "event_type": "view"})
        answer = ours.ask("POST", "/api/v1/recommenders/ease/recommendations", question)
        seconds.append(time.perf_counter() - begin)
        if any(item["item"] == best for item in answer["items"]):
            raise RuntimeError(f"{user} saw {best}, and the answer did not know it")
    seconds.sort()
    common.figure("server", "from sending an event to the answer that knows it, p50", unit="ms",
                  ours=1000 * seconds[len(seconds) // 2], note="two requests one after the other, from Python; one client")
    common.figure("server", "from sending an event to the answer that knows it, p99", unit="ms",
                  ours=1000 * seconds[len(seconds) * 99 // 100])


def main():
    shop, data = next(iter(common.data_sets()))
    with tempfile.TemporaryDirectory(dir=common.DATA) as name, contextlib.ExitStack() as running:
        folder = pathlib.Path(name)
        names = names_of(pathlib.Path(data), folder)
        ours = server(folder / "data")
        try:
            time.sleep(1)
            idle = ours.resident_mb()
            prepare(ours, pathlib.Path(data))
        finally:
            ours.stop()
        # As an administrator finds it: started over what was trained.
        ours = server(folder / "data")
        running.callback(ours.stop)
        served = ours.resident_mb()
        theirs = peer(str(data), folder)
        try:
            recommendations(ours, theirs, names, shop)
            peer_mb = resident_mb(theirs.process.pid)
        finally:
            theirs.stop()
        event_to_recommendation(ours, names)
        events(ours, names)
        common.figure("server", "resident memory, nothing in it", unit="MB", ours=idle, goal="under 60 MB", met=idle < 60)
        common.figure("server", "resident memory, both models loaded", unit="MB", ours=served)
        common.figure("server", "resident memory after all this load", unit="MB", ours=ours.resident_mb(), peer=PEER, theirs=peer_mb,
                      note="ours with two models and everybody's events, the peer's with one model, all its workers")


main()
