"""What a right costs the house that grants it: 100,000 people with 10 million interactions and three deployed models.
Erasing one, from the request until it is verified on the disk and certified; a thousand in one request; the archive of
one."""

import pathlib
import random
import statistics
import subprocess
import tempfile
import time

import common
from common import figure
from served import BINARY, server

PEOPLE, ITEMS, INTERACTIONS = 100_000, 3_700, 10_000_000
# As many items as Online Retail has. iALS does not forget exactly but converges anew over everybody's rows: by itself.
MODELS = ["ease", "item-knn", "session-knn"]
ONE_BY_ONE, WITH_IALS, BATCH, ARCHIVES = 15, 5, 1_000, 15
HOUSE = f"{PEOPLE:,} people, {INTERACTIONS:,} interactions of {ITEMS:,} items, models {', '.join(MODELS)}"


def people_of(path):
    ids = []
    with open(path) as file:
        next(file)
        for line in file:
            user = line.split(",", 1)[0]
            if not ids or ids[-1] != user:  # the file is grouped by person
                ids.append(user)
    return ids


def until_completed(house, request):
    while request["state"] != "completed":
        time.sleep(0.005)
        request = house.ask("GET", f"/api/v1/subjects/requests/{request['id']}")
    return request


def erase(house, *users):
    """Seconds until it was acknowledged and until it was certified, and the request."""
    begin = time.perf_counter()
    request = house.ask("POST", "/api/v1/subjects/erasures", {"users": list(users)})
    acknowledged = time.perf_counter() - begin
    request = until_completed(house, request)
    return acknowledged, time.perf_counter() - begin, request


def train(house, family):
    house.ask("POST", "/api/v1/recommenders", {"name": family, "dataset": "shop", "family": family})
    house.wait(house.ask("POST", f"/api/v1/recommenders/{family}/train"))


def told(steps):
    return ", ".join(f"{step['what']} {step['milliseconds']} ms" for step in steps if step["milliseconds"])


def main():
    data = common.DATA / "erasure.csv"
    if not data.exists():
        part = data.with_suffix(".part.csv")
        subprocess.run([common.BUILD / "generate_movielens_shape", part, "--users", str(PEOPLE), "--items", str(ITEMS),
                        "--interactions", str(INTERACTIONS)], check=True)
        part.rename(data)
    people = people_of(data)
    random.Random(1).shuffle(people)
    with tempfile.TemporaryDirectory(dir=common.DATA) as name:
        folder = pathlib.Path(name)
        subprocess.run([BINARY, "recommend", "import", "--data", folder, "--dataset", "shop", "--interactions", data],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        # Nothing is derived anew while something is measured.
        house = server(folder, "--erase-delay", 0, "--rederive-delay", 86_400)
        try:
            for model in MODELS:
                train(house, model)
            measured = [erase(house, people.pop()) for _ in range(ONE_BY_ONE)]
            acknowledged, certified = (statistics.median(one[i] for one in measured) for i in (0, 1))
            certificate = house.ask("GET", f"/api/v1/subjects/requests/{measured[-1][2]['id']}/certificate")
            read = certificate["verification"]
            figure("erasure", "one person erased, verified and certified", ours=round(certified, 3), unit="s", goal="< 1 s",
                   met=certified < 1,
                   note=f"{HOUSE}; median of {ONE_BY_ONE}, slowest {max(one[1] for one in measured):.2f} s, until the request is "
                        f"completed. {read['bytes_read'] / 1e6:,.0f} MB of files read. The last: {told(measured[-1][2]['steps'])}")
            figure("erasure", "until nothing answers with them", ours=round(acknowledged * 1000, 1), unit="ms",
                   note="the request is acknowledged: durable, out of every served model, found by nobody")
            _, seconds, request = erase(house, *[people.pop() for _ in range(BATCH)])
            figure("erasure", f"{BATCH:,} people in one request", ours=round(seconds, 2), unit="s", goal="< 60 s", met=seconds < 60,
                   note=told(request["steps"]))
            times, sizes = [], []
            for _ in range(ARCHIVES):
                begin = time.perf_counter()
                sizes.append(len(house.bytes("POST", "/api/v1/subjects/archive", {"user": people.pop()})))
                times.append(time.perf_counter() - begin)
            figure("erasure", "the archive of one person", ours=round(statistics.median(times), 3), unit="s", goal="< 1 s",
                   met=statistics.median(times) < 1,
                   note=f"median of {ARCHIVES}, slowest {max(times):.2f} s; {statistics.median(sizes) / 1000:,.0f} kB")
            train(house, "ials")
            measured = [erase(house, people.pop()) for _ in range(WITH_IALS)]
            acknowledged, certified = (statistics.median(one[i] for one in measured) for i in (0, 1))
            figure("erasure", "one person, an iALS model deployed besides", ours=round(certified, 2), unit="s",
                   note=f"median of {WITH_IALS}; {acknowledged:.2f} s until the request is acknowledged: its item factors converge anew "
                        "over all interactions before it answers again")
        finally:
            house.stop()


main()
