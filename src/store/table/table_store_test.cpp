#include "store/table/table_store.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <fstream>
#include <future>
#include <latch>
#include <map>
#include <mutex>
#include <optional>
#include <random>
#include <set>
#include <thread>
#include <utility>

#include "core/error.h"
#include "core/temporary_directory.h"
#include "store/sql/lossy_database.h"
#include "store/table/duckdb_engine.h"
#include "store/table/record_reader.h"
#include "store/table/testing.h"

namespace eunomia::store::table {
namespace {

using core::errc;
using core::subject_handle;
using testing_tables::chosen_access;
using testing_tables::key_box;
using testing_tables::recommendation;

// Everything that a table store stands on, in one folder.
struct house {
  explicit house(const std::filesystem::path& folder, const store_options& options = {}) {
    sql = sql::database::open((folder / "eunomia.db").string());
    blobs = open_disk_blob_store(folder / "blobs");
    tables = open_table_store(*sql, *blobs, folder / "blobs", access, keys, options);
  }
  void create(const table_description& description) {
    sql->write([&](sql::transaction& in) { tables->create(in, description); });
  }
  void commit(appender& rows) {
    rows.finish();
    sql->write([&](sql::transaction& in) { rows.commit(in); });
    rows.committed();
  }

  chosen_access access;
  key_box keys;
  std::unique_ptr<sql::database> sql;
  std::unique_ptr<blob_store> blobs;
  std::unique_ptr<table_store> tables;
};

table_description events() {
  return {"events",
          true,
          {{"item", column_type::int64}, {"value", column_type::float64}, {"note", column_type::text}},
          {recommendation},
          8};
}

struct event {
  std::int64_t subject;
  std::int64_t item;
  std::optional<double> value;
  std::optional<std::string> note;
  friend bool operator==(const event&, const event&) = default;
};

column_batch batch_of(const std::vector<event>& rows) {
  column_batch batch(events().columns);
  for (const event& row : rows) {
    batch.subjects.push_back(row.subject);
    batch.columns[0].add(row.item);
    row.value ? batch.columns[1].add(*row.value) : batch.columns[1].add_null();
    row.note ? batch.columns[2].add(std::string_view(*row.note)) : batch.columns[2].add_null();
  }
  return batch;
}

std::vector<event> random_events(std::mt19937_64& random, std::size_t count, std::int64_t people) {
  std::vector<event> rows;
  for (std::size_t i = 0; i < count; ++i) {
    event row{1 + static_cast<std::int64_t>(random() % static_cast<std::uint64_t>(people)),
              static_cast<std::int64_t>(random() % 1000),
              {},
              {}};
    if (random() % 4 != 0) {
      row.value = static_cast<double>(random() % 1000) / 7;
    }
    if (random() % 3 != 0) {
      row.note = std::string(random() % 40, 'x') + "é";
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

class table_test : public testing::Test {
 protected:
  void append(house& in, const std::vector<event>& rows) {
    const auto out = in.tables->append("events", pool_);
    out->append(batch_of(rows));
    in.commit(*out);
  }

  std::vector<event> scan(house& in, const scan_options& options = {}) {
    constexpr std::array<std::string_view, 3> columns = {"ITEM", "value", "note"};
    std::map<std::uint64_t, std::vector<event>> by_row;
    std::mutex mutex;
    in.tables->scan("events", recommendation, columns, options, pool_, job_, [&](const chunk& rows) {
      std::vector<event> some;
      for (std::size_t i = 0; i < rows.rows; ++i) {
        event row{rows.subjects[i], rows.columns[0].int64()[i], {}, {}};
        if (!rows.columns[1].is_null(i)) {
          row.value = rows.columns[1].float64()[i];
        }
        if (!rows.columns[2].is_null(i)) {
          row.note = rows.columns[2].text(i);
        }
        some.push_back(std::move(row));
      }
      const std::lock_guard lock(mutex);
      auto& place = by_row[rows.first_row];
      place.insert(place.end(), some.begin(), some.end());
    });
    std::vector<event> all;
    for (const auto& [first, rows] : by_row) {
      EXPECT_TRUE(!options.subjects.empty() || !options.buckets.empty() || !in.access.now->admits_everybody() ||
                  first == all.size());
      all.insert(all.end(), rows.begin(), rows.end());
    }
    return all;
  }

  // What a table of these rows shows: by bucket, then as appended.
  static std::vector<event> expected(std::vector<event> rows) {
    std::stable_sort(rows.begin(), rows.end(), [](const event& a, const event& b) {
      const auto bucket = [](const event& e) {
        return core::partition_of(subject_handle(static_cast<std::uint64_t>(e.subject)), events().buckets);
      };
      return bucket(a) < bucket(b);
    });
    return rows;
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

  std::size_t files_on_disk() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(folder_.path() / "blobs")) {
      count += entry.is_regular_file() && entry.path().extension() == ".parquet" ? 1 : 0;
    }
    return count;
  }

  core::temporary_directory folder_;
  core::thread_pool pool_{3};
  core::job job_;
};

TEST_F(table_test, shows_what_was_appended_by_bucket_in_the_order_of_appending) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::vector<event> all;
  {
    house in(folder_.path());
    in.create(events());
    for (const std::size_t count : {1, 5000, 20'000, 3}) {
      const auto rows = random_events(random, count, 300);
      append(in, rows);
      all.insert(all.end(), rows.begin(), rows.end());
    }
    EXPECT_EQ(scan(in), expected(all));
  }
  house again(folder_.path());
  EXPECT_EQ(scan(again), expected(all));
  again.tables->verify("events", pool_, job_);
}

TEST_F(table_test, spills_to_parts_when_more_is_staged_than_memory_is_given) {
  house in(folder_.path(), {.staged_bytes = 100'000});
  in.create(events());
  std::mt19937_64 random(3);
  const auto out = in.tables->append("events", pool_);
  std::vector<event> all;
  for (int i = 0; i < 20; ++i) {
    const auto rows = random_events(random, 1000, 50);
    out->append(batch_of(rows));
    all.insert(all.end(), rows.begin(), rows.end());
  }
  EXPECT_GT(files_on_disk(), 8U);
  EXPECT_TRUE(scan(in).empty());
  in.commit(*out);
  EXPECT_EQ(scan(in), expected(all));
  EXPECT_EQ(in.tables->compact("events", 1, pool_, job_), 8U);
  EXPECT_EQ(scan(in), expected(all));
  EXPECT_EQ(files_on_disk(), 8U);
}

TEST_F(table_test, leaves_nothing_of_rows_that_were_never_committed) {
  house in(folder_.path());
  in.create(events());
  std::mt19937_64 random(4);
  {
    const auto out = in.tables->append("events", pool_);
    out->append(batch_of(random_events(random, 100, 50)));
    out->finish();
    EXPECT_GT(files_on_disk(), 0U);
  }
  EXPECT_EQ(files_on_disk(), 0U);
}

TEST_F(table_test, is_not_read_for_a_purpose_that_is_not_on_its_list) {
  house in(folder_.path());
  in.create(events());
  const std::string message = refused(errc::permission_denied, [&] {
    in.tables->scan("events", core::purpose("advertising"), {}, {}, pool_, job_, [](const chunk&) { FAIL(); });
  });
  EXPECT_NE(message.find("advertising"), std::string::npos);
}

TEST_F(table_test, shows_the_rows_of_those_who_are_admitted_at_that_moment) {
  house in(folder_.path());
  in.create(events());
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  const auto rows = random_events(random, 12'000, 40);
  append(in, rows);
  const auto all = scan(in);
  const auto of_some = [&](const core::admission& who) {
    std::vector<event> some;
    std::copy_if(all.begin(), all.end(), std::back_inserter(some),
                 [&](const event& row) { return who.admits(subject_handle(static_cast<std::uint64_t>(row.subject))); });
    return some;
  };
  const std::array<subject_handle, 3> chosen = {subject_handle(7), subject_handle(8), subject_handle(40)};
  in.access.now = core::admission::everybody_but(chosen);
  EXPECT_EQ(scan(in), of_some(*in.access.now));
  in.access.now = core::admission::only(chosen);
  EXPECT_EQ(scan(in), of_some(*in.access.now));
  in.access.now = core::admission::only({});
  EXPECT_TRUE(scan(in).empty());
  in.access.now = core::admission::everybody();
  EXPECT_EQ(scan(in), all);
}

TEST_F(table_test, numbers_a_row_the_same_whoever_is_admitted) {
  house in(folder_.path());
  in.create(events());
  std::mt19937_64 random(12);
  append(in, random_events(random, 5000, 30));
  constexpr std::array<std::string_view, 1> columns = {"item"};
  const auto numbered = [&] {
    std::map<std::uint64_t, std::pair<std::int64_t, std::int64_t>> by_number;
    std::mutex mutex;
    const auto report = in.tables->scan("events", recommendation, columns, {}, pool_, job_, [&](const chunk& some) {
      const std::lock_guard lock(mutex);
      for (std::size_t i = 0; i < some.rows; ++i) {
        by_number.try_emplace(some.number(i), some.subjects[i], some.columns[0].int64()[i]);
      }
    });
    EXPECT_EQ(report.shown, by_number.size());
    EXPECT_EQ(report.shown + report.withheld, 5000U);
    return by_number;
  };
  auto wanted = numbered();
  const std::array<subject_handle, 2> gone = {subject_handle(3), subject_handle(17)};
  in.access.now = core::admission::everybody_but(gone);
  std::erase_if(wanted, [](const auto& row) { return row.second.first == 3 || row.second.first == 17; });
  EXPECT_EQ(numbered(), wanted);
}

TEST_F(table_test, shows_nothing_of_a_named_subject_who_is_not_admitted) {
  house in(folder_.path());
  in.create(events());
  append(in, {{1, 10, {}, {}}, {2, 20, {}, {}}});
  const std::array<subject_handle, 2> both = {subject_handle(1), subject_handle(2)};
  in.access.now = core::admission::everybody_but(std::span(both).first(1));
  EXPECT_EQ(scan(in, {.subjects = both}), (std::vector<event>{{2, 20, {}, {}}}));
  EXPECT_TRUE(scan(in, {.subjects = std::span(both).first(1)}).empty());
}

TEST_F(table_test, is_read_for_the_rights_of_named_people_whatever_they_chose_and_of_nobody_else) {
  house in(folder_.path());
  in.create(events());
  append(in, {{1, 10, {}, {}}, {2, 20, {}, {}}});
  in.access.now = core::admission::only({});
  const auto& right = core::purpose::rights_of_the_data_subject();
  const subject_handle one(1);
  std::vector<std::int64_t> seen;
  in.tables->scan("events", right, {}, {.subjects = {&one, 1}}, pool_, job_,
                  [&](const chunk& rows) { seen.insert(seen.end(), rows.subjects.begin(), rows.subjects.end()); });
  EXPECT_EQ(seen, (std::vector<std::int64_t>{1}));
  const std::uint32_t bucket = 0;
  for (const scan_options& whole : {scan_options{}, scan_options{.buckets = {&bucket, 1}}}) {
    refused(errc::permission_denied,
            [&] { in.tables->scan("events", right, {}, whole, pool_, job_, [](const chunk&) { FAIL(); }); });
  }
}

TEST_F(table_test, is_read_for_a_purpose_once_it_was_added) {
  house in(folder_.path());
  in.create(events());
  append(in, {{1, 10, {}, {}}});
  const core::purpose research("research");
  const auto read = [&] { in.tables->scan("events", research, {}, {}, pool_, job_, [](const chunk&) {}); };
  EXPECT_NE(refused(errc::permission_denied, read).find("may not be read for"), std::string::npos);
  in.sql->write([&](sql::transaction& to) { in.tables->add_purpose(to, "events", research); });
  // The list has it now, and the policy does not know it.
  EXPECT_NE(refused(errc::permission_denied, read).find("is not defined"), std::string::npos);
}

TEST_F(table_test, shows_the_rows_of_named_subjects_only) {
  house in(folder_.path());
  in.create(events());
  std::mt19937_64 random(5);
  const auto rows = random_events(random, 3000, 40);
  append(in, rows);
  const std::array<subject_handle, 2> asked = {subject_handle(7), subject_handle(33)};
  std::vector<event> wanted;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(wanted),
               [](const event& e) { return e.subject == 7 || e.subject == 33; });
  EXPECT_EQ(scan(in, {.subjects = asked}), expected(wanted));
}

TEST_F(table_test, erasing_subjects_leaves_the_rows_of_everybody_else_in_order) {
  house in(folder_.path());
  in.create(events());
  std::mt19937_64 random(6);
  std::vector<event> all;
  for (int i = 0; i < 3; ++i) {
    const auto rows = random_events(random, 2000, 100);
    append(in, rows);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  const auto before = in.tables->parts("events");
  const std::array<subject_handle, 2> gone = {subject_handle(10), subject_handle(999'999)};
  const std::uint64_t erased = in.tables->erase("events", gone, pool_, job_);
  const auto left = std::remove_if(all.begin(), all.end(), [](const event& e) { return e.subject == 10; });
  EXPECT_EQ(erased, static_cast<std::uint64_t>(all.end() - left));
  all.erase(left, all.end());
  EXPECT_EQ(scan(in), expected(all));
  const auto after = in.tables->parts("events");
  const std::uint32_t bucket = core::partition_of(subject_handle(10), events().buckets);
  for (const part& p : before) {
    const bool still = std::any_of(after.begin(), after.end(), [&](const part& q) { return q.blob == p.blob; });
    EXPECT_EQ(still, p.bucket != bucket);
    EXPECT_EQ(in.blobs->exists(p.blob.key), still);
  }
  in.tables->verify("events", pool_, job_);
  EXPECT_EQ(in.tables->erase("events", gone, pool_, job_), 0U);
}

TEST_F(table_test, erasing_everybody_leaves_no_file) {
  house in(folder_.path());
  in.create(events());
  append(in, {{1, 2, 3.0, "x"}, {2, 2, 3.0, "y"}});
  const std::array<subject_handle, 2> gone = {subject_handle(1), subject_handle(2)};
  EXPECT_EQ(in.tables->erase("events", gone, pool_, job_), 2U);
  EXPECT_EQ(files_on_disk(), 0U);
  EXPECT_TRUE(scan(in).empty());
}

TEST_F(table_test, a_column_added_later_is_null_in_what_was_there_and_survives_rewrites) {
  house in(folder_.path());
  in.create(events());
  append(in, {{1, 10, 1.0, "old"}, {2, 20, 2.0, "old"}});
  in.sql->write([&](sql::transaction& t) { in.tables->add_column(t, "events", {"extra", column_type::text}); });
  const auto out = in.tables->append("events", pool_);
  auto batch = column_batch(in.tables->describe("events").columns);
  batch.subjects.push_back(1);
  batch.columns[0].add(std::int64_t(11));
  batch.columns[1].add(1.5);
  batch.columns[2].add(std::string_view("new"));
  batch.columns[3].add(std::string_view("here"));
  out->append(batch);
  in.commit(*out);
  for (const auto& [extra, rows] : {std::pair(key_value("here"), 1U), std::pair(key_value(), 1U)}) {
    const row_key only[] = {{{"extra", extra}}};
    EXPECT_EQ(in.tables->stage_erase_some("events", {subject_handle(1), only}, pool_, job_)->rows(), rows);
  }
  const auto seen = [&] {
    std::map<std::int64_t, std::string> by_item;
    std::mutex mutex;
    constexpr std::array<std::string_view, 2> columns = {"item", "extra"};
    in.tables->scan("events", recommendation, columns, {}, pool_, job_, [&](const chunk& rows) {
      const std::lock_guard lock(mutex);
      for (std::size_t i = 0; i < rows.rows; ++i) {
        by_item[rows.columns[0].int64()[i]] =
            rows.columns[1].is_null(i) ? "null" : std::string(rows.columns[1].text(i));
      }
    });
    return by_item;
  };
  const std::map<std::int64_t, std::string> expected_items = {{10, "null"}, {11, "here"}, {20, "null"}};
  EXPECT_EQ(seen(), expected_items);
  in.tables->compact("events", 1, pool_, job_);
  EXPECT_EQ(seen(), expected_items);
  refused(errc::already_exists, [&] {
    in.sql->write([&](sql::transaction& t) { in.tables->add_column(t, "events", {"EXTRA", column_type::text}); });
  });
}

TEST_F(table_test, of_the_joined_rows_of_one_person_the_last_stays_where_that_is_asked) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  house in(folder_.path());
  in.create(events());
  std::vector<event> all;
  for (const std::size_t count : {500, 3, 2000, 40}) {
    const auto rows = random_events(random, count, 300);
    append(in, rows);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  std::map<std::int64_t, std::size_t> last;
  for (std::size_t i = 0; i < all.size(); ++i) {
    last[all[i].subject] = i;
  }
  std::vector<event> left;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (last[all[i].subject] == i) {
      left.push_back(all[i]);
    }
  }
  EXPECT_EQ(in.tables->compact("events", 1, pool_, job_, subject_column), 8U);
  EXPECT_EQ(scan(in), expected(left));
  in.tables->verify("events", pool_, job_);
  refused(errc::invalid_argument, [&] { in.tables->compact("events", 1, pool_, job_, "item"); });
}

TEST_F(table_test, of_the_joined_rows_of_one_number_the_last_stays_also_where_older_parts_lack_a_column) {
  house in(folder_.path());
  in.create({"items", false, {{"item", column_type::int64}, {"FILENAME", column_type::text}}, {}, 1});
  const auto put = [&](std::initializer_list<std::int64_t> items, std::string_view title) {
    const auto out = in.tables->append("items", pool_);
    column_batch batch(in.tables->describe("items").columns);
    for (const std::int64_t item : items) {
      batch.columns[0].add(item);
      batch.columns[1].add(title);
      if (batch.columns.size() > 2) {
        batch.columns[2].add(1.5);
      }
    }
    out->append(batch);
    in.commit(*out);
  };
  put({1, 2, 3, 1}, "old");
  in.sql->write([&](sql::transaction& to) { in.tables->add_column(to, "items", {"price", column_type::float64}); });
  put({3, 4}, "new");
  put({2}, "newest");
  EXPECT_EQ(in.tables->compact("items", 1, pool_, job_, "ITEM"), 1U);
  std::vector<std::string> rows;
  constexpr std::array<std::string_view, 3> columns = {"item", "FILENAME", "price"};
  in.tables->scan("items", recommendation, columns, {}, pool_, job_, [&](const chunk& some) {
    for (std::size_t i = 0; i < some.rows; ++i) {
      rows.push_back(std::to_string(some.columns[0].int64()[i]) + " " + std::string(some.columns[1].text(i)) +
                     (some.columns[2].is_null(i) ? "" : " priced"));
    }
  });
  EXPECT_EQ(rows, (std::vector<std::string>{"1 old", "3 new priced", "4 new priced", "2 newest priced"}));
  refused(errc::invalid_argument, [&] { in.tables->compact("items", 1, pool_, job_, "FILENAME"); });
}

TEST_F(table_test, rows_of_a_table_that_is_not_about_people_are_removed_by_a_number) {
  house in(folder_.path());
  in.create({"items", false, {{"item", column_type::int64}, {"title", column_type::text}}, {}, 1});
  const auto out = in.tables->append("items", pool_);
  column_batch batch(in.tables->describe("items").columns);
  for (std::int64_t i = 0; i < 5; ++i) {
    batch.columns[0].add(i);
    batch.columns[1].add(std::string_view("t"));
  }
  out->append(batch);
  in.commit(*out);
  const std::array<std::int64_t, 2> values = {1, 3};
  const auto staged = in.tables->stage_remove("items", "item", values, pool_, job_);
  EXPECT_EQ(staged->rows(), 2U);
  in.sql->write([&](sql::transaction& t) { staged->commit(t); });
  staged->committed();
  std::vector<std::int64_t> left;
  constexpr std::array<std::string_view, 1> columns = {"item"};
  in.tables->scan("items", recommendation, columns, {}, pool_, job_, [&](const chunk& rows) {
    left.insert(left.end(), rows.columns[0].int64().begin(), rows.columns[0].int64().end());
  });
  EXPECT_EQ(left, (std::vector<std::int64_t>{0, 2, 4}));
}

TEST_F(table_test, old_rows_leave_but_those_of_the_spared) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  house in(folder_.path());
  in.create(events());
  std::vector<event> all;
  for (const std::size_t count : {5000, 300}) {
    const auto rows = random_events(random, count, 60);
    append(in, rows);
    all.insert(all.end(), rows.begin(), rows.end());
  }
  const rows_below old{"ITEM", 400};
  const std::vector<subject_handle> spared = {subject_handle(3), subject_handle(17)};
  const auto leaves = [&](const event& e) { return e.item < 400 && e.subject != 3 && e.subject != 17; };
  const auto leaving = static_cast<std::uint64_t>(std::count_if(all.begin(), all.end(), leaves));
  const auto staged = in.tables->stage_expire("events", old, spared, pool_, job_);
  EXPECT_EQ(staged->rows(), leaving);
  EXPECT_EQ(scan(in), expected(all));
  in.sql->write([&](sql::transaction& t) { staged->commit(t); });
  staged->committed();
  std::erase_if(all, leaves);
  EXPECT_EQ(scan(in), expected(all));
  EXPECT_EQ(in.tables->stage_expire("events", old, spared, pool_, job_)->rows(), 0U);
  in.tables->verify("events", pool_, job_);
}

TEST_F(table_test, some_rows_of_one_person_leave) {
  house in(folder_.path());
  in.create({"visits",
             true,
             {{"item", column_type::int64}, {"time", column_type::int64}, {"how", column_type::text}},
             {recommendation},
             8});
  const auto append_visits = [&](const std::vector<std::array<std::int64_t, 3>>& rows) {
    const auto out = in.tables->append("visits", pool_);
    column_batch batch(in.tables->describe("visits").columns);
    for (const auto& [who, item, time] : rows) {
      batch.subjects.push_back(who);
      batch.columns[0].add(item);
      batch.columns[1].add(time);
      if (time % 2 == 0) {
        batch.columns[2].add("it's even");
      } else {
        batch.columns[2].add_null();
      }
    }
    out->append(batch);
    in.commit(*out);
  };
  append_visits({{1, 5, 100}, {1, 5, 100}, {1, 5, 101}, {1, 6, 100}, {2, 5, 100}});
  append_visits({{1, 5, 100}, {1, 7, 102}});
  constexpr std::array<std::string_view, 2> columns = {"ITEM", "TIME"};
  const auto key = [](std::int64_t item, std::int64_t time) { return row_key{{"ITEM", item}, {"TIME", time}}; };
  const auto rows_with = [&](row_key only) {
    return in.tables->stage_erase_some("visits", {subject_handle(1), {&only, 1}}, pool_, job_)->rows();
  };
  EXPECT_EQ(rows_with({{"item", 5}}), 4U);
  EXPECT_EQ(rows_with({{"item", 5}, {"how", "it's even"}}), 3U);
  EXPECT_EQ(rows_with({{"item", 5}, {"how", std::monostate()}}), 1U);
  EXPECT_EQ(rows_with({{"item", 5}, {"how", "it is odd"}}), 0U);
  refused(errc::invalid_argument, [&] { rows_with({{"how", 5}}); });
  refused(errc::invalid_argument, [&] { rows_with({{"nothing", 5}}); });
  const std::vector<row_key> keys = {key(5, 100), key(7, 102), key(8, 1)};
  const auto staged = in.tables->stage_erase_some("visits", {subject_handle(1), keys}, pool_, job_);
  EXPECT_EQ(staged->rows(), 4U);
  in.sql->write([&](sql::transaction& t) { staged->commit(t); });
  staged->committed();
  std::vector<std::array<std::int64_t, 3>> left;
  std::mutex mutex;
  in.tables->scan("visits", recommendation, columns, {}, pool_, job_, [&](const chunk& rows) {
    const std::lock_guard lock(mutex);
    for (std::size_t i = 0; i < rows.rows; ++i) {
      left.push_back({rows.subjects[i], rows.columns[0].int64()[i], rows.columns[1].int64()[i]});
    }
  });
  std::sort(left.begin(), left.end());
  EXPECT_EQ(left, (std::vector<std::array<std::int64_t, 3>>{{1, 5, 101}, {1, 6, 100}, {2, 5, 100}}));
  EXPECT_EQ(in.tables->stage_erase_some("visits", {subject_handle(1), {}}, pool_, job_)->rows(), 0U);
}

TEST_F(table_test, says_who_has_rows_and_of_whom_all_are_old) {
  house in(folder_.path());
  in.create(events());
  EXPECT_TRUE(in.tables->people_of("events", {}, pool_, job_).empty());
  append(in, {{1, 10, {}, {}}, {2, 10, {}, {}}, {3, 99, {}, {}}, {9, 11, {}, {}}});
  append(in, {{2, 50, {}, {}}, {9, 12, {}, {}}});
  column_batch timeless(events().columns);
  timeless.subjects = {4, 1};
  for (int i = 0; i < 2; ++i) {
    timeless.columns[0].add_null();
    timeless.columns[1].add_null();
    timeless.columns[2].add_null();
  }
  const auto out = in.tables->append("events", pool_);
  out->append(timeless);
  in.commit(*out);
  // Nobody is told what they did: who objects to every purpose is among them too.
  in.access.now = core::admission::only({});
  const auto people = [](std::initializer_list<std::uint64_t> handles) {
    return std::vector<subject_handle>(handles.begin(), handles.end());
  };
  EXPECT_EQ(in.tables->people_of("events", {}, pool_, job_), people({1, 2, 3, 4, 9}));
  EXPECT_EQ(in.tables->people_of("events", rows_below{"item", 50}, pool_, job_), people({9}));
  EXPECT_EQ(in.tables->people_of("events", rows_below{"item", 100}, pool_, job_), people({2, 3, 9}));
  // A row without a value does not grow old.
  EXPECT_EQ(in.tables->stage_expire("events", {"item", 1000}, {}, pool_, job_)->rows(), 6U);
  refused(errc::invalid_argument, [&] { in.tables->people_of("events", rows_below{"note", 1}, pool_, job_); });
  refused(errc::invalid_argument, [&] { in.tables->stage_expire("events", {"nothing", 1}, {}, pool_, job_); });
}

TEST_F(table_test, refuses_what_does_not_fit_the_table) {
  house in(folder_.path());
  in.create(events());
  refused(errc::already_exists, [&] { in.create(events()); });
  refused(errc::not_found, [&] { in.tables->describe("absent"); });
  refused(errc::invalid_argument, [&] { in.create({"bad", true, {{"Subject", column_type::int64}}, {}, 8}); });
  refused(errc::invalid_argument, [&] {
    in.create({"bad", true, {{"a", column_type::int64}, {"A", column_type::int64}}, {}, 8});
  });
  const auto out = in.tables->append("events", pool_);
  refused(errc::invalid_argument, [&] { out->append(batch_of({{0, 1, {}, {}}})); });
  constexpr std::array<std::string_view, 1> unknown = {"nothing"};
  refused(errc::invalid_argument,
          [&] { in.tables->scan("events", recommendation, unknown, {}, pool_, job_, [](const chunk&) {}); });
}

TEST_F(table_test, dropping_a_table_unlinks_its_parts_and_no_others_whatever_is_being_written) {
  house in(folder_.path());
  in.create(events());
  table_description other = events();
  other.name = "others";
  in.create(other);
  append(in, {{1, 2, 3.0, "x"}});
  const auto under_way = in.blobs->create("models/m/1");
  const auto adopted = in.tables->append("others", pool_);
  adopted->append(batch_of({{1, 5, {}, {}}}));
  adopted->finish();
  const auto gone = in.tables->stage_drop("events");
  append(in, {{1, 3, 3.0, "y"}});  // before the drop commits
  in.sql->write([&](sql::transaction& t) { gone->commit(t); });
  EXPECT_EQ(gone->rows(), 2U);
  EXPECT_EQ(files_on_disk(), 3U);
  gone->committed();
  EXPECT_EQ(in.tables->tables(), (std::vector<std::string>{"others"}));
  EXPECT_EQ(files_on_disk(), 1U);
  in.commit(*adopted);
  in.tables->verify("others", pool_, job_);
  refused(errc::not_found, [&] {
    const auto again = in.tables->stage_drop("events");
    in.sql->write([&](sql::transaction& t) { again->commit(t); });
  });
}

TEST_F(table_test, a_table_that_is_cleared_keeps_what_the_same_transaction_names) {
  house in(folder_.path());
  in.create(events());
  append(in, {{1, 2, 3.0, "x"}});
  const auto others = in.tables->append("events", pool_);
  others->append(batch_of({{1, 5, {}, {}}}));
  others->finish();
  const auto gone = in.tables->stage_clear("events");
  append(in, {{1, 3, 3.0, "y"}});  // before it commits
  in.sql->write([&](sql::transaction& t) {
    gone->commit(t);
    others->commit(t);
  });
  others->committed();
  gone->committed();
  EXPECT_EQ(gone->rows(), 2U);
  EXPECT_EQ(scan(in).size(), 1U);
  EXPECT_EQ(files_on_disk(), 1U);
  in.tables->verify("events", pool_, job_);
}

TEST_F(table_test, opening_sweeps_parts_that_no_manifest_names) {
  {
    house in(folder_.path());
    in.create(events());
    append(in, {{1, 2, 3.0, "x"}});
    in.blobs->put("tables/1/0/left.parquet", {});
    EXPECT_EQ(files_on_disk(), 2U);
  }
  house again(folder_.path());
  EXPECT_EQ(files_on_disk(), 1U);
  EXPECT_EQ(scan(again).size(), 1U);
}

TEST_F(table_test, a_damaged_part_is_found) {
  house in(folder_.path());
  in.create(events());
  append(in, random_events(*std::make_unique<std::mt19937_64>(1), 500, 1));
  const auto p = in.tables->parts("events").at(0);
  const auto path = in.blobs->local_path(p.blob);
  {
    std::filesystem::permissions(path, std::filesystem::perms::owner_all);
    std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(static_cast<std::streamoff>(p.blob.size / 3));
    file.put('\x55').put('\x55');
  }
  refused(errc::corrupt, [&] { in.tables->verify("events", pool_, job_); });
  std::filesystem::resize_file(path, p.blob.size / 2);
  refused(errc::corrupt, [&] { scan(in); });
}

TEST_F(table_test, duckdb_reads_nothing_outside_its_folders_and_its_settings_stay) {
  std::ofstream(folder_.path() / "inside.csv") << "a\n1\n";
  duckdb_engine engine({std::uint64_t(1) << 28, {folder_.path()}, {}});
  duckdb_session session = engine.connect();
  EXPECT_EQ(session.number("SELECT count(*) FROM read_csv('" + (folder_.path() / "inside.csv").string() + "')"), 1);
  refused(errc::permission_denied, [&] { session.execute("SELECT * FROM read_csv('/etc/passwd')"); });
  refused(errc::permission_denied, [&] { session.execute("SELECT * FROM read_text('/etc/passwd')"); });
  refused(errc::permission_denied, [&] {
    session.execute("SELECT * FROM read_text('" + (folder_.path() / "../../etc/passwd").string() + "')");
  });
  refused(errc::permission_denied, [&] { session.execute("COPY (SELECT 1) TO '/var/eunomia-escape.csv'"); });
  refused(errc::permission_denied, [&] { session.execute("ATTACH '/var/eunomia-escape.db'"); });
  for (const char* statement :
       {"SET enable_external_access=true", "SET allowed_directories=['/']", "SET lock_configuration=false",
        "SET autoload_known_extensions=true", "RESET enable_external_access", "SET memory_limit='100GB'",
        "SET temp_directory='/var'", "INSTALL httpfs", "LOAD httpfs"}) {
    EXPECT_THROW(session.execute(statement), core::error) << statement;
  }
}

TEST_F(table_test, duckdb_given_one_file_reads_no_other_beside_it) {
  std::ofstream(folder_.path() / "given.csv") << "a\n1\n";
  std::ofstream(folder_.path() / "other.csv") << "a\n1\n";
  duckdb_engine engine({std::uint64_t(1) << 28, {}, {folder_.path() / "given.csv"}});
  duckdb_session session = engine.connect();
  EXPECT_EQ(session.number("SELECT count(*) FROM read_csv('" + (folder_.path() / "given.csv").string() + "')"), 1);
  refused(errc::permission_denied,
          [&] { session.execute("SELECT * FROM read_csv('" + (folder_.path() / "other.csv").string() + "')"); });
}

TEST_F(table_test, erasing_while_others_scan_lets_every_scan_end) {
  house in(folder_.path());
  in.create(events());
  std::mt19937_64 random(8);
  append(in, random_events(random, 20'000, 60));
  std::atomic<bool> stop = false;
  std::atomic<int> scans = 0;
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i) {
    readers.emplace_back([&] {
      core::thread_pool pool(1);
      core::job job;
      while (!stop) {
        in.tables->scan("events", recommendation, {}, {}, pool, job, [](const chunk&) {});
        ++scans;
      }
    });
  }
  for (std::uint64_t subject = 1; subject <= 10; ++subject) {
    const subject_handle gone(subject);
    in.tables->erase("events", {&gone, 1}, pool_, job_);
  }
  stop = true;
  for (auto& reader : readers) {
    reader.join();
  }
  EXPECT_GT(scans, 0);
  for (const event& e : scan(in)) {
    EXPECT_GT(e.subject, 10);
  }
}

// Lets a scan stay in its visit for as long as a test wants.
class long_scan {
 public:
  explicit long_scan(table_store& tables)
      : thread_([this, &tables] {
          core::thread_pool pool(1);
          core::job job;
          tables.scan("events", recommendation, {}, {}, pool, job, [this](const chunk& rows) {
            if (std::exchange(rows_, rows_ + rows.rows) == 0) {
              inside_.count_down();
              go_on_.wait();
            }
          });
        }) {
    inside_.wait();
  }
  ~long_scan() {
    if (thread_.joinable()) {
      end();
    }
  }
  // The number of rows that it saw.
  std::size_t end() {
    go_on_.count_down();
    thread_.join();
    return rows_;
  }

 private:
  std::latch inside_{1};
  std::latch go_on_{1};
  std::size_t rows_ = 0;
  std::thread thread_;
};

TEST_F(table_test, an_erasure_waits_for_older_scans_and_newer_ones_wait_for_nobody) {
  house in(folder_.path());
  in.create(events());
  append(in, {{1, 10, {}, {}}, {3, 20, {}, {}}});  // in two buckets
  long_scan before(*in.tables);
  const auto erase = [&in](std::uint64_t who) {
    core::thread_pool pool(1);
    core::job job;
    const subject_handle gone(who);
    return in.tables->erase("events", {&gone, 1}, pool, job);
  };
  auto first = std::async(std::launch::async, erase, 1U);
  auto second = std::async(std::launch::async, erase, 3U);
  while (!in.tables->parts("events").empty()) {
    std::this_thread::yield();
  }
  // Both have committed, and wait or are about to. Scans that hang would be let go after a while, too late.
  std::atomic<bool> let_go = false;
  auto newer = std::async(std::launch::async, [&] {
    core::thread_pool pool(1);
    core::job job;
    std::size_t rows = 0;
    for (int i = 0; i < 100; ++i) {
      in.tables->scan("events", recommendation, {}, {}, pool, job, [&](const chunk& some) { rows += some.rows; });
      std::this_thread::sleep_for(std::chrono::milliseconds(1));  // so that the erasures get to their waiting
    }
    EXPECT_FALSE(let_go);
    return rows;
  });
  newer.wait_for(std::chrono::seconds(20));
  EXPECT_EQ(files_on_disk(), 2U);
  let_go = true;
  EXPECT_EQ(before.end(), 2U);
  EXPECT_EQ(newer.get(), 0U);
  EXPECT_EQ(first.get() + second.get(), 2U);
  EXPECT_EQ(files_on_disk(), 0U);
}

// A table store whose database loses the answer to a commit.
class lost_answer_test : public table_test {
 protected:
  void SetUp() override {
    in_->create(events());
    append(*in_, {{1, 10, {}, {}}, {3, 30, {}, {}}});
    in_->tables = open_table_store(lossy_, *in_->blobs, folder_.path() / "blobs", in_->access, in_->keys);
  }
  // Named by one lossy transaction; true when that is known to be committed.
  bool name(staged_change& staged) {
    staged_change* const one = &staged;
    try {
      EXPECT_FALSE(write_naming(lossy_, {&one, 1}, [&](sql::transaction& t) { staged.commit(t); }));
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), errc::unavailable);
      return false;
    }
    staged.committed();
    return true;
  }
  std::unique_ptr<appender> more() {
    auto out = in_->tables->append("events", pool_);
    out->append(batch_of({{5, 50, {}, {}}}));
    out->finish();
    return out;
  }
  std::uint64_t erase(std::uint64_t who) {
    const subject_handle gone(who);
    return in_->tables->erase("events", {&gone, 1}, pool_, job_);
  }
  std::set<std::int64_t> items() {
    std::set<std::int64_t> seen;
    for (const event& e : scan(*in_)) {
      seen.insert(e.item);
    }
    return seen;
  }
  // What the next start of the process has.
  void expect_after_reopening(const std::set<std::int64_t>& wanted) {
    in_->tables.reset();
    in_->tables = open_table_store(*in_->sql, *in_->blobs, folder_.path() / "blobs", in_->access, in_->keys);
    EXPECT_EQ(items(), wanted);
    in_->tables->verify("events", pool_, job_);
    EXPECT_EQ(files_on_disk(), in_->tables->parts("events").size());
  }

  using numbers = std::set<std::int64_t>;
  std::unique_ptr<house> in_ = std::make_unique<house>(folder_.path());
  sql::lossy_database lossy_{*in_->sql};
};

TEST_F(lost_answer_test, rows_that_were_committed_are_found_to_be) {
  lossy_.lose_answer();
  EXPECT_TRUE(name(*more()));
  EXPECT_EQ(items(), (numbers{10, 30, 50}));
  expect_after_reopening({10, 30, 50});
}

TEST_F(lost_answer_test, rows_keep_their_parts_while_nobody_can_be_asked) {
  lossy_.stay_away(true);
  lossy_.lose_answer();
  EXPECT_FALSE(name(*more()));
  lossy_.stay_away(false);
  EXPECT_EQ(items(), (numbers{10, 30, 50}));
  expect_after_reopening({10, 30, 50});
}

TEST_F(lost_answer_test, parts_of_rows_that_were_not_committed_are_swept_when_the_store_is_opened) {
  lossy_.lose_commit();
  EXPECT_FALSE(name(*more()));
  EXPECT_EQ(items(), (numbers{10, 30}));
  EXPECT_EQ(files_on_disk(), 3U);
  expect_after_reopening({10, 30});
}

TEST_F(lost_answer_test, a_transaction_that_was_refused_leaves_no_doubt) {
  auto out = more();
  staged_change* const one = out.get();
  refused(errc::unavailable, [&] {
    write_naming(lossy_, {&one, 1}, [&](sql::transaction& t) {
      out->commit(t);
      throw core::error(errc::unavailable, "somebody was in the way");
    });
  });
  EXPECT_EQ(files_on_disk(), 3U);
  out.reset();
  EXPECT_EQ(files_on_disk(), 2U);
}

TEST_F(lost_answer_test, an_erasure_that_was_committed_unlinks_the_old_parts) {
  append(*in_, {{2, 20, {}, {}}});  // in the bucket of 1
  for (const std::uint64_t who : {1U, 3U}) {
    lossy_.lose_answer();
    EXPECT_EQ(erase(who), 1U);
  }
  EXPECT_EQ(items(), numbers{20});
  EXPECT_EQ(files_on_disk(), 1U);
}

TEST_F(lost_answer_test, an_erasure_keeps_both_parts_while_nobody_can_be_asked) {
  append(*in_, {{2, 20, {}, {}}});
  in_->tables->compact("events", 1, pool_, job_);
  lossy_.stay_away(true);
  lossy_.lose_answer();
  refused(errc::unavailable, [&] { erase(1); });
  lossy_.stay_away(false);
  EXPECT_EQ(items(), (numbers{20, 30}));
  EXPECT_EQ(erase(1), 0U);
  expect_after_reopening({20, 30});
}

TEST_F(lost_answer_test, an_erasure_that_was_not_committed_is_done_again) {
  append(*in_, {{2, 20, {}, {}}});
  in_->tables->compact("events", 1, pool_, job_);
  lossy_.lose_commit();
  EXPECT_EQ(erase(1), 1U);
  EXPECT_EQ(items(), (numbers{20, 30}));
  expect_after_reopening({20, 30});
}

TEST_F(lost_answer_test, a_drop_that_was_committed_unlinks_the_parts) {
  const auto undone = in_->tables->stage_drop("events");
  lossy_.lose_commit();
  EXPECT_FALSE(name(*undone));
  EXPECT_EQ(items(), (numbers{10, 30}));
  const auto gone = in_->tables->stage_drop("events");
  lossy_.lose_answer();
  EXPECT_TRUE(name(*gone));
  EXPECT_EQ(files_on_disk(), 0U);
}

// A child appends batches of 50 rows, item = the number of the batch, and erases subject batch % 20 + 1 now and then;
// it says over a pipe what was acknowledged. It is killed at a random moment.
void append_until_killed(const std::filesystem::path& folder, int acknowledge, std::uint64_t seed) {
  house in(folder, {.staged_bytes = 1});
  core::thread_pool pool(2);
  core::job job;
  std::mt19937_64 random(seed);
  std::int64_t batch = 0;
  for (const part& p : in.tables->parts("events")) {
    batch += static_cast<std::int64_t>(p.rows);
  }
  for (batch = batch * 1000 + 1;; ++batch) {
    auto rows = random_events(random, 50, 20);
    for (auto& row : rows) {
      row.item = batch;
    }
    const auto out = in.tables->append("events", pool);
    out->append(batch_of(rows));
    in.commit(*out);
    const ssize_t written = ::write(acknowledge, &batch, sizeof batch);
    if (written != sizeof batch) {
      _exit(1);
    }
    if (batch % 3 == 0) {
      in.tables->compact("events", 2, pool, job);
    }
  }
}

TEST_F(table_test, a_kill_at_any_moment_leaves_whole_batches_and_everything_acknowledged) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  {
    house in(folder_.path());
    in.create(events());
  }
  std::set<std::int64_t> acknowledged;
  for (int round = 0; round < 6; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      try {
        append_until_killed(folder_.path(), ends[1], random());
      } catch (...) {
      }
      _exit(2);
    }
    close(ends[1]);
    std::int64_t batch = 0;
    const std::size_t batches = 1 + random() % 6;
    for (std::size_t i = 0; i < batches && read(ends[0], &batch, sizeof batch) == sizeof batch; ++i) {
      acknowledged.insert(batch);
    }
    usleep(static_cast<useconds_t>(random() % 60'000));
    kill(child, SIGKILL);
    waitpid(child, nullptr, 0);
    while (read(ends[0], &batch, sizeof batch) == sizeof batch) {
      acknowledged.insert(batch);
    }
    close(ends[0]);

    house in(folder_.path());
    std::map<std::int64_t, std::size_t> rows;
    for (const event& e : scan(in)) {
      ++rows[e.item];
    }
    for (const auto& [item, count] : rows) {
      EXPECT_EQ(count, 50U) << "batch " << item;
    }
    for (const std::int64_t item : acknowledged) {
      EXPECT_TRUE(rows.contains(item)) << "batch " << item;
    }
    in.tables->verify("events", pool_, job_);
    EXPECT_EQ(files_on_disk(), in.tables->parts("events").size());
  }
  EXPECT_FALSE(acknowledged.empty());
}

TEST_F(table_test, a_full_disk_refuses_the_rows_and_leaves_the_table_as_it_was) {
  const auto small = folder_.path() / "small";
  std::filesystem::create_directories(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=6m") != 0) {
    GTEST_SKIP() << "a small tmpfs cannot be mounted here (not root?): the full disk is NOT tested";
  }
  {
    std::filesystem::create_directories(small / "blobs");
    const auto sql = sql::database::open((folder_.path() / "sql.db").string());
    const auto blobs = open_disk_blob_store(small / "blobs");
    const chosen_access access;
    const key_box keys;
    const auto tables = open_table_store(*sql, *blobs, small / "blobs", access, keys);
    sql->write([&](sql::transaction& in) { tables->create(in, events()); });
    std::mt19937_64 random(2);
    const auto fill = [&](std::size_t rows) {
      const auto out = tables->append("events", pool_);
      column_batch batch(events().columns);
      for (std::size_t i = 0; i < rows; ++i) {
        batch.subjects.push_back(1 + static_cast<std::int64_t>(i % 100));
        batch.columns[0].add(static_cast<std::int64_t>(random()));
        batch.columns[1].add(static_cast<double>(random()));
        batch.columns[2].add(std::string_view(std::to_string(random())));
      }
      out->append(batch);
      out->finish();
      sql->write([&](sql::transaction& in) { out->commit(in); });
      out->committed();
    };
    fill(1000);
    refused(errc::resource_exhausted, [&] { fill(2'000'000); });
    fill(1000);
    std::uint64_t rows = 0;
    for (const part& p : tables->parts("events")) {
      rows += p.rows;
    }
    EXPECT_EQ(rows, 2000U);
    tables->verify("events", pool_, job_);
  }
  umount(small.c_str());
}

}  // namespace
}  // namespace eunomia::store::table
