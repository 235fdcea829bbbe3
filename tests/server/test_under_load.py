"""Many clients in a shop's mix, with a retraining in the middle, and with a kill in the middle."""

import collections
import csv
import os
import random

import shop_load
import shop

SOAK = os.environ.get("EUNOMIA_SOAK") == "1"
CLIENTS = 500
SECONDS = 300 if SOAK else 15


def seed_of_this_run():
    seed = random.randrange(1 << 30)
    print("seed", seed)
    return seed


def rows_of(served, path):
    """What the dataset holds, by (user, item, timestamp in ms)."""
    served.stop()
    served.program.run("recommend", "export", "--dataset", "shop", "--to", path).expect()
    with open(path, newline="") as file:
        return collections.Counter((row["USER_ID"], row["ITEM_ID"], round(float(row["TIMESTAMP"]) * 1000))
                                   for row in csv.DictReader(file))


def check(served, outcome, path):
    print(f"{outcome.requests} requests, {len(outcome.acknowledged)} events, {len(outcome.forgotten)} forgotten, "
          f"recommendations: median {1000 * outcome.percentile(.5):.1f} ms, p99 {1000 * outcome.percentile(.99):.1f} ms "
          f"(measured in Python beside the server)")
    assert not outcome.errors, outcome.errors[:3]
    rows = rows_of(served, path)
    lost = [event for event in outcome.acknowledged.values() if rows[event] == 0]
    twice = [event for event, count in rows.items() if event[0].startswith("load-") and count != 1]
    assert not lost and not twice, (lost[:3], twice[:3])
    known = set(outcome.acknowledged.values()) | set(outcome.unsure.values())
    assert all(event in known for event in rows if event[0].startswith("load-"))
    assert outcome.forgotten
    assert not outcome.forgotten & {user for user, _, _ in rows}


def prepare(served, tmp_path):
    served.start("--erase-delay", "1").make_shop(shop.write_events(tmp_path / "events.csv", shop.events(people=600)))


def test_a_shop_under_load_loses_nothing_while_it_retrains(served, tmp_path):
    prepare(served, tmp_path)
    outcome = shop_load.shop_load(served, CLIENTS, SECONDS, seed_of_this_run()).run(lambda: served.train())
    assert served.recommend(history=["item-0-00"])["version"] == 2
    check(served, outcome, tmp_path / "rows.csv")


def test_a_shop_under_load_loses_nothing_to_a_kill(served, tmp_path):
    prepare(served, tmp_path)

    def kill_and_restart():
        served.kill()
        served.start("--erase-delay", "1")

    outcome = shop_load.shop_load(served, CLIENTS, SECONDS, seed_of_this_run(), away_is_fine=True).run(kill_and_restart)
    check(served, outcome, tmp_path / "rows.csv")
