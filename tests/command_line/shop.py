"""A small shop for tests: people with tastes, items in departments, the same for the same seed."""

import csv
import gzip
import random

DEPARTMENTS = ["garden", "kitchen", "toys", "books"]
DAY = 86_400
BEGIN = 1_700_000_000


def events(people=120, items=40, each=15, seed=7):
    """Rows (USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE, EVENT_VALUE)."""
    draw = random.Random(seed)
    rows = []
    for person in range(people):
        taste = person % len(DEPARTMENTS)
        for step in range(each):
            department = taste if draw.random() < 0.85 else draw.randrange(len(DEPARTMENTS))
            rank = min(int(draw.expovariate(0.3)), items // len(DEPARTMENTS) - 1)
            rows.append((f"user-{person:04}", f"item-{department}-{rank:02}",
                         BEGIN + step * DAY + draw.randrange(DAY), draw.choice(["view", "purchase"]),
                         round(draw.uniform(1, 50), 2)))
    return rows


def write_events(path, rows, columns=("USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "EVENT_VALUE")):
    opened = gzip.open(path, "wt", newline="") if str(path).endswith(".gz") else open(path, "w", newline="")
    with opened as file:
        writer = csv.writer(file)
        writer.writerow(columns)
        writer.writerows(rows)
    return path


def write_items(path, items=40):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["ITEM_ID", "DEPARTMENT", "PRICE", "CREATION_TIMESTAMP"])
        for department, name in enumerate(DEPARTMENTS):
            for rank in range(items // len(DEPARTMENTS)):
                writer.writerow([f"item-{department}-{rank:02}", name, 1 + rank, BEGIN])
            writer.writerow([f"new-{department}", name, 5, BEGIN + 14 * DAY])
    return path


def write_users(path, people=120):
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["USER_ID", "COUNTRY"])
        writer.writerows([f"user-{person:04}", ["Finland", "Spain"][person % 2]] for person in range(people))
    return path
