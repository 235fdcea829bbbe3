"""`eunomia migrate personalize`: a shop that boto3 made at one server, moved to a second, and asked there."""

import contextlib
import hashlib
import hmac
import http.server
import json
import pathlib
import socket
import threading
import time
import urllib.request

import boto3
import botocore.config
import pytest
from conftest import program
from personalize.test_actions_and_changes import ACTION_INTERACTIONS, ACTIONS
from serving import server
from personalize.shop import INTERACTIONS, ITEMS, ROLE, USERS, deploy, import_file, items_of, make_group, small_shop, train, wait_for

PEOPLE = 60


@pytest.fixture
def here(eunomia_binary, tmp_path):
    """The server that things are moved to."""
    folder = tmp_path / "here" / "data"
    folder.mkdir(parents=True)
    it = server(program(eunomia_binary, folder)).start()
    yield it
    if it.process is not None:
        it.stop() if it.sanitized else it.kill()


def clients_of(running, role="engineer"):
    made = running.post("/api/v1/access-keys", {"role": role, "label": "clients"}).expect(201).json
    key = {"aws_access_key_id": made["record"]["id"], "aws_secret_access_key": made["secret"]}
    config = botocore.config.Config(retries={"mode": "standard", "max_attempts": 5}, inject_host_prefix=False)
    session = boto3.session.Session(**key, region_name="eu-central-1")
    made = {name: session.client(name, endpoint_url=running.url, config=config)
            for name in ("personalize", "personalize-runtime", "personalize-events", "s3")}
    return made | {"key": key}


@pytest.fixture
def there(running):
    """A shop at the source: one of every kind that is moved."""
    of = clients_of(running)
    personalize, s3 = of["personalize"], of["s3"]
    s3.create_bucket(Bucket="files")
    group, datasets = make_group(personalize, "shop", interactions=INTERACTIONS, items=ITEMS, users=USERS)
    items = "ITEM_ID,GENRE,PRICE,CREATION_TIMESTAMP\n" + "".join(
        f'i{n},{"tea|pot" if n % 2 else "cup"},{n}.5,1700000000\n' for n in range(12))
    users = "USER_ID,AGE\n" + "".join(f"u{n},{20 + n % 50}\n" for n in range(PEOPLE))
    for kind, text in (("interactions", small_shop(PEOPLE)), ("items", items), ("users", users)):
        s3.put_object(Bucket="files", Key=f"{kind}.csv", Body=text)
        import_file(personalize, datasets[kind], f"s3://files/{kind}.csv", f"{kind}-1")
    personalize.create_filter(name="cups", datasetGroupArn=group, filterExpression='INCLUDE ItemID WHERE Items.GENRE IN ("cup")')
    tracker = personalize.create_event_tracker(name="clicks", datasetGroupArn=group)
    solution, version = train(personalize, group, "aws-sims", name="alike",
                              solutionConfig={"algorithmHyperParameters": {"popularity_discount_factor": "0.3"}})
    deploy(personalize, version, "alike", minProvisionedTPS=1)
    personal, personal_version = train(personalize, group, "aws-user-personalization", name="for-you")
    deploy(personalize, personal_version, "for-you", minProvisionedTPS=2,
           campaignConfig={"itemExplorationConfig": {"explorationWeight": "0"}})
    personalize.create_metric_attribution(
        name="sales", datasetGroupArn=group,
        metrics=[{"eventType": "buy", "metricName": "revenue", "expression": "SUM(Items.PRICE)"}],
        metricsOutputConfig={"roleArn": ROLE})
    personalize.tag_resource(resourceArn=solution, tags=[{"tagKey": "team", "tagValue": "shop"}])
    shelves = personalize.create_dataset_group(name="films", domain="VIDEO_ON_DEMAND")["datasetGroupArn"]
    assert shelves and tracker["trackingId"]
    _, letters = make_group(personalize, "letters", actions=ACTIONS, action_interactions=ACTION_INTERACTIONS)
    of["personalize-events"].put_actions(datasetArn=letters["actions"], actions=[
        {"actionId": f"a{n}", "properties": json.dumps({"kind": "letter"})} for n in range(6)])
    return of | {"server": running}


def migrate(here, there, *arguments, expect=0, environment=None, url=None, key=None, bucket="s3://files/exports",
            token=None):
    key = key or there["key"]
    live = () if "--from-folder" in arguments else (
        "--from", url or there["server"].url, "--region", "eu-central-1", "--bucket", bucket, "--role", ROLE)
    return here.program.json(
        "migrate", "personalize", *live, "--server", here.url, "--token-file",
        token or here.program.data_directory / "administrator.token", "--work-folder", here.program.data_directory.parent / "work",
        "--quiet", *arguments,
        environment={name.upper(): value for name, value in key.items()} | (environment or {})).expect(expect)


def outcomes(report):
    return ({(one["kind"], one["name"]): one["became"] for one in report["resources"]},
            {(one["group"], one["type"]): one["became"] for one in report["data"]})


def rows_of(of, group, kind):
    """The rows of a dataset, through an export job of its own server."""
    name = f"look-{time.time_ns()}"
    arn = of["personalize"].create_dataset_export_job(
        jobName=name, datasetArn=f"arn:aws:personalize:eu-central-1:000000000000:dataset/{group}/{kind}", roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": "s3://looks/"}})["datasetExportJobArn"]
    wait_for(of["personalize"].describe_dataset_export_job, "datasetExportJob", datasetExportJobArn=arn)
    text = of["s3"].get_object(Bucket="looks", Key=f"{name}.csv")["Body"].read().decode()
    header, *rows = text.splitlines()
    return header, sorted(rows)


def test_a_shop_is_moved_and_answers_at_the_other_server(there, here):
    report = migrate(here, there, "--train").value
    things, data = outcomes(report)
    assert set(things.values()) == {"created"}, report
    assert set(data.values()) == {"created"}, report
    assert {kind for kind, _ in things} == {"schema", "dataset group", "dataset", "filter", "event tracker", "solution",
                                            "solution version", "campaign", "metric attribution"}
    assert {(one["type"], one["source_rows"], one["rows_here"]) for one in report["data"]} == {
        ("INTERACTIONS", 240, 240), ("ITEMS", 12, 12), ("USERS", PEOPLE, PEOPLE), ("ACTIONS", 6, 6),
        ("ACTION_INTERACTIONS", 0, 0)}

    ours = clients_of(here)
    personalize, runtime = ours["personalize"], ours["personalize-runtime"]
    for one in (there, ours):
        one["s3"].create_bucket(Bucket="looks")
    for kind in ("INTERACTIONS", "ITEMS", "USERS"):
        assert rows_of(there, "shop", kind) == rows_of(ours, "shop", kind)
    arn = "arn:aws:personalize:eu-central-1:000000000000:"
    for name, of in (("filter", {"filterArn": arn + "filter/cups"}), ("solution", {"solutionArn": arn + "solution/alike"}),
                     ("campaign", {"campaignArn": arn + "campaign/for-you"}),
                     ("schema", {"schemaArn": arn + "schema/shop-items"})):
        volatile = {"creationDateTime", "lastUpdatedDateTime", "latestSolutionVersion", "solutionVersionArn"}
        both = [{k: v for k, v in getattr(one["personalize"], f"describe_{name}")(**of)[name].items() if k not in volatile}
                for one in (there, ours)]
        assert both[0] == both[1]
    assert personalize.list_tags_for_resource(resourceArn=arn + "solution/alike")["tags"] == [
        {"tagKey": "team", "tagValue": "shop"}]
    for question in ({"campaignArn": arn + "campaign/for-you", "userId": "u7"},
                     {"campaignArn": arn + "campaign/alike", "itemId": "i3"},
                     {"campaignArn": arn + "campaign/for-you", "userId": "u7", "filterArn": arn + "filter/cups"}):
        assert items_of(runtime.get_recommendations(**question, numResults=5)) == items_of(
            there["personalize-runtime"].get_recommendations(**question, numResults=5))
    # The application's events go to the tracker that the report names.
    details = next(one["details"] for one in report["resources"] if one["kind"] == "event tracker")
    ours["personalize-events"].put_events(
        trackingId=details.removeprefix("trackingId here: "), userId="u1", sessionId="s",
        eventList=[{"eventType": "view", "itemId": "i5", "sentAt": time.time()}])

    # Nothing stays on the way: neither at the source, nor in the bucket here, nor in the work folder, nor a key.
    assert "Contents" not in there["s3"].list_objects_v2(Bucket="files", Prefix="exports/")
    assert all(one["Key"].endswith(".json") for one in ours["s3"].list_objects_v2(Bucket="migration")["Contents"])
    assert not list(here.program.data_directory.parent.glob("work/rows/*"))
    keys = here.get("/api/v1/access-keys").expect().json["access_keys"]
    assert all("revoked_at" in one for one in keys if one["label"] == "eunomia migrate personalize")


def test_a_second_run_matches_everything_and_overwrites_nothing(there, here):
    migrate(here, there, "--train")
    left = here.program.data_directory.parent / "work" / "rows" / "source-0.csv"  # as a killed run leaves it
    left.parent.mkdir()
    left.write_text("USER_ID\nu1\n")
    again = migrate(here, there, "--train").value
    assert not left.exists()
    things, data = outcomes(again)
    assert set(things.values()) == {"matched"}, again
    assert set(data.values()) == {"matched"}, again

    ours = clients_of(here)["personalize"]
    arn = "arn:aws:personalize:eu-central-1:000000000000:"
    ours.update_campaign(campaignArn=arn + "campaign/for-you", minProvisionedTPS=9)
    there["personalize"].tag_resource(resourceArn=arn + "filter/cups", tags=[{"tagKey": "new", "tagValue": "1"}])
    changed = migrate(here, there, "--train").value
    things, _ = outcomes(changed)
    assert {what for what, became in things.items() if became == "different"} == {("campaign", "for-you"), ("filter", "cups")}
    details = {one["name"]: one["details"] for one in changed["resources"] if one["became"] == "different"}
    assert "minProvisionedTPS" in details["for-you"] and "tags" in details["cups"]
    assert ours.describe_campaign(campaignArn=arn + "campaign/for-you")["campaign"]["minProvisionedTPS"] == 9


def test_without_training_campaigns_wait_and_a_later_run_makes_them(there, here):
    first = migrate(here, there, "--without-data").value
    things, data = outcomes(first)
    assert data == {}
    assert things[("campaign", "alike")] == "skipped" and things[("solution", "alike")] == "created"
    assert "--train" in next(one["details"] for one in first["resources"] if one["kind"] == "campaign")
    things, data = outcomes(migrate(here, there, "--train").value)
    assert things[("campaign", "alike")] == "created" and things[("solution", "alike")] == "matched"
    assert set(data.values()) == {"created"}


def test_new_rows_come_with_another_copy(there, here):
    migrate(here, there)
    there["personalize-events"].put_users(
        datasetArn="arn:aws:personalize:eu-central-1:000000000000:dataset/shop/USERS",
        users=[{"userId": "newcomer", "properties": json.dumps({"age": 44})}])
    report = migrate(here, there, "--refresh-data").value
    assert {one["type"]: one["rows_here"] for one in report["data"]}["USERS"] == PEOPLE + 1
    # Rows that came here otherwise are not replaced without being asked.
    ours = clients_of(here)
    ours["personalize-events"].put_users(
        datasetArn="arn:aws:personalize:eu-central-1:000000000000:dataset/shop/USERS",
        users=[{"userId": "ours", "properties": json.dumps({"age": 30})}])
    _, data = outcomes(migrate(here, there).value)
    assert data[("shop", "USERS")] == "different" and data[("shop", "ITEMS")] == "matched"


def every_file(folder):
    return b"\0".join(one.read_bytes() for one in pathlib.Path(folder).rglob("*") if one.is_file())


def test_pseudonyms_leave_no_raw_identifier_and_the_person_is_found_and_erased_by_it(there, here):
    salt = here.program.data_directory.parent / "salt"
    salt.write_text("a secret of 27 characters..\n")
    # Long enough to be looked for as bytes.
    raw = "customer-with-a-long-name-0007"
    there["personalize-events"].put_users(
        datasetArn="arn:aws:personalize:eu-central-1:000000000000:dataset/shop/USERS",
        users=[{"userId": raw, "properties": json.dumps({"age": 44})}])
    report = migrate(here, there, "--pseudonymise", "--salt-file", salt).value
    _, data = outcomes(report)
    assert set(data.values()) == {"created"}, report
    assert {one["type"]: one.get("people_linked") for one in report["data"]} == {
        "INTERACTIONS": PEOPLE, "USERS": PEOPLE + 1, "ITEMS": None, "ACTIONS": None, "ACTION_INTERACTIONS": None}

    ours = clients_of(here)
    ours["s3"].create_bucket(Bucket="looks")
    pseudonym = hmac.new(b"a secret of 27 characters..", raw.encode(), hashlib.sha256).hexdigest()
    _, users = rows_of(ours, "shop", "USERS")
    assert f"{pseudonym},44" in users
    ours["s3"].delete_object(Bucket="looks", Key=ours["s3"].list_objects_v2(Bucket="looks")["Contents"][0]["Key"])
    assert raw.encode() not in every_file(here.program.data_directory)
    assert not list(here.program.data_directory.parent.glob("work/rows/*"))

    # The person is found by the raw identifier, in its space, and erased by it.
    archive = here.post("/api/v1/subjects/archive", {"user": raw, "space": "personalize"})
    assert archive.expect().body[:2] == b"PK"
    erased = here.post("/api/v1/subjects/erasures", {"users": [raw], "space": "personalize"}).expect(202).json
    here.wait_for_request(erased)
    assert here.post("/api/v1/subjects/archive", {"user": raw, "space": "personalize"}).status == 404
    _, users = rows_of(ours, "shop", "USERS")
    assert not any(pseudonym in row for row in users)
    # Another salt would make everybody a second person: it is told, and nothing is touched.
    salt.write_text("another secret of 24 chars\n")
    _, data = outcomes(migrate(here, there, "--pseudonymise", "--salt-file", salt).value)
    assert data[("shop", "INTERACTIONS")] == "different"


def test_a_salt_that_nobody_gave_is_kept_sealed_and_used_again(there, here):
    migrate(here, there, "--pseudonymise")
    salt = clients_of(here)["s3"].get_object(Bucket="migration", Key="personalize/salt")["Body"].read()
    assert len(salt) == 44
    assert salt not in every_file(here.program.data_directory)
    _, data = outcomes(migrate(here, there, "--pseudonymise").value)
    assert set(data.values()) == {"matched"}


def test_a_folder_stands_between_two_servers_that_never_meet(there, here, tmp_path):
    folder = tmp_path / "export"
    there["server"].program.run(
        "migrate", "personalize", "--from", there["server"].url, "--region", "eu-central-1", "--bucket", "s3://files/out",
        "--role", ROLE, "--export-to", folder, "--quiet",
        environment={name.upper(): value for name, value in there["key"].items()}).expect()
    assert sorted(one.name for one in folder.iterdir()) == sorted(
        ["personalize.json", "data", "schemas.json", "datasetGroups.json", "datasets.json", "filters.json",
         "eventTrackers.json", "solutions.json", "campaigns.json", "recommenders.json", "metricAttributions.json"])
    solutions = json.loads((folder / "solutions.json").read_text())["solutions"]
    assert {one["name"] for one in solutions} == {"alike", "for-you"}
    assert (folder / "data" / "shop" / "ITEMS").is_dir() and folder.stat().st_mode & 0o077 == 0
    report = migrate(here, there, "--from-folder", folder, "--group", "shop", "--train").value
    things, data = outcomes(report)
    assert set(things.values()) == set(data.values()) == {"created"}, report
    assert ("dataset group", "films") not in things
    # And the folder is compared like a live source.
    things, _ = outcomes(migrate(here, there, "--from-folder", folder, "--group", "shop").value)
    assert set(things.values()) == {"matched"}
    (folder / "filters.json").write_text('{"filters": [{"name": "../x", "filterArn": "a"}]}')
    wrong = migrate(here, there, "--from-folder", folder, expect=3)
    assert "filters.json" in wrong.stderr and "no name" in wrong.stderr


@pytest.mark.parametrize("after_s", [0.1, 0.5, 1.2, 2.5])
def test_a_run_that_is_killed_is_run_again(there, here, after_s):
    arguments = ["migrate", "personalize", "--from", there["server"].url, "--region", "eu-central-1", "--bucket",
                 "s3://files/exports", "--role", ROLE, "--server", here.url, "--token-file",
                 here.program.data_directory / "administrator.token", "--work-folder",
                 here.program.data_directory.parent / "work", "--quiet", "--train", "--pseudonymise"]
    here.program.kill_after(after_s, *arguments, environment={name.upper(): value for name, value in there["key"].items()})
    report = migrate(here, there, "--train", "--pseudonymise").value
    things, data = outcomes(report)
    assert set(things.values()) <= {"created", "matched"}, report
    assert set(data.values()) <= {"created", "matched"}, report
    assert {(one["type"], one["rows_here"]) for one in report["data"]} == {
        ("INTERACTIONS", 240), ("ITEMS", 12), ("USERS", PEOPLE), ("ACTIONS", 6), ("ACTION_INTERACTIONS", 0)}
    assert {one.get("people_linked") for one in report["data"]} == {PEOPLE, None}
    things, data = outcomes(migrate(here, there, "--train", "--pseudonymise").value)
    assert set(things.values()) == set(data.values()) == {"matched"}
    assert "Contents" not in there["s3"].list_objects_v2(Bucket="files", Prefix="exports/")
    assert not list(here.program.data_directory.parent.glob("work/rows/*"))


def test_wrong_credentials_and_hosts_that_do_not_answer_are_named(there, here):
    wrong = migrate(here, there, key=there["key"] | {"aws_secret_access_key": "not-the-secret"}, expect=9)
    assert there["server"].url in wrong.stderr and "check the access key" in wrong.stderr
    assert "not-the-secret" not in wrong.stderr
    service = here.post("/api/v1/tokens", {"role": "service", "label": "shop"}).expect(201).json["token"]
    token = here.program.data_directory.parent / "service.token"
    token.write_text(service)
    small = migrate(here, there, token=token, expect=9)
    assert "administrator" in small.stderr
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        silent = migrate(here, there, url=url, expect=8)
    assert url in silent.stderr and "cannot connect" in silent.stderr
    missing = here.program.json("migrate", "personalize", "--server", here.url, "--token-file",
                                here.program.data_directory / "administrator.token").expect(3)
    assert "--without-data" in missing.stderr or "AWS_ACCESS_KEY_ID" in missing.stderr
    nowhere = here.program.json("migrate", "personalize", "--from", there["server"].url, "--without-data",
                                environment={n.upper(): v for n, v in there["key"].items()}).expect(3)
    assert "--server" in nowhere.stderr


def test_what_cannot_be_made_is_reported_and_the_rest_goes_on(there, here):
    report = migrate(here, there, bucket="s3://no-such-bucket/x", expect=5)
    things, data = outcomes(report.value)
    assert set(data.values()) == {"failed"}
    assert "no-such-bucket" in report.value["data"][0]["details"]
    assert things[("filter", "cups")] == "created"
    assert "run this again" in report.stderr
    _, data = outcomes(migrate(here, there).value)
    assert set(data.values()) == {"created"}


@contextlib.contextmanager
def proxy(url, answer_to):
    """A server before `url`: `answer_to(path, body, ask)` gives a status and a body; `ask()` asks the other."""

    class handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def forward(self):
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))

            def ask():
                asked = urllib.request.Request(url + self.path, body or None, dict(self.headers), method=self.command)
                try:
                    with urllib.request.urlopen(asked) as got:
                        return got.status, got.read()
                except urllib.error.HTTPError as refused:
                    return refused.code, refused.read()

            status, answer = answer_to(self.headers.get("X-Amz-Target", self.path), body, ask)
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = forward

        def log_message(self, *_):
            pass

    before = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=before.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{before.server_address[1]}"
    finally:
        before.shutdown()


def test_a_source_that_says_wait_is_waited_for(there, here):
    """AWS allows few requests a second: a proxy before the source throttles every second one."""
    counts = {"asked": 0, "refused": 0}

    def throttle(_, __, ask):
        counts["asked"] += 1
        if counts["asked"] % 2:
            counts["refused"] += 1
            return 400, b'{"__type":"ThrottlingException","message":"Rate exceeded"}'
        return ask()

    with proxy(there["server"].url, throttle) as url:
        report = migrate(here, there, "--without-data", url=url).value
    assert counts["refused"] > 10
    assert outcomes(report)[0][("filter", "cups")] == "created"


def test_the_export_of_a_killed_run_is_waited_for_and_removed(there, here):
    """The source goes on with the export of a run that was killed, and writes its file after the next one has begun."""
    users = "arn:aws:personalize:eu-central-1:000000000000:dataset/shop/USERS"
    below = "exports/eunomia-migration/shop/USERS/eunomia-migration-0123456789abcdef/"
    arn = there["personalize"].create_dataset_export_job(
        jobName="eunomia-migration-0123456789abcdef", datasetArn=users, roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": "s3://files/elsewhere/"}})["datasetExportJobArn"]
    wait_for(there["personalize"].describe_dataset_export_job, "datasetExportJob", datasetExportJobArn=arn)
    # And one into another bucket, which is over.
    there["s3"].create_bucket(Bucket="others")
    other = there["personalize"].create_dataset_export_job(
        jobName="eunomia-migration-00000000000000ff", datasetArn=users, roleArn=ROLE,
        jobOutput={"s3DataDestination": {"path": "s3://others/a/eunomia-migration-00000000000000ff/"}})["datasetExportJobArn"]
    wait_for(there["personalize"].describe_dataset_export_job, "datasetExportJob", datasetExportJobArn=other)
    assert there["s3"].list_objects_v2(Bucket="others")["KeyCount"] == 1
    looks = []

    def slowly(target, body, ask):
        status, answer = ask()
        late = json.loads(answer) if target.endswith(("ListDatasetExportJobs", "DescribeDatasetExportJob")) else {}
        for job in [*late.get("datasetExportJobs", []), *filter(None, [late.get("datasetExportJob")])]:
            if job["datasetExportJobArn"] == arn and len(looks) < 3:
                looks.append(target)
                job["status"] = "CREATE IN_PROGRESS"
                if len(looks) == 3:  # it ends, and only now is there a file
                    there["s3"].put_object(Bucket="files", Key=below + "late.csv", Body="USER_ID,AGE\nu1,21\n")
                return status, json.dumps(late).encode()
        return status, answer

    with proxy(there["server"].url, slowly) as url:
        _, data = outcomes(migrate(here, there, url=url).value)
    assert len(looks) == 3
    assert set(data.values()) == {"created"}
    assert "Contents" not in there["s3"].list_objects_v2(Bucket="files", Prefix="exports/")
    assert "Contents" not in there["s3"].list_objects_v2(Bucket="others")
    # What lies in no folder of the job's own is not ours to remove.
    assert there["s3"].list_objects_v2(Bucket="files", Prefix="elsewhere/")["KeyCount"] == 1
