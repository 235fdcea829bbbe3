"""A file that was written before somebody asked to be erased, and is imported while they are, does not bring them back."""

import os
import time

GONE = "gone-customer-0001"
OTHERS = [f"person-{n:02}-unmistakable" for n in range(20)]


def csv_of(people):
    rows = [f"{who},item-{(n + k) % 12},{1_700_000_000 + n * 100 + k}" for n, who in enumerate(people) for k in range(5)]
    return "USER_ID,ITEM_ID,TIMESTAMP\n" + "\n".join(rows) + "\n"


def test_a_file_from_before_leaves_out_who_is_being_erased_and_one_from_after_does_not(served, tmp_path):
    shop = tmp_path / "shop.csv"
    shop.write_text(csv_of([GONE, *OTHERS]))
    before = tmp_path / "before.csv"
    before.write_text(csv_of([GONE, "newcomer-from-before"]))
    an_hour_ago = time.time() - 3600
    os.utime(before, (an_hour_ago, an_hour_ago))
    # The request stays open for as long as this test looks.
    served.start("--allow-import-from", tmp_path, "--erase-delay", 600)
    served.make_shop(shop)
    asked = served.post("/api/v1/subjects/erasures", {"users": [GONE]}).expect(202).json

    job = served.post("/api/v1/datasets/shop/imports", {"kind": "interactions", "path": str(before)}).expect(202).json
    report = served.wait_for_job(job)["result"]
    assert report["rows"] == 5 and report["new_users"] == 1
    assert any("5 rows were left out" in warning for warning in report["warnings"]), report
    served.post("/api/v1/subjects/archive", {"user": GONE}).expect(404)

    after = tmp_path / "after.csv"
    after.write_text(csv_of([GONE, "newcomer-from-after"]))
    os.utime(after, (time.time() + 1, time.time() + 1))
    job = served.post("/api/v1/datasets/shop/imports", {"kind": "interactions", "path": str(after)}).expect(202).json
    report = served.wait_for_job(job)["result"]
    assert report["rows"] == 10 and report["new_users"] == 2 and not report["warnings"], report
    served.post("/api/v1/subjects/archive", {"user": GONE}).expect()
    assert served.get(f"/api/v1/subjects/requests/{asked['id']}").expect().json["state"] == "under_way"
