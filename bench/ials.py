"""iALS against implicit: seconds per iteration and to equal nDCG@10, at 64, 128 and 256 factors.

Both sides train on the same interactions, an iteration of one after an iteration of the other, so that what else the
machine does hits both. Every fourteenth user has a fifth of their items held out; nDCG@10 is over 2,000 of them. The
weights are fixed, not tuned on this data for either side: implicit's alpha 2 is alpha_0 = 1 of ours, and our lambda
times (n + alpha_0 |I|) is near the peer's constant 5.
"""

import array
import json
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile

import numpy as np

ROOT = pathlib.Path(__file__).parents[1]
DATA = pathlib.Path(os.environ.get("EUNOMIA_BENCH_DATA", ROOT / "build" / "bench-data"))
BINARY = ROOT / "build" / "bench" / "ials"
PEER = "implicit 0.7.3"
THREADS = 2
ITERATIONS = int(os.environ.get("EUNOMIA_BENCH_ITERATIONS", "10"))
FACTORS = [int(f) for f in os.environ.get("EUNOMIA_BENCH_FACTORS", "64,128,256").split(",")]
OURS = {"alpha0": 1.0, "regularisation": 0.0002}
THEIRS = {"alpha": 2.0, "regularisation": 5.0}
TEST_USERS = 2000


def read_csv(path):
    """User and item numbers, in the order in which their names appear."""
    users, items = array.array("i"), array.array("i")
    user_numbers, item_numbers = {}, {}
    with open(path) as file:
        header = file.readline().rstrip().split(",")
        user_column, item_column = header.index("USER_ID"), header.index("ITEM_ID")
        for line in file:
            cells = line.rstrip().split(",")
            users.append(user_numbers.setdefault(cells[user_column], len(user_numbers)))
            items.append(item_numbers.setdefault(cells[item_column], len(item_numbers)))
    return np.frombuffer(users, np.int32), np.frombuffer(items, np.int32)


def split(users, items):
    """Training pairs as (counts per user, items), and {user: held-out items}."""
    shuffled = np.random.default_rng(14).permutation(len(users))
    order = shuffled[np.argsort(users[shuffled], kind="stable")]
    users, items = users[order], items[order]
    counts = np.bincount(users)
    begin = np.concatenate([[0], np.cumsum(counts)])
    keep = np.ones(len(users), bool)
    held_out = {}
    for user in range(0, len(counts), 14):
        held = counts[user] // 5
        if held > 0:
            keep[begin[user + 1] - held:begin[user + 1]] = False
            held_out[user] = items[begin[user + 1] - held:begin[user + 1]]
    users, items = users[keep], items[keep]
    order = np.lexsort((items, users))
    return np.bincount(users[order], minlength=len(counts)), items[order], held_out


class Side:
    """One program that trains an iteration at a time."""

    def __init__(self, name, command):
        self.name = name
        self.process = subprocess.Popen([str(part) for part in command], stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, text=True)
        self.seconds, self.ndcg, self.peak = [], [], 0
        self.answer()

    def answer(self):
        return json.loads(self.process.stdout.readline())

    def ask(self, line):
        self.process.stdin.write(line + "\n")
        self.process.stdin.flush()
        return self.answer()

    def iterate(self, evaluate):
        answer = self.ask("iterate")
        self.seconds.append(answer["seconds"])
        self.peak = answer["peak_mb"]
        with tempfile.NamedTemporaryFile(dir=DATA) as file:
            self.ask(f"factors {file.name}")
            self.ndcg.append(evaluate(np.fromfile(file.name, np.float32)))

    def seconds_to(self, ndcg):
        reached = next((i for i, value in enumerate(self.ndcg) if value >= ndcg), None)
        return None if reached is None else sum(self.seconds[:reached + 1])

    def close(self):
        self.process.stdin.close()
        self.process.wait()


def evaluator(counts, items, held_out, n_items, factors):
    begin = np.concatenate([[0], np.cumsum(counts)])
    discount = 1 / np.log2(np.arange(10) + 2)
    users = list(held_out)[:TEST_USERS]

    def evaluate(values):
        rows = values.reshape(-1, factors)
        user_factors, item_factors = rows[:len(counts)], rows[len(counts):len(counts) + n_items]
        total = 0.0
        for first in range(0, len(users), 250):
            chunk = users[first:first + 250]
            scores = user_factors[chunk] @ item_factors.T
            for row, user in zip(scores, chunk):
                row[items[begin[user]:begin[user + 1]]] = -np.inf
                top = np.argpartition(-row, 10)[:10]
                top = top[np.argsort(-row[top], kind="stable")]
                best = discount[:min(10, len(held_out[user]))].sum()
                total += float(discount[np.isin(top, held_out[user])].sum() / best)
        return total / len(users)

    return evaluate


def show(figure, **values):
    """Prints a figure as run.py reads it, without members that are None."""
    given = {name: value for name, value in values.items() if value is not None}
    print(json.dumps({"bench": "ials", "figure": figure} | given), flush=True)


def limit(factors, pairs, seconds):
    """What bounds an iteration: each half step gathers a row of the other side for every pair, from half precision."""
    gigabytes = 2 * pairs * factors * 2 / 1e9
    return (f"; what limits it: {gigabytes:.0f} GB of rows gathered from anywhere in the other side's factors, "
            f"{gigabytes / statistics.median(seconds):.0f} GB/s")


def compare(path, factors, pairs, evaluate):
    ours = Side("ours", [BINARY, path, "--factors", factors, "--threads", THREADS,
                         "--alpha0", OURS["alpha0"], "--regularisation", OURS["regularisation"]])
    theirs = Side("theirs", [sys.executable, ROOT / "bench" / "peers" / "ials_implicit.py", path, "--factors", factors,
                             "--threads", THREADS, "--alpha", THEIRS["alpha"],
                             "--regularisation", THEIRS["regularisation"]])
    for iteration in range(ITERATIONS):
        for side in (ours, theirs):
            side.iterate(evaluate)
            print(f"{factors} factors, iteration {iteration}: {side.name} {side.seconds[-1]:.2f} s, "
                  f"nDCG@10 {side.ndcg[-1]:.4f}", file=sys.stderr, flush=True)
    fold = ours.ask("fold")
    for side in (ours, theirs):
        side.close()
    what = f"{factors} factors, 20 M interactions, {THREADS} threads"
    ratio = statistics.median(theirs.seconds) / statistics.median(ours.seconds)
    show(f"seconds per iteration, {what}", unit="s", better="lower", ours=round(statistics.median(ours.seconds), 3),
         theirs=round(statistics.median(theirs.seconds), 3), peer=PEER, goal="5 times faster", met=ratio >= 5,
         note=f"median of {ITERATIONS} iterations, taken in turn" + limit(factors, pairs, ours.seconds))
    show(f"nDCG@10 after {ITERATIONS} iterations, {what}", better="higher", ours=round(ours.ndcg[-1], 4),
         theirs=round(theirs.ndcg[-1], 4), peer=PEER, goal="equal", met=ours.ndcg[-1] >= 0.995 * theirs.ndcg[-1])
    target = 0.995 * max(theirs.ndcg)
    reached = [side.seconds_to(target) for side in (ours, theirs)]
    note = f"until nDCG@10 is {target:.4f}, the peer's best less 0.5 %"
    if reached[0] is None:
        show(f"seconds to the peer's nDCG@10, {what}", unit="s", better="lower", theirs=round(reached[1], 2),
             peer=PEER, goal="5 times faster", met=False, note=note + ": not reached")
    else:
        show(f"seconds to the peer's nDCG@10, {what}", unit="s", better="lower", ours=round(reached[0], 2),
             theirs=round(reached[1], 2), peer=PEER, goal="5 times faster", met=reached[1] >= 5 * reached[0], note=note)
    show(f"peak memory of training, {what}", unit="MB", better="lower", ours=ours.peak, theirs=theirs.peak,
         peer=PEER)
    show(f"folding one person in, {factors} factors, one thread", unit="µs", better="lower", ours=fold["fold_in_us"],
         note="median over people of all history lengths")
    show(f"scoring all items for one person, fold-in included, {factors} factors, one thread", unit="µs",
         better="lower", ours=fold["score_us"])


def main():
    cache = DATA / "ials.npz"
    source = DATA / "movielens.csv"
    if not cache.exists() or cache.stat().st_mtime < source.stat().st_mtime:
        counts, items, held_out = split(*read_csv(source))
        np.savez(cache, counts=counts, items=items, users=np.array(list(held_out)),
                 held=np.concatenate(list(held_out.values())), sizes=[len(v) for v in held_out.values()])
    saved = np.load(cache)
    counts, items = saved["counts"], saved["items"]
    held_out = dict(zip(saved["users"].tolist(), np.split(saved["held"], np.cumsum(saved["sizes"])[:-1])))
    n_items = int(max(items.max(), saved["held"].max())) + 1
    path = DATA / "ials.bin"
    with open(path, "wb") as file:
        np.array([len(counts), n_items], np.uint32).tofile(file)
        np.array([len(items)], np.uint64).tofile(file)
        counts.astype(np.uint32).tofile(file)
        items.astype(np.uint32).tofile(file)
    for factors in FACTORS:
        compare(path, factors, len(items), evaluator(counts, items, held_out, n_items, factors))


if __name__ == "__main__":
    main()
