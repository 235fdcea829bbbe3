from s3_clients import client_of, code_of


def test_nobody_gets_in_without_a_right_key(running, s3, box, make_key):
    s3.put_object(Bucket=box, Key="k", Body=b"x")
    key = make_key()
    assert code_of(client_of(running, (key[0], "not the secret")).get_object, Bucket=box, Key="k") == "SignatureDoesNotMatch"
    assert code_of(client_of(running, ("EUNAAAAAAAAAAAAAAAAA", key[1])).get_object, Bucket=box, Key="k") == "InvalidAccessKeyId"
    running.request("DELETE", f"/api/v1/access-keys/{key[0]}").expect(204)
    assert code_of(client_of(running, key).get_object, Bucket=box, Key="k") == "InvalidAccessKeyId"
    assert running.request("GET", "/box/k").status == 404  # a bearer token opens no bucket


def test_a_key_of_a_service_uses_the_buckets_that_it_was_allowed(running, s3, box, make_key):
    s3.put_object(Bucket=box, Key="k", Body=b"x")
    key = make_key("service")
    theirs = client_of(running, key)
    assert theirs.list_buckets()["Buckets"] == []
    for call, arguments in [(theirs.get_object, {"Key": "k"}), (theirs.put_object, {"Key": "k", "Body": b""}),
                            (theirs.list_objects_v2, {}), (theirs.create_bucket, {})]:
        assert code_of(call, Bucket=box, **arguments) == "AccessDenied"
    assert code_of(theirs.get_object, Bucket="none", Key="k") == "AccessDenied"

    allowed = f"/api/v1/buckets/{box}/access-keys/{key[0]}"
    running.request("PUT", allowed, {"write": False}).expect(200)
    assert theirs.get_object(Bucket=box, Key="k")["Body"].read() == b"x"
    assert [each["Name"] for each in theirs.list_buckets()["Buckets"]] == [box]
    assert code_of(theirs.put_object, Bucket=box, Key="k", Body=b"y") == "AccessDenied"
    assert code_of(theirs.delete_object, Bucket=box, Key="k") == "AccessDenied"
    running.request("PUT", allowed, {"write": True}).expect(200)
    theirs.put_object(Bucket=box, Key="k", Body=b"z")
    assert running.get("/api/v1/buckets").expect().json["buckets"][0]["name"] == box
    assert code_of(theirs.delete_bucket, Bucket=box) == "AccessDenied"
    running.request("DELETE", allowed).expect(204)
    assert code_of(theirs.get_object, Bucket=box, Key="k") == "AccessDenied"


def test_the_command_line_says_who_may_use_a_bucket(running, s3, box, make_key, eunomia):
    key = make_key("service")
    at_server = ["--server", running.url, "--token-file", eunomia.data_directory / "administrator.token"]
    allowed = eunomia.json("buckets", "allow", box, key[0], "--write", *at_server).expect().value
    assert [(each["access_key"], each["write"]) for each in allowed["buckets"][0]["access_keys"]] == [(key[0], True)]
    client_of(running, key).put_object(Bucket=box, Key="k", Body=b"x")
    eunomia.run("buckets", "disallow", box, key[0], *at_server).expect()
    assert code_of(client_of(running, key).get_object, Bucket=box, Key="k") == "AccessDenied"
    assert "administrators" in eunomia.run("buckets", "list", *at_server).expect().stdout
    actions = [each["action"] for each in running.get("/api/v1/audit/entries?limit=50").expect().json["entries"]]
    assert {"bucket.created", "bucket.allowed", "bucket.disallowed"} <= set(actions)
