"""The inventory names every file that a busy server leaves in its data directory."""

import shop


def owner_of(path, holdings):
    for held in holdings:
        place = {"blob prefix": "blobs/" + held["place"], "folder": held["place"] + "/", "file": held["place"]}.get(held["store"])
        if place is not None and (path.startswith(place) if place.endswith("/") else path == place):
            return held
    return None


def test_every_file_of_the_data_directory_has_an_owner(running, tmp_path):
    running.make_shop(shop.write_events(tmp_path / "events.csv", shop.events()), users=shop.write_users(tmp_path / "users.csv"))
    running.post("/api/v1/datasets/shop/events", {"user_id": "newcomer", "item_id": "item-2-00"}).expect()
    running.wait_for_request(running.erase("user-0017"))
    holdings = running.get("/api/v1/inventory").expect().json["holdings"]
    folder = running.program.data_directory
    files = [str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()]
    assert any(path.startswith("blobs/models/") for path in files) and any(path.startswith("blobs/tables/") for path in files)
    database = {"eunomia.db", "eunomia.db-wal", "eunomia.db-shm"}  # what is in it is listed table by table
    assert [path for path in files if path not in database and owner_of(path, holdings) is None] == []


def test_the_inventory_says_of_each_dataset_what_it_is_for(running):
    running.post("/api/v1/datasets", {"name": "shop"}).expect(201)
    holdings = running.get("/api/v1/inventory").expect().json["holdings"]
    tables = {held["place"]: held for held in holdings if held["store"] == "table"}
    assert {held["about"] for held in tables.values()} == {"data subjects", "nobody"}
    for held in tables.values():
        assert '"shop"' in held["what"]
        assert held["about"] == "nobody" or (held["purposes"] == ["recommendation"] and held["erasure"])
    shown = running.program.run("inventory", "--server", running.url, "--token-file",
                                running.program.data_directory / "administrator.token").expect()
    assert "dataset_event_key" in shown.stdout and "stored_part" not in shown.stdout
