"""What MLflow's tracking does with the artifacts of a run, at the root that is the only argument; prints what is left."""

import hashlib
import json
import pathlib
import random
import sys
import tempfile
import urllib.request

from mlflow.entities.multipart_upload import MultipartUploadPart
from mlflow.store.artifact.artifact_repository_registry import get_artifact_repository

PART_BYTES = 6 << 20


def digest(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def put(url, part):
    with urllib.request.urlopen(urllib.request.Request(url, data=part, method="PUT")) as answer:
        return answer.headers["ETag"]


def main():
    repository = get_artifact_repository(sys.argv[1])
    here = pathlib.Path(tempfile.mkdtemp())
    model = here / "model"
    (model / "data").mkdir(parents=True)
    (model / "MLmodel").write_text("flavors: {}\n")
    (model / "data" / "größe +1.json").write_text("{}")
    (model / "data" / "weights.bin").write_bytes(random.Random(2).randbytes(20 << 20))  # boto3 sends it in parts
    (here / "metrics.txt").write_text("auc 0.9\n")

    repository.log_artifacts(str(model), "model")
    repository.log_artifact(str(here / "metrics.txt"))
    listed = {one.path: (one.is_dir, one.file_size) for one in repository.list_artifacts()}
    assert listed == {"metrics.txt": (False, 8), "model": (True, None)}, listed
    deeper = {one.path: one.is_dir for one in repository.list_artifacts("model")}
    assert deeper == {"model/MLmodel": False, "model/data": True}, deeper
    assert repository.list_artifacts("model/MLmodel") == [], "a file has nothing below it"

    back = pathlib.Path(repository.download_artifacts("model"))
    for path in model.rglob("*"):
        assert path.is_dir() or digest(path) == digest(back / path.relative_to(model)), path

    # As a client of a tracking server uploads what is large: the server signs a URL for each part.
    large = here / "large.bin"
    parts = [random.Random(i).randbytes(PART_BYTES) for i in range(3)]
    large.write_bytes(b"".join(parts))
    begun = repository.create_multipart_upload(str(large), num_parts=3)
    sent = [MultipartUploadPart(one.part_number, put(one.url, part)) for one, part in zip(begun.credentials, parts)]
    repository.complete_multipart_upload(str(large), begun.upload_id, sent)
    assert digest(repository.download_artifacts("large.bin")) == digest(large)
    given_up = repository.create_multipart_upload(str(large), num_parts=1)
    repository.abort_multipart_upload(str(large), given_up.upload_id)

    repository.delete_artifacts("metrics.txt")
    repository.delete_artifacts("large.bin")
    print(json.dumps({"left": [one.path for one in repository.list_artifacts()]}))


main()
