"""Bad input gets an error that names the thing, the place and the remedy, and nothing of it is imported."""

import gzip
import time

import pytest

import shop

HEADER = "USER_ID,ITEM_ID,TIMESTAMP,EVENT_TYPE,EVENT_VALUE\n"
GOOD = "u1,i1,1700000000,view,1\n"


def attempt(eunomia, tmp_path, content, *more, name="events.csv"):
    path = tmp_path / name
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return eunomia.run("recommend", "import", "--dataset", "shop", "--interactions", path, *more)


def nothing_there(eunomia):
    listing = eunomia.json("recommend", "list").expect().value
    return all(d["interactions"] == 0 and d["items"] == 0 for d in listing["datasets"])


BAD_ROWS = {
    "a tab in an id": ("u1,i\t1,1700000000,view,1\n", "ITEM_ID", "control"),
    "a timestamp that is none": ("u1,i1,yesterday,view,1\n", "TIMESTAMP", "yesterday"),
    "a negative timestamp": ("u1,i1,-5,view,1\n", "TIMESTAMP", "-5"),
    "a timestamp in microseconds": ("u1,i1,1700000000000000,view,1\n", "TIMESTAMP", "1700000000000000"),
    "a timestamp in the future": (f"u1,i1,{int(time.time()) + 10 * 86400},view,1\n", "TIMESTAMP", ""),
    "no user": (",i1,1700000000,view,1\n", "USER_ID", ""),
    "no item": ("u1,,1700000000,view,1\n", "ITEM_ID", ""),
    "a value that is no number": ("u1,i1,1700000000,view,much\n", "EVENT_VALUE", "much"),
    "too few fields": ("u1,i1\n", "", ""),
    "too many fields": ("u1,i1,1700000000,view,1,2,3\n", "", ""),
}


@pytest.mark.parametrize("what", BAD_ROWS)
def test_a_bad_row_names_file_line_column_and_value_and_nothing_is_imported(eunomia, tmp_path, what):
    row, column, value = BAD_ROWS[what]
    ended = attempt(eunomia, tmp_path, HEADER + GOOD + row + GOOD).expect(3)
    assert "events.csv" in ended.stderr and "3" in ended.stderr
    assert column in ended.stderr and value in ended.stderr
    assert nothing_there(eunomia)


@pytest.mark.parametrize("what", BAD_ROWS)
def test_skip_invalid_keeps_the_good_rows_and_says_how_many_were_not(eunomia, tmp_path, what):
    rejects = tmp_path / "rejects.csv"
    ended = attempt(eunomia, tmp_path, HEADER + GOOD + BAD_ROWS[what][0] + GOOD, "--skip-invalid", rejects,
                    "--json").expect()
    assert '"rows": 2' in ended.stdout and '"rejected": 1' in ended.stdout
    lines = rejects.read_text().splitlines()
    assert len(lines) == 2 and ",3," in lines[1]


@pytest.mark.parametrize("content", ["", HEADER, "\n", "\ufeff" + HEADER])
def test_a_file_without_rows_is_refused_or_imports_nothing(eunomia, tmp_path, content):
    ended = attempt(eunomia, tmp_path, content)
    assert ended.code in (0, 3)
    assert "events.csv" in ended.stderr + ended.stdout or ended.code == 0
    assert nothing_there(eunomia)


def test_a_missing_column_is_named_with_those_found(eunomia, tmp_path):
    ended = attempt(eunomia, tmp_path, "customer,ITEM_ID,TIMESTAMP\nu,i,1700000000\n").expect(3)
    assert "USER_ID" in ended.stderr and "customer" in ended.stderr


def test_another_name_of_a_column_can_be_given(eunomia, tmp_path):
    attempt(eunomia, tmp_path, "customer,ITEM_ID,TIMESTAMP\nu,i,1700000000\n", "--column", "USER_ID=customer").expect()


def test_an_undeclared_column_is_named_with_the_remedy(eunomia, tmp_path):
    ended = attempt(eunomia, tmp_path, "USER_ID,ITEM_ID,TIMESTAMP,INVOICE\nu,i,1700000000,9\n").expect(3)
    assert "INVOICE" in ended.stderr and "declare" in ended.stderr


def test_a_gzip_file_cut_in_the_middle_is_refused(eunomia, tmp_path):
    whole = gzip.compress((HEADER + GOOD * 10_000).encode())
    ended = attempt(eunomia, tmp_path, whole[: len(whole) // 2], name="events.csv.gz").expect(3)
    assert "events.csv.gz" in ended.stderr
    assert nothing_there(eunomia)


def test_a_quote_that_never_closes_is_refused_at_its_line(eunomia, tmp_path):
    ended = attempt(eunomia, tmp_path, HEADER + GOOD + '"u1,i1,1700000000,view,1\n' + GOOD).expect(3)
    assert "3" in ended.stderr and "quot" in ended.stderr
    assert nothing_there(eunomia)


def test_a_file_that_is_not_there_is_not_found(eunomia, tmp_path):
    ended = eunomia.run("recommend", "import", "--dataset", "shop", "--interactions", tmp_path / "absent.csv")
    assert ended.code in (2, 4) and "absent.csv" in ended.stderr


def test_ids_with_quotes_commas_emoji_and_ten_thousand_characters_come_back_as_they_were(eunomia, tmp_path):
    strange = ['he said "hi"', "a,b;c d", "🦊🌍 żółć", "x" * 10_000, " spaces ", "'; DROP TABLE users; --", "../../etc",
               "=1+1", "\\N"]
    rows = [(user, item, 1_700_000_000 + i, "view", 1) for i, user in enumerate(strange) for item in strange]
    path = shop.write_events(tmp_path / "strange.csv", rows)
    eunomia.json("recommend", "import", "--dataset", "shop", "--interactions", path).expect()
    eunomia.json("recommend", "fit", "--dataset", "shop", "--model", "popularity").expect()
    for user in strange:
        value = eunomia.json("recommend", "recommend", "--name", "shop", "--user", user,
                             "--include-history", "--count", 20).expect().value
        assert {entry["item"] for entry in value["recommendations"]} == set(strange)
    eunomia.json("recommend", "forget", "--user", strange[0]).expect()


def test_timestamps_in_milliseconds_are_the_same_moment_as_in_seconds(eunomia, tmp_path):
    attempt(eunomia, tmp_path, HEADER + "u1,i1,1700000000,view,1\nu2,i1,1700000000000,view,1\n").expect()
    target = tmp_path / "out.csv"
    eunomia.json("recommend", "export", "--dataset", "shop", "--to", target).expect()
    times = {line.split(",")[2] for line in target.read_text().splitlines()[1:]}
    assert len(times) == 1


def test_rows_that_repeat_are_kept_and_a_file_is_not_imported_twice_by_mistake(eunomia, tmp_path):
    first = attempt(eunomia, tmp_path, HEADER + GOOD * 3, "--json").expect()
    assert '"rows": 3' in first.stdout
    again = attempt(eunomia, tmp_path, HEADER + GOOD * 3).expect(5)
    assert "--again" in again.stderr
    attempt(eunomia, tmp_path, HEADER + GOOD * 3, "--again").expect()


def test_no_interactions_and_one_user_are_told_apart_from_a_defect(eunomia, tmp_path):
    attempt(eunomia, tmp_path, HEADER + GOOD).expect()
    for model in ["popularity", "trending", "item-knn", "session-knn", "ease", "ials", "auto"]:
        ended = eunomia.run("recommend", "fit", "--dataset", "shop", "--model", model)
        assert ended.code in (0, 5), ended.stderr
        if ended.code == 5:
            assert "import" in ended.stderr or "more" in ended.stderr


def test_a_model_file_altered_or_cut_is_refused(eunomia, tmp_path):
    eunomia.json("recommend", "import", "--dataset", "shop", "--interactions",
                 shop.write_events(tmp_path / "events.csv", shop.events())).expect()
    eunomia.json("recommend", "fit", "--dataset", "shop", "--model", "ease").expect()
    path = next(eunomia.data_directory.rglob("*.model"))
    whole = path.read_bytes()
    for damaged in [whole[:-1], whole[: len(whole) // 2], b"", whole[:500] + bytes([whole[500] ^ 1]) + whole[501:]]:
        path.chmod(0o600)
        path.write_bytes(damaged)
        ended = eunomia.run("recommend", "recommend", "--name", "shop", "--user", "user-0001").expect(7)
        assert ".model" in ended.stderr


def test_a_dataset_is_read_only_for_its_purposes(eunomia, tmp_path):
    path = shop.write_events(tmp_path / "events.csv", shop.events())
    importing = ["recommend", "import", "--dataset", "shop", "--interactions", path, "--purpose", "invoicing"]
    assert "eunomia purposes define" in eunomia.run(*importing).expect(9).stderr
    eunomia.run("purposes", "define", "--name", "invoicing", "--lawful-basis", "contract",
                "--notice", "What you bought, to bill you for it.").expect()
    eunomia.json(*importing).expect()
    ended = eunomia.run("recommend", "fit", "--dataset", "shop", "--model", "popularity").expect(9)
    assert "recommendation" in ended.stderr and "invoicing" in ended.stderr
