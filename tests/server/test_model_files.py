"""Versions out of the house and into it, in an open format that is read here without any library."""

import io
import json
import struct
import zipfile

import boto3
import botocore.config
import pytest
import shop
from conftest import program
from serving import server


def read_array(data):
    """numpy's format by hand: magic, version, length of the header, header, values."""
    assert data[:8] == b"\x93NUMPY\x01\x00"
    length, = struct.unpack_from("<H", data, 8)
    assert (10 + length) % 64 == 0
    header = eval(data[10:10 + length].decode("ascii"), {"__builtins__": {}}, {"False": False})  # a literal, as numpy reads it
    assert not header["fortran_order"]
    letter = {"<f4": "f", "|u1": "B", "<u4": "I", "<u8": "Q"}[header["descr"]]
    count = 1
    for extent in header["shape"]:
        count *= extent
    return header["shape"], struct.unpack_from(f"<{count}{letter}", data, 10 + length)


def read_model(data):
    with zipfile.ZipFile(io.BytesIO(data)) as file:
        assert file.testzip() is None
        assert all(one.compress_type == zipfile.ZIP_STORED for one in file.infolist())
        return (json.loads(file.read("manifest.json")), json.loads(file.read("items.json")),
                {name.removesuffix(".npy"): read_array(file.read(name)) for name in file.namelist() if name.endswith(".npy")})


@pytest.fixture
def trained(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()),
                      items=shop.write_items(tmp_path / "items.csv"), users=shop.write_users(tmp_path / "users.csv"))
    return running


@pytest.fixture
def elsewhere(eunomia_binary, tmp_path):
    """A second house, which knows the shop's items and other people."""
    folder = tmp_path / "elsewhere" / "data"
    folder.mkdir(parents=True)
    it = server(program(eunomia_binary, folder)).start()
    it.make_shop(shop.write_events(tmp_path / "events-2.csv", shop.events()), family="popularity")
    yield it
    it.stop() if it.sanitized else it.kill()


AT = "/api/v1/recommenders/shop"
HANDED = "recipient=University%20of%20Turku&purpose=a%20study%20of%20diversity"


def handed_on(running, version=1):
    return running.get(f"{AT}/versions/{version}/model?{HANDED}").expect().body


def test_a_model_is_read_by_anybody_and_holds_no_rows_of_people(trained):
    manifest, items, arrays = read_model(handed_on(trained))
    assert (manifest["format"], manifest["version"], manifest["family"]) == ("eunomia-model", 1, "ease")
    assert items == sorted(items) and "item-0-00" in items
    assert set(arrays) == {"inverse", "matrix_items", "candidate"}
    (n, m), inverse = arrays["inverse"]
    (k,), rows = arrays["matrix_items"]
    assert n == m == k <= len(items)

    # What docs/models.md says of scores, by hand: B_ij = -P_ij / P_jj, summed over the history.
    asked = trained.post(f"{AT}/recommendations", {"history": ["item-0-00", "item-0-03"], "count": 5}).expect().json
    row_of = {items[item]: row for row, item in enumerate(rows)}
    history = [row_of["item-0-00"], row_of["item-0-03"]]
    scores = {name: -sum(inverse[i * n + j] for i in history) / inverse[j * n + j]
              for name, j in row_of.items() if j not in history}
    best = sorted(scores, key=lambda name: -scores[name])[:5]
    assert {one["item"] for one in asked["items"]} == set(best)
    for one in asked["items"]:
        assert abs(one["score"] - scores[one["item"]]) < 1e-4


def test_that_it_was_handed_out_is_on_record_and_told_at_an_erasure(trained):
    trained.get(f"{AT}/versions/1/model?recipient=x").expect(400)  # what for?
    trained.get(f"{AT}/versions/1/model?recipient=a%0Ab&purpose=y").expect(400)
    trained.get(f"{AT}/versions/9/model?{HANDED}").expect(404)
    trained.get(f"{AT}/versions/x/model?{HANDED}").expect(404)
    assert trained.get(f"{AT}/recipients").expect().json["recipients"] == []
    handed_on(trained)
    [one] = trained.get(f"{AT}/recipients").expect().json["recipients"]
    assert (one["recipient"], one["purpose"], one["version"]) == ("University of Turku", "a study of diversity", 1)
    entries = trained.get("/api/v1/audit/entries?action=model.exported").expect().json["entries"]
    assert len(entries) == 1 and "University of Turku" in json.dumps(entries)
    archive = trained.post("/api/v1/subjects/archive", {"user": "user-0004"}).expect().body
    with zipfile.ZipFile(io.BytesIO(archive)) as opened:
        [models] = [part for part in json.loads(opened.read("index.json"))["parts"] if part["title"] == "The models that learned from you"]
    assert any("University of Turku" in one for one in models["recipients"])
    request = trained.erase("user-0004")
    trained.wait_for_request(request)
    remarks = trained.get(f"/api/v1/subjects/requests/{request['id']}/certificate").expect().json["remarks"]
    assert any("University of Turku" in one and "without rows of people" in one for one in remarks)
    # And the person is in what is handed out next no more than in the house.
    handed_on(trained)


@pytest.mark.parametrize("family", ["ease", "item-knn", "ials", "popularity"])
def test_a_model_answers_in_another_house_and_forgets_nobody_there(trained, elsewhere, family):
    if family != "ease":
        trained.request("PATCH", AT, {"family": family}).expect()
        trained.train()
    version = {"ease": 1}.get(family, 2)
    made = elsewhere.post(f"{AT}/versions?origin=our%20other%20house", handed_on(trained, version),
                          headers={"Content-Type": "application/octet-stream"}).expect(201).json
    assert (made["family"], made["trained_as"], made["serving"]) == ("imported", family, True)
    assert made["origin"] == "our other house" and made["forgets"].startswith("opaque")

    def answers(running):
        history = {"history": ["item-0-00", "item-0-03"]}
        asked = running.post(f"{AT}/recommendations", history | {"count": 5}).expect().json["items"]
        ranked = running.post(f"{AT}/ranking", history | {"items": ["item-0-01", "item-1-02", "item-2-03"]}).expect().json
        similar = running.post(f"{AT}/similar", {"item": "item-0-00", "count": 5}).expect().json["items"]
        return ([(one["item"], one["score"]) for one in asked], [one["item"] for one in ranked["items"]],
                [one["item"] for one in similar])

    assert answers(elsewhere) == answers(trained)
    known = elsewhere.recommend(user="user-0017", count=3)
    assert known["known"] and known["version"] == made["version"]
    # Somebody leaves the house: what came from elsewhere is told to be opaque, and answers on.
    request = elsewhere.erase("user-0017")
    elsewhere.wait_for_request(request)
    assert not elsewhere.recommend(user="user-0017")["known"]
    [version_now] = [one for one in elsewhere.get(f"{AT}/versions").expect().json["versions"] if one["family"] == "imported"]
    assert version_now["people"] == 0 and version_now["forgets"].startswith("opaque")
    # Over a restart, beside the other, and replaced by what is trained here.
    elsewhere.stop()
    elsewhere.start()
    assert answers(elsewhere) == answers(trained)
    elsewhere.request("PUT", f"{AT}/deployments/old", {"version": 1}).expect()
    elsewhere.request("PUT", f"{AT}/deployments/theirs", {"version": made["version"]}).expect()
    assert elsewhere.recommend(user="user-0018", deployment="theirs")["family"] == "imported"
    elsewhere.train()
    assert elsewhere.recommend(user="user-0018")["family"] == "popularity"


def test_hostile_files_are_refused_with_the_reason(trained):
    good = handed_on(trained)

    def send(body, status=400):
        return trained.post(f"{AT}/versions", body, headers={"Content-Type": "application/octet-stream"}).expect(status).json

    def changed(**entries):
        made = io.BytesIO()
        with zipfile.ZipFile(io.BytesIO(good)) as old, zipfile.ZipFile(made, "w") as new:
            for name in old.namelist():
                content = entries.pop(name.replace(".", "_"), old.read(name))
                if content is not None:
                    new.writestr(name, content)
        return made.getvalue()

    send(changed(), 201)  # as Python writes it
    assert "no whole ZIP" in send(b"")["error"]["message"]
    assert "no whole ZIP" in send(good[:-1])["error"]["message"]
    assert "checksum" in send(good.replace(b"item-0-00", b"item-0-0X", 1))["error"]["message"]
    assert "no entry manifest.json" in send(changed(manifest_json=None))["error"]["message"]
    assert "manifest.json" in send(changed(manifest_json=b"{"))["error"]["message"]
    assert "format" in send(changed(manifest_json=json.dumps({"format": "other", "family": "ease"}).encode()))["error"]["message"]
    assert "byte order" in send(changed(items_json=b'["b", "a"]'))["error"]["message"]
    assert "inverse" in send(changed(inverse_npy=None))["error"]["message"]
    assert "numpy" in send(changed(inverse_npy=b"no array"))["error"]["message"]
    header = b"{'descr': '<f4', 'fortran_order': False, 'shape': (4294967295, 4294967295), }"
    header += b" " * (118 - len(header) - 1) + b"\n"
    huge = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header
    assert "shape" in send(changed(inverse_npy=huge))["error"]["message"]
    assert "pickle" not in send(changed(inverse_npy=huge.replace(b"<f4", b"|O8")))["error"]["message"]
    squeezed = io.BytesIO()
    with zipfile.ZipFile(squeezed, "w", zipfile.ZIP_DEFLATED) as new:
        new.writestr("manifest.json", "{}" * 100)
    assert "compressed" in send(squeezed.getvalue())["error"]["message"]
    trained.post("/api/v1/recommenders/nobody/versions", good, headers={"Content-Type": "application/octet-stream"}).expect(404)
    assert [one["version"] for one in trained.get(f"{AT}/versions").expect().json["versions"]] == [2, 1]
    # Nothing can be trained as what is imported.
    trained.post("/api/v1/recommenders", {"name": "x", "dataset": "shop", "family": "imported"}).expect(400)


def test_what_consists_of_rows_of_people_stays(trained):
    trained.request("PATCH", AT, {"family": "session-knn"}).expect()
    trained.train()
    refused = trained.get(f"{AT}/versions/2/model?{HANDED}").expect(409).json
    assert "sessions of people" in refused["error"]["message"]
    assert trained.get(f"{AT}/recipients").expect().json["recipients"] == []


def test_an_imported_version_is_a_solution_version_that_campaigns_answer_with(trained, elsewhere):
    made = elsewhere.post("/api/v1/access-keys", {"role": "engineer", "label": "clients"}).expect(201).json
    session = boto3.session.Session(aws_access_key_id=made["record"]["id"], aws_secret_access_key=made["secret"],
                                    region_name="eu-central-1")
    config = botocore.config.Config(inject_host_prefix=False)
    personalize, runtime, s3 = (session.client(name, endpoint_url=elsewhere.url, config=config)
                                for name in ("personalize", "personalize-runtime", "s3"))
    group = personalize.create_dataset_group(name="moved")["datasetGroupArn"]
    solution = personalize.create_solution(name="theirs", datasetGroupArn=group, performAutoTraining=False,
                                           recipeArn="arn:aws:personalize:::recipe/aws-user-personalization")["solutionArn"]
    elsewhere.post("/api/v1/recommenders/theirs/versions", handed_on(trained),
                   headers={"Content-Type": "application/octet-stream"}).expect(201)
    [version] = personalize.list_solution_versions(solutionArn=solution)["solutionVersions"]
    described = personalize.describe_solution_version(solutionVersionArn=version["solutionVersionArn"])["solutionVersion"]
    assert described["status"] == "ACTIVE" and described["solutionArn"] == solution
    assert described["name"] == "imported-1"
    assert personalize.get_solution_metrics(solutionVersionArn=version["solutionVersionArn"])["metrics"] == {}
    campaign = personalize.create_campaign(name="theirs", solutionVersionArn=version["solutionVersionArn"],
                                           campaignConfig={"itemExplorationConfig": {"explorationWeight": "0"}})["campaignArn"]
    assert len(runtime.get_recommendations(campaignArn=campaign, userId="somebody", numResults=3)["itemList"]) <= 3


def test_the_command_line_hands_on_and_takes_in(eunomia, tmp_path):
    eunomia.json("recommend", "import", "--dataset", "shop", "--interactions",
                 shop.write_events(tmp_path / "events.csv", shop.events()))
    eunomia.json("recommend", "fit", "--dataset", "shop", "--model", "ease")
    file = tmp_path / "model.npz"
    made = eunomia.json("recommend", "export-model", "--name", "shop", "--version-number", "1", "--output", file,
                        "--recipient", "ourselves", "--purpose", "a test").expect().value
    assert made["bytes"] == file.stat().st_size and read_model(file.read_bytes())[0]["family"] == "ease"
    came = eunomia.json("recommend", "import-model", "--name", "shop", "--input", file).expect().value
    assert came == {"version": 2, "serving": True}
    answer = eunomia.json("recommend", "recommend", "--name", "shop", "--history", "item-0-00").expect().value
    assert answer["recommendations"] and answer["family"] == "imported"
    eunomia.run("audit", "verify").expect()
