"""What the people of a shop do with the command line, from the first import to the last erasure."""

import pathlib

import pytest

import shop
import traces


@pytest.fixture
def imported(eunomia, tmp_path):
    eunomia.json("recommend", "import", "--dataset", "shop",
                 "--items", shop.write_items(tmp_path / "items.csv"), "--declare", "DEPARTMENT:category",
                 "--declare", "PRICE:number", "--declare", "CREATION_TIMESTAMP:integer").expect()
    eunomia.json("recommend", "import", "--dataset", "shop", "--users", shop.write_users(tmp_path / "users.csv"),
                 "--declare", "COUNTRY:category").expect()
    eunomia.json("recommend", "import", "--dataset", "shop",
                 "--interactions", shop.write_events(tmp_path / "events.csv.gz", shop.events())).expect()
    return eunomia


def fit(eunomia, model, *more):
    return eunomia.json("recommend", "fit", "--dataset", "shop", "--model", model, "--name", model, *more).expect().value


def answer(eunomia, model, *arguments):
    return eunomia.json("recommend", "recommend", "--name", model, *arguments).expect().value


def ids(value):
    return [entry["item"] for entry in value["recommendations"]]


@pytest.mark.parametrize("model", ["popularity", "trending", "item-knn", "session-knn", "ease", "ials"])
def test_every_family_learns_answers_and_forgets(imported, model):
    trained = fit(imported, model)
    assert trained["people"] == 120 and trained["version"] == 1
    listed = ids(answer(imported, model, "--user", "user-0001", "--count", 5))
    assert len(listed) == 5
    known = {row[1] for row in shop.events() if row[0] == "user-0001"}
    assert not known & set(listed), "what the person has is not recommended"
    forgotten = imported.json("recommend", "forget", "--user", "user-0001").expect().value
    assert forgotten["known"] == 1
    steps = {step["what"]: step for step in forgotten["requests"][0]["steps"]}
    learned = steps[f'version 1 of recommender "{model}" ({model})']
    assert learned["count"] == 1 and learned["level"] == "model_exactly_updated"
    assert steps['interactions of dataset "shop"']["count"] == 15
    assert imported.run("recommend", "recommend", "--name", model, "--user", "user-0001").code == 4


def test_a_personal_answer_follows_the_taste_and_says_why(imported):
    fit(imported, "ease")
    value = answer(imported, "ease", "--user", "user-0002", "--count", 3, "--explain", 3)
    for entry in value["recommendations"]:
        shares = [reason["share"] for reason in entry["because"]]
        assert shares == sorted(shares, reverse=True) and 0 < sum(shares) <= 1.0001
    why = imported.json("recommend", "explain", "--name", "ease", "--user", "user-0002",
                        "--item", value["recommendations"][0]["item"]).expect().value
    assert abs(sum(reason["share"] for reason in why["because"]) - 1) < 1e-3


def test_filters_apply_before_the_ranking(imported):
    fit(imported, "ease")
    books = answer(imported, "ease", "--user", "user-0001", "--count", 4, "--where", "DEPARTMENT=books")
    assert len(ids(books)) == 4 and all(item.startswith("item-3-") for item in ids(books))
    cheap = answer(imported, "ease", "--user", "user-0001", "--count", 40, "--where", "PRICE<=3")
    assert ids(cheap) and all(int(item[-2:]) <= 2 for item in ids(cheap))
    first = ids(answer(imported, "ease", "--user", "user-0001", "--count", 1))[0]
    assert first not in ids(answer(imported, "ease", "--user", "user-0001", "--count", 40, "--exclude", first))
    assert ids(answer(imported, "ease", "--user", "user-0001", "--only", "item-3-00,item-3-01,item-3-02"))


def test_filters_of_personalize_choose_items(imported):
    fit(imported, "ease")
    cheap_books = ("--filter", "INCLUDE ItemID WHERE Items.DEPARTMENT IN ($D) AND Items.PRICE <= $PRICE",
                   "--filter-value", "D=books,nothing", "--filter-value", "PRICE=4")
    listed = ids(answer(imported, "ease", "--user", "user-0001", "--count", 40, *cheap_books))
    assert listed and all(item.startswith("item-3-") for item in listed)
    assert ids(answer(imported, "ease", "--user", "user-0001", "--rank", "item-0-00,item-3-01", *cheap_books)) \
        == ["item-3-01"]
    similar = imported.json("recommend", "similar", "--name", "ease", "--item", "item-1-05", "--filter",
                            "INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE").expect().value["similar"]
    assert similar and all(int(entry["item"][-2:]) < 5 for entry in similar)
    wrong = imported.run("recommend", "recommend", "--name", "ease", "--user", "user-0001",
                         "--filter", 'EXCLUDE ItemID WHERE Items.GENRE LIKE "a"')
    assert wrong.code == 3 and 'filter: at 34: expected IN, NOT IN or a comparison, got "LIKE"' in wrong.stderr
    assert "expected NAME=VALUE" in imported.run("recommend", "recommend", "--name", "ease", "--user", "user-0001",
                                                 "--filter-value", "5").stderr


def test_a_given_list_is_ranked_for_the_person(imported):
    fit(imported, "ease")
    value = answer(imported, "ease", "--user", "user-0000", "--rank", "item-3-05,item-0-05,never-seen")
    assert sorted(ids(value)) == ["item-0-05", "item-3-05", "never-seen"]
    assert ids(value)[-1] == "never-seen"


def test_an_anonymous_person_is_answered_from_what_they_looked_at(imported):
    fit(imported, "item-knn")
    value = answer(imported, "item-knn", "--history", "item-2-00,item-2-01", "--count", 5)
    assert sum(item.startswith("item-2-") for item in ids(value)) >= 3


def test_new_items_reach_people_by_exploration(imported):
    fit(imported, "ease")
    plain = ids(answer(imported, "ease", "--user", "user-0003", "--count", 10))
    assert not any(item.startswith("new-") for item in plain)
    explored = ids(answer(imported, "ease", "--user", "user-0003", "--count", 10, "--explore", "0.3"))
    assert sum(item.startswith("new-") for item in explored) == 3
    again = ids(answer(imported, "ease", "--user", "user-0003", "--count", 10, "--explore", "0.3"))
    assert explored == again


def test_new_items_reach_people_by_their_features(imported):
    fit(imported, "ials")
    ranked = ids(answer(imported, "ials", "--user", "user-0001", "--rank", "new-0,new-1,new-2,new-3"))
    assert ranked[0] == "new-1", "user-0001 buys kitchen things"


def test_similar_items_come_from_the_same_department(imported):
    fit(imported, "item-knn")
    value = imported.json("recommend", "similar", "--name", "item-knn", "--item", "item-1-00", "--count", 4).expect().value
    assert len(value["similar"]) == 4
    assert sum(entry["item"].startswith("item-1-") for entry in value["similar"]) >= 3
    missing = imported.run("recommend", "similar", "--name", "item-knn", "--item", "no such thing").expect(4)
    assert "no such thing" in missing.stderr


def test_auto_shows_what_it_chose_from(imported):
    chosen = fit(imported, "auto")
    assert {row["family"] for row in chosen["candidates"]} >= {"popularity", "ease", "ials", "item-knn"}
    best = max((row for row in chosen["candidates"] if "ndcg_at_10" in row), key=lambda row: row["ndcg_at_10"])
    assert best["family"] == chosen["family"]


def test_training_again_makes_the_next_version_with_the_same_bits(imported):
    first = fit(imported, "ials")
    path = next(pathlib.Path(imported.data_directory).rglob("*.model"))
    before = path.read_bytes()
    second = imported.json("recommend", "fit", "--dataset", "shop", "--model", "ials", "--name", "ials",
                           "--threads", "1").expect().value
    assert (first["version"], second["version"]) == (1, 2)
    after = [p.read_bytes() for p in pathlib.Path(imported.data_directory).rglob("*.model")]
    assert after == [before, before], "two versions, and the same bits at another number of threads"


def test_forgetting_leaves_no_byte_of_the_identifier(imported):
    fit(imported, "ease")
    held = traces.of_everybody(imported.data_directory)
    imported.json("recommend", "forget", "--user", "user-0017").expect()
    traces.assert_gone(imported.data_directory, held, 1, ["user-0017"])


def test_forgotten_people_leave_the_models_of_people_who_never_came(imported, eunomia_binary, tmp_path):
    """Erasing equals never having imported: the same lists for everybody else."""
    gone = {f"user-{n:04}" for n in range(0, 40)}
    fit(imported, "ease")
    users = tmp_path / "gone.txt"
    users.write_text("\n".join(gone))
    imported.json("recommend", "forget", "--users-from", users).expect()
    other = type(imported)(eunomia_binary, tmp_path / "other")
    other.json("recommend", "import", "--dataset", "shop", "--interactions",
               shop.write_events(tmp_path / "rest.csv", [row for row in shop.events() if row[0] not in gone])).expect()
    fit(other, "ease")
    for person in ["user-0041", "user-0077", "user-0118"]:
        a = answer(imported, "ease", "--user", person, "--count", 15)
        b = answer(other, "ease", "--user", person, "--count", 15)
        assert a["recommendations"] == b["recommendations"]


def test_somebody_unknown_is_not_found_and_nothing_changes(imported):
    fit(imported, "popularity")
    assert "known" in imported.run("recommend", "forget", "--user", "nobody").expect(4).stderr


def test_export_gives_back_what_was_imported(imported, tmp_path):
    target = tmp_path / "out.csv"
    value = imported.json("recommend", "export", "--dataset", "shop", "--kind", "interactions", "--to", target).expect().value
    assert value["rows"] == len(shop.events())
    lines = target.read_text().splitlines()
    assert lines[0].startswith("USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE")
    exported = sorted(tuple(line.split(",")[:3]) for line in lines[1:])
    assert exported == sorted((user, item, str(time)) for user, item, time, _, _ in shop.events())


def test_two_processes_do_not_share_a_data_directory(imported, tmp_path):
    import fcntl
    with open(pathlib.Path(imported.data_directory) / "lock", "r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        ended = imported.run("recommend", "list").expect(8)
    assert str(imported.data_directory) in ended.stderr


def test_help_tells_the_flag_the_variable_and_the_file(eunomia):
    text = eunomia.run("--help").expect().stdout
    assert "--data" in text and "EUNOMIA_DATA" in text and "toml" in text.lower()
    assert "130" in text, "exit codes are told"


def test_an_unknown_flag_is_a_usage_error(eunomia):
    eunomia.run("recommend", "list", "--nonsense").expect(2)
    eunomia.run("recommend").expect(2)
