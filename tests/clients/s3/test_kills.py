import os
import threading
import time

import botocore.exceptions
from s3_clients import client_of


def test_an_object_is_the_old_or_the_new_one_after_a_kill(served, make_key_of):
    """Whatever was acknowledged is there; what was not is there whole or not at all, and nothing else is left."""
    served.start()
    key = make_key_of(served)
    client_of(served, key).create_bucket(Bucket="box")
    acknowledged = b""
    for round_ in range(3):
        s3 = client_of(served, key, retries={"max_attempts": 1})
        sent = {acknowledged}

        def put_until_killed():
            nonlocal acknowledged
            number = 0
            while True:
                body = f"{round_} {number} ".encode() + os.urandom(8) * 100_000
                sent.add(body)
                try:
                    s3.put_object(Bucket="box", Key="k", Body=body)
                except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError):
                    return
                sent.clear()
                sent.add(body)
                acknowledged = body
                number += 1

        putting = threading.Thread(target=put_until_killed)
        putting.start()
        while not acknowledged.startswith(f"{round_} ".encode()):
            time.sleep(0.01)
        time.sleep(0.05 * round_)
        served.kill()
        putting.join()
        served.start()
        s3 = client_of(served, key)
        there = s3.get_object(Bucket="box", Key="k")["Body"].read()
        assert there in sent, (len(there), there[:20])
        assert [each["Size"] for each in s3.list_objects_v2(Bucket="box")["Contents"]] == [len(there)]
        blobs = [path for path in (served.program.data_directory / "blobs" / "objects").rglob("*") if path.is_file()]
        assert len(blobs) == 1
        acknowledged = there


def test_objects_are_in_backups_and_come_back(served, make_key_of, eunomia, tmp_path):
    served.start("--backup-folder", tmp_path / "backups")
    key = make_key_of(served)
    s3 = client_of(served, key)
    s3.create_bucket(Bucket="box")
    s3.put_object(Bucket="box", Key="k", Body=b"kept", Metadata={"a": "1"})
    served.wait_for_job(served.post("/api/v1/backups").expect(202).json)
    s3.put_object(Bucket="box", Key="k", Body=b"changed since")
    served.stop()
    [backup] = (tmp_path / "backups").iterdir()
    old = eunomia.data_directory
    eunomia.data_directory = tmp_path / "restored"
    eunomia.run("restore", backup, "--data", eunomia.data_directory, "--keys", old / "keys").expect()
    served.start()
    got = client_of(served, key).get_object(Bucket="box", Key="k")
    assert got["Body"].read() == b"kept" and got["Metadata"] == {"a": "1"}
