"""What becomes of somebody in objects."""

import gzip
import json
import time

import pytest

CSV = "USER_ID,ITEM_ID,EVENT\nann@example.org,1,view\nbob@example.org,2,buy\n\"ann@example.org\",3,\"a \"\"b\"\", c\"\n"
WITHOUT_ANN = "USER_ID,ITEM_ID,EVENT\nbob@example.org,2,buy\n"


@pytest.fixture
def running(served):
    return served.start("--erase-delay", "0")


@pytest.fixture
def known(running):
    """ann@example.org and 17850 are users of a shop."""
    running.post("/api/v1/datasets", {"name": "shop"}).expect(201)
    for user in ("ann@example.org", "bob@example.org", "17850"):
        running.post("/api/v1/datasets/shop/events", {"user_id": user, "item_id": "teapot", "event_type": "view"}).expect()
    return running


def obstacle_of(server, request, limit_s=60):
    deadline = time.monotonic() + limit_s
    while True:
        now = server.get(f"/api/v1/subjects/requests/{request['id']}").expect().json
        assert now["state"] != "completed", now
        if now.get("obstacle"):
            return now["obstacle"]
        assert time.monotonic() < deadline, now
        time.sleep(0.05)


def erased(server, user):
    return server.wait_for_request(server.erase(user))


def test_rows_of_somebody_leave_csv_and_json_lines(known, s3, box):
    lines = "\n".join(json.dumps(each) for each in [{"user": "ann@example.org", "n": 1}, {"user": "bob@example.org"},
                                                    {"deep": [{"who": "ann@example.org"}]}]) + "\n"
    s3.put_object(Bucket=box, Key="a/events.csv", Body=CSV, Metadata={"kept": "yes"}, ContentType="text/csv")
    s3.put_object(Bucket=box, Key="events.csv.gz", Body=gzip.compress(CSV.encode()))
    s3.put_object(Bucket=box, Key="events.jsonl", Body=lines)
    s3.put_object(Bucket=box, Key="untouched.csv", Body="USER_ID\nbob@example.org\n")
    untouched = s3.head_object(Bucket=box, Key="untouched.csv")
    old = s3.head_object(Bucket=box, Key="a/events.csv")["ETag"]

    done = erased(known, "ann@example.org")

    got = s3.get_object(Bucket=box, Key="a/events.csv")
    assert got["Body"].read().decode() == WITHOUT_ANN
    assert got["ETag"] != old and got["Metadata"] == {"kept": "yes"} and got["ContentType"] == "text/csv"
    assert gzip.decompress(s3.get_object(Bucket=box, Key="events.csv.gz")["Body"].read()).decode() == WITHOUT_ANN
    assert s3.get_object(Bucket=box, Key="events.jsonl")["Body"].read().decode() == '{"user": "bob@example.org"}\n'
    assert s3.head_object(Bucket=box, Key="untouched.csv")["LastModified"] == untouched["LastModified"]
    step = next(each for each in done["steps"] if each["custodian"] == "objects")
    assert step["count"] == 6 and "3 objects" in step["details"]


def test_a_short_identifier_leaves_the_columns_that_are_of_people(known, s3, box):
    s3.put_object(Bucket=box, Key="e.csv", Body="CustomerID,PRICE\n17850,5\n1,17850\n")
    s3.put_object(Bucket=box, Key="e.jsonl", Body='{"userId": 17850}\n{"price": 17850}\n')
    erased(known, "17850")
    assert s3.get_object(Bucket=box, Key="e.csv")["Body"].read() == b"CustomerID,PRICE\n1,17850\n"
    assert s3.get_object(Bucket=box, Key="e.jsonl")["Body"].read() == b'{"price": 17850}\n'


@pytest.mark.parametrize("key, body", [("notes.txt", b"we met ann@example.org today"),
                                       ("notes.gz", gzip.compress(b"we met ann@example.org today")),
                                       ("comments.csv", b"N,COMMENT\n1,ask ann@example.org for it\n"),
                                       ("of ann@example.org.bin", b"")])
def test_a_find_in_another_form_is_waited_for_until_it_is_gone(known, s3, box, key, body):
    s3.put_object(Bucket=box, Key=key, Body=body)
    request = known.erase("ann@example.org")
    obstacle = obstacle_of(known, request)
    assert f"s3://{box}/" + key.replace("ann@example.org", "*" * 15) in obstacle and "ann@" not in obstacle
    s3.delete_object(Bucket=box, Key=key)
    known.wait_for_request(request)


def test_a_find_may_be_somebody_elses(known, s3, box):
    s3.put_object(Bucket=box, Key="novel.txt", Body=b"write to ann@example.org, she said")
    request = known.erase("ann@example.org")
    obstacle_of(known, request)
    known.post(f"/api/v1/subjects/requests/{request['id']}/dismissals",
               {"file": f"s3://{box}/novel.txt", "reason": "a novel"}).expect()
    done = known.wait_for_request(request)
    assert s3.get_object(Bucket=box, Key="novel.txt")["Body"].read() == b"write to ann@example.org, she said"
    certificate = known.get(f"/api/v1/subjects/requests/{done['id']}/certificate").expect().json
    assert any("novel.txt" in each for each in certificate["remarks"])


def test_what_is_still_being_uploaded_is_looked_into(known, s3, box):
    upload = s3.create_multipart_upload(Bucket=box, Key="big.bin")["UploadId"]
    s3.upload_part(Bucket=box, Key="big.bin", UploadId=upload, PartNumber=1, Body=b"of ann@example.org")
    request = known.erase("ann@example.org")
    assert f"uploadId={upload}" in obstacle_of(known, request)
    s3.abort_multipart_upload(Bucket=box, Key="big.bin", UploadId=upload)
    known.wait_for_request(request)
