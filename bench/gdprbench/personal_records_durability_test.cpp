#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "bench/gdprbench/personal_records_testing.h"
#include "core/file.h"
#include "core/job.h"

// What is there after a crash, a full disk, a lost connection and a save.
namespace eunomia::gdprbench {
namespace {

namespace sql = store::sql;

class personal_records_durability : public sql::on_both_engines {};
EUNOMIA_ON_BOTH_ENGINES(personal_records_durability);

// While it lives, no file of this process grows beyond a size: what a full disk does.
class files_no_larger_than {
 public:
  explicit files_no_larger_than(rlim_t bytes) : before_(std::signal(SIGXFSZ, SIG_IGN)) {
    ::getrlimit(RLIMIT_FSIZE, &limit_);
    const rlimit lower{bytes, limit_.rlim_max};
    ::setrlimit(RLIMIT_FSIZE, &lower);
  }
  ~files_no_larger_than() {
    ::setrlimit(RLIMIT_FSIZE, &limit_);
    std::signal(SIGXFSZ, before_);
  }
  files_no_larger_than(const files_no_larger_than&) = delete;
  files_no_larger_than& operator=(const files_no_larger_than&) = delete;

 private:
  void (*before_)(int);
  rlimit limit_ = {};
};

TEST_P(personal_records_durability, an_operation_that_the_journal_has_no_room_for_has_done_nothing) {
  house in(db());
  in.records->insert(records_up_to(4), now);
  personal_record large = record(9);
  large.data.assign(journal::initial_bytes, 'x');
  in.people->resolve("user", large.subject);
  {
    const files_no_larger_than full(std::filesystem::file_size(in.journal_file()));
    EXPECT_THROW(in.records->insert(std::span(&large, 1), now), core::error);
    EXPECT_EQ(in.records->update_metadata({attribute::purpose, "purpose1"}, {attribute::source, "a form"}, now), 1U);
  }
  EXPECT_TRUE(in.records->read_data(key_of(9), now).empty());
  EXPECT_EQ(in.records->read_metadata({attribute::source, "a form"}, now).records.size(), 1U);
  in.records->insert(std::span(&large, 1), now);
  EXPECT_EQ(in.records->read_data(key_of(9), now).at(0).data, large.data);
  const auto actions = in.actions();
  EXPECT_EQ(std::ranges::count(actions, "record.insert"), 5);
}

TEST_P(personal_records_durability, a_save_that_failed_is_made_up_for) {
  house in(db());
  in.records->insert(records_up_to(4), now);
  in.through.lose_commit();
  EXPECT_EQ(sql::code_thrown_by([&] { in.records->save(); }), core::errc::unavailable);
  EXPECT_EQ(in.records->erase(key_of(1), now), 1U);
  EXPECT_EQ(in.records->read_data(key_of(2), now).at(0).data, record(2).data);
  EXPECT_EQ(in.actions(), (std::vector<std::string>{"record.insert", "record.insert", "record.insert", "record.insert",
                                                    "record.erase", "record.data_read"}));
}

TEST_P(personal_records_durability, a_save_whose_answer_was_lost_is_made_once) {
  house in(db());
  in.records->insert(records_up_to(4), now);
  EXPECT_EQ(in.records->erase(key_of(1), now), 1U);
  in.through.lose_answer();
  EXPECT_EQ(sql::code_thrown_by([&] { in.records->save(); }), core::errc::unavailable);
  EXPECT_TRUE(in.records->verify_erased("key1", now));
  const auto actions = in.actions();
  EXPECT_EQ(actions.size(), 6U);
  EXPECT_EQ(std::ranges::count(actions, "record.erase"), 1);
  core::job job;
  EXPECT_EQ(in.log->verify({}, job).entries, 6);
}

TEST_P(personal_records_durability, a_frame_that_was_torn_is_an_operation_that_was_not_made) {
  house in(db());
  in.records->insert(records_up_to(4), now);
  const std::string before = core::read_file(in.journal_file());
  EXPECT_EQ(in.records->erase(key_of(1), now), 1U);
  in.records.reset();
  {
    // All of the last frame but its last byte.
    std::string torn = core::read_file(in.journal_file());
    torn[torn.find_last_not_of('\0')] ^= 1;
    ASSERT_NE(torn, before);
    std::ofstream(in.journal_file(), std::ios::binary) << torn;
  }
  in.open();
  EXPECT_EQ(in.records->read_data(key_of(1), now).size(), 1U);
  in.open();
  EXPECT_EQ(in.actions().back(), "record.data_read");
  EXPECT_EQ(in.actions().size(), 5U);
}

TEST_P(personal_records_durability, an_unsaved_erasure_is_taken_out_of_the_table_for_who_verifies_it) {
  house in(db());
  in.records->insert(records_up_to(3), now);
  in.records->save();
  const auto rows = [&] {
    return db().read(
        [](sql::connection& from) { return from.query_one("SELECT count(*) FROM personal_record")[0].int64(0); });
  };
  EXPECT_EQ(in.records->erase(key_of(1), now), 1U);
  EXPECT_EQ(rows(), 3);
  EXPECT_TRUE(in.records->verify_erased("key1", now));
  EXPECT_EQ(rows(), 2);
  // The next record of the key is another.
  in.records->insert(std::vector{record(1)}, now);
  EXPECT_FALSE(in.records->verify_erased("key1", now));
  EXPECT_EQ(in.records->erase(key_of(1), now), 1U);
  EXPECT_TRUE(in.records->verify_erased("key1", now));
  in.records->save();
  EXPECT_EQ(rows(), 2);
}

TEST_P(personal_records_durability, reads_the_same_after_it_was_opened_again) {
  const std::uint64_t seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  house in(db());
  workload_parameters p{role::customer, mix::shipped, 120, 60, 7, 40, 30, seed};
  const record_source source(p);
  std::vector<personal_record> first;
  for (std::uint64_t key = 0; key < p.records; ++key) {
    first.push_back(source.record({key, 0}));
  }
  in.records->insert(first, load_time);
  for (const workload_operation& one : operations_of(p)) {
    if (one.what == action::replace) {
      in.records->replace(source.record(one.record), one.at);
    } else if (one.what == action::update_metadata) {
      in.records->update_metadata(one.where, one.change, one.at);
    } else if (one.what == action::erase) {
      in.records->erase(one.where, one.at);
    }
  }
  const auto everything = [&] {
    std::set<std::string> all;
    for (std::uint64_t purpose = 0; purpose < p.purposes; ++purpose) {
      const auto found =
          in.records->read_metadata({attribute::purpose, source.value(attribute::purpose, purpose)}, load_time);
      for (const auto& one : found.records) {
        std::string text(text_of(one.lookup));
        text += " " + std::to_string(one.about.value()) + " " + std::to_string(one.collected_at) + " " +
                std::to_string(found.policies[one.policy]->time_to_live_s);
        for (const auto& values : found.policies[one.policy]->texts) {
          text.append(" ").append(joined(values));
        }
        all.insert(text);
      }
      for (const auto& one :
           in.records->read_data({attribute::purpose, source.value(attribute::purpose, purpose)}, load_time)) {
        all.insert(std::string(one.key).append(" ").append(one.data));
      }
    }
    return all;
  };
  const auto before = everything();
  in.open();
  EXPECT_EQ(everything(), before);
  EXPECT_GT(before.size(), 100U);
  in.records->save();
  EXPECT_EQ(everything(), before);
  in.open();
  EXPECT_EQ(everything(), before);
  in.records->save();
  core::job job;
  EXPECT_EQ(in.log->verify({}, job).entries, in.records->system_logs(1).front().sequence);
}

std::string bytes_of(const std::filesystem::path& folder) {
  std::string all;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) {
      all += core::read_file(entry.path());
    }
  }
  return all;
}

TEST(personal_records_at_rest, neither_key_nor_person_nor_data_is_in_any_byte) {
  sql::test_database database(sql::engine::sqlite);
  house in(*database);
  personal_record one = record(0);
  one.key = "KEY-UNMISTAKABLE";
  one.subject = "PERSON-UNMISTAKABLE";
  one.data = "DATA-UNMISTAKABLE";
  in.records->insert(std::span(&one, 1), now);
  in.records->update_metadata({attribute::key, one.key}, {attribute::source, "SOURCE-UNMISTAKABLE"}, now);
  for (const bool is_saved : {false, true}) {
    if (is_saved) {
      in.records->save();
    }
    const std::string all = bytes_of(database.folder()) + bytes_of(in.folder.path());
    EXPECT_EQ(all.find("KEY-UNMISTAKABLE"), std::string::npos);
    EXPECT_EQ(all.find("PERSON-UNMISTAKABLE"), std::string::npos);
    EXPECT_EQ(all.find("DATA-UNMISTAKABLE"), std::string::npos);
    EXPECT_NE(all.find("SOURCE-UNMISTAKABLE"), std::string::npos);
  }
}

TEST(personal_records_at_rest, the_sealed_bytes_of_an_erased_record_are_in_no_file_once_that_is_saved) {
  sql::test_database database(sql::engine::sqlite);
  house in(*database);
  in.records->insert(records_up_to(3), now);
  in.records->save();
  in.records->update_data("key1", "other", now);
  const auto sealed = [&](std::int64_t id) {
    return database->read(
        [&](sql::connection& from) { return record_tables().sealed(from, std::span(&id, 1)).at(0).sealed; });
  };
  const std::string first = sealed(2);
  const auto rests = [&](const std::string& bytes) {
    return (bytes_of(database.folder()) + bytes_of(in.folder.path())).find(bytes) != std::string::npos;
  };
  EXPECT_TRUE(rests(first));
  in.records->save();
  const std::string second = sealed(2);
  EXPECT_FALSE(rests(first));
  EXPECT_TRUE(rests(second));
  EXPECT_EQ(in.records->erase(key_of(1), now), 1U);
  in.records->save();
  EXPECT_FALSE(rests(second));
}

}  // namespace
}  // namespace eunomia::gdprbench
