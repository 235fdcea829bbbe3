"""Access keys: made and revoked by an administrator, over HTTP and from the command line."""

import json

NEW = {"role": "engineer", "label": "nightly export"}


def test_an_access_key_is_shown_once_and_listed_without_its_secret(running):
    made = running.post("/api/v1/access-keys", NEW | {"lifetime_days": 7}).expect(201).json
    assert len(made["record"]["id"]) == 20 and made["record"]["id"].startswith("EUNA") and len(made["secret"]) == 40
    assert made["record"]["role"] == "engineer" and "expires_at" in made["record"]
    forever = running.post("/api/v1/access-keys", NEW).expect(201).json
    assert "expires_at" not in forever["record"]
    listed = running.get("/api/v1/access-keys").expect()
    assert [key["id"] for key in listed.json["access_keys"]] == [made["record"]["id"], forever["record"]["id"]]
    assert made["secret"].encode() not in listed.body
    running.request("DELETE", f"/api/v1/access-keys/{made['record']['id']}").expect(204)
    assert "revoked_at" in running.get("/api/v1/access-keys").expect().json["access_keys"][0]
    assert running.request("DELETE", "/api/v1/access-keys/EUNA").status == 404
    assert running.post("/api/v1/access-keys", NEW | {"role": "boss"}).status == 400
    assert running.stop() == 0
    for path in running.program.data_directory.rglob("*"):
        assert not path.is_file() or made["secret"].encode() not in path.read_bytes(), path
    assert made["secret"] not in running.logged()


def test_only_an_administrator_makes_access_keys(running):
    for role in ("privacy-officer", "engineer", "service"):
        token = running.post("/api/v1/tokens", {"role": role, "label": role}).expect(201).json["token"]
        assert running.post("/api/v1/access-keys", NEW, token=token).status == 403
        assert running.get("/api/v1/access-keys", token=token).status == 403


def test_the_command_line_asks_the_server_and_who_did_it_is_on_record(running, tmp_path):
    file = tmp_path / "token"
    file.write_text(running.token)
    to_server = ["--server", running.url, "--token-file", file]
    made = running.program.json("keys", "create", "--role", "service", "--label", "shop", "--lifetime-days", "30",
                                *to_server).expect().value
    running.program.run("keys", "revoke", made["record"]["id"], *to_server).expect()
    listed = running.program.json("keys", "list", *to_server).expect().value["access_keys"]
    assert [key["label"] for key in listed] == ["shop"] and listed[0]["revoked_at"]
    assert running.program.json("keys", "epochs", *to_server).expect().value["epochs"][0]["state"] == "current"
    entries = running.get("/api/v1/audit/entries").expect().json["entries"]
    told = {entry["action"]: entry for entry in entries}
    assert told["access_key.created"]["actor"] == told["access_key.revoked"]["actor"] == "token tok-1"
    assert told["access_key.created"]["details"]["access_key"] == made["record"]["id"]
    assert made["secret"] not in json.dumps(entries)
