#include "store/sql/database.h"

#include <gtest/gtest.h>

#include <atomic>
#include <fstream>
#include <latch>
#include <limits>
#include <set>
#include <thread>

#include "store/sql/test_database.h"

namespace eunomia::store::sql {
namespace {

class sql_database : public on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      db().write([](transaction& in) {
        in.execute("CREATE TABLE thing (id BIGINT PRIMARY KEY, amount DOUBLE PRECISION, note {text})");
      });
    }
  }

  std::int64_t things() {
    return db().read([](connection& in) { return in.query_one("SELECT count(*) FROM thing")[0].int64(0); });
  }
  void insert(std::int64_t id) {
    db().write([&](transaction& in) { in.execute("INSERT INTO thing (id) VALUES (:id)", {{"id", id}}); });
  }
};
EUNOMIA_ON_BOTH_ENGINES(sql_database);

TEST_P(sql_database, gives_back_every_type_as_it_was_written) {
  const std::int64_t big = std::numeric_limits<std::int64_t>::min();
  const double real = 0.1 + 0.2;
  const std::string text = "O'Brien said \"\\ {}\"; -- 🦉\nتجربة :id";
  db().write([&](transaction& in) {
    in.execute("INSERT INTO thing (id, amount, note) VALUES (:id, :amount, :note)",
               {{"id", big}, {"amount", real}, {"note", text}});
    in.execute("INSERT INTO thing (id, amount, note) VALUES (:id, :amount, :note)",
               {{"id", 2}, {"amount", std::nullopt}, {"note", std::optional<std::string>()}});
  });
  const rows found =
      db().read([](connection& in) { return in.query("SELECT id, amount, note FROM thing ORDER BY id"); });
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].int64(0), big);
  EXPECT_EQ(found[0].real(1), real);
  EXPECT_EQ(found[0].text(2), text);
  EXPECT_EQ(found[1].optional_real(1), std::nullopt);
  EXPECT_EQ(found[1].optional_text(2), std::nullopt);
}

TEST_P(sql_database, computed_columns_have_their_own_type) {
  db().write([](transaction& in) {
    in.execute("INSERT INTO thing (id, amount) VALUES (9007199254740993, :x)", {{"x", 1.0 / 3}});
  });
  const rows found = db().read([](connection& in) {
    return in.query_one("SELECT sum(id), avg(amount), max(amount), count(*), CAST(:n AS BIGINT) + 1 FROM thing",
                        {{"n", std::int64_t{1} << 40}});
  });
  EXPECT_EQ(found[0].int64(0), 9007199254740993);
  EXPECT_EQ(found[0].real(1), 1.0 / 3);
  EXPECT_EQ(found[0].real(2), 1.0 / 3);
  EXPECT_EQ(found[0].int64(3), 1);
  EXPECT_EQ(found[0].int64(4), (std::int64_t{1} << 40) + 1);
}

TEST_P(sql_database, a_parameter_may_change_its_type_between_executions) {
  for (const argument& note : {argument("note", "a"), argument("note", std::nullopt), argument("note", "b")}) {
    db().write([&](transaction& in) {
      in.execute("INSERT INTO thing (id, note) SELECT coalesce(max(id), 0) + 1, :note FROM thing", {note});
    });
  }
  const rows found = db().read([](connection& in) { return in.query("SELECT note FROM thing ORDER BY id"); });
  EXPECT_EQ(found[0].text(0), "a");
  EXPECT_TRUE(found[1].is_null(0));
  EXPECT_EQ(found[2].text(0), "b");
}

TEST_P(sql_database, one_parameter_may_stand_in_several_places) {
  insert(5);
  const rows found = db().read([](connection& in) {
    return in.query("SELECT id FROM thing WHERE id = :id OR (id > :id AND note = :note)", {{"note", "x"}, {"id", 5}});
  });
  EXPECT_EQ(found.size(), 1U);
}

TEST_P(sql_database, a_missing_or_unknown_parameter_is_a_defect) {
  const auto run = [&](std::initializer_list<argument> args) {
    return code_thrown_by(
        [&] { db().read([&](connection& in) { in.query("SELECT id FROM thing WHERE id = :id", args); }); });
  };
  EXPECT_EQ(run({}), core::errc::internal);
  EXPECT_EQ(run({{"id", 1}, {"other", 2}}), core::errc::internal);
}

TEST_P(sql_database, lists_are_bound_as_one_parameter) {
  const std::vector<std::string_view> notes = {"plain", "quo\"te", "back\\slash",   "a,b{c}",
                                               "",      "NULL",    "tab\tnew\nline"};
  std::vector<std::int64_t> ids;
  for (std::size_t i = 0; i < notes.size(); ++i) {
    ids.push_back(static_cast<std::int64_t>(i));
  }
  db().write([&](transaction& in) {
    in.insert_many("thing",
                   {{"id", std::span<const std::int64_t>(ids)}, {"note", std::span<const std::string_view>(notes)}});
  });
  const std::vector<std::int64_t> some = {0, 3, 77};
  db().read([&](connection& in) {
    EXPECT_EQ(in.query("SELECT id FROM thing WHERE id IN {int64s:ids}", {{"ids", int64_list(some)}}).size(), 2U);
    EXPECT_EQ(in.query("SELECT id FROM thing WHERE note IN {texts:notes}", {{"notes", text_list(notes)}}).size(),
              notes.size());
    EXPECT_TRUE(in.query("SELECT id FROM thing WHERE id IN {int64s:ids}", {{"ids", int64_list()}}).empty());
  });
}

TEST_P(sql_database, inserts_columns_in_order_and_keeps_what_exists_when_told) {
  std::vector<std::int64_t> ids;
  std::vector<double> amounts;
  for (std::int64_t i = 0; i < 40'000; ++i) {
    ids.push_back(i);
    amounts.push_back(static_cast<double>(i) / 7);
  }
  db().write([&](transaction& in) {
    in.execute("INSERT INTO thing (id, note) VALUES (17, 'first')");
    EXPECT_EQ(in.insert_many("thing",
                             {{"id", std::span<const std::int64_t>(ids)}, {"amount", std::span<const double>(amounts)}},
                             on_conflict::keep_existing),
              ids.size() - 1);
  });
  db().read([&](connection& in) {
    std::int64_t expected = 0;
    in.each("SELECT id, amount, note FROM thing ORDER BY id", {}, [&](const row& r) {
      ASSERT_EQ(r.int64(0), expected);
      if (expected == 17) {
        EXPECT_EQ(r.text(2), "first");
      } else {
        EXPECT_EQ(r.real(1), amounts[static_cast<std::size_t>(expected)]);
      }
      ++expected;
    });
    EXPECT_EQ(expected, 40'000);
  });
}

TEST_P(sql_database, refuses_a_row_that_exists_with_the_whole_transaction) {
  insert(3);
  const std::vector<std::int64_t> ids = {1, 2, 3};
  EXPECT_EQ(
      code_thrown_by([&] {
        db().write([&](transaction& in) { in.insert_many("thing", {{"id", std::span<const std::int64_t>(ids)}}); });
      }),
      core::errc::already_exists);
  EXPECT_EQ(things(), 1);
}

TEST_P(sql_database, refuses_text_that_is_not_utf_8_on_both_engines_without_showing_it) {
  for (const std::string& text :
       {std::string("secret\xff"), std::string("secret\0", 7), std::string("secret\xed\xa0\x80")}) {
    const auto attempt = [&] {
      db().write([&](transaction& in) {
        in.execute("INSERT INTO thing (id, note) VALUES (1, :note)", {{"note", text}});
      });
    };
    EXPECT_EQ(code_thrown_by(attempt), core::errc::invalid_argument);
    EXPECT_EQ(message_thrown_by(attempt).find("secret"), std::string::npos);
  }
  EXPECT_EQ(things(), 0);
}

TEST_P(sql_database, errors_show_no_values) {
  db().write([](transaction& in) {
    in.execute("CREATE TABLE person (mail {text} PRIMARY KEY, age BIGINT CHECK (age > 0))");
    in.execute("INSERT INTO person (mail, age) VALUES ('canary@example.org', 30)");
  });
  const auto again = [&](std::int64_t age) {
    return [this, age] {
      db().write([&](transaction& in) {
        in.execute("INSERT INTO person (mail, age) VALUES (:mail, :age)",
                   {{"mail", "canary@example.org"}, {"age", age}});
      });
    };
  };
  EXPECT_EQ(code_thrown_by(again(31)), core::errc::already_exists);
  EXPECT_EQ(message_thrown_by(again(31)).find("canary"), std::string::npos);
  EXPECT_NE(message_thrown_by(again(31)).find(db().name()), std::string::npos);
  EXPECT_EQ(code_thrown_by(again(-5)), core::errc::invalid_argument);
  EXPECT_EQ(message_thrown_by(again(-5)).find("canary"), std::string::npos);
}

TEST_P(sql_database, a_body_that_throws_changes_nothing_and_its_exception_comes_out) {
  EXPECT_THROW(db().write([](transaction& in) {
    in.execute("INSERT INTO thing (id) VALUES (1)");
    throw std::runtime_error("of my own");
  }),
               std::runtime_error);
  EXPECT_EQ(things(), 0);
}

TEST_P(sql_database, a_swallowed_statement_error_commits_nothing) {
  EXPECT_EQ(code_thrown_by([&] {
              db().write([](transaction& in) {
                in.execute("INSERT INTO thing (id) VALUES (1)");
                try {
                  in.execute("INSERT INTO thing (id) VALUES (1)");
                } catch (const core::error&) {
                }
              });
            }),
            core::errc::already_exists);
  EXPECT_EQ(things(), 0);
}

TEST_P(sql_database, execute_counts_the_rows_it_changed) {
  insert(1);
  insert(2);
  db().write([](transaction& in) {
    EXPECT_EQ(in.execute("UPDATE thing SET amount = 1"), 2U);
    EXPECT_EQ(in.execute("UPDATE thing SET amount = 2 WHERE id = 99"), 0U);
    EXPECT_EQ(in.execute("CREATE TABLE other (id {id})"), 0U);
    EXPECT_EQ(in.query_one("INSERT INTO thing (id) VALUES (3) RETURNING id")[0].int64(0), 3);
  });
  EXPECT_EQ(things(), 3);
}

TEST_P(sql_database, the_database_numbers_rows_and_never_reuses_a_number) {
  db().write([](transaction& in) {
    in.execute("CREATE TABLE numbered (id {id}, note {text})");
    const auto add = [&] { return in.query_one("INSERT INTO numbered (note) VALUES ('x') RETURNING id")[0].int64(0); };
    EXPECT_EQ(add(), 1);
    EXPECT_EQ(add(), 2);
    in.execute("DELETE FROM numbered WHERE id = 2");
    EXPECT_EQ(add(), 3);
  });
}

TEST_P(sql_database, text_is_ordered_byte_by_byte) {
  db().write([](transaction& in) {
    std::int64_t id = 0;
    for (const std::string_view note : {"b", "B", "a", "é", "_", "A"}) {
      in.execute("INSERT INTO thing (id, note) VALUES (:id, :note)", {{"id", ++id}, {"note", note}});
    }
  });
  std::string order;
  db().read([&](connection& in) {
    in.each("SELECT note FROM thing ORDER BY note", {}, [&](const row& r) { order += r.text(0); });
  });
  EXPECT_EQ(order, "AB_abé");
}

TEST_P(sql_database, a_read_sees_one_snapshot) {
  insert(1);
  db().read([&](connection& in) {
    const auto count = [&] { return in.query_one("SELECT count(*) FROM thing")[0].int64(0); };
    EXPECT_EQ(count(), 1);
    insert(2);
    EXPECT_EQ(count(), 1);
  });
  EXPECT_EQ(things(), 2);
}

TEST_P(sql_database, a_read_cannot_write) {
  EXPECT_ANY_THROW(db().read([](connection& in) { in.query("INSERT INTO thing (id) VALUES (1) RETURNING id"); }));
  EXPECT_EQ(things(), 0);
}

TEST_P(sql_database, a_statement_may_not_run_again_while_its_rows_are_read) {
  insert(1);
  EXPECT_EQ(code_thrown_by([&] {
              db().read([](connection& in) {
                in.each("SELECT id FROM thing", {}, [&](const row&) {
                  in.query("SELECT note FROM thing");  // another one may
                  in.each("SELECT id FROM thing", {},
                          [&](const row&) { in.query("SELECT id FROM thing WHERE id = id"); });
                });
                throw core::error(core::errc::internal, "PostgreSQL reads through cursors and allows it");
              });
            }),
            core::errc::internal);
}

TEST_P(sql_database, more_statements_than_the_cache_holds_still_run) {
  db().read([](connection& in) {
    for (int i = 0; i < 600; ++i) {
      EXPECT_EQ(in.query_one("SELECT " + std::to_string(i))[0].int64(0), i);
    }
  });
}

TEST_P(sql_database, getters_refuse_another_type) {
  db().write([](transaction& in) { in.execute("INSERT INTO thing (id, note) VALUES (1, 'x')"); });
  const rows found = db().read([](connection& in) { return in.query_one("SELECT id, note, amount FROM thing"); });
  EXPECT_EQ(code_thrown_by([&] { (void)found[0].int64(1); }), core::errc::internal);
  EXPECT_EQ(code_thrown_by([&] { (void)found[0].text(2); }), core::errc::internal);
  EXPECT_EQ(code_thrown_by([&] { (void)found[0].text(3); }), core::errc::internal);
}

TEST_P(sql_database, concurrent_increments_are_all_there) {
  insert(1);
  db().write([](transaction& in) { in.execute("UPDATE thing SET amount = 0"); });
  constexpr int threads = 4;
  constexpr int rounds = 25;
  std::atomic<int> refused = 0;
  std::vector<std::thread> all;
  for (int t = 0; t < threads; ++t) {
    all.emplace_back([&] {
      for (int i = 0; i < rounds; ++i) {
        for (bool done = false; !done;) {
          try {
            db().write([](transaction& in) {
              const double was = in.query_one("SELECT amount FROM thing WHERE id = 1")[0].real(0);
              in.execute("UPDATE thing SET amount = :next WHERE id = 1", {{"next", was + 1}});
            });
            done = true;
          } catch (const core::error& problem) {
            EXPECT_EQ(problem.code(), core::errc::unavailable) << problem.what();
            ++refused;
          }
        }
      }
    });
  }
  for (std::thread& thread : all) {
    thread.join();
  }
  const double total = db().read([](connection& in) { return in.query_one("SELECT amount FROM thing")[0].real(0); });
  EXPECT_EQ(total, threads * rounds);
}

TEST_P(sql_database, failing_writes_do_not_take_their_neighbours_along) {
  constexpr int count = 24;
  std::latch together(count);
  std::atomic<int> failed = 0;
  std::vector<std::thread> all;
  for (int i = 0; i < count; ++i) {
    all.emplace_back([&, i] {
      together.arrive_and_wait();
      try {
        db().write([&](transaction& in) {
          in.execute("INSERT INTO thing (id) VALUES (:id)", {{"id", i}});
          if (i % 3 == 0) {
            throw std::runtime_error("not this one");
          }
        });
      } catch (const std::runtime_error&) {
        ++failed;
      }
    });
  }
  for (std::thread& thread : all) {
    thread.join();
  }
  EXPECT_EQ(failed, count / 3);
  EXPECT_EQ(things(), count - count / 3);
  const rows wrong = db().read([](connection& in) { return in.query("SELECT id FROM thing WHERE id % 3 = 0"); });
  EXPECT_TRUE(wrong.empty());
}

TEST_P(sql_database, what_was_committed_is_there_for_another_process) {
  insert(41);
  const auto other = own().reopened();
  EXPECT_EQ(other->read([](connection& in) { return in.query_one("SELECT id FROM thing")[0].int64(0); }), 41);
}

class sql_database_with_one_connection : public sql_database {
 protected:
  options with() const override {
    options one;
    one.connections = 1;
    one.patience = std::chrono::milliseconds(50);
    return one;
  }
};
EUNOMIA_ON_BOTH_ENGINES(sql_database_with_one_connection);

TEST_P(sql_database_with_one_connection, says_which_limit_a_read_met) {
  const std::string message =
      message_thrown_by([&] { db().read([&](connection&) { db().read([](connection&) {}); }); });
  EXPECT_NE(message.find("options::connections = 1"), std::string::npos) << message;
  EXPECT_EQ(things(), 0);
}

TEST(sql_open, refuses_what_is_neither_a_file_nor_postgresql) {
  EXPECT_EQ(code_thrown_by([] { database::open("mysql://root:hunter2@host/x"); }), core::errc::invalid_argument);
  EXPECT_EQ(message_thrown_by([] { database::open("mysql://root:hunter2@host/x"); }).find("hunter2"),
            std::string::npos);
  EXPECT_EQ(code_thrown_by([] { database::open(":memory:"); }), core::errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([] { database::open("/nowhere/at/all/x.db"); }), core::errc::invalid_argument);
}

TEST(sql_open, a_server_that_does_not_answer_is_unavailable_and_its_password_is_not_shown) {
  const auto attempt = [] { database::open("postgresql://eve:hunter2@127.0.0.1:1/none"); };
  EXPECT_EQ(code_thrown_by(attempt), core::errc::unavailable);
  EXPECT_EQ(message_thrown_by(attempt).find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace eunomia::store::sql
