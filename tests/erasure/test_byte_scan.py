"""Some hundred people with a mark of their own in every field that the API takes of them; half of them are erased, one by
one and in batches, while the others go on. Then every byte that the house keeps is read.

Identifiers of items are no field of a person: they are the shop's, and stay."""

import collections
import io
import itertools
import json
import threading
import time
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


class traffic:
    """People who stay go on looking at things, and are answered; the models are trained meanwhile."""

    def __init__(self, served):
        self.served, self.stop, self.failures = served, threading.Event(), []
        self.recorded = collections.Counter()
        # Ten of those who stay object: what they do is not stored.
        self.people = STAYING[10:]
        self.threads = [threading.Thread(target=self.run, args=(action,))
                        for action in (self.look, self.ask, lambda _: served.train("ease"))]

    def run(self, action):
        try:
            for number in itertools.count():
                if self.stop.is_set():
                    return
                action(number)
        except Exception as problem:  # shown by the test's own thread
            self.failures.append(problem)

    def look(self, number):
        person = self.people[number % len(self.people)]
        answer = self.served.post("/api/v1/datasets/shop/events", event(person, "event", number + 10)).expect().json
        assert answer["recorded"] == 1
        self.recorded[person] += 1

    def ask(self, number):
        person = self.people[number % len(self.people)]
        assert self.served.recommend(FAMILIES[number % 3], user=mark(person, "id"))["items"]

    def __enter__(self):
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop.set()
        for thread in self.threads:
            thread.join()
        assert not self.failures, self.failures


def erase_some(served):
    """Forty one by one and forty at once; the requests."""
    ids = [mark(person, "id") for person in ERASED]
    return [served.erase(who) for who in ids[:40]] + [served.erase(*ids[40:80])]


def erase_the_rest(served, folder):
    several = folder / "several.txt"
    several.write_text("\n".join(mark(person, "id") for person in ERASED[80:]))
    told = served.program.json("subjects", "erase", "--users-from", several, "--server", served.url, "--token-file",
                               served.program.data_directory / "administrator.token").expect().value
    assert told["known"] == 40
    return told["requests"]


def archive_of(person, take):
    with zipfile.ZipFile(io.BytesIO(take(mark(person, "id")))) as opened:
        return b"".join(opened.read(name) for name in opened.namelist())


def assert_whole(person, take):
    content = archive_of(person, take)
    seen = {field for who, field, _ in residue.marks_in(content) if who == person}
    assert HANDED_OVER <= seen, (person, HANDED_OVER - seen)
    assert {who for who, _, _ in residue.marks_in(content)} == {person}


def assert_only_who_stays(folder):
    """Nothing of the erased; and what the search should see of the others, it does."""
    places = residue.search(folder)
    left = [place for place in places if place.person in ERASED]
    assert not left, f"{len(left)} marks of people who are erased are left: {left[:20]}"
    for field in ("name", "city", "note", "type", "eventnote"):
        assert {place.person for place in places if place.field == field} == set(STAYING), field
    assert not [place for place in places if place.field in ("id", "statement", "reasons")], "these rest sealed"


def wait_until_exact(served, limit_s=60):
    """What is exact but for rounding, or converged from where it was, is derived anew in the background."""
    deadline = time.monotonic() + limit_s
    while not all(served.get(f"/api/v1/recommenders/{family}").expect().json["serving"]["exact"] for family in FAMILIES):
        assert time.monotonic() < deadline
        time.sleep(0.1)


def top_lists(served, family):
    return {person: [item["item"] for item in served.recommend(family, user=mark(person, "id"), count=25)["items"]]
            for person in STAYING}


def test_no_byte_of_who_is_erased_is_left_and_everything_of_the_others(served, tmp_path):
    served.start("--erase-delay", 0, "--backup-folder", tmp_path / "backups", "--rederive-delay", 0)
    make_house(served)
    with traffic(served) as going_on:
        job = served.wait_for_job(served.post("/api/v1/backups").expect(202).json)
        assert job["state"] == "succeeded", job
        requests = erase_some(served)
        for request in requests:
            served.wait_for_request(request)
    assert sum(going_on.recorded.values()) > 0
    for family in FAMILIES:
        served.train(family)
    requests += erase_the_rest(served, tmp_path)
    wait_until_exact(served)
    forgot = {family: top_lists(served, family) for family in FAMILIES}

    served.get("/api/v1/datasets/shop/export").expect()
    assert_only_who_stays(served.program.data_directory)  # also the log that SQLite writes while it runs
    for person in STAYING[::10]:
        assert_whole(person, lambda who: served.post("/api/v1/subjects/archive", {"user": who}).expect().body)
    for person in ERASED[::10]:
        served.post("/api/v1/subjects/archive", {"user": mark(person, "id")}).expect(404)

    # The others are answered as by models that never saw the erased: those of a training now, which has no row of them.
    for family in FAMILIES:
        served.train(family)
    assert {family: top_lists(served, family) for family in FAMILIES} == forgot

    certificates = tmp_path / "certificates"
    certificates.mkdir()
    for request in requests:
        file = certificates / f"{request['id']}.json"
        file.write_bytes(served.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect().body)
    assert not residue.search(certificates)
    assert served.stop() == 0
    for file in certificates.iterdir():
        served.program.run("certificate", "verify", file, "--public-key",
                           served.program.data_directory / "keys" / "signing.pub").expect()
    served.program.run("audit", "verify").expect()
    assert_only_who_stays(served.program.data_directory)
    assert not residue.marks_in(served.logged().encode()), "the server's log names nobody"

    # The backup was made while everybody was there.
    restored = type(served.program)(served.program.binary, tmp_path / "restored")
    told = restored.json("restore", job["result"]["folder"], "--keys", served.program.data_directory / "keys").expect().value
    assert told["erased"] == len(ERASED)
    assert_only_who_stays(restored.data_directory)

    def take(who):
        restored.run("subjects", "access", "--user", who, "--output", tmp_path / "archive.zip").expect()
        return (tmp_path / "archive.zip").read_bytes()
    for person in STAYING[::40]:
        assert_whole(person, take)
