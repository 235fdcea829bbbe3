"""Ctrl-C stops long work where nothing is half-done."""

import signal
import time

import shop


def test_an_import_that_is_interrupted_ends_with_130_and_leaves_nothing(eunomia, tmp_path):
    path = shop.write_events(tmp_path / "events.csv", shop.events(people=40_000, each=50))
    process = eunomia.start("recommend", "import", "--dataset", "shop", "--interactions", path)
    # The lock is taken before the first row is read.
    while not (eunomia.data_directory / "lock").exists() and process.poll() is None:
        time.sleep(0.005)
    time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr.decode()
    assert "cancelled" in stderr.decode()
    assert all(d["interactions"] == 0 for d in eunomia.json("recommend", "list").expect().value["datasets"])
    eunomia.json("recommend", "import", "--dataset", "shop", "--interactions", path).expect()
