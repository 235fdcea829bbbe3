"""EASE beside numpy and scipy, as people write it: G = X.T @ X, np.linalg.inv, B = P / -diag(P)."""

import gzip
import json
import os
import pathlib
import statistics
import subprocess
import sys
import time

import numpy as np
import scipy.sparse as sp
from threadpoolctl import threadpool_limits

ROOT = pathlib.Path(__file__).parents[1]
PROGRAM = ROOT / "build" / "bench" / "ease"
RETAIL = pathlib.Path(os.environ.get("EUNOMIA_SHARED", ROOT.parent / "shared")) / "data/online-retail/split"
MOVIELENS = pathlib.Path(os.environ.get("EUNOMIA_BENCH_DATA", ROOT / "build/bench-data")) / "movielens.csv"
LAMBDA = 500


def ours(*arguments):
    return json.loads(subprocess.run([PROGRAM, *arguments], stdout=subprocess.PIPE, text=True, check=True).stdout)


def matrix(path):
    """The distinct pairs of a file: [people x items], in float32."""
    with (gzip.open if path.suffix == ".gz" else open)(path, "rt") as rows:
        next(rows)
        pairs = [line.split(",", 2)[:2] for line in rows]
    users, u = np.unique([p[0] for p in pairs], return_inverse=True)
    items, i = np.unique([p[1] for p in pairs], return_inverse=True)
    x = sp.csr_matrix((np.ones(len(u), np.float32), (u, i)), (len(users), len(items)))
    x.data[:] = 1
    return x


def train(x, kind):
    g = (x.T @ x).toarray().astype(kind)
    g[np.diag_indices_from(g)] += LAMBDA
    p = np.linalg.inv(g)
    b = p / -np.diag(p)
    np.fill_diagonal(b, 0)
    return b


def seconds(work, repetitions):
    times = []
    for _ in range(repetitions):
        begin = time.perf_counter()
        work()
        times.append(time.perf_counter() - begin)
    return statistics.median(times)


def figure(name, unit, mine, theirs, note=None):
    line = {"bench": "ease", "figure": name, "unit": unit, "better": "lower", "ours": mine,
            "peer": f"numpy {np.__version__}", "theirs": theirs}
    print(json.dumps(line | ({"note": note} if note else {})), flush=True)


def retail():
    m = ours("retail", "5")
    x = matrix(RETAIL / "train.csv.gz")
    n = m["items"]
    for kind in ("float64", "float32"):
        theirs = seconds(lambda: train(x, kind), 3)
        rate = n**3 / (m[f"train_{kind}_s"] - m["gram_s"]) * 1e-9
        figure(f"training, {n:,} items, {kind}", "s", m[f"train_{kind}_s"], theirs,
               f"n^3 operations at {rate:.0f} GFLOP/s; float64 products alone reach {m['gemm_gflops']:.0f}")
    b = train(x, "float32")
    histories = matrix(RETAIL / "fold_in.csv.gz")
    known = [histories[u].indices % n for u in range(histories.shape[0])]
    theirs = seconds(lambda: [b[k].sum(axis=0) for k in known], 5) / len(known)
    figure(f"scoring a person, {n:,} items", "us", m["score_us"], theirs * 1e6,
           f"{m['rows_a_history']:.0f} rows of {4 * n / 1000:.1f} kB a person")


def movielens():
    # No peer: x.T @ x of scipy and its dense inverse by numpy do not fit into 24 GiB at this size.
    m = ours("movielens", str(MOVIELENS))
    figure(f"training, {m['items']:,} items, {m['pairs']:,} pairs, float32", "s", m["train_float32_s"], None,
           f"counting co-occurrences is {m['gram_s']:.1f} s of it; numpy's way does not fit into 24 GiB")
    figure(f"scoring a person, {m['items']:,} items", "us", m["score_us"], None)


with threadpool_limits(os.cpu_count()):
    if RETAIL.exists():
        retail()
    else:
        print(f"skipped: {RETAIL} is absent", file=sys.stderr)
    if MOVIELENS.exists():
        movielens()
    else:
        print(f"skipped: {MOVIELENS} is absent; generate_movielens_shape makes it", file=sys.stderr)
