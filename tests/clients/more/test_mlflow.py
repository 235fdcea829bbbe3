"""MLflow keeps the artifacts of runs in a bucket."""

import json
import pathlib


def test_artifacts_are_logged_listed_downloaded_and_deleted(run_client, objects, tmp_path):
    objects.client.create_bucket(Bucket="runs")
    said = json.loads(run_client("python", pathlib.Path(__file__).with_name("mlflow_artifacts.py"), "s3://runs/1/abc/artifacts"))
    assert said == {"left": ["model"]}
    assert sorted(objects("runs")) == ["1/abc/artifacts/model/MLmodel", "1/abc/artifacts/model/data/größe +1.json",
                                       "1/abc/artifacts/model/data/weights.bin"]
    assert objects.client.list_multipart_uploads(Bucket="runs").get("Uploads", []) == []
