"""The whole life of a shop, over sockets, against the real program."""

import json
import threading
import http.client

import shop
import traces


def test_a_shop_imports_trains_recommends_learns_and_forgets(running, tmp_path):
    trained = running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()),
                                shop.write_items(tmp_path / "items.csv"), shop.write_users(tmp_path / "users.csv"))
    assert trained["version"] == 1 and trained["people"] == 120

    before = running.recommend(user="user-0004", count=5, explain=2)
    assert before["known"] and before["personal"] and len(before["items"]) == 5
    assert all(item["because"] for item in before["items"])
    running.recommend(user="user-0004", where=["DEPARTMENT=toys"], count=3)
    toys = running.recommend(user="user-0004", where=["DEPARTMENT=toys"], count=40, include_history=True)["items"]
    unseen = running.recommend(user="user-0004", count=40, include_history=True,
                               filter="INCLUDE ItemID WHERE Items.DEPARTMENT IN ($DEPARTMENT) | "
                                      "EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"*\")",
                               filter_values={"DEPARTMENT": "toys"})["items"]
    known = {row[1] for row in shop.events() if row[0] == "user-0004"}
    assert [item for item in toys if item["item"] not in known] == unseen

    similar = running.post("/api/v1/recommenders/shop/similar", {"item": "item-0-00", "count": 3}).expect().json
    assert len(similar["items"]) == 3
    ranked = running.post("/api/v1/recommenders/shop/ranking",
                          {"user": "user-0004", "items": ["item-1-00", "nothing", "item-0-00"]}).expect().json
    assert [item["item"] for item in ranked["items"]][-1] == "nothing"
    why = running.post("/api/v1/recommenders/shop/explanation",
                       {"user": "user-0004", "item": before["items"][0]["item"]}).expect().json
    assert why["items"][0]["because"]

    # What somebody new does counts in the very next answer.
    assert not running.recommend(user="newcomer", count=5)["known"]
    running.post("/api/v1/datasets/shop/events",
                 {"user_id": "newcomer", "item_id": "item-2-00", "event_type": "view"}).expect()
    after = running.recommend(user="newcomer", count=5, explain=1)
    assert after["known"] and after["personal"]
    assert after["items"][0]["because"][0]["item"] == "item-2-00"
    assert "item-2-00" not in [item["item"] for item in after["items"]]

    # Training again learns it, and answers from then on.
    assert running.train()["version"] == 2
    versions = running.get("/api/v1/recommenders/shop/versions").expect().json["versions"]
    assert [(v["version"], v["serving"], v["people"]) for v in versions] == [(2, True, 121), (1, False, 120)]
    running.post("/api/v1/recommenders/shop/serve", {"version": 1}).expect()
    assert running.recommend(user="user-0004")["version"] == 1
    running.post("/api/v1/recommenders/shop/serve", {"version": 2}).expect()

    # Somebody leaves: unknown at once, gone from the disk soon.
    held = traces.of_everybody(running.program.data_directory)
    request = running.erase("user-0017", "newcomer")
    assert request["people"] == 2 and request["state"] == "under_way"
    assert [step["count"] for step in request["steps"] if step["store"] == "memory"] == [2]
    assert not running.recommend(user="user-0017")["known"]
    done = running.wait_for_request(request)
    erased = {step["what"]: (step["count"], step["level"]) for step in done["steps"]}
    assert erased['version 1 of recommender "shop" (ease)'][0] == 1
    assert erased['version 2 of recommender "shop" (ease)'][0] == 2
    assert erased['interactions of dataset "shop"'] == (15 + 1, "physically_erased")
    assert erased['profiles of dataset "shop"'] == (1, "physically_erased")
    assert erased["identifiers"] == erased["keys"] == (2, "physically_erased")
    traces.assert_gone(running.program.data_directory, held, 2, ["user-0017", "newcomer"])
    assert running.stop() == 0


def test_what_was_acknowledged_is_there_after_a_kill(served, tmp_path):
    served.start().make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    served.post("/api/v1/datasets/shop/events", {"user_id": "newcomer", "item_id": "item-2-00", "event_id": "e1"}).expect()
    held = traces.of_everybody(served.program.data_directory)
    request = served.erase("user-0005")
    served.kill()

    served.start()
    assert served.recommend(user="newcomer")["personal"]
    again = served.post("/api/v1/datasets/shop/events",
                        {"user_id": "newcomer", "item_id": "item-2-00", "event_id": "e1"}).expect().json
    assert again == {"recorded": 0, "duplicates": 1, "not_admitted": 0}
    assert not served.recommend(user="user-0005")["known"]
    served.wait_for_request(request)
    traces.assert_gone(served.program.data_directory, held, 1, ["user-0005"])


def test_events_come_in_batches_and_streams(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    batch = [{"user_id": f"u{i % 7}", "item_id": f"item-1-0{i % 5}", "event_id": f"b{i}"} for i in range(500)]
    assert running.post("/api/v1/datasets/shop/events/batch", {"events": batch}).expect().json == \
        {"recorded": 500, "duplicates": 0, "not_admitted": 0}
    lines = b"".join(json.dumps({**event, "event_id": "s" + event["event_id"]}).encode() + b"\n" for event in batch)
    again = lines + json.dumps(batch[0]).encode()
    stream = running.post("/api/v1/datasets/shop/events/stream", again, headers={"Content-Type": "application/x-ndjson"})
    assert stream.expect().json == {"recorded": 500, "duplicates": 1, "not_admitted": 0}
    bad = running.post("/api/v1/datasets/shop/events/stream", lines + b'{"user_id": 3}\n',
                       headers={"Content-Type": "application/x-ndjson"}).expect(400).json
    assert "line 501" in bad["error"]["message"]
    worse = running.post("/api/v1/datasets/shop/events/batch", {"events": [batch[0], {"user_id": "x"}]}).expect(400).json
    assert "events[1].item_id" in worse["error"]["message"]
    assert running.get("/api/v1/datasets/shop").expect().json["counts"]["interactions"] == 120 * 15 + 1000


def test_what_is_imported_of_items_counts_in_the_next_filter(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()),
                      shop.write_items(tmp_path / "items.csv"), family="popularity")
    expensive = {"history": ["item-0-00"], "where": ["PRICE=900"]}
    assert running.recommend(**expensive)["items"] == []
    changed = b"ITEM_ID,PRICE,COLOUR\nitem-3-01,900,red\n"
    job = running.post("/api/v1/datasets/shop/uploads?kind=items&undeclared=declare", changed).expect(202).json
    assert running.wait_for_job(job)["state"] == "succeeded"
    assert [item["item"] for item in running.recommend(**expensive)["items"]] == ["item-3-01"]
    assert [item["item"] for item in running.recommend(history=["item-0-00"], where=["COLOUR=red"])["items"]] == ["item-3-01"]


def test_a_failed_training_leaves_the_old_version_and_says_why(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()), family="item-knn")
    running.request("PATCH", "/api/v1/recommenders/shop",
                    {"parameters": {"weighting": {"event_weights": {"view": 0, "purchase": 0}}}}).expect()
    ended = running.wait_for_job(running.post("/api/v1/recommenders/shop/train").expect(202).json)
    assert ended["state"] == "failed" and ended["failure"]["message"]
    assert running.recommend(user="user-0001")["version"] == 1
    shown = running.get("/api/v1/recommenders/shop").expect().json
    assert shown["serving"]["version"] == 1 and shown["failure"]["message"] == ended["failure"]["message"]


def test_so_many_events_make_a_recommender_train_itself(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()), family="popularity",
                      retraining={"after_events": 100})
    batch = [{"user_id": f"late-{i}", "item_id": "item-3-09"} for i in range(100)]
    running.post("/api/v1/datasets/shop/events/batch", {"events": batch}).expect()
    for _ in range(600):
        shown = running.get("/api/v1/recommenders/shop").expect().json
        if shown["serving"]["version"] == 2:
            break
        threading.Event().wait(0.1)
    assert shown["serving"]["version"] == 2 and shown["serving"]["people"] == 220
    assert running.recommend(history=["item-0-00"], count=1)["items"][0]["item"] == "item-3-09"


def test_a_job_is_watched_by_server_sent_events(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    job = running.post("/api/v1/recommenders/shop/train").expect(202).json
    connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
    connection.request("GET", f"/api/v1/jobs/{job['id']}/watch", headers={"Authorization": f"Bearer {running.token}"})
    answer = connection.getresponse()
    assert answer.headers["Content-Type"].startswith("text/event-stream")
    text = answer.read().decode()
    assert "event: ended" in text
    last = [line for line in text.splitlines() if line.startswith("data: ")][-1]
    assert json.loads(last.removeprefix("data: "))["state"] == "succeeded"


def test_files_are_imported_by_path_from_allowed_folders_only(served, tmp_path):
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    path = shop.write_events(allowed / "events.csv", shop.events())
    other = shop.write_events(tmp_path / "other.csv", shop.events())
    (allowed / "link.csv").symlink_to(other)
    served.start("--allow-import-from", allowed)
    served.post("/api/v1/datasets", {"name": "shop"}).expect(201)
    job = served.post("/api/v1/datasets/shop/imports", {"path": str(path), "undeclared": "ignore"}).expect(202).json
    assert served.wait_for_job(job)["result"]["rows"] == 1800
    for refused in [other, allowed / "link.csv", allowed / ".." / "other.csv", "/etc/passwd", allowed / "absent.csv"]:
        told = served.post("/api/v1/datasets/shop/imports", {"path": str(refused)}).expect(403).json
        assert "--allow-import-from" in told["error"]["message"]
    bad = shop.write_events(allowed / "bad.csv", [("u", "i", "yesterday")], ("USER_ID", "ITEM_ID", "TIMESTAMP"))
    ended = served.wait_for_job(served.post("/api/v1/datasets/shop/imports", {"path": str(bad)}).expect(202).json)
    assert ended["state"] == "failed" and "bad.csv:2: column TIMESTAMP" in ended["failure"]["message"]


def test_a_failed_import_keeps_nothing_that_it_read(running):
    running.post("/api/v1/datasets", {"name": "shop"}).expect(201)
    person = "alice@example.com"
    for rows in (f"USER_ID,ITEM_ID,TIMESTAMP\nu,i,1\n{person}{'x' * 20000},i,1\n",  # quoted by the error
                 f"USER_ID,ITEM_ID,TIMESTAMP\nu,i,{person}\n",
                 f"{person},i,1\n"):  # no header: its first row is taken for one
        job = running.post("/api/v1/datasets/shop/uploads?kind=interactions", rows.encode(),
                           headers={"Content-Type": "text/csv"}).expect(202).json
        ended = running.wait_for_job(job)
        assert ended["state"] == "failed" and person not in json.dumps(ended)
    assert not traces.files_holding(running.program.data_directory, person.encode())
    assert person not in running.logged()


def test_the_command_line_talks_to_a_running_server(running, tmp_path):
    files = {"events": shop.write_events(tmp_path / "events.csv", shop.events()),
             "items": shop.write_items(tmp_path / "items.csv")}
    to_server = ("--server", running.url, "--token-file", running.program.data_directory / "administrator.token")

    def told(*arguments):
        return running.program.json("recommend", *arguments, *to_server).expect().value

    assert running.program.run("recommend", "list").expect(8).stderr, "the server holds the data directory"
    told("import", "--dataset", "shop", "--interactions", files["events"], "--items", files["items"],
         "--undeclared", "declare")
    assert told("fit", "--dataset", "shop", "--model", "ease", "--set", "lambda=100")["version"] == 1
    assert told("list")["models"][0]["people"] == 120
    assert len(told("recommend", "--name", "shop", "--user", "user-0003", "--count", "4")["recommendations"]) == 4
    assert told("similar", "--name", "shop", "--item", "item-0-00")["similar"]
    assert told("explain", "--name", "shop", "--history", "item-0-00", "--item", "item-0-01")["because"]
    for name in ("rows.csv", "rows.csv.gz", "rows.parquet"):
        assert told("export", "--dataset", "shop", "--to", tmp_path / name)["rows"] == 1800
        assert (tmp_path / name).stat().st_mode & 0o077 == 0, "personal data is its owner's"
    assert told("export", "--dataset", "shop", "--kind", "items", "--to", tmp_path / "items-out.csv")["rows"] == 44
    assert not list((running.program.data_directory / "uploads").iterdir())
    assert told("forget", "--user", "user-0003")["known"] == 1
    assert running.program.run("recommend", "recommend", "--name", "shop", "--user", "user-0003", *to_server).code == 4
    made = running.program.json("tokens", "create", "--role", "service", "--label", "shop", *to_server).expect().value
    running.recommend(history=["item-0-00"])
    assert running.get("/api/v1/datasets", token=made["token"]).status == 403
    running.program.run("tokens", "revoke", made["record"]["id"], *to_server).expect()
    assert running.get("/api/v1", token=made["token"]).status == 401


def test_a_dataset_of_the_same_name_is_another_one(running):
    event = {"user_id": "u", "item_id": "i"}
    for _ in range(2):
        running.post("/api/v1/datasets", {"name": "shop"}).expect(201)
        assert running.post("/api/v1/datasets/shop/events", event).expect().json["recorded"] == 1
        running.request("DELETE", "/api/v1/datasets/shop").expect(204)


def test_promises_to_people_cannot_be_cancelled(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    running.wait_for_request(running.erase("user-0001"))
    job = running.get("/api/v1/jobs?kind=erase").expect().json["jobs"][0]
    refused = running.post(f"/api/v1/jobs/{job['id']}/cancel").expect(409).json
    assert "cannot be cancelled" in refused["error"]["message"]
    officer = running.post("/api/v1/tokens", {"role": "privacy-officer", "label": "dpo"}).expect(201).json["token"]
    assert running.get(f"/api/v1/jobs/{job['id']}", token=officer).status == 200
    assert running.post(f"/api/v1/jobs/{job['id']}/cancel", token=officer).status == 403


def test_huge_wishes_are_refused_before_memory_is_taken(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    refused = running.post("/api/v1/recommenders/shop/recommendations", {"count": 4294967295}).expect(400).json
    assert "4294967295" in refused["error"]["message"]
    body = '{"events":[' + ",".join(["{}"] * 400_000) + "]}"
    refused = running.post("/api/v1/datasets/shop/events/batch", body,
                           headers={"Content-Type": "application/json"}).expect(400).json
    assert "max_elements" in refused["error"]["message"]
