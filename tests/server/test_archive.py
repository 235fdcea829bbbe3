"""What is held of somebody, handed over: the archive, opened as the person would, with Python's own readers."""

import collections
import csv
import datetime
import hashlib
import html.parser
import io
import json
import os
import re
import stat
import zipfile

import pytest
import shop

WHO = "user-0004"
OTHERS = [f"user-{person:04}" for person in range(120) if person != 4]
MARK_OF_OTHERS = "somebody-elses-mark"
FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")
HOSTILE = ["=cmd|' /C calc'!A0", "+1+1", "-2+3", "@SUM(A1)", "'quoted", '"', 'a "b", c', "two\nlines", "two\r\nlines",
           "\r\nfirst", "\ttab", "<script>alert(1)</script>", "&amp;</td>", "\u202eright to left", "שלום",
           "\x01\x07\x1b[31m\x7f", "＝1+1", " =1", ",", "𝄞"]


class archive:
    """An archive, read whole: its parts by name, as JSON has them, and CSV the same."""

    def __init__(self, body):
        with zipfile.ZipFile(io.BytesIO(body)) as opened:
            assert opened.testzip() is None
            self.entries = opened.infolist()
            self.files = {one.filename: opened.read(one) for one in self.entries}
        assert len(self.files) == len(self.entries)
        self.index = json.loads(self.files["index.json"])
        self.page = self.files["index.html"].decode()
        self.parts = {part["json"].removeprefix("data/").removesuffix(".json"): self.rows_of(part)
                      for part in self.index["parts"] if part["rows"]}

    def rows_of(self, part):
        told = json.loads(self.files[part["json"]])
        types = {one["name"]: one["type"] for one in part["columns"]}
        assert [one["name"] for one in told["columns"]] == list(types)
        lines = list(csv.DictReader(io.StringIO(self.files[part["csv"]].decode(), newline=""), strict=True))
        assert len(lines) == len(told["rows"]) == part["rows"]
        for line, row in zip(lines, told["rows"]):
            assert list(line) == list(row) == list(types)
            for name, value in row.items():
                assert same(line[name], value, types[name]), (name, line[name], value)
        return told["rows"]

    def says(self, text):
        return any(text.encode() in content for content in self.files.values())


def same(cell, value, kind):
    if value is None:
        return cell == ""
    if kind in ("integer", "number"):
        return float(cell) == value
    if kind == "yes no":
        return cell == ("true" if value else "false")
    # What the page says of the tables: one apostrophe more in front of what a spreadsheet would run.
    return cell == ("'" + value if kind == "text" and value.startswith(FORMULA) else value)


class reader(html.parser.HTMLParser):
    """What stands on the page, and which elements and links it has."""

    def __init__(self, page):
        super().__init__()
        self.words, self.tags, self.links = "", collections.Counter(), []
        self.feed(page)

    def handle_starttag(self, tag, attributes):
        self.tags[tag] += 1
        self.links += [value for name, value in attributes if name in ("href", "src")]
        assert not [name for name, _ in attributes if name.startswith("on")]

    def handle_data(self, text):
        self.words += text


def taken(running, user=WHO, token=None, **question):
    return running.post("/api/v1/subjects/archive", {"user": user} | question, token=token)


def hostile_events(user=WHO):
    return [{"user_id": user, "item_id": f"item-{number}", "event_type": text, "timestamp": 1_700_000_000_123 + number * 1000,
             "event_id": f"hostile {user} {number}", "properties": {"NOTE": text, "PRICE": str(number / 8)}}
            for number, text in enumerate(HOSTILE)]


@pytest.fixture
def officer(running):
    return running.post("/api/v1/tokens", {"role": "privacy-officer", "label": "officer"}).expect(201).json["token"]


def make_house(running, folder):
    """Two datasets, two recommenders, one of them trained twice; events settled and events that wait; an objection."""
    running.post("/api/v1/datasets", {"name": "shop", "users": [{"name": "COUNTRY"}, {"name": "NOTE"}],
                                      "interactions": [{"name": "NOTE"}, {"name": "PRICE", "type": "number"}]}).expect(201)
    users = folder / "users.csv"
    with open(users, "w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["USER_ID", "COUNTRY", "NOTE"])
        writer.writerows([user, "Spain", MARK_OF_OTHERS] for user in OTHERS)
        writer.writerow([WHO, "Finland", HOSTILE[7]])
    rows = shop.events()
    for kind, path in [("interactions", shop.write_events(folder / "events.csv", rows)), ("users", users)]:
        job = running.post(f"/api/v1/datasets/shop/uploads?kind={kind}", path.read_bytes(),
                           headers={"Content-Type": "text/csv"}).expect(202).json
        assert running.wait_for_job(job)["state"] == "succeeded"
    half = len(HOSTILE) // 2
    mine, theirs = hostile_events(), [one | {"event_type": MARK_OF_OTHERS} for one in hostile_events(OTHERS[0])]
    record = lambda events: running.post("/api/v1/datasets/shop/events/batch", {"events": events}).expect()
    record(mine[:half] + theirs[:half])
    running.get("/api/v1/datasets/shop/export").expect()  # settles them
    for family in ["ease", "item-knn"]:
        running.post("/api/v1/recommenders", {"name": family, "dataset": "shop", "family": family}).expect(201)
        running.train(family)
    running.train("ease")
    record(mine[half:] + theirs[half:])
    running.post("/api/v1/datasets", {"name": "news"}).expect(201)
    running.post("/api/v1/datasets/news/events", {"user_id": WHO, "item_id": "front page", "event_type": "read",
                                                  "timestamp": 1_700_000_000, "impression": ["front page", "sports"]}).expect()
    # To another purpose: models would forget who objects to theirs.
    running.post("/api/v1/purposes", {"name": "newsletter", "lawful_basis": "legitimate_interests", "notice": "News."}).expect(201)
    running.post("/api/v1/subjects/choices", {"user": WHO, "purpose": "newsletter", "choice": "object"}).expect()
    return [row for row in rows if row[0] == WHO]


def test_everything_that_went_in_is_handed_over_and_nothing_of_anybody_else(running, officer, tmp_path):
    imported = make_house(running, tmp_path)
    told = taken(running, token=officer).expect()
    assert told.headers["Content-Type"] == "application/zip"
    assert WHO not in str(told.headers) and told.headers["Cache-Control"] == "no-store"
    got = archive(told.body)
    assert int(told.headers["Eunomia-Rows"]) == sum(len(rows) for rows in got.parts.values())
    assert int(told.headers["Eunomia-Parts"]) == len(got.parts)

    # Everything, each once: imported, settled, waiting.
    mine = got.parts["recommend-interactions-shop"]
    plain = [row for row in mine if row["NOTE"] is None]
    assert sorted((row["ITEM_ID"], row["TIMESTAMP"][:19], row["EVENT_TYPE"], row["EVENT_VALUE"]) for row in plain) == \
        sorted((item, iso(time), kind, value) for _, item, time, kind, value in imported)
    hostile = [row for row in mine if row["NOTE"] is not None]
    assert [(row["EVENT_TYPE"], row["NOTE"], row["PRICE"]) for row in hostile] == \
        [(text, text, number / 8) for number, text in enumerate(HOSTILE)]
    assert {row["TIMESTAMP"][-5:] for row in hostile} == {".123Z"}
    assert got.parts["recommend-interactions-news"] == [
        {"ITEM_ID": "front page", "TIMESTAMP": "2023-11-14T22:13:20.000Z", "EVENT_TYPE": "read", "EVENT_VALUE": None,
         "IMPRESSION": "front page|sports"}]
    [profile] = got.parts["recommend-profile-shop"]
    assert profile["COUNTRY"] == "Finland" and profile["NOTE"] == HOSTILE[7]
    digests = {row["digest"] for row in got.parts["recommend-event-ids-shop"]}
    assert len(digests) == len(HOSTILE) and all(re.fullmatch("[0-9a-f]{32}", one) for one in digests)

    assert got.parts["subject-identifiers"] == [{"space": "user", "identifier": WHO}]
    [choice] = got.parts["subject-choices"]
    assert (choice["purpose"], choice["choice"], choice["stands"]) == ("newsletter", "objection", True)
    assert [row["choice"] for row in got.parts["subject-evidence"]] == ["object"]

    # In which models they are, and with what.
    models = got.parts["recommend-models"]
    assert [(row["recommender"], row["version"], row["answers"]) for row in models] == \
        [("ease", 2, True), ("ease", 1, False), ("item-knn", 1, True)]
    learned_from = {item for _, item, *_ in imported} | {f"item-{n}" for n in range(len(HOSTILE) // 2)}
    for row in models:
        rows = [one for one in got.parts["recommend-learned"]
                if (one["recommender"], one["version"]) == (row["recommender"], row["version"])]
        assert {one["item"] for one in rows} == learned_from and len(rows) == row["items"]
        assert all(one["weight"] > 0 for one in rows)

    for other in [*OTHERS, MARK_OF_OTHERS]:
        assert not got.says(other)


def iso(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S")


def test_the_page_explains_each_part_and_is_harmless(running, officer, tmp_path):
    make_house(running, tmp_path)
    notice = "<script>alert('notice')</script> & \u202e backwards \x07"
    running.request("PUT", "/api/v1/purposes/recommendation",
                    {"lawful_basis": "legitimate_interests", "notice": notice, "retention_days": 400}).expect()
    got = archive(taken(running, token=officer).expect().body)
    page = reader(got.page)
    assert page.tags["script"] == 0 and page.tags["img"] == 0 and page.tags["link"] == 0
    assert set(page.links) == {part[kind] for part in got.index["parts"] for kind in ("csv", "json") if part["rows"]} | {"index.json"}
    assert set(page.links) <= set(got.files)
    assert "alert('notice')" in page.words and "\x07" not in got.page
    for part in got.index["parts"]:
        assert part["title"] in page.words and part["what"] in page.words
        assert part["places"] and part["categories"] and part["origin"]
        assert (part["rows"] > 0) == ("csv" in part)
    of = {part["title"]: part for part in got.index["parts"]}
    interactions = of["What you did (shop)"]
    assert interactions["purposes"] == ["recommendation"] and interactions["origin"] == "observed"
    [purpose] = got.index["purposes"]
    assert purpose == {"name": "recommendation", "lawful_basis": "legitimate_interests", "retention_days": 400,
                       "notice": notice, "version": 2}
    assert "GDPR Art. 6(1)(f)" in page.words and "at most 400 days" in page.words
    for article in ["Art. 15", "Art. 16", "Art. 17", "Art. 18", "Art. 20", "Art. 21", "Art. 22", "Art. 77"]:
        assert article in page.words
    # What is about people and not handed over is named, with the reason: each place of the inventory is in one of both.
    omitted = {one["place"]["place"] for one in got.index["omissions"]}
    assert "subject_key" in omitted and all(one["why"] and one["why"] in page.words for one in got.index["omissions"])
    holdings = running.get("/api/v1/inventory").expect().json["holdings"]
    in_parts = {place["place"] for part in got.index["parts"] for place in part["places"]}
    assert {one["place"] for one in holdings if one["about"] == "data subjects"} == omitted | in_parts
    assert not omitted & in_parts


def test_a_portable_archive_has_what_was_provided_and_observed_only(running, officer, tmp_path):
    make_house(running, tmp_path)
    everything, got = (archive(taken(running, token=officer, portable=portable).expect().body) for portable in (False, True))
    assert got.index["scope"] == "portability" and everything.index["scope"] == "access"
    assert set(everything.parts) - set(got.parts) == {"recommend-models", "recommend-learned", "subject-audit"}
    assert {part["origin"] for part in got.index["parts"]} == {"provided", "observed"}
    for name, rows in got.parts.items():
        assert rows == everything.parts[name]


def test_who_holds_no_data_still_gets_an_answer_and_a_stranger_is_refused(running, officer):
    running.post("/api/v1/datasets", {"name": "shop"}).expect(201)
    running.post("/api/v1/subjects/choices", {"user": "quiet", "purpose": "recommendation", "choice": "object"}).expect()
    got = archive(taken(running, "quiet", token=officer).expect().body)
    assert set(got.parts) == {"subject-identifiers", "subject-choices", "subject-evidence", "subject-audit"}
    assert [row["action"] for row in got.parts["subject-audit"]] == ["choice.object", "access.requested"]
    assert "Nothing is held here" in got.page
    refused = taken(running, "stranger", token=officer)
    assert refused.status == 404 and "stranger" not in refused.body.decode() and "spelling" in refused.json["error"]["message"]
    assert taken(running, "", token=officer).status == 400
    engineer = running.post("/api/v1/tokens", {"role": "engineer", "label": "e"}).expect(201).json["token"]
    assert taken(running, "quiet", token=engineer).status == 403


def test_each_archive_is_a_request_on_record_with_a_certificate(running, officer, tmp_path):
    make_house(running, tmp_path)
    told = taken(running, token=officer).expect()
    request = running.get(f"/api/v1/subjects/requests/{told.headers['Eunomia-Request']}").expect().json
    assert (request["right"], request["state"], request["people"]) == ("access", "completed", 1)
    assert request["deadline"] > request["requested_at"] and request["requested_by"].startswith("token ")
    [step] = request["steps"]
    assert step["count"] == int(told.headers["Eunomia-Rows"])
    assert hashlib.blake2b(told.body, digest_size=32).hexdigest() in step["details"]
    certificate = running.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect()
    assert certificate.json["request"]["right"] == "access" and WHO not in certificate.body.decode()
    objected = running.get("/api/v1/subjects/requests").expect().json["requests"][-1]
    assert objected["right"] == "objection" and objected["state"] == "completed"


def test_no_file_is_left_and_no_log_holds_whose_archive_it_was(served, tmp_path):
    served.start()
    make_house(served, tmp_path)
    taken(served).expect()
    taken(served, "a-stranger-with-a-mark").expect(404)
    assert served.stop() == 0
    assert not [path for path in served.program.data_directory.rglob("*.zip")]
    assert "/api/v1/subjects/archive" in served.logged()
    assert WHO not in served.logged() and "a-stranger-with-a-mark" not in served.logged()


def test_the_command_line_hands_over_the_same_with_a_directory_and_with_a_server(eunomia, served, tmp_path):
    served.start()
    make_house(served, tmp_path)
    far, here = tmp_path / "far.zip", tmp_path / "here.zip"
    remote = ["--server", served.url, "--token-file", served.program.data_directory / "administrator.token"]
    told = eunomia.json("subjects", "access", "--user", WHO, "--output", far, *remote).expect().value
    assert served.stop() == 0
    again = eunomia.json("subjects", "access", "--user", WHO, "--output", here).expect().value
    # Two more entries of the log: the first archive was handed over, the second was asked for.
    assert again == told | {"file": str(here), "bytes": os.path.getsize(here), "rows": told["rows"] + 2, "request": told["request"] + 1}
    assert stat.S_IMODE(os.stat(far).st_mode) == stat.S_IMODE(os.stat(here).st_mode) == 0o600
    first, second = archive(far.read_bytes()), archive(here.read_bytes())
    assert told["rows"] == sum(len(rows) for rows in first.parts.values())
    assert second.parts.pop("subject-audit")[:-2] == first.parts.pop("subject-audit")
    assert first.parts == second.parts

    portable = eunomia.run("subjects", "access", "--user", WHO, "--output", here, "--portable").expect()
    assert str(here) in portable.stdout and "index.html" in portable.stdout
    assert archive(here.read_bytes()).index["scope"] == "portability"
    refused = eunomia.run("subjects", "access", "--user", "stranger", "--output", tmp_path / "none.zip")
    assert refused.code != 0 and "nobody is known" in refused.stderr and not (tmp_path / "none.zip").exists()
