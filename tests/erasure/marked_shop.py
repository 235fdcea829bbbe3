"""A small shop whose people have marks in every column that is about them."""

import csv
import io

from residue import mark

BEGIN = 1_700_000_000
DECLARED = ["users.NAME:text", "users.CITY:category", "interactions.NOTE:text"]


def interactions(people):
    """A CSV file: USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE, NOTE; twelve rows each."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["USER_ID", "ITEM_ID", "TIMESTAMP", "EVENT_TYPE", "NOTE"])
    for person in range(people):
        for step in range(12):
            item = f"item-{person % 5}-{(person * 7 + step * step) % 8}"
            writer.writerow([mark(person, "id"), item, BEGIN + step * 86_400 + person, mark(person, "type"),
                             f"about {mark(person, 'note')} at {step}"])
    return text.getvalue()


def users(people):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["USER_ID", "NAME", "CITY"])
    writer.writerows([mark(person, "id"), f"Ms {mark(person, 'name')}", mark(person, "city")] for person in range(people))
    return text.getvalue()
