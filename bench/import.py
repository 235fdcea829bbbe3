"""Importing 20 million interactions, beside pandas reading the same file into numbered users and items: what scripts do
before they call implicit. Ours also writes it all, durably, in buckets by person, and checks every value. The same rows
as gzip and as Parquet come in turn; pandas is beside the gzip too, but would need another library for Parquet."""

import json
import resource
import subprocess
import sys
import time

import common

GOAL_S = 60
GOAL_GB = 4


def measured(file, *options):
    ended = subprocess.run([common.BUILD / "import", file, *options], check=True, stdout=subprocess.PIPE, text=True)
    return {row["figure"]: row for row in map(json.loads, ended.stdout.splitlines())}


def peer(csv):
    """Seconds and peak gigabytes of a process of its own."""
    script = ("import pandas as pd, sys; f = pd.read_csv(sys.argv[1]); "
              "u, _ = pd.factorize(f.USER_ID); i, _ = pd.factorize(f.ITEM_ID); print(len(u), u.max(), i.max())")
    begin = time.perf_counter()
    subprocess.run([sys.executable, "-c", script, csv], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begin, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1e6


def converted(ending):
    """The file of interactions in another format; kept between runs."""
    target = common.MOVIELENS.with_suffix(ending)
    if not target.exists() or target.stat().st_mtime < common.MOVIELENS.stat().st_mtime:
        subprocess.run([common.BUILD / "import", common.MOVIELENS, "--convert", target], check=True)
    return target


def other_formats():
    for ending, name in [(".csv.gz", "gzip CSV"), (".parquet", "Parquet")]:
        file = converted(ending)
        rest = {}
        if ending == ".csv.gz":
            rest = {"peer": "pandas, read and factorize", "theirs": peer(file)[0]}
        ours = measured(file, "--only")
        seconds, gigabytes = ours["import"]["value"], ours["import_peak_memory"]["value"]
        common.figure("import", f"20 M interactions from {name}", unit="s", ours=seconds, goal=f"under {GOAL_S} s",
                      met=seconds < GOAL_S, note=f"a file of {file.stat().st_size / 1e6:.0f} MB", **rest)
        common.figure("import", f"peak memory of it, {name}", unit="GB", ours=gigabytes, goal=f"under {GOAL_GB} GB",
                      met=gigabytes < GOAL_GB)


def main():
    theirs, their_peak = peer(common.MOVIELENS)
    ours = measured(common.MOVIELENS)
    seconds, gigabytes = ours["import"]["value"], ours["import_peak_memory"]["value"]
    common.figure("import", "20 M interactions from CSV", unit="s", ours=seconds, peer="pandas, read and factorize",
                  theirs=theirs, goal=f"under {GOAL_S} s", met=seconds < GOAL_S,
                  note="the peer checks nothing and writes nothing")
    common.figure("import", "peak memory of it", unit="GB", ours=gigabytes, peer="pandas", theirs=their_peak,
                  goal=f"under {GOAL_GB} GB", met=gigabytes < GOAL_GB)
    other_formats()
    for name, text in [("csv_parse", "parsing alone, one thread"), ("on_disk", "on disk"),
                       ("load", "loading all of it into memory"), ("history_of_one", "one person's history"),
                       ("erase_one", "erasing one person: their bucket rewritten")]:
        row = ours[name]
        common.figure("import", text, unit=row["unit"], ours=row["value"],
                      better="higher" if name == "csv_parse" else "lower")


main()
