"""The two contracts of the command line that scripts build on, on real data."""

import pytest

NAMES = ["popularity", "trending", "item-knn", "session-knn", "ease", "ials", "auto"]
FIELDS = {"model", "ndcg_at_10", "recall_at_20", "mrr_at_25", "precision_at_5", "coverage_at_25", "train_seconds"}


@pytest.fixture(scope="module")
def split(shared_data):
    folder = shared_data / "online-retail" / "split"
    return [f"--train={folder / 'train.csv.gz'}", f"--fold-in={folder / 'fold_in.csv.gz'}"], \
        f"--targets={folder / 'targets.csv.gz'}"


def test_evaluate_all_reaches_the_reference_figures(eunomia, split):
    told, targets = split
    rows = eunomia.json("recommend", "evaluate", *told, targets, "--model", "all").expect().value
    by_name = {row["model"]: row for row in rows}
    assert set(NAMES) <= set(by_name)
    for row in rows:
        assert FIELDS <= set(row)
        assert row["people"] == 366
        assert row["ndcg_at_10_interval"][0] <= row["ndcg_at_10"] <= row["ndcg_at_10_interval"][1]
    assert by_name["ease"]["ndcg_at_10"] >= 0.089
    assert by_name["ease"]["recall_at_20"] >= 0.170
    assert by_name["ials"]["ndcg_at_10"] >= 0.080
    assert by_name["item-knn"]["ndcg_at_10"] >= 0.076
    best = max(row["ndcg_at_10"] for name, row in by_name.items() if name != "auto")
    assert by_name["auto"]["ndcg_at_10"] >= best


def test_evaluate_prints_one_row_for_one_model(eunomia, split):
    told, targets = split
    rows = eunomia.json("recommend", "evaluate", *told, targets, "--model", "popularity").expect().value
    assert [row["model"] for row in rows] == ["popularity"]


def test_evaluate_prints_a_table_for_people(eunomia, split):
    told, targets = split
    ended = eunomia.run("recommend", "evaluate", *told, targets, "--model", "popularity").expect()
    assert "nDCG@10" in ended.stdout and "popularity" in ended.stdout


@pytest.mark.parametrize("model", ["ease", "item-knn"])
@pytest.mark.parametrize("erasures", [100, pytest.param(1000, marks=pytest.mark.soak)])
def test_forgetting_equals_a_retrain(eunomia, split, model, erasures):
    told, _ = split
    check = eunomia.json("recommend", "verify-forgetting", *told, "--model", model, "--erasures", erasures).expect().value
    assert check["model"] == model and check["erasures"] == erasures
    assert check["users_compared"] == 366
    assert check["identical_top_25"] == 366
    assert check["max_relative_difference"] < 1e-5
    assert check["identical_after_rederiving"] is True
    assert 0 < check["forget_ms_p50"] <= check["forget_ms_p99"]
    assert check["retrain_seconds"] > 0


@pytest.mark.parametrize("model", ["popularity", "trending", "session-knn"])
def test_forgetting_by_counts_is_exact(eunomia, split, model):
    told, _ = split
    check = eunomia.json("recommend", "verify-forgetting", *told, "--model", model, "--erasures", 50).expect().value
    assert check["level"] == "exact"
    assert check["identical_top_25"] == 366
    assert check["max_relative_difference"] == 0


def test_ials_reports_its_distance_from_a_retrain(eunomia, split):
    told, _ = split
    check = eunomia.json("recommend", "verify-forgetting", *told, "--model", "ials", "--erasures", 10).expect().value
    assert check["level"] == "converged"
    assert check["max_relative_difference"] > 0
    assert check["mean_overlap_at_25"] > 0.8
    assert check["identical_after_rederiving"] is True


def test_a_family_that_does_not_exist_is_refused_with_those_that_do(eunomia, split):
    told, targets = split
    ended = eunomia.run("recommend", "evaluate", *told, targets, "--model", "nonsense").expect(4)
    assert "nonsense" in ended.stderr and "ease" in ended.stderr


def test_a_parameter_that_does_not_exist_is_refused_by_name(eunomia, split):
    told, targets = split
    ended = eunomia.run("recommend", "evaluate", *told, targets, "--model", "ease", "--set", "lambada=3").expect(3)
    assert "lambada" in ended.stderr


def test_more_erasures_than_people_are_refused(eunomia, split):
    told, _ = split
    ended = eunomia.run("recommend", "verify-forgetting", *told, "--model", "popularity", "--erasures", 4000).expect(3)
    assert "3906" in ended.stderr or "3,906" in ended.stderr


def test_training_that_does_not_fit_is_refused_beforehand_with_the_figure(eunomia, split):
    told, targets = split
    ended = eunomia.run("recommend", "evaluate", *told, targets, "--model", "ease", "--memory-limit", "20MB").expect(6)
    assert "MB" in ended.stderr or "MiB" in ended.stderr
