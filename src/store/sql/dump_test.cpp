#include "store/sql/dump.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "store/sql/test_database.h"

namespace eunomia::store::sql {
namespace {

constexpr migration shop[] = {{"shop", 1,
                               "CREATE TABLE counter (single BIGINT PRIMARY KEY, next BIGINT NOT NULL);"
                               "INSERT INTO counter (single, next) VALUES (1, 1)"},
                              {"shop", 2,
                               "CREATE TABLE item (id {id}, name {text} NOT NULL, price DOUBLE PRECISION, note {text});"
                               "CREATE UNIQUE INDEX item_name ON item (name)"}};
constexpr migration ledger[] = {{"ledger", 1, "CREATE TABLE note (id {id}, what {text} NOT NULL)"}};

class dumps : public on_both_engines {
 protected:
  std::string dumped(database& of) {
    std::string bytes;
    core::job quiet;
    of.read([&](connection& in) {
      bytes.clear();
      dump(
          of, in, [&](core::bytes_view some) { bytes.append(reinterpret_cast<const char*>(some.data()), some.size()); },
          quiet);
    });
    return bytes;
  }
  dump_report load_into(database& into, std::string_view bytes, std::span<const migration> also = {}) {
    core::job quiet;
    return into.write([&](transaction& in) { return load(in, core::as_bytes(bytes), also, quiet); });
  }
  void fill() {
    db().migrate(shop);
    db().write([](transaction& in) {
      in.execute("UPDATE counter SET next = 42");
      in.execute("INSERT INTO item (name, price, note) VALUES ('caf\u00e9 \"quoted\"', 1.5, NULL)");
      in.execute("INSERT INTO item (name, price, note) VALUES ('', 2, 'two\nlines')");
      in.execute("INSERT INTO item (name, price, note) VALUES ('gone', NULL, 'x')");
      in.execute("DELETE FROM item WHERE name = 'gone'");
    });
  }
};

std::vector<std::string> items(database& of) {
  std::vector<std::string> all;
  of.read([&](connection& in) {
    in.each("SELECT id, name, price, note FROM item ORDER BY id", {}, [&](const row& r) {
      all.push_back(std::to_string(r.int64(0)) + "|" + std::string(r.text(1)) + "|" +
                    std::to_string(r.optional_real(2).value_or(-1)) + "|" +
                    std::string(r.optional_text(3).value_or("null")));
    });
  });
  return all;
}

TEST_P(dumps, brings_back_every_row_on_either_engine) {
  fill();
  const std::string bytes = dumped(db());
  for (const engine into : {engine::sqlite, GetParam()}) {
    const test_database other(into);
    const dump_report report = load_into(*other, bytes);
    EXPECT_EQ(items(*other), items(db()));
    EXPECT_EQ(report.tables, 3U);
    EXPECT_EQ(other->read([](connection& in) { return in.query_one("SELECT next FROM counter")[0].int64(0); }), 42);
  }
}

TEST_P(dumps, numbers_go_on_where_they_were) {
  fill();
  const test_database other(GetParam());
  load_into(*other, dumped(db()));
  const std::int64_t next = other->write(
      [](transaction& in) { return in.query_one("INSERT INTO item (name) VALUES ('new') RETURNING id")[0].int64(0); });
  EXPECT_EQ(next, 4) << "3 was given, to a row that is gone";
}

TEST_P(dumps, what_was_deleted_is_not_in_it) {
  db().migrate(shop);
  db().write([](transaction& in) { in.execute("INSERT INTO item (name) VALUES ('MARK-OF-SOMEBODY')"); });
  EXPECT_NE(dumped(db()).find("MARK-OF-SOMEBODY"), std::string::npos);
  db().write([](transaction& in) { in.execute("DELETE FROM item"); });
  EXPECT_EQ(dumped(db()).find("MARK-OF-SOMEBODY"), std::string::npos);
}

TEST_P(dumps, the_loaded_schema_is_migrated_on) {
  db().migrate(std::span(shop).first(1));
  const test_database other(GetParam());
  load_into(*other, dumped(db()), ledger);
  other->migrate(shop);
  other->migrate(ledger);
  other->write([](transaction& in) { in.execute("INSERT INTO item (name) VALUES ('a')"); });
  EXPECT_EQ(items(*other).size(), 1U);
}

TEST_P(dumps, shows_one_moment_while_others_write) {
  fill();
  std::string bytes;
  core::job quiet;
  db().read([&](connection& in) {
    in.query("SELECT count(*) FROM item");
    const auto writer = own().reopened();
    writer->write([](transaction& other) { other.execute("INSERT INTO item (name) VALUES ('LATER')"); });
    dump(
        db(), in, [&](core::bytes_view some) { bytes.append(reinterpret_cast<const char*>(some.data()), some.size()); },
        quiet);
  });
  EXPECT_EQ(bytes.find("LATER"), std::string::npos);
}

TEST_P(dumps, many_rows_of_every_kind_come_back) {
  db().migrate(shop);
  const auto seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  db().write([&](transaction& in) {
    for (int i = 0; i < 40'000; ++i) {
      const std::string name = std::to_string(i) + std::string(random() % 20, 'x');
      const std::optional<double> price =
          random() % 3 == 0 ? std::nullopt : std::optional(std::ldexp(static_cast<double>(random()), -30));
      in.execute("INSERT INTO item (name, price, note) VALUES (:name, :price, NULL)",
                 {{"name", name}, {"price", price}});
    }
  });
  const test_database other(GetParam());
  EXPECT_EQ(load_into(*other, dumped(db())).rows, 40'000U + 1 + 2);
  EXPECT_EQ(items(*other), items(db()));
}

TEST_P(dumps, a_database_that_is_not_empty_is_refused_and_left_alone) {
  fill();
  const std::string bytes = dumped(db());
  const auto before = items(db());
  EXPECT_EQ(code_thrown_by([&] { load_into(db(), bytes); }), core::errc::failed_precondition);
  EXPECT_EQ(items(db()), before);
}

TEST_P(dumps, one_that_ends_too_soon_leaves_nothing) {
  fill();
  const std::string bytes = dumped(db());
  for (std::size_t length = 0; length < bytes.size(); length += 97) {
    const test_database other(engine::sqlite);
    EXPECT_EQ(code_thrown_by([&] { load_into(*other, bytes.substr(0, length)); }), core::errc::corrupt) << length;
    EXPECT_TRUE(other->read([](connection& in) { return is_empty(in); }));
  }
}

TEST_P(dumps, a_room_that_was_not_opened_is_missed) {
  fill();
  const auto stranger = own().reopened();
  core::job quiet;
  EXPECT_EQ(code_thrown_by([&] {
              stranger->read([&](connection& in) {
                dump(
                    *stranger, in, [](core::bytes_view) {}, quiet);
              });
            }),
            core::errc::internal);
}

EUNOMIA_ON_BOTH_ENGINES(dumps);

}  // namespace
}  // namespace eunomia::store::sql
