"""What the benchmarks in Python share: figures as JSON lines, data in scipy's form, our own program's side."""

import json
import os
import pathlib
import statistics
import subprocess
import time

import numpy as np
import scipy.sparse as sp

ROOT = pathlib.Path(__file__).parents[1]
BUILD = ROOT / "build" / "bench"
DATA = pathlib.Path(os.environ.get("EUNOMIA_BENCH_DATA", ROOT / "build" / "bench-data"))
SHARED = pathlib.Path(os.environ.get("EUNOMIA_SHARED", ROOT.parent / "shared")) / "data"
MOVIELENS = DATA / "movielens.csv"
ONLINE_RETAIL = SHARED / "online-retail" / "split"
THREADS = len(os.sched_getaffinity(0))


def figure(bench, text, **rest):
    print(json.dumps({"bench": bench, "figure": text, **rest}), flush=True)


def family(csv, name, parameters=None, runs=3, answers=2000, threads=None):
    """What build/bench/family measured."""
    command = [BUILD / "family", csv, name, json.dumps(parameters or {}), runs, answers]
    if threads:
        command.append(threads)
    ended = subprocess.run(list(map(str, command)), check=True, stdout=subprocess.PIPE, text=True)
    return json.loads(ended.stdout)


def matrix(csv):
    """Users x items, 1 for a pair that occurs: scipy CSR, float32."""
    import gzip
    opened = gzip.open if str(csv).endswith(".gz") else open
    users, items, rows, columns = {}, {}, [], []
    with opened(csv, "rt") as file:
        next(file)
        for line in file:
            user, item, _ = line.split(",", 2)
            rows.append(users.setdefault(user, len(users)))
            columns.append(items.setdefault(item, len(items)))
    ones = np.ones(len(rows), dtype=np.float32)
    result = sp.csr_matrix((ones, (rows, columns)), shape=(len(users), len(items)))
    result.data[:] = 1
    return result


def timed(work, runs=3):
    """The median seconds of several calls, and the last result."""
    seconds = []
    for _ in range(runs):
        begin = time.perf_counter()
        result = work()
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds), result


def data_sets():
    """(name, file) of what is there: the real data are beside the checkout or nowhere."""
    if (ONLINE_RETAIL / "train.csv.gz").exists():
        yield "Online Retail (3,906 × 3,662)", ONLINE_RETAIL / "train.csv.gz"
    yield "MovieLens-20M's shape (138,000 × 27,000, 20 M)", MOVIELENS
