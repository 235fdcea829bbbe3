#include "bench/gdprbench/personal_records.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <memory>
#include <random>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bench/gdprbench/workload.h"
#include "core/file.h"
#include "core/job.h"
#include "core/sign.h"
#include "core/temporary_directory.h"
#include "store/sql/lossy_database.h"
#include "store/sql/test_database.h"

namespace eunomia::gdprbench {
namespace {

namespace sql = store::sql;

constexpr std::int64_t now = load_time;

// Everything that records stand on, over a database.
struct house {
  explicit house(sql::database& in) : through(in) {
    keys = subject::open_vault(in, folder.path() / "keys");
    in.migrate(subject::directory_migrations());
    people = subject::open_directory(in, keys);
    log = std::make_unique<subject::audit_log>(in);
    open();
  }
  // As after a crash: nothing was saved that the journal holds.
  void open() {
    records.reset();
    records = std::make_unique<personal_records>(through, *keys, *people, *log, journal_file(),
                                                 subject::actor::token("test"));
  }
  std::filesystem::path journal_file() const { return folder.path() / "records.journal"; }
  std::vector<std::string> actions() const {
    records->save();
    std::vector<std::string> made;
    for (const auto& one : log->entries({.limit = subject::max_audit_page})) {
      made.push_back(one.action);
    }
    return made;
  }

  core::temporary_directory folder;
  sql::lossy_database through;
  std::shared_ptr<subject::vault> keys;
  std::unique_ptr<subject::durable_directory> people;
  std::unique_ptr<subject::audit_log> log;
  std::unique_ptr<personal_records> records;
};

personal_record record(std::uint64_t number) {
  return record_source({}).record({number, 0});
}

std::vector<personal_record> records_up_to(std::uint64_t count) {
  std::vector<personal_record> made;
  for (std::uint64_t i = 0; i < count; ++i) {
    made.push_back(record(i));
  }
  return made;
}

selector key_of(std::uint64_t number) {
  return {attribute::key, record_source::key(number)};
}

class personal_records_test : public sql::on_both_engines {};
EUNOMIA_ON_BOTH_ENGINES(personal_records_test);

TEST_P(personal_records_test, a_record_is_found_by_key_by_person_and_by_every_text_attribute) {
  house in(db());
  in.records->insert(records_up_to(3), now);
  const personal_record one = record(2);
  std::vector<selector> selectors = {key_of(2), {attribute::subject, one.subject}};
  for (const attribute each : {attribute::purpose, attribute::objection, attribute::access}) {
    selectors.push_back({each, one.about.of(each).front()});
  }
  for (const selector& where : selectors) {
    SCOPED_TRACE(name_of(where.by));
    const auto data = in.records->read_data(where, now);
    ASSERT_EQ(data.size(), 1U);
    EXPECT_EQ(data[0].key, one.key);
    EXPECT_EQ(data[0].data, one.data);
    const auto found = in.records->read_metadata(where, now);
    ASSERT_EQ(found.records.size(), 1U);
    EXPECT_EQ(*found.policies.at(found.records[0].policy), one.about);
    EXPECT_EQ(found.records[0].about, in.people->find("user", one.subject));
  }
  EXPECT_TRUE(in.records->read_data(key_of(9), now).empty());
  EXPECT_TRUE(in.records->read_metadata({attribute::subject, "nobody"}, now).records.empty());
}

TEST_P(personal_records_test, a_value_among_several_finds_the_record) {
  house in(db());
  personal_record one = record(1);
  one.about.of(attribute::purpose) = {"ads", "billing"};
  in.records->insert(std::span(&one, 1), now);
  EXPECT_EQ(in.records->read_metadata({attribute::purpose, "ads"}, now).records.size(), 1U);
  EXPECT_EQ(in.records->read_metadata({attribute::purpose, "billing"}, now).records.size(), 1U);
  EXPECT_EQ(in.records->read_metadata({attribute::purpose, "ad"}, now).records.size(), 0U);
}

TEST_P(personal_records_test, a_second_record_of_a_key_is_refused_and_none_of_its_neighbours_is_stored) {
  house in(db());
  in.records->insert(records_up_to(1), now);
  const std::vector<personal_record> some = {record(5), record(0)};
  EXPECT_EQ(sql::code_thrown_by([&] { in.records->insert(some, now); }), core::errc::already_exists);
  EXPECT_TRUE(in.records->read_data(key_of(5), now).empty());
  const std::vector<personal_record> twice = {record(5), record(5)};
  EXPECT_EQ(sql::code_thrown_by([&] { in.records->insert(twice, now); }), core::errc::invalid_argument);
}

TEST_P(personal_records_test, every_operation_is_an_entry_of_an_audit_chain_that_verifies) {
  house in(db());
  in.records->insert(records_up_to(2), now);
  in.records->read_data(key_of(0), now);
  in.records->read_metadata({attribute::purpose, "purpose0"}, now);
  in.records->update_metadata({attribute::purpose, "purpose0"}, {attribute::decision, "dec1"}, now);
  in.records->update_data(record_source::key(0), "other", now);
  in.records->replace(record(0), now);
  in.records->erase(key_of(0), now);
  in.records->verify_erased(record_source::key(0), now);
  in.records->erase_expired(now);
  in.records->system_logs(5);
  EXPECT_EQ(in.actions(),
            (std::vector<std::string>{"record.insert", "record.insert", "record.data_read", "record.metadata_read",
                                      "record.metadata_update", "record.data_update", "record.replace", "record.erase",
                                      "record.verify_erased", "record.expire", "log.read"}));
  core::job job;
  const core::signing_key key(in.keys->keys().signing_seed());
  in.log->sign_head(key);
  EXPECT_EQ(in.log->verify(std::array{key.public_half()}, job).entries, 11);
}

TEST_P(personal_records_test, the_audit_log_names_people_by_their_pseudonym_only) {
  house in(db());
  sql::database& database = db();
  in.records->insert(records_up_to(1), now);
  in.records->read_data(key_of(0), now);
  in.records->read_metadata({attribute::subject, record(0).subject}, now);
  const core::subject_handle who = in.people->find("user", record(0).subject).value();
  const auto keys = database.read([&](sql::connection& from) { return in.keys->keys_of(from, std::span(&who, 1)); });
  const std::string pseudonym = subject::pseudonym_of(keys.at(who)).text();
  for (const auto& one : in.log->entries({})) {
    EXPECT_EQ(one.subject, pseudonym) << one.action;
    EXPECT_EQ(one.details.find("user0"), std::string::npos) << one.details;
    EXPECT_EQ(one.details.find("key0"), std::string::npos) << one.details;
  }
}

TEST_P(personal_records_test, nothing_finds_a_record_past_its_time_to_live_and_it_leaves_the_table) {
  house in(db());
  in.records->insert(records_up_to(2), now);  // 30 s and 10,000 s
  const std::int64_t later = now + 30'000;
  EXPECT_EQ(in.records->read_data(key_of(0), later - 1).size(), 1U);
  EXPECT_TRUE(in.records->read_data(key_of(0), later).empty());
  EXPECT_TRUE(in.records->read_metadata({attribute::subject, "user0"}, later).records.empty());
  EXPECT_TRUE(in.records->read_metadata({attribute::purpose, "purpose0"}, later).records.empty());
  EXPECT_FALSE(in.records->replace(record(0), later));
  EXPECT_EQ(in.records->erase(key_of(0), later), 0U);
  const auto swept = in.records->erase_expired(later);
  EXPECT_EQ(swept.erased, 1U);
  EXPECT_EQ(swept.remaining, 1U);
}

TEST_P(personal_records_test, a_longer_time_to_live_brings_nothing_back) {
  house in(db());
  in.records->insert(records_up_to(1), now);
  const std::int64_t later = now + 30'000;
  EXPECT_EQ(in.records->update_metadata({attribute::purpose, "purpose0"}, {attribute::time_to_live, "90000"}, later),
            0U);
  EXPECT_TRUE(in.records->read_data(key_of(0), later).empty());
}

TEST_P(personal_records_test, a_key_is_free_again_once_its_record_has_expired) {
  house in(db());
  in.records->insert(records_up_to(1), now);
  in.records->insert(records_up_to(1), now + 30'000);
  EXPECT_EQ(in.records->read_data(key_of(0), now + 30'000).size(), 1U);
}

TEST_P(personal_records_test, a_change_by_purpose_is_a_change_of_policies) {
  house in(db());
  sql::database& database = db();
  in.records->insert(records_up_to(400), now);
  const auto stored = [&] {
    in.records->save();
    return database.read([](sql::connection& from) {
      std::set<std::string> all;
      from.each("SELECT id, policy FROM personal_record", {}, [&](const sql::row& row) {
        all.insert(std::to_string(row.int64(0)) + " " + std::to_string(row.int64(1)));
      });
      return all;
    });
  };
  const auto before = stored();
  EXPECT_EQ(in.records->update_metadata({attribute::purpose, "purpose3"}, {attribute::shared_with, "everybody"}, now),
            16U);
  EXPECT_EQ(stored(), before);
  EXPECT_EQ(before.size(), 400U);
  EXPECT_EQ(in.records->read_metadata({attribute::shared_with, "everybody"}, now).records.size(), 16U);
  EXPECT_EQ(in.records->read_metadata({attribute::purpose, "purpose3"}, now).records.size(), 16U);
}

TEST_P(personal_records_test, an_answer_keeps_the_metadata_that_it_saw) {
  house in(db());
  in.records->insert(records_up_to(1), now);
  const auto found = in.records->read_metadata(key_of(0), now);
  in.records->update_metadata({attribute::purpose, "purpose0"}, {attribute::decision, "dec9"}, now);
  EXPECT_EQ(found.policies.front()->of(attribute::decision), attribute_values{"dec0"});
}

TEST_P(personal_records_test, a_change_of_one_persons_records_leaves_others_under_the_policy) {
  house in(db());
  in.records->insert(records_up_to(201), now);  // 0, 100 and 200 share a policy
  EXPECT_EQ(in.records->update_metadata({attribute::subject, "user100"}, {attribute::source, "a form"}, now), 1U);
  EXPECT_EQ(in.records->read_metadata({attribute::source, "a form"}, now).records.size(), 1U);
  EXPECT_EQ(in.records->read_metadata({attribute::objection, "obj0"}, now).records.size(), 3U);
}

TEST_P(personal_records_test, records_that_move_to_another_person_are_sealed_with_that_persons_key) {
  house in(db());
  sql::database& database = db();
  in.records->insert(records_up_to(60), now);
  EXPECT_EQ(in.records->update_metadata({attribute::purpose, "purpose7"}, {attribute::subject, "user50"}, now), 3U);
  const auto data = in.records->read_data({attribute::subject, "user50"}, now);
  std::set<std::string> keys;
  for (const auto& one : data) {
    keys.insert(one.key);
  }
  EXPECT_EQ(keys, (std::set<std::string>{"key7", "key32", "key50", "key57"}));
  // Without the key of whom it was about before, wherever what was granted rests.
  const core::subject_handle before = in.people->find("user", "user7").value();
  database.write([&](sql::transaction& to) { in.keys->destroy_keys(to, std::span(&before, 1)); });
  EXPECT_EQ(in.records->read_data(key_of(7), now).at(0).data, record(7).data);
  in.open();
  EXPECT_EQ(in.records->read_data(key_of(7), now).at(0).data, record(7).data);
  in.records->save();
  EXPECT_EQ(in.records->read_data(key_of(7), now).at(0).data, record(7).data);
}

TEST_P(personal_records_test, records_that_moved_can_move_on_be_written_and_be_erased) {
  house in(db());
  in.records->insert(records_up_to(60), now);
  in.records->save();
  EXPECT_EQ(in.records->update_metadata({attribute::purpose, "purpose7"}, {attribute::subject, "user50"}, now), 3U);
  EXPECT_TRUE(in.records->update_data("key32", "other", now));
  EXPECT_EQ(in.records->erase(key_of(57), now), 1U);
  EXPECT_EQ(in.records->update_metadata({attribute::subject, "user50"}, {attribute::subject, "user51"}, now), 3U);
  EXPECT_TRUE(in.records->read_data({attribute::subject, "user50"}, now).empty());
  const auto held = [&] {
    std::set<std::string> all;
    for (const auto& one : in.records->read_data({attribute::subject, "user51"}, now)) {
      all.insert(one.key + " " + one.data);
    }
    return all;
  };
  const std::set<std::string> expected = {"key7 " + record(7).data, "key32 other", "key50 " + record(50).data,
                                          "key51 " + record(51).data};
  EXPECT_EQ(held(), expected);
  in.open();
  EXPECT_EQ(held(), expected);
  in.records->save();
  EXPECT_EQ(held(), expected);
  in.open();
  EXPECT_EQ(held(), expected);
  // Nobody but the person opens them now.
  const core::subject_handle last = in.people->find("user", "user51").value();
  db().write([&](sql::transaction& to) { in.keys->destroy_keys(to, std::span(&last, 1)); });
  EXPECT_EQ(sql::code_thrown_by([&] { in.records->read_data(key_of(7), now); }), core::errc::corrupt);
}

TEST_P(personal_records_test, an_erased_record_is_gone_for_those_who_verify) {
  house in(db());
  in.records->insert(records_up_to(2), now);
  EXPECT_FALSE(in.records->verify_erased("key0", now));
  EXPECT_EQ(in.records->erase({attribute::subject, "user0"}, now), 1U);
  EXPECT_TRUE(in.records->verify_erased("key0", now));
  EXPECT_FALSE(in.records->verify_erased("key1", now));
}

TEST_P(personal_records_test, the_newest_log_entries_are_read_in_order) {
  house in(db());
  in.records->insert(records_up_to(10), now);
  EXPECT_EQ(in.records->system_logs(3).front().sequence, 8);
  const auto more = in.records->system_logs(audit_tail::max_entries);
  EXPECT_EQ(more.size(), 11U);
  EXPECT_EQ(more.back().action, "log.read");
  EXPECT_EQ(sql::code_thrown_by([&] { in.records->system_logs(0); }), core::errc::invalid_argument);
}

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

TEST_P(personal_records_test, an_operation_that_the_journal_has_no_room_for_has_done_nothing) {
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

TEST_P(personal_records_test, a_save_that_failed_is_made_up_for) {
  house in(db());
  in.records->insert(records_up_to(4), now);
  in.through.lose_commit();
  EXPECT_EQ(sql::code_thrown_by([&] { in.records->save(); }), core::errc::unavailable);
  EXPECT_EQ(in.records->erase(key_of(1), now), 1U);
  EXPECT_EQ(in.records->read_data(key_of(2), now).at(0).data, record(2).data);
  EXPECT_EQ(in.actions(), (std::vector<std::string>{"record.insert", "record.insert", "record.insert", "record.insert",
                                                    "record.erase", "record.data_read"}));
}

TEST_P(personal_records_test, a_save_whose_answer_was_lost_is_made_once) {
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

TEST_P(personal_records_test, a_frame_that_was_torn_is_an_operation_that_was_not_made) {
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

TEST_P(personal_records_test, an_unsaved_erasure_is_taken_out_of_the_table_for_who_verifies_it) {
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

TEST_P(personal_records_test, reads_the_same_after_it_was_opened_again) {
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

TEST_P(personal_records_test, callers_at_once_are_all_answered_and_all_on_record) {
  house in(db());
  constexpr std::uint64_t callers = 8, each = 20;
  std::vector<std::thread> threads;
  std::atomic<std::uint64_t> right = 0;
  for (std::uint64_t caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      for (std::uint64_t i = 0; i < each; ++i) {
        const personal_record one = record(caller * each + i);
        in.records->insert(std::span(&one, 1), now);
        const auto found = in.records->read_data({attribute::key, one.key}, now);
        right += found.size() == 1 && found[0].data == one.data ? 1U : 0U;
      }
    });
  }
  for (std::thread& one : threads) {
    one.join();
  }
  EXPECT_EQ(right, callers * each);
  EXPECT_EQ(in.actions().size(), 2 * callers * each);
}

TEST_P(personal_records_test, what_is_beyond_a_limit_is_refused_by_name) {
  house in(db());
  personal_record one = record(0);
  one.data.assign(max_data_bytes + 1, 'x');
  EXPECT_NE(sql::message_thrown_by([&] { in.records->insert(std::span(&one, 1), now); }).find("max_data_bytes"),
            std::string::npos);
  one = record(0);
  one.about.of(attribute::purpose) = {"b", "a"};
  EXPECT_EQ(sql::code_thrown_by([&] { in.records->insert(std::span(&one, 1), now); }), core::errc::invalid_argument);
  EXPECT_EQ(sql::code_thrown_by([&] {
              in.records->erase({attribute::time_to_live, "30"}, now);
            }),
            core::errc::invalid_argument);
  EXPECT_EQ(sql::code_thrown_by([&] {
              in.records->update_metadata(key_of(0), {attribute::time_to_live, "-1"}, now);
            }),
            core::errc::invalid_argument);
  EXPECT_TRUE(in.actions().empty());
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
