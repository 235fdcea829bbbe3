"""An answer of 25 items for one person, folded in from their history, on one thread: each family beside what people
write today. The peers fold in too: implicit solves for the user anew, numpy sums the rows of EASE's matrix."""

import time

import numpy as np
from implicit.als import AlternatingLeastSquares
from implicit.nearest_neighbours import CosineRecommender

import common

PEOPLE = 500


def median_microseconds(answer, people):
    seconds = []
    for person in people:
        begin = time.perf_counter()
        answer(person)
        seconds.append(time.perf_counter() - begin)
    return 1e6 * sorted(seconds)[len(seconds) // 2]


def of_ease(users):
    gram = (users.T @ users).toarray().astype(np.float32)
    gram[np.diag_indices_from(gram)] += 500
    inverse = np.linalg.inv(gram)
    weights = (-inverse / np.diag(inverse)).astype(np.float32)
    np.fill_diagonal(weights, 0)

    def answer(person):
        history = users[person].indices
        scores = weights[history].sum(axis=0)
        scores[history] = -np.inf
        best = np.argpartition(-scores, 25)[:25]
        return best[np.argsort(-scores[best])]
    return answer


def of_implicit(model, users, **options):
    model.fit(users, show_progress=False)
    return lambda person: model.recommend(person, users[person], N=25, **options)


def main():
    for name, csv in common.data_sets():
        users = common.matrix(csv)
        people = [i * 7919 % users.shape[0] for i in range(PEOPLE)]
        large = users.shape[1] > 10_000
        als = AlternatingLeastSquares(factors=64, iterations=1, num_threads=1)
        peers = [
            ("popularity", {}, None, None),
            ("session-knn", {}, None, None),
            ("item-knn", {}, "implicit 0.7.3, CosineRecommender",
             lambda: of_implicit(CosineRecommender(K=100, num_threads=common.THREADS), users)),
            ("ials", {"factors": 64, "iterations": 1}, "implicit 0.7.3, recalculate_user",
             lambda: of_implicit(als, users, recalculate_user=True)),
        ]
        if not large:
            peers.append(("ease", {}, "numpy, float32", lambda: of_ease(users)))
        for family, parameters, peer, make in peers:
            ours = common.family(csv, family, parameters, runs=1, answers=4 * PEOPLE)
            rest = {}
            if make is not None:
                rest = {"peer": peer, "theirs": median_microseconds(make(), people)}
            shape = f" with {parameters['factors']} factors" if "factors" in parameters else ""
            common.figure("scoring", f"{family}{shape}, {name}", unit="µs", ours=ours["answer_us_p50"],
                          note=f"99th percentile {ours['answer_us_p99']:.0f} µs", **rest)


main()
