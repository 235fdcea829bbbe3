"""Some hundred people with a mark of their own in every field that the API takes of them; half of them are erased, one by
one and in batches, while the others go on. Then every byte that the house keeps is read.

Identifiers of items are no field of a person: they are the shop's, and stay."""

import collections
import itertools
import threading
import time

import residue
from marked_house import ERASED, FAMILIES, STAYING, assert_whole, event, make_house
from residue import mark


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


def assert_only_who_stays(folder):
    """Nothing of the erased; and what the search should see of the others, it does."""
    places = residue.search(folder)
    left = [place for place in places if place.person in ERASED]
    assert not left, f"{len(left)} marks of people who are erased are left: {left[:20]}"
    for field in ("note", "type", "eventnote"):
        assert {place.person for place in places if place.field == field} == set(STAYING), field
    assert not [place for place in places if place.field in residue.SEALED], "identifiers and profiles rest sealed"


def assert_profiles_of_who_stays(export):
    """An export of profiles has all of the others', and nothing of the erased."""
    marks = residue.marks_in(export)
    for field in ("id", "name", "city"):
        assert {person for person, seen, _ in marks if seen == field} == set(STAYING) - set(STAYING[:10]), field


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
    # Ten of those who stay object: they are in no export.
    assert_profiles_of_who_stays(served.get("/api/v1/datasets/shop/export?kind=users").expect().body)
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
