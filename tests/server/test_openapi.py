"""The OpenAPI document: what it says is what the server does."""

import json
import os
import re
import subprocess
import sys
import pathlib

import shop

EXAMPLES = 300 if os.environ.get("EUNOMIA_SOAK") == "1" else 15


def test_every_route_wants_a_credential(running):
    paths = running.get("/api/v1/openapi.json").expect().json["paths"]
    operations = [(verb, path) for path, verbs in paths.items() for verb in verbs]
    assert len(operations) > 25
    for verb, path in operations:
        told = running.request(verb.upper(), re.sub(r"\{\w+\}", "1", path), headers={"Authorization": None})
        assert told.status == 401 and "WWW-Authenticate" in told.headers, (verb, path)
        assert told.json["error"]["code"] == "unauthenticated"
    assert running.get("/health", headers={"Authorization": None}).status == 200
    assert running.get("/metrics", headers={"Authorization": None}).status == 401


def test_every_role_may_do_what_the_document_says_and_no_more(running):
    paths = running.get("/api/v1/openapi.json").expect().json["paths"]
    tokens = {role: running.post("/api/v1/tokens", {"role": role, "label": role}).expect(201).json["token"]
              for role in ["privacy-officer", "engineer", "annotator", "service"]}
    for path, verbs in paths.items():
        for verb, operation in verbs.items():
            allowed = re.search(r"Roles: (.*)\.", operation["description"])[1].split(", ")
            for role, token in tokens.items():
                told = running.request(verb.upper(), re.sub(r"\{\w+\}", "no-such", path), token=token)
                assert (told.status == 403) == (role not in allowed), (role, verb, path, told.status, told.body)


# Names and numbers of things that exist, so that requests come further than to a 404.
THERE_IS = """
[parameters]
"path.dataset" = "shop"
"path.recommender" = "shop"
"path.job" = 1
"path.request" = 1
"""


def conforms(running, folder, *options):
    program = pathlib.Path(sys.executable).with_name("schemathesis")
    hooks = os.environ | {"SCHEMATHESIS_HOOKS": "schemathesis_hooks", "PYTHONPATH": str(pathlib.Path(__file__).parent)}
    ended = subprocess.run(
        [program, *options[:2], "run", f"{running.url}/api/v1/openapi.json", "-H", f"Authorization: Bearer {running.token}",
         "--checks", "not_a_server_error,response_schema_conformance,content_type_conformance",
         "--phases", "examples,coverage,fuzzing", "--max-examples", str(EXAMPLES), "--request-timeout", "30",
         "--exclude-path-regex", "/watch$", "--no-color", "--workers", "1", *options[2:]],
        capture_output=True, text=True, timeout=3000, cwd=folder, env=hooks)
    assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]
    assert running.process.poll() is None


def test_random_requests_to_what_exists_get_the_answers_that_the_document_promises(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()))
    running.erase("user-0001")
    (tmp_path / "there-is.toml").write_text(THERE_IS)
    conforms(running, tmp_path, "--config-file", "there-is.toml", "--exclude-method", "DELETE")


def test_random_requests_to_anything_get_the_answers_that_the_document_promises(running, tmp_path):
    (tmp_path / "nothing.toml").write_text("")
    conforms(running, tmp_path, "--config-file", "nothing.toml")
