"""The peer's side of the iALS benchmark, run by ials.py: implicit's AlternatingLeastSquares (conjugate gradients).

Trains one iteration for each line on standard input and answers with one JSON object, as bench/ials.cpp does.
"""

import argparse
import json
import os
import sys

os.environ["OPENBLAS_NUM_THREADS"] = "1"

import numpy as np  # noqa: E402
import scipy.sparse as sp  # noqa: E402
from implicit.cpu.als import AlternatingLeastSquares  # noqa: E402


def read_interactions(path):
    with open(path, "rb") as file:
        users, items = np.fromfile(file, np.uint32, 2)
        size = np.fromfile(file, np.uint64, 1)[0]
        counts = np.fromfile(file, np.uint32, users)
        columns = np.fromfile(file, np.uint32, size)
    begin = np.concatenate([[0], np.cumsum(counts, dtype=np.int64)]).astype(np.int32)
    return sp.csr_matrix((np.ones(size, np.float32), columns.astype(np.int32), begin), shape=(users, items))


class Stop(Exception):
    pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("interactions")
    parser.add_argument("--factors", type=int)
    parser.add_argument("--alpha", type=float)
    parser.add_argument("--regularisation", type=float)
    parser.add_argument("--threads", type=int)
    args = parser.parse_args()
    matrix = read_interactions(args.interactions)
    model = AlternatingLeastSquares(factors=args.factors, alpha=args.alpha, regularization=args.regularisation,
                                    iterations=1_000_000, num_threads=args.threads, random_state=1)

    def wait():
        """Returns when the next iteration is asked for."""
        for line in sys.stdin:
            if not line.startswith("factors "):
                return
            with open(line[8:].strip(), "wb") as file:
                model.user_factors.tofile(file)
                model.item_factors.tofile(file)
            print("{}", flush=True)
        raise Stop

    def after(iteration, seconds, *_):
        # Not getrusage: a process starts with the peak of the one that started it.
        with open("/proc/self/status") as status:
            peak = int(next(line.split()[1] for line in status if line.startswith("VmHWM"))) // 1000
        print(json.dumps({"seconds": seconds, "peak_mb": peak}), flush=True)
        wait()

    print('{"ready": true}', flush=True)
    try:
        wait()
        model.fit(matrix, show_progress=False, callback=after)
    except Stop:
        pass


if __name__ == "__main__":
    main()
