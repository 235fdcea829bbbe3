"""The life of a shop with PostgreSQL in the place of SQLite."""

import pathlib

import shop


def test_import_train_ask_and_forget_on_postgresql(eunomia, postgresql, tmp_path):
    def ask(*arguments):
        return eunomia.json("recommend", *arguments, "--database", postgresql)

    ask("import", "--dataset", "shop", "--interactions", shop.write_events(tmp_path / "events.csv", shop.events())).expect()
    ask("fit", "--dataset", "shop", "--model", "ease", "--name", "on-postgresql").expect()
    listed = ask("recommend", "--name", "on-postgresql", "--user", "user-0005", "--count", 5).expect().value
    assert len(listed["recommendations"]) == 5
    forgotten = ask("forget", "--user", "user-0005").expect().value
    erased = {step["what"]: (step["count"], step["level"]) for step in forgotten["requests"][0]["steps"]}
    assert erased['version 1 of recommender "on-postgresql" (ease)'] == (1, "model_exactly_updated")
    assert erased['interactions of dataset "shop"'] == (15, "physically_erased")
    assert erased["identifiers"] == (1, "logically_deleted"), "PostgreSQL keeps what it deleted until it uses the place again"
    assert ask("recommend", "--name", "on-postgresql", "--user", "user-0005").code == 4
    assert not (pathlib.Path(eunomia.data_directory) / "eunomia.db").exists()


def test_a_database_that_does_not_answer_is_unavailable_and_its_password_is_not_told(eunomia):
    ended = eunomia.run("recommend", "list", "--database", "postgresql://somebody:secret-word@127.0.0.1:1/none").expect(8)
    assert "127.0.0.1" in ended.stderr and "secret-word" not in ended.stderr
