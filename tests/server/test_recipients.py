"""Who was handed data about people is on record: the person is told, and whoever erases or corrects is told to tell them."""

import io
import json
import zipfile

import pytest
import shop

CARRIER = "Carrier GmbH, Köln"


@pytest.fixture
def trained(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()),
                      items=shop.write_items(tmp_path / "items.csv"), users=shop.write_users(tmp_path / "users.csv"))
    return running


def recipients(running, user):
    body = running.post("/api/v1/subjects/archive", {"user": user}).expect().body
    with zipfile.ZipFile(io.BytesIO(body)) as opened:
        index = json.loads(opened.read("index.json"))
        page = opened.read("index.html").decode()
    told = {part["title"]: part["recipients"] for part in index["parts"] if part["recipients"]}
    assert all(one.split(",")[0] in page for some in told.values() for one in some)
    return told


def remarks(running, request):
    running.wait_for_request(request)
    return running.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect().json["remarks"]


def test_who_is_handed_an_export_is_told_to_the_person_and_to_whoever_erases_them(trained, eunomia):
    assert recipients(trained, "user-0004") == {}
    export = "/api/v1/datasets/shop/export"
    for _ in range(2):
        trained.get(f"{export}?recipient=Carrier%20GmbH%2C%20K%C3%B6ln").expect()
    trained.get(f"{export}?kind=users").expect()
    trained.get(f"{export}?kind=items&recipient=nobody%20of%20importance").expect()
    for control in ("a%0Ab", "a%7F", "a%C2%85"):  # which a certificate refuses, and an erasure would wait for ever
        trained.get(f"{export}?recipient={control}").expect(400)
    trained.get(f"{export}?recipient={'x' * 257}").expect(400)
    told = recipients(trained, "user-0004")
    assert sorted(told) == ["What is known of you (shop)", "What you did (shop)"]
    [did] = told["What you did (shop)"]
    assert did.startswith(f"{CARRIER}, for recommendation: 2 exports of the interactions of dataset")
    [known] = told["What is known of you (shop)"]
    assert known.startswith("token ")

    corrected = trained.post("/api/v1/subjects/rectifications",
                             {"user": "user-0004", "dataset": "shop", "profile": {"COUNTRY": "Malta"}}).expect().json
    [remark] = remarks(trained, corrected)
    assert known in remark and "Art. 19" in remark
    erased = [one for one in remarks(trained, trained.erase("user-0004")) if "Art. 19" in one]
    assert len(erased) == 2 and any(CARRIER in one for one in erased)
    assert trained.stop() == 0
    eunomia.run("recommend", "export", "--dataset", "shop", "--to", eunomia.data_directory.parent / "out.csv", "--recipient",
                "An archive").expect()
    gone = eunomia.json("subjects", "erase", "--user", "user-0005").expect().value["requests"][0]
    proof = eunomia.run("subjects", "certificate", gone["id"]).expect().stdout
    assert "An archive" in proof and CARRIER in proof
