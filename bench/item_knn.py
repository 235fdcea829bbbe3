"""Item-kNN beside implicit's CosineRecommender: training, and an answer of 25 items."""

import statistics

from implicit.nearest_neighbours import CosineRecommender

import common


def main():
    for name, csv in common.data_sets():
        ours = common.family(csv, "item-knn", {"neighbours": 100}, runs=3)
        users = common.matrix(csv)

        def peer():
            model = CosineRecommender(K=100, num_threads=common.THREADS)
            model.fit(users, show_progress=False)
            return model

        theirs, model = common.timed(peer)
        common.figure("item-knn", f"training, {name}", unit="s", ours=statistics.median(ours["train_seconds"]),
                      peer="implicit 0.7.3", theirs=theirs)
        people = [i * 7919 % users.shape[0] for i in range(500)]

        def answer():
            for person in people:
                model.recommend(person, users[person], N=25)

        seconds, _ = common.timed(answer)
        common.figure("item-knn", f"answer of 25 items, {name}", unit="µs", ours=ours["answer_us_p50"],
                      peer="implicit 0.7.3", theirs=1e6 * seconds / len(people))
        common.figure("item-knn", f"peak memory with the interactions, {name}", unit="MB", ours=ours["peak_bytes"] / 1e6)


main()
