#include "store/table/sealed_rows.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "core/error.h"
#include "core/temporary_directory.h"
#include "store/sql/lossy_database.h"
#include "store/sql/test_database.h"
#include "store/table/duckdb_engine.h"
#include "store/table/table_store.h"
#include "store/table/testing.h"

namespace eunomia::store::table {
namespace {

using core::errc;
using core::subject_handle;
using testing_tables::chosen_access;
using testing_tables::key_box;
using testing_tables::recommendation;

constexpr std::string_view secret = "mARk of somebody";

// What is known of somebody; every value may be missing.
struct profile {
  std::int64_t subject = 0;
  std::int64_t imported_at = 0;  // rests in the clear
  std::optional<std::string> note;
  std::optional<std::int64_t> age;
  std::optional<double> score;
  friend bool operator==(const profile&, const profile&) = default;
  friend auto operator<=>(const profile&, const profile&) = default;
};

table_description people(bool sealed) {
  return {"people",
          true,
          {{"imported_at", column_type::int64, false},
           {"note", column_type::text, sealed},
           {"age", column_type::int64, sealed},
           {"score", column_type::float64, sealed}},
          {recommendation},
          4};
}

column_batch batch_of(const std::vector<profile>& rows) {
  column_batch batch(people(true).columns);
  const auto add = [](column_values& into, const auto& value) {
    if (!value) {
      into.add_null();
    } else if constexpr (std::is_same_v<std::decay_t<decltype(*value)>, std::string>) {
      into.add(std::string_view(*value));
    } else {
      into.add(*value);
    }
  };
  for (const profile& row : rows) {
    batch.subjects.push_back(row.subject);
    batch.columns[0].add(row.imported_at);
    add(batch.columns[1], row.note);
    add(batch.columns[2], row.age);
    add(batch.columns[3], row.score);
  }
  return batch;
}

std::vector<profile> random_profiles(std::mt19937_64& random, std::int64_t count) {
  std::vector<profile> rows;
  for (std::int64_t i = 0; i < count; ++i) {
    profile row{1 + i % 500, i, {}, {}, {}};
    if (random() % 3 != 0) {
      row.note = random() % 5 == 0 ? "" : fmt::format("{} é {}", secret, std::string(random() % 100, 'x'));
    }
    if (random() % 3 != 0) {
      row.age = static_cast<std::int64_t>(random());
    }
    if (random() % 3 != 0) {
      row.score = static_cast<double>(random() % 1000) / 7;
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

class sealed_rows_test : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      blobs_ = open_disk_blob_store(folder_.path() / "blobs");
      open();
    }
  }
  void TearDown() override { tables_.reset(); }
  void open() { open(keys_); }
  void open(const core::data_key_source& keys) {
    tables_.reset();
    tables_ = open_table_store(db(), *blobs_, folder_.path() / "blobs", access_, keys);
  }

  void create(bool sealed = true) {
    db().write([&](sql::transaction& in) { tables_->create(in, people(sealed)); });
  }
  void commit(appender& rows) {
    rows.finish();
    db().write([&](sql::transaction& in) { rows.commit(in); });
    rows.committed();
  }
  void append(const std::vector<profile>& rows) {
    const auto out = tables_->append("people", pool_);
    out->append(batch_of(rows));
    commit(*out);
  }

  // Every row, ascending.
  std::vector<profile> scan(const scan_options& options = {}) {
    constexpr std::array<std::string_view, 4> columns = {"score", "imported_at", "NOTE", "age"};
    std::vector<profile> all;
    std::mutex mutex;
    report_ = tables_->scan("people", recommendation, columns, options, pool_, job_, [&](const chunk& rows) {
      const std::lock_guard lock(mutex);
      for (std::size_t i = 0; i < rows.rows; ++i) {
        profile row{rows.subjects[i], rows.columns[1].int64()[i], {}, {}, {}};
        if (!rows.columns[0].is_null(i)) {
          row.score = rows.columns[0].float64()[i];
        }
        if (!rows.columns[2].is_null(i)) {
          row.note = rows.columns[2].text(i);
        }
        if (!rows.columns[3].is_null(i)) {
          row.age = rows.columns[3].int64()[i];
        }
        all.push_back(std::move(row));
      }
    });
    std::ranges::sort(all);
    return all;
  }
  static std::vector<profile> sorted(std::vector<profile> rows) {
    std::ranges::sort(rows);
    return rows;
  }
  static std::vector<profile> without(std::vector<profile> rows, std::int64_t subject) {
    std::erase_if(rows, [&](const profile& row) { return row.subject == subject; });
    return sorted(std::move(rows));
  }

  std::vector<std::filesystem::path> files() const {
    std::vector<std::filesystem::path> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / "blobs")) {
      if (entry.is_regular_file() && entry.path().extension() == ".parquet") {
        found.push_back(entry.path());
      }
    }
    return found;
  }
  // What a reader of Parquet sees of the text, whole or in one column's name.
  bool is_readable(std::string_view text) {
    duckdb_engine engine({std::uint64_t(1) << 28, {folder_.path()}, {}});
    duckdb_session session = engine.connect();
    return std::ranges::any_of(files(), [&](const std::filesystem::path& file) {
      return session.number(fmt::format("SELECT count(*) FROM (SELECT * FROM read_parquet({})) AS row WHERE "
                                        "contains(row::VARCHAR, {})",
                                        quoted_path(file), quoted_text(text))) > 0;
    });
  }
  std::vector<std::string> stored_payloads_of(std::int64_t subject) {
    duckdb_engine engine({std::uint64_t(1) << 28, {folder_.path()}, {}});
    duckdb_session session = engine.connect();
    std::vector<std::string> payloads;
    for (const auto& file : files()) {
      const auto rows = session.stream(
          fmt::format("SELECT {} FROM read_parquet({}) WHERE subject = {}", sealed_column, quoted_path(file), subject));
      while (const result_chunk some = rows->next()) {
        const column_view values = some.column(0, column_type::text);
        for (std::size_t i = 0; i < some.rows(); ++i) {
          payloads.emplace_back(values.text(i));
        }
      }
    }
    std::ranges::sort(payloads);
    return payloads;
  }

  template <class Body>
  static std::string refused(errc code, Body body) {
    try {
      body();
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), code) << problem.what();
      return problem.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  core::temporary_directory folder_;
  core::thread_pool pool_{3};
  core::job job_;
  chosen_access access_;
  key_box keys_;
  std::unique_ptr<blob_store> blobs_;
  std::unique_ptr<table_store> tables_;
  scan_report report_;
};

EUNOMIA_ON_BOTH_ENGINES(sealed_rows_test);

TEST_P(sealed_rows_test, are_shown_as_they_were_given_and_rest_unreadable) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  create();
  std::vector<profile> all;
  for (const std::int64_t count : {1, 9000, 40}) {
    const auto rows = random_profiles(random, count);
    append(rows);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  EXPECT_EQ(scan(), sorted(all));
  EXPECT_FALSE(is_readable(secret.substr(0, 4)));
  open();
  EXPECT_EQ(scan(), sorted(all));
  EXPECT_EQ(tables_->describe("people").columns, people(true).columns);
  tables_->verify("people", pool_, job_);
  EXPECT_EQ(tables_->compact("people", 1, pool_, job_), 4U);
  EXPECT_EQ(scan(), sorted(all));
}

TEST_P(sealed_rows_test, are_the_length_of_sixty_four_bytes_more_or_less) {
  create();
  append({{1, 0, "", {}, {}}, {2, 0, "male", {}, {}}, {3, 0, "female", 41, 2.5}, {4, 0, {}, {}, {}}});
  for (const std::int64_t who : {1, 2, 3, 4}) {
    EXPECT_EQ(stored_payloads_of(who).at(0).size(), 64 + core::sealed_overhead);
  }
  append({{5, 0, std::string(64, 'x'), {}, {}}});
  EXPECT_EQ(stored_payloads_of(5).at(0).size(), 128 + core::sealed_overhead);
}

TEST_P(sealed_rows_test, are_read_of_named_people_only_where_these_are_asked_for) {
  create();
  append({{1, 10, "one", 1, {}}, {2, 20, "two", {}, 2.0}});
  const subject_handle second(2);
  EXPECT_EQ(scan({.subjects = {&second, 1}}), (std::vector<profile>{{2, 20, "two", {}, 2.0}}));
  EXPECT_EQ(keys_.given, 3);  // two to seal
}

TEST_P(sealed_rows_test, nobody_who_is_not_admitted_is_opened) {
  create();
  append({{1, 10, "one", 1, {}}, {2, 20, "two", {}, 2.0}, {3, 30, "three", {}, {}}});
  const subject_handle refuses(2);
  access_.now = core::admission::everybody_but({&refuses, 1});
  EXPECT_EQ(scan(), (std::vector<profile>{{1, 10, "one", 1, {}}, {3, 30, "three", {}, {}}}));
  EXPECT_EQ(report_.withheld, 1U);
  EXPECT_EQ(keys_.given, 3 + 2);
}

TEST_P(sealed_rows_test, of_somebody_without_a_key_are_shown_to_nobody_and_found_by_who_erases) {
  create();
  const std::vector<profile> all = {
      {1, 10, "one", 1, {}}, {2, 20, "two", {}, 2.0}, {2, 21, {}, {}, {}}, {3, 30, {}, 3, {}}};
  append(all);
  const subject_handle gone(2);
  keys_.erased = {gone};
  EXPECT_EQ(scan(), without(all, 2));
  EXPECT_EQ(report_.shown, 2U);
  EXPECT_EQ(report_.withheld, 2U);
  EXPECT_TRUE(scan({.subjects = {&gone, 1}}).empty());
  const auto counted = tables_->scan("people", core::purpose::rights_of_the_data_subject(), {},
                                     {.subjects = {&gone, 1}}, pool_, job_, [](const chunk&) {});
  EXPECT_EQ(counted.shown, 2U);
  EXPECT_EQ(tables_->erase("people", {&gone, 1}, pool_, job_), 2U);
  EXPECT_EQ(scan(), without(all, 2));
  EXPECT_EQ(report_.withheld, 0U);
}

TEST_P(sealed_rows_test, rows_keep_their_numbers_when_others_have_no_key) {
  create();
  std::mt19937_64 random(5);
  append(random_profiles(random, 5000));
  constexpr std::array<std::string_view, 2> columns = {"imported_at", "age"};
  const auto numbered = [&] {
    std::map<std::uint64_t, std::int64_t> by_number;
    std::mutex mutex;
    tables_->scan("people", recommendation, columns, {}, pool_, job_, [&](const chunk& rows) {
      const std::lock_guard lock(mutex);
      for (std::size_t i = 0; i < rows.rows; ++i) {
        by_number.emplace(rows.number(i), rows.columns[0].int64()[i]);
      }
    });
    return by_number;
  };
  auto wanted = numbered();
  keys_.erased = {subject_handle(3), subject_handle(17)};
  std::erase_if(wanted, [](const auto& row) { return row.second % 500 == 2 || row.second % 500 == 16; });
  EXPECT_EQ(numbered(), wanted);
}

TEST_P(sealed_rows_test, are_rewritten_without_being_opened) {
  create();
  const std::vector<profile> all = {{1, 10, "one", 1, {}}, {2, 20, "two", {}, 2.0}, {3, 5, "three", {}, {}}};
  append(all);
  append({{1, 11, "again", {}, {}}});
  const auto before = stored_payloads_of(1);
  ASSERT_EQ(before.size(), 2U);
  keys_.given = 0;
  const std::array<subject_handle, 2> gone = {subject_handle(2), subject_handle(3)};
  EXPECT_EQ(tables_->erase("people", gone, pool_, job_), 2U);
  tables_->compact("people", 1, pool_, job_);
  const auto old = tables_->stage_expire("people", {"imported_at", 11}, {}, pool_, job_);
  EXPECT_EQ(old->rows(), 1U);
  EXPECT_EQ(keys_.given, 0);
  EXPECT_EQ(stored_payloads_of(1).size(), 3U);  // the staged part is there too
  db().write([&](sql::transaction& in) { old->commit(in); });
  old->committed();
  const auto after = stored_payloads_of(1);
  ASSERT_EQ(after.size(), 1U);
  EXPECT_TRUE(std::ranges::find(before, after[0]) != before.end());
  EXPECT_EQ(scan(), (std::vector<profile>{{1, 11, "again", {}, {}}}));
}

TEST_P(sealed_rows_test, a_sealed_column_added_later_is_null_in_what_was_there) {
  create();
  append({{1, 10, "one", 1, {}}});
  db().write([&](sql::transaction& in) { tables_->add_column(in, "people", {"city", column_type::text, true}); });
  db().write([&](sql::transaction& in) { tables_->add_column(in, "people", {"visits", column_type::int64, false}); });
  const auto out = tables_->append("people", pool_);
  column_batch batch(tables_->describe("people").columns);
  batch.subjects.push_back(1);
  batch.columns[0].add(std::int64_t(11));
  batch.columns[1].add_null();
  batch.columns[2].add(std::int64_t(2));
  batch.columns[3].add_null();
  batch.columns[4].add(std::string_view("a city with more than twelve bytes"));
  batch.columns[5].add(std::int64_t(6));
  out->append(batch);
  commit(*out);
  const auto seen = [&] {
    constexpr std::array<std::string_view, 3> columns = {"visits", "city", "age"};
    std::vector<std::string> rows;
    const subject_handle who(1);
    tables_->scan("people", recommendation, columns, {.subjects = {&who, 1}}, pool_, job_, [&](const chunk& some) {
      for (std::size_t i = 0; i < some.rows; ++i) {
        rows.push_back(fmt::format("{} {} {}", some.columns[0].is_null(i) ? 0 : some.columns[0].int64()[i],
                                   some.columns[1].is_null(i) ? "null" : some.columns[1].text(i),
                                   some.columns[2].int64()[i]));
      }
    });
    return rows;
  };
  const std::vector<std::string> wanted = {"0 null 1", "6 a city with more than twelve bytes 2"};
  EXPECT_EQ(seen(), wanted);
  EXPECT_EQ(tables_->compact("people", 1, pool_, job_), 1U);
  EXPECT_EQ(seen(), wanted);
}

TEST_P(sealed_rows_test, a_part_from_before_the_first_sealed_column_has_none) {
  db().write([&](sql::transaction& in) {
    tables_->create(in, {"people", true, {{"imported_at", column_type::int64, false}}, {recommendation}, 4});
  });
  const auto out = tables_->append("people", pool_);
  column_batch batch(tables_->describe("people").columns);
  batch.subjects.push_back(1);
  batch.columns[0].add(std::int64_t(10));
  out->append(batch);
  commit(*out);
  const std::vector<column> columns = people(true).columns;
  for (const column& c : std::span(columns).subspan(1)) {
    db().write([&](sql::transaction& in) { tables_->add_column(in, "people", c); });
  }
  append({{1, 11, "new", {}, {}}});
  const std::vector<profile> wanted = {{1, 10, {}, {}, {}}, {1, 11, "new", {}, {}}};
  EXPECT_EQ(scan(), wanted);
  tables_->compact("people", 1, pool_, job_);
  EXPECT_EQ(scan(), wanted);
}

TEST_P(sealed_rows_test, do_not_open_with_another_key_and_the_error_names_table_and_part_only) {
  create();
  append({{1, 10, std::string(secret), {}, {}}});
  const key_box others(std::byte{2});
  open(others);
  const std::string message = refused(errc::corrupt, [&] { scan(); });
  EXPECT_NE(message.find("table \"people\""), std::string::npos) << message;
  EXPECT_NE(message.find(tables_->parts("people").front().blob.key), std::string::npos) << message;
  EXPECT_EQ(message.find(secret), std::string::npos) << message;
}

TEST_P(sealed_rows_test, do_not_open_where_they_were_moved_or_altered) {
  create();
  append({{1, 10, "of the first", {}, {}}, {2, 20, "of the second", {}, {}}});
  // As who can write files and the manifest would.
  const auto tamper = [&](std::string_view columns) {
    for (const part& p : tables_->parts("people")) {
      const auto file = blobs_->local_path(p.blob);
      const auto altered = folder_.path() / "altered.parquet";
      duckdb_engine engine({std::uint64_t(1) << 28, {folder_.path()}, {}});
      duckdb_session session = engine.connect();
      session.execute(fmt::format("COPY (SELECT {} FROM read_parquet({})) TO {} (FORMAT parquet)", columns,
                                  quoted_path(file), quoted_path(altered)));
      std::filesystem::rename(altered, file);
      db().write([&](sql::transaction& in) {
        in.execute("UPDATE stored_part SET size = :size WHERE id = :id",
                   {{"size", static_cast<std::int64_t>(std::filesystem::file_size(file))}, {"id", p.id}});
      });
    }
  };
  // What is sealed for one stands under the handle of the other.
  tamper("3 - subject AS subject, imported_at, sealed_values");
  refused(errc::corrupt, [&] { scan(); });
  tamper("3 - subject AS subject, imported_at, sealed_values");
  EXPECT_EQ(scan().size(), 2U);
  tamper("subject, imported_at, sealed_values || '\\x00'::BLOB AS sealed_values");
  refused(errc::corrupt, [&] { scan(); });
}

TEST_P(sealed_rows_test, do_not_open_in_another_table) {
  create();
  auto other = people(true);
  other.name = "others";
  db().write([&](sql::transaction& in) { tables_->create(in, other); });
  append({{1, 10, "of people", {}, {}}});
  // The manifest is made to name the part in the other table.
  db().write([&](sql::transaction& in) {
    in.execute("UPDATE stored_part SET table_id = (SELECT id FROM stored_table WHERE name = 'others')");
  });
  constexpr std::array<std::string_view, 1> columns = {"note"};
  refused(errc::corrupt,
          [&] { tables_->scan("others", recommendation, columns, {}, pool_, job_, [](const chunk&) { FAIL(); }); });
}

TEST_P(sealed_rows_test, are_not_written_of_somebody_without_a_key) {
  create();
  keys_.erased = {subject_handle(2)};
  refused(errc::failed_precondition, [&] { append({{1, 10, "one", {}, {}}, {2, 20, "two", {}, {}}}); });
  EXPECT_TRUE(tables_->parts("people").empty());
  EXPECT_TRUE(files().empty());
}

TEST_P(sealed_rows_test, are_sealed_with_the_keys_that_the_appender_was_given) {
  create();
  keys_.erased = {subject_handle(1)};
  const key_box promised;
  const auto out = tables_->append("people", pool_, {}, &promised);
  out->append(batch_of({{1, 10, "one", {}, {}}}));
  commit(*out);
  EXPECT_TRUE(scan().empty());
  keys_.erased.clear();
  EXPECT_EQ(scan(), (std::vector<profile>{{1, 10, "one", {}, {}}}));
}

TEST_P(sealed_rows_test, no_rows_leave_by_what_rests_sealed) {
  create();
  refused(errc::invalid_argument, [&] { tables_->stage_expire("people", {"age", 1}, {}, pool_, job_); });
  refused(errc::invalid_argument, [&] { tables_->people_of("people", rows_below{"age", 1}, pool_, job_); });
  db().write([&](sql::transaction& in) {
    auto nobodys = people(true);
    nobodys.about_people = false;
    nobodys.buckets = 1;
    nobodys.name = "things";
    refused(errc::invalid_argument, [&] { tables_->create(in, nobodys); });
    nobodys.columns = {{"price", column_type::int64, false}};
    tables_->create(in, nobodys);
    refused(errc::invalid_argument, [&] { tables_->add_column(in, "things", {"note", column_type::text, true}); });
    refused(errc::invalid_argument, [&] {
      tables_->add_column(in, "people", {"Sealed_Values", column_type::text, true});
    });
  });
}

constexpr std::array<std::string_view, 3> all_but_the_time = {"note", "age", "score"};

TEST_P(sealed_rows_test, what_rested_in_the_clear_is_sealed_once_and_the_old_files_are_gone) {
  create(false);
  std::mt19937_64 random(6);
  const auto rows = random_profiles(random, 3000);
  append(rows);
  append({{1, 5000, std::string(secret), {}, {}}});
  auto all = rows;
  all.push_back({1, 5000, std::string(secret), {}, {}});
  EXPECT_TRUE(is_readable(secret));
  EXPECT_TRUE(tables_->seal("people", all_but_the_time, pool_, job_));
  EXPECT_EQ(files().size(), 4U);
  EXPECT_FALSE(is_readable(secret));
  EXPECT_EQ(scan(), sorted(all));
  EXPECT_EQ(tables_->describe("people").columns, people(true).columns);
  EXPECT_FALSE(tables_->seal("people", all_but_the_time, pool_, job_));
  append({{2, 5001, "after", {}, {}}});
  all.push_back({2, 5001, "after", {}, {}});
  open();
  EXPECT_EQ(scan(), sorted(all));
  tables_->verify("people", pool_, job_);
  constexpr std::string_view time = "imported_at";
  refused(errc::failed_precondition, [&] { tables_->seal("people", {&time, 1}, pool_, job_); });
}

TEST_P(sealed_rows_test, sealing_that_is_cut_off_leaves_the_table_as_it_was_and_is_done_at_the_next_opening) {
  create(false);
  const std::vector<profile> all = {{1, 10, std::string(secret), 1, {}}, {2, 20, "two", {}, 2.0}};
  append(all);
  sql::lossy_database lossy(db());
  tables_.reset();
  tables_ = open_table_store(lossy, *blobs_, folder_.path() / "blobs", access_, keys_);
  lossy.stay_away(true);
  lossy.lose_commit();
  refused(errc::unavailable, [&] { tables_->seal("people", all_but_the_time, pool_, job_); });
  lossy.stay_away(false);
  EXPECT_EQ(scan(), all);
  EXPECT_EQ(tables_->describe("people").columns, people(false).columns);
  open();  // sweeps what nothing names
  EXPECT_EQ(files().size(), tables_->parts("people").size());
  EXPECT_TRUE(tables_->seal("people", all_but_the_time, pool_, job_));
  EXPECT_EQ(scan(), all);
  EXPECT_EQ(files().size(), tables_->parts("people").size());
  EXPECT_FALSE(is_readable(secret));
}

TEST_P(sealed_rows_test, sealing_whose_answer_is_lost_is_found_to_be_done) {
  create(false);
  append({{1, 10, std::string(secret), 1, {}}});
  sql::lossy_database lossy(db());
  tables_.reset();
  tables_ = open_table_store(lossy, *blobs_, folder_.path() / "blobs", access_, keys_);
  lossy.lose_answer();
  EXPECT_TRUE(tables_->seal("people", all_but_the_time, pool_, job_));
  EXPECT_EQ(scan(), (std::vector<profile>{{1, 10, std::string(secret), 1, {}}}));
  EXPECT_FALSE(is_readable(secret));
  tables_.reset();  // before the database that it stands on
}

TEST_P(sealed_rows_test, sealing_leaves_the_row_of_somebody_without_a_key_and_none_of_their_values) {
  create(false);
  append({{1, 10, "one", 1, {}}, {2, 20, std::string(secret), {}, {}}});
  const subject_handle gone(2);
  keys_.erased = {gone};
  tables_->seal("people", all_but_the_time, pool_, job_);
  EXPECT_FALSE(is_readable(secret));
  EXPECT_EQ(scan(), (std::vector<profile>{{1, 10, "one", 1, {}}}));
  EXPECT_EQ(tables_->erase("people", {&gone, 1}, pool_, job_), 1U);
}

TEST_P(sealed_rows_test, rows_that_were_on_their_way_in_the_clear_do_not_enter_a_table_that_was_sealed) {
  create(false);
  const auto late = tables_->append("people", pool_);
  late->append(batch_of({{1, 10, std::string(secret), {}, {}}}));
  late->finish();
  EXPECT_TRUE(tables_->seal("people", all_but_the_time, pool_, job_));
  refused(errc::failed_precondition, [&] { db().write([&](sql::transaction& in) { late->commit(in); }); });
  EXPECT_TRUE(scan().empty());
}

}  // namespace
}  // namespace eunomia::store::table
