"""A running house of some hundred people with a mark of their own in every field that the API takes of them. Half of them
are to be erased; whoever stays must be whole afterwards."""

import io
import itertools
import json
import zipfile

import marked_shop
import residue
from marked_shop import BEGIN
from residue import mark

PEOPLE = 240
ERASED = range(0, PEOPLE, 2)
STAYING = range(1, PEOPLE, 2)
FAMILIES = ["ease", "ials", "session-knn"]
# What an archive of somebody who stays has to have. The rest they are not known by, or it is kept as a digest.
HANDED_OVER = {"id", "name", "city", "type", "note", "eventtype", "eventnote", "streamtype", "streamnote", "shown",
               "statement", "reasons"}


def event(person, kind, number):
    return {"user_id": mark(person, "id"), "item_id": f"item-{person % 5}-{number % 8}", "event_type": mark(person, f"{kind}type"),
            "event_id": f"{mark(person, f'{kind}id')}-{number}", "timestamp": BEGIN + 15 * 86_400 + number,
            "impression": [f"item-{person % 5}-1", f"shown to {mark(person, 'shown')}"],
            "properties": {"NOTE": mark(person, f"{kind}note")}}


def upload(served, kind, content, expected="succeeded"):
    job = served.post(f"/api/v1/datasets/shop/uploads?kind={kind}", content.encode(), headers={"Content-Type": "text/csv"})
    ended = served.wait_for_job(job.expect(202).json)
    assert ended["state"] == expected, ended
    return ended


def make_house(served):
    served.post("/api/v1/datasets", {"name": "shop", "users": [{"name": "NAME"}, {"name": "CITY", "type": "category"}],
                                     "interactions": [{"name": "NOTE"}]}).expect(201)
    upload(served, "users", marked_shop.users(PEOPLE))
    upload(served, "interactions", marked_shop.interactions(PEOPLE))
    for family in FAMILIES:
        served.post("/api/v1/recommenders", {"name": family, "dataset": "shop", "family": family}).expect(201)
        served.train(family)
    # A version that answers beside the one that serves, and profiles that rest beside those that took their places.
    served.request("PUT", "/api/v1/recommenders/ease/deployments/beside", {"version": 1}).expect()
    served.train("ease")
    for field in ("was", "name"):
        rows = [{"id": mark(person, "id"), "values": {"NAME": mark(person, field), "CITY": mark(person, "city")}}
                for person in range(PEOPLE)]
        assert served.request("PUT", "/api/v1/datasets/shop/users", {"rows": rows}).expect().json["stored"] == PEOPLE
    everybody = [event(person, "event", 0) for person in range(PEOPLE)]
    served.post("/api/v1/datasets/shop/events", everybody[0]).expect()
    served.post("/api/v1/datasets/shop/events/batch", {"events": everybody[1:]}).expect()
    served.get("/api/v1/datasets/shop/export").expect()  # moves them to the table; the next ones wait
    lines = "\n".join(json.dumps(event(person, "stream", 1)) for person in range(PEOPLE))
    served.post("/api/v1/datasets/shop/events/stream", lines.encode(),
                headers={"Content-Type": "application/x-ndjson"}).expect()
    for person in range(PEOPLE):
        who = mark(person, "id")
        decided = served.recommend("ease", user=who, keep_decision=True)["decision"]
        asked = served.post("/api/v1/subjects/reviews", {"user": who, "decision": decided,
                                                         "statement": f"I say {mark(person, 'statement')}"}).expect(202).json
        if person % 4:  # of the erased, half wait for an answer
            served.post(f"/api/v1/subjects/reviews/{asked['id']}/answer",
                        {"verdict": "upheld", "reviewer": "Customer care", "reasons": mark(person, "reasons")}).expect()
        served.post("/api/v1/recommenders/ials/explanation", {"user": who, "item": "item-0-0"})
        served.post("/api/v1/recommenders/session-knn/ranking", {"user": who, "items": ["item-0-0", "item-1-1"]}).expect()
    for person in itertools.chain(ERASED[:10], STAYING[:10]):
        served.post("/api/v1/subjects/choices",
                    {"user": mark(person, "id"), "purpose": "recommendation", "choice": "object"}).expect()
    # What is refused must not stay behind either.
    for person in ERASED[10:14]:
        who = mark(person, "id")
        upload(served, "interactions", f"USER_ID,ITEM_ID,TIMESTAMP\n{who},item-0-0,{mark(person, 'badtime')}\n", "failed")
        served.post("/api/v1/datasets/shop/events", event(person, "event", 2) | {"timestamp": mark(person, "badtime")}).expect(400)
        served.post("/api/v1/subjects/archive", {"user": who + "x"}).expect(404)
        served.get(f"/api/v1/datasets/{mark(person, 'badpath')}", headers={"User-Agent": mark(person, "agent")}).expect(404)
        served.get(f"/api/v1/datasets?{mark(person, 'badquery')}=1")


def archive_of(person, take):
    with zipfile.ZipFile(io.BytesIO(take(mark(person, "id")))) as opened:
        return b"".join(opened.read(name) for name in opened.namelist())


def assert_whole(person, take):
    content = archive_of(person, take)
    seen = {field for who, field, _ in residue.marks_in(content) if who == person}
    assert HANDED_OVER <= seen, (person, HANDED_OVER - seen)
    assert {who for who, _, _ in residue.marks_in(content)} == {person}
