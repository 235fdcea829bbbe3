"""How far an erasure is, while it is under way: over HTTP, and on the terminal of who erases a batch."""

import pytest

PEOPLE = [f"person-{n:03}-unmistakable" for n in range(60)]


@pytest.fixture
def interactions(tmp_path):
    path = tmp_path / "interactions.csv"
    rows = [f"{who},item-{(n + k) % 12},{1_700_000_000 + n * 100 + k}" for n, who in enumerate(PEOPLE) for k in range(5)]
    path.write_text("USER_ID,ITEM_ID,TIMESTAMP\n" + "\n".join(rows) + "\n")
    return path


def test_a_request_says_that_it_waits_and_nothing_more_when_it_is_completed(served, interactions):
    served.start("--erase-delay", 3600)
    served.make_shop(interactions)
    request = served.erase(*PEOPLE[:10])
    waiting = {"phase": "waiting", "done": 0, "total": 0}
    assert request["progress"] == waiting
    assert served.get(f"/api/v1/subjects/requests/{request['id']}").expect().json["progress"] == waiting
    [listed] = served.get("/api/v1/subjects/requests").expect().json["requests"]
    assert listed["progress"] == waiting
    assert served.stop() == 0
    served.start("--erase-delay", 0)
    assert "progress" not in served.wait_for_request(request)


def test_who_erases_a_batch_from_a_file_sees_how_far_it_is(eunomia, interactions, tmp_path):
    eunomia.run("recommend", "import", "--dataset", "shop", "--interactions", interactions).expect()
    eunomia.run("recommend", "fit", "--dataset", "shop", "--model", "ease").expect()
    users = tmp_path / "users.txt"
    users.write_text("\n".join(PEOPLE[:30]) + "\n")
    ended = eunomia.run("subjects", "erase", "--users-from", users).expect()
    shown = [ended.stderr.find(stage) for stage in ("begin", "looking", "erasing", "verifying", "certifying")]
    assert -1 not in shown and shown == sorted(shown), ended.stderr
    assert "unmistakable" not in ended.stderr
