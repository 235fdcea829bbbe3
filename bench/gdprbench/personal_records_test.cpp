#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "bench/gdprbench/personal_records_testing.h"
#include "core/job.h"
#include "core/sign.h"

namespace eunomia::gdprbench {
namespace {

namespace sql = store::sql;

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

}  // namespace
}  // namespace eunomia::gdprbench
