"""Versions that answer side by side, and items and people put one by one, over sockets against the real program."""

import shop
import traces


def make_shop(running, folder, **recommender):
    return running.make_shop(shop.write_events(folder / "events.csv", shop.events()),
                             shop.write_items(folder / "items.csv"), shop.write_users(folder / "users.csv"),
                             **recommender)


def test_versions_answer_side_by_side_and_over_a_restart(served, tmp_path):
    running = served.start()
    make_shop(running, tmp_path, serve_newest=False)
    at = "/api/v1/recommenders/shop"
    assert running.get(at).expect().json["serve_newest"] is False
    running.post(f"{at}/recommendations", {"user": "user-0004"}).expect(409)
    made = running.request("PUT", f"{at}/deployments/Blue", {"version": 1}).expect().json
    assert (made["name"], made["version"]) == ("Blue", 1)
    running.request("PATCH", at, {"family": "popularity", "keep_versions": 1}).expect()
    running.train()
    running.train()
    running.request("PUT", f"{at}/deployments/green", {"version": 3}).expect()
    assert [v["version"] for v in running.get(f"{at}/versions").expect().json["versions"]] == [3, 1]

    def families():
        return [running.recommend(user="user-0004", deployment=name)["family"] for name in ("Blue", "green")]

    assert families() == ["ease", "popularity"]
    ranked = running.post(f"{at}/ranking", {"user": "user-0004", "items": ["item-0-00"], "deployment": "Blue"})
    assert ranked.expect().json["version"] == 1
    similar = running.post(f"{at}/similar", {"item": "item-0-00", "deployment": "green"}).expect().json
    assert similar["version"] == 3
    # Somebody leaves all of them, and is told as often.
    request = running.erase("user-0017")
    assert [step["count"] for step in request["steps"] if step["store"] == "memory"] == [1, 1]
    running.wait_for_request(request)
    for name in ("Blue", "green"):
        assert not running.recommend(user="user-0017", deployment=name)["known"]

    running.stop()
    served.start()
    assert families() == ["ease", "popularity"]
    running.request("PUT", f"{at}/deployments/green", {"version": 1}).expect()
    assert families() == ["ease", "ease"]
    assert [d["name"] for d in running.get(f"{at}/deployments").expect().json["deployments"]] == ["Blue", "green"]
    running.request("DELETE", f"{at}/deployments/green").expect(204)
    running.post(f"{at}/recommendations", {"user": "user-0004", "deployment": "green"}).expect(404)
    running.request("PUT", f"{at}/deployments/green", {"version": 9}).expect(404)
    running.request("PUT", f"{at}/deployments/gr%20een", {"version": 1}).expect(400)


def test_the_command_line_deploys_and_asks(eunomia, tmp_path):
    eunomia.json("recommend", "import", "--dataset", "shop", "--interactions",
                 shop.write_events(tmp_path / "events.csv", shop.events()))
    eunomia.json("recommend", "fit", "--dataset", "shop", "--model", "ease")
    eunomia.json("recommend", "fit", "--dataset", "shop", "--model", "popularity", "--aside")

    def asked(*flags):
        return eunomia.json("recommend", "recommend", "--name", "shop", "--user", "user-0004", *flags).value["family"]

    made = eunomia.json("recommend", "deploy", "--name", "shop", "--deployment", "plain", "--version", "2").value
    assert (made["name"], made["version"]) == ("plain", 2)
    assert (asked(), asked("--deployment", "plain")) == ("ease", "popularity")
    listed = eunomia.json("recommend", "deployments", "--name", "shop").value["deployments"]
    assert [(d["name"], d["version"]) for d in listed] == [("plain", 2)]
    withdraw = ["recommend", "withdraw", "--name", "shop", "--deployment", "plain"]
    eunomia.run(*withdraw).expect()
    eunomia.run(*withdraw).expect(4)


def test_what_is_put_of_items_and_people_is_in_the_next_answer_and_leaves_with_them(running, tmp_path):
    make_shop(running, tmp_path)

    def put(kind, rows):
        return running.request("PUT", f"/api/v1/datasets/shop/{kind}", {"rows": rows})

    toys = dict(where=["DEPARTMENT=toys"], count=40, include_history=True)
    before = [item["item"] for item in running.recommend(**toys)["items"]]
    assert "item-0-00" not in before
    assert put("items", [{"id": "item-0-00", "values": {"DEPARTMENT": "toys"}}]).expect().json["stored"] == 1
    assert [item["item"] for item in running.recommend(**toys)["items"]].count("item-0-00") == 1
    put("items", [{"id": "brand-new", "values": {"department": "toys"}}]).expect()
    explored = [item["item"] for item in running.recommend(**toys, explore=0.2)["items"] if item["explored"]]
    assert "brand-new" in explored
    refused = put("items", [{"id": "a", "values": {}}, {"id": "b", "values": {"COLOUR": "red"}}]).expect(400).json
    assert refused["error"]["message"].startswith("rows[1]: ")
    put("items", [{"id": "a"}] * 1001).expect(400)

    for _ in range(3):
        put("users", [{"id": "user-0017", "values": {}}, {"id": "somebody-new", "values": {}}]).expect()
    held = traces.of_everybody(running.program.data_directory)
    assert held
    request = running.erase("user-0017", "somebody-new")
    done = running.wait_for_request(request)
    assert [step["count"] for step in done["steps"] if step["what"] == 'profiles of dataset "shop"'] == [7]
