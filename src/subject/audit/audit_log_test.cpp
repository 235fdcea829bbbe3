#include "subject/audit/audit_log.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <latch>
#include <memory>
#include <string>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/error.h"
#include "core/hash.h"
#include "core/seal.h"
#include "core/subject_handle.h"
#include "store/sql/test_database.h"
#include "subject/audit/audit_chain.h"

namespace eunomia::subject {
namespace {

using core::errc;
using store::sql::code_thrown_by;
using store::sql::message_thrown_by;
using store::sql::on_both_engines;
namespace sql = store::sql;

pseudonym somebody(std::string_view name) {
  core::digest128 digest;
  const core::digest256 hash = core::blake2b(name);
  std::copy_n(hash.bytes.begin(), digest.bytes.size(), digest.bytes.begin());
  return pseudonym(digest);
}

audit_entry entry_of(std::string action, std::optional<pseudonym> about = {}, std::string details = "{}") {
  return {actor::token("shop frontend"), std::move(action), about, std::move(details)};
}

class audit : public on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      log_ = std::make_unique<audit_log>(db());
    }
  }

  audit_log& log() { return *log_; }

  audit_position append(audit_log& to, sql::database& in, const audit_entry& entry) {
    return in.write([&](sql::transaction& t) { return to.append(t, entry); });
  }
  audit_position append(const audit_entry& entry) { return append(log(), db(), entry); }

  // Entries 1 to 10, of which the first 7 are under a checkpoint.
  void fill() {
    for (int i = 1; i <= 10; ++i) {
      append(entry_of("read", somebody(i % 2 == 0 ? "even" : "odd"), R"({"rows":)" + std::to_string(i) + "}"));
      if (i == 7) {
        ASSERT_TRUE(log().sign_head(key));
      }
    }
  }

  audit_report verify(std::span<const audit_anchor> anchors = {}) {
    core::job job;
    return log().verify(std::span(&key.public_half(), 1), job, anchors);
  }

  // What somebody with the database does.
  void tamper(std::string_view statement) {
    db().write([&](sql::transaction& in) { EXPECT_GT(in.execute(statement), 0U) << statement; });
  }

  // The message of the refusal, which has the code of damaged bytes.
  std::string refusal(std::span<const audit_anchor> anchors = {}) {
    EXPECT_EQ(code_thrown_by([&] { verify(anchors); }), errc::corrupt);
    return message_thrown_by([&] { verify(anchors); });
  }

  // Rewrites entries from one on as an intruder who knows the format would, the head included.
  void rewrite_from(std::int64_t first) {
    const core::digest128 id = core::digest128_from_hex(log().id());
    db().write([&](sql::transaction& in) {
      core::digest256 previous = audit_chain::hash_of_empty_log(id);
      std::int64_t last = 0;
      const sql::rows rows = in.query(
          "SELECT sequence, at, actor, action, subject, details, hash FROM audit_entry "
          "ORDER BY sequence");
      for (const sql::row row : rows) {
        last = row.int64(0);
        previous = last < first ? core::digest256_from_hex(row.text(6))
                                : audit_chain::hash_of(previous, {last, row.int64(1), row.text(2), row.text(3),
                                                                  row.text(4), row.text(5)});
        in.execute("UPDATE audit_entry SET hash = :hash WHERE sequence = :sequence",
                   {{"hash", core::to_hex(previous)}, {"sequence", last}});
      }
      in.execute("UPDATE audit_head SET sequence = :sequence, hash = :hash",
                 {{"sequence", last}, {"hash", core::to_hex(previous)}});
    });
  }

  const core::signing_key key{core::secret_key::random()};

 private:
  std::unique_ptr<audit_log> log_;
};

EUNOMIA_ON_BOTH_ENGINES(audit);

TEST_P(audit, an_untouched_log_verifies_and_says_what_is_signed) {
  fill();
  const audit_report report = verify();
  EXPECT_EQ(report.log_id, log().id());
  EXPECT_EQ(report.entries, 10);
  EXPECT_EQ(report.hash, log().head().hash);
  EXPECT_EQ(report.checkpoints, 1);
  EXPECT_EQ(report.last_signed, 7);
  EXPECT_GT(report.last_signed_at_ms, 0);
  EXPECT_EQ(report.unsigned_entries, 3);
}

TEST_P(audit, an_empty_log_verifies) {
  const audit_report report = verify();
  EXPECT_EQ(report.entries, 0);
  EXPECT_EQ(report.unsigned_entries, 0);
  EXPECT_EQ(report.hash, log().head().hash);
}

TEST_P(audit, an_entry_comes_back_as_it_was_recorded) {
  const audit_position at = append(entry_of("erasure.completed", somebody("ann"), R"({"steps":["ärgerlich",2]})"));
  const auto found = log().entries({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].sequence, 1);
  EXPECT_GT(found[0].at_ms, 0);
  EXPECT_EQ(found[0].actor, "token shop frontend");
  EXPECT_EQ(found[0].action, "erasure.completed");
  EXPECT_EQ(found[0].subject, somebody("ann").text());
  EXPECT_EQ(found[0].details, R"({"steps":["ärgerlich",2]})");
  EXPECT_EQ(found[0].hash, at.hash);
  EXPECT_EQ(log().head(), at);
}

TEST_P(audit, the_hash_of_an_entry_is_of_the_documented_bytes) {
  const audit_position at = append({actor::system(), "start", std::nullopt, R"({"a":1})"});
  const auto found = log().entries({});
  const auto number = [](std::uint64_t value) {
    std::string bytes;
    for (int i = 0; i < 8; ++i) {
      bytes += static_cast<char>(value >> 8 * i & 0xFF);
    }
    return bytes;
  };
  const auto text = [&](std::string_view value) { return number(value.size()) + std::string(value); };
  const auto raw = [](core::bytes_view bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  const auto empty = core::blake2b(std::string("eunomia audit log 1") + '\0' + raw(core::from_hex(log().id())));
  EXPECT_EQ(at.hash,
            core::blake2b(raw(empty.bytes) + number(1) + number(static_cast<std::uint64_t>(found.at(0).at_ms)) +
                          text("system") + text("start") + text("") + text(R"({"a":1})")));
}

TEST_P(audit, a_transaction_that_rolls_back_leaves_no_entry) {
  append(entry_of("kept"));
  EXPECT_EQ(code_thrown_by([&] {
              db().write([&](sql::transaction& in) {
                log().append(in, entry_of("undone"));
                throw core::error(errc::unavailable, "the change failed");
              });
            }),
            errc::unavailable);
  EXPECT_EQ(append(entry_of("next")).sequence, 2);
  const auto found = log().entries({});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].action, "next");
  EXPECT_EQ(verify().entries, 2);
}

TEST_P(audit, who_has_no_log_open_appends_to_the_one_of_the_database) {
  append(entry_of("before"));
  const audit_position there =
      db().write([](sql::transaction& in) { return audit_log::append_to(in, entry_of("backup.restored")); });
  EXPECT_EQ(there.sequence, 2);
  EXPECT_EQ(append(entry_of("after")).sequence, 3);
  core::job job;
  EXPECT_EQ(log().verify({}, job).entries, 3);
  db().write([](sql::transaction& in) { in.execute("DELETE FROM audit_head"); });
  EXPECT_EQ(code_thrown_by([&] {
              db().write([](sql::transaction& in) { return audit_log::append_to(in, entry_of("nowhere")); });
            }),
            errc::corrupt);
}

TEST_P(audit, entries_of_one_transaction_follow_each_other) {
  db().write([&](sql::transaction& in) {
    EXPECT_EQ(log().append(in, entry_of("one")).sequence, 1);
    EXPECT_EQ(log().append(in, entry_of("two")).sequence, 2);
  });
  EXPECT_EQ(verify().entries, 2);
}

TEST_P(audit, a_batch_is_recorded_in_order) {
  append(entry_of("before"));
  std::vector<audit_entry> batch;
  for (int i = 0; i < 3000; ++i) {
    batch.push_back(entry_of("erasure", somebody(std::to_string(i)), R"({"i":)" + std::to_string(i) + "}"));
  }
  const audit_position last = db().write([&](sql::transaction& in) { return log().append(in, batch); });
  EXPECT_EQ(last.sequence, 3001);
  EXPECT_EQ(append(entry_of("after")).sequence, 3002);
  EXPECT_EQ(verify().entries, 3002);
  EXPECT_EQ(log().entries({.after = 2999, .limit = 1}).at(0).details, R"({"i":2998})");
}

TEST_P(audit, an_empty_batch_changes_nothing) {
  const audit_position before = append(entry_of("one"));
  EXPECT_EQ(db().write([&](sql::transaction& in) { return log().append(in, std::span<const audit_entry>()); }), before);
  EXPECT_EQ(verify().entries, 1);
}

TEST_P(audit, entries_that_were_chained_before_they_are_recorded_are_as_if_appended) {
  append(entry_of("first"));
  const std::vector<audit_entry> entries = {entry_of("second", somebody("a")), entry_of("third", {}, R"({"rows":1})")};
  const auto rows = audit_log::chain(log().head(), entries);
  EXPECT_EQ(log().head().sequence, 1);
  const audit_position last = db().write([&](sql::transaction& in) { return log().append_chained(in, rows); });
  EXPECT_EQ(last, log().head());
  EXPECT_EQ(last.sequence, 3);
  append(entry_of("fourth"));
  EXPECT_EQ(log().entries({.after = 1, .about = somebody("a")}).at(0).action, "second");
  EXPECT_EQ(verify().entries, 4);
}

TEST_P(audit, chained_entries_that_do_not_continue_the_log_are_refused) {
  const std::vector<audit_entry> entries = {entry_of("first"), entry_of("second")};
  auto rows = audit_log::chain(log().head(), entries);
  const auto record = [&] { db().write([&](sql::transaction& in) { log().append_chained(in, rows); }); };
  rows[1].details = R"({"rows":2})";
  EXPECT_EQ(code_thrown_by(record), errc::failed_precondition);
  rows = audit_log::chain(log().head(), entries);
  rows.erase(rows.begin());
  EXPECT_EQ(code_thrown_by(record), errc::failed_precondition);
  rows = audit_log::chain(log().head(), entries);
  append(entry_of("another"));
  EXPECT_EQ(code_thrown_by(record), errc::failed_precondition);
  EXPECT_EQ(verify().entries, 1);
  EXPECT_EQ(code_thrown_by([&] { audit_log::chain(log().head(), std::vector{entry_of("No Action")}); }),
            errc::invalid_argument);
}

TEST_P(audit, two_processes_continue_one_log) {
  const auto elsewhere = own().reopened();
  audit_log other(*elsewhere);
  EXPECT_EQ(other.id(), log().id());
  for (std::int64_t i = 1; i <= 6; ++i) {
    EXPECT_EQ((i % 2 == 0 ? append(entry_of("here")) : append(other, *elsewhere, entry_of("there"))).sequence, i);
  }
  EXPECT_EQ(verify().entries, 6);
}

TEST_P(audit, appends_at_once_from_two_processes_make_one_chain) {
  constexpr int threads = 4;
  constexpr int each = 12;
  const auto elsewhere = own().reopened();
  audit_log other(*elsewhere);
  std::latch start(threads);
  std::vector<std::thread> workers;
  std::atomic<int> refused = 0;
  for (int t = 0; t < threads; ++t) {
    workers.emplace_back([&, t] {
      start.arrive_and_wait();
      for (int i = 0; i < each; ++i) {
        // database::write gives up after max_write_attempts; whoever must not, asks again.
        for (bool done = false; !done;) {
          try {
            t % 2 == 0 ? append(entry_of("here")) : append(other, *elsewhere, entry_of("there"));
            done = true;
          } catch (const core::error& problem) {
            ASSERT_EQ(problem.code(), errc::unavailable) << problem.what();
            ++refused;
          }
        }
      }
    });
  }
  for (std::thread& worker : workers) {
    worker.join();
  }
  EXPECT_EQ(verify().entries, threads * each);
  RecordProperty("given_up_and_asked_again", refused.load());
}

TEST_P(audit, pages_follow_each_other_and_filters_choose) {
  fill();
  const auto first = log().entries({.limit = 4});
  ASSERT_EQ(first.size(), 4U);
  const auto second = log().entries({.after = first.back().sequence, .limit = 1000});
  ASSERT_EQ(second.size(), 6U);
  EXPECT_EQ(second.front().sequence, 5);
  const auto even = log().entries({.about = somebody("even")});
  ASSERT_EQ(even.size(), 5U);
  EXPECT_EQ(even[1].sequence, 4);
  append(entry_of("export", somebody("even")));
  EXPECT_EQ(log().entries({.about = somebody("even"), .action = "export"}).size(), 1U);
  EXPECT_EQ(log().entries({.action = "read"}).size(), 10U);
  EXPECT_TRUE(log().entries({.about = somebody("nobody")}).empty());
}

TEST_P(audit, a_page_beyond_the_limit_is_refused) {
  for (const std::size_t limit : {std::size_t{0}, max_audit_page + 1}) {
    EXPECT_EQ(code_thrown_by([&] { log().entries({.limit = limit}); }), errc::invalid_argument);
  }
}

TEST_P(audit, an_entry_beyond_its_limits_is_refused_and_not_quoted) {
  const std::string long_text(max_audit_details_bytes, 'x');
  const std::string wrong_details[] = {
      "", "[]", "{", "{\n}", "{} anna@example.org", "anna@example.org", R"({"a":")" + long_text + "\"}"};
  for (const std::string& details : wrong_details) {
    const auto attempt = [&] { append(entry_of("read", std::nullopt, details)); };
    EXPECT_EQ(code_thrown_by(attempt), errc::invalid_argument) << details;
    EXPECT_EQ(message_thrown_by(attempt).find("anna"), std::string::npos);
  }
  for (const std::string& action : {std::string(), std::string("Read"), std::string(max_audit_action_bytes + 1, 'a')}) {
    EXPECT_EQ(code_thrown_by([&] { append(entry_of(action)); }), errc::invalid_argument) << action;
  }
  for (const std::string& label : {std::string(), std::string("a\nb"), std::string(129, 'a'), std::string("\xFF")}) {
    EXPECT_EQ(code_thrown_by([&] { actor::token(label); }), errc::invalid_argument);
  }
  EXPECT_EQ(log().head().sequence, 0);
}

TEST_P(audit, a_token_named_system_is_not_the_system) {
  EXPECT_NE(actor::token("system").text(), actor::system().text());
}

TEST_P(audit, any_changed_field_is_found) {
  fill();
  const std::pair<const char*, const char*> changes[] = {
      {"UPDATE audit_entry SET at = at + 1 WHERE sequence = 4",
       "UPDATE audit_entry SET at = at - 1 WHERE sequence = 4"},
      {"UPDATE audit_entry SET actor = 'system' WHERE sequence = 4",
       "UPDATE audit_entry SET actor = 'token shop frontend' WHERE sequence = 4"},
      {"UPDATE audit_entry SET action = 'write' WHERE sequence = 4",
       "UPDATE audit_entry SET action = 'read' WHERE sequence = 4"},
      {"UPDATE audit_entry SET details = '{\"rows\":5}' WHERE sequence = 4",
       "UPDATE audit_entry SET details = '{\"rows\":4}' WHERE sequence = 4"}};
  for (const auto& [change, undo] : changes) {
    tamper(change);
    EXPECT_EQ(refusal(), "audit entry 4: its contents are not those that were recorded (hash differs)") << change;
    tamper(undo);
    EXPECT_EQ(verify().entries, 10);
  }
  tamper("UPDATE audit_entry SET subject = '' WHERE sequence = 4");
  EXPECT_EQ(refusal(), "audit entry 4: its contents are not those that were recorded (hash differs)");
}

TEST_P(audit, bytes_that_move_from_one_field_to_the_next_are_found) {
  append({actor::system(), "ab", std::nullopt, "{}"});
  tamper("UPDATE audit_entry SET actor = 'systema', action = 'b'");
  EXPECT_EQ(refusal(), "audit entry 1: its contents are not those that were recorded (hash differs)");
}

TEST_P(audit, a_changed_hash_is_found) {
  fill();
  tamper("UPDATE audit_entry SET hash = (SELECT hash FROM audit_head) WHERE sequence = 4");
  EXPECT_EQ(refusal(), "audit entry 4: its contents are not those that were recorded (hash differs)");
}

TEST_P(audit, a_hash_that_is_no_hash_is_found) {
  fill();
  tamper("UPDATE audit_entry SET hash = 'x' WHERE sequence = 4");
  EXPECT_EQ(refusal().find("audit entry 4 is not as it was written"), 0U);
}

TEST_P(audit, a_removed_entry_is_found) {
  fill();
  tamper("DELETE FROM audit_entry WHERE sequence = 4");
  EXPECT_EQ(refusal(), "audit entry 4 is missing");
}

TEST_P(audit, the_first_entry_removed_is_found) {
  fill();
  tamper("DELETE FROM audit_entry WHERE sequence <= 2");
  EXPECT_EQ(refusal(), "audit entries 1 to 2 are missing");
}

TEST_P(audit, an_entry_removed_and_the_rest_moved_up_is_found) {
  fill();
  tamper("DELETE FROM audit_entry WHERE sequence = 4");
  for (int i = 5; i <= 10; ++i) {
    tamper("UPDATE audit_entry SET sequence = sequence - 1 WHERE sequence = " + std::to_string(i));
  }
  EXPECT_EQ(refusal(), "audit entry 4: its contents are not those that were recorded (hash differs)");
}

TEST_P(audit, two_exchanged_entries_are_found) {
  fill();
  tamper("UPDATE audit_entry SET sequence = 1000 WHERE sequence = 4");
  tamper("UPDATE audit_entry SET sequence = 4 WHERE sequence = 6");
  tamper("UPDATE audit_entry SET sequence = 6 WHERE sequence = 1000");
  EXPECT_EQ(refusal(), "audit entry 4: its contents are not those that were recorded (hash differs)");
}

TEST_P(audit, an_entry_inserted_before_the_first_is_found) {
  fill();
  tamper(
      "INSERT INTO audit_entry SELECT 0, at, actor, action, subject, details, hash FROM audit_entry "
      "WHERE sequence = 1");
  EXPECT_EQ(refusal(), "audit entry 0 was inserted: the log begins with entry 1");
}

TEST_P(audit, an_entry_added_without_the_head_is_found) {
  fill();
  const audit_position head = log().head();
  const auto forged = audit_chain::hash_of(head.hash, {11, 5, "system", "read", "", "{}"});
  tamper("INSERT INTO audit_entry VALUES (11, 5, 'system', 'read', '', '{}', '" + core::to_hex(forged) + "')");
  EXPECT_EQ(refusal().find("the head of the audit log names entry 10, yet the last is 11"), 0U);
}

TEST_P(audit, the_tail_cut_off_behind_the_last_checkpoint_is_found_by_the_head) {
  fill();
  tamper("DELETE FROM audit_entry WHERE sequence >= 9");
  EXPECT_EQ(refusal(),
            "audit entries 9 to 10 are missing: the head of the audit log names entry 10, yet the last is 8");
}

TEST_P(audit, the_tail_cut_off_below_the_last_checkpoint_is_found_with_the_head_rewritten_too) {
  fill();
  tamper("DELETE FROM audit_entry WHERE sequence >= 6");
  rewrite_from(99);
  const std::string message = refusal();
  EXPECT_EQ(message.find("audit entries 6 to 7 are missing: the checkpoint of "), 0U) << message;
}

TEST_P(audit, a_log_emptied_below_its_checkpoint_is_found) {
  fill();
  tamper("DELETE FROM audit_entry");
  rewrite_from(99);
  EXPECT_EQ(refusal().find("audit entries 1 to 7 are missing"), 0U);
}

TEST_P(audit, a_chain_rewritten_with_its_head_is_found_by_the_checkpoint) {
  fill();
  tamper("UPDATE audit_entry SET details = '{\"rows\":0}' WHERE sequence = 4");
  rewrite_from(4);
  EXPECT_EQ(refusal().find("audit entry 7 is not the one that was signed on "), 0U);
}

TEST_P(audit, what_is_rewritten_behind_the_last_checkpoint_is_found_by_an_anchor_only) {
  fill();
  const audit_anchor anchor{log().head(), "certificate 17"};
  EXPECT_EQ(verify(std::span(&anchor, 1)).unsigned_entries, 3);
  tamper("UPDATE audit_entry SET details = '{\"rows\":0}' WHERE sequence = 9");
  rewrite_from(9);
  EXPECT_EQ(verify().unsigned_entries, 3);
  EXPECT_EQ(refusal(std::span(&anchor, 1)),
            "audit entry 10 is not the one that certificate 17 names: the log was rewritten up to it");
  tamper("DELETE FROM audit_entry WHERE sequence = 10");
  rewrite_from(9);
  EXPECT_EQ(refusal(std::span(&anchor, 1)),
            "audit entry 10 is missing: certificate 17 names entry 10, yet the last is 9");
}

TEST_P(audit, a_changed_head_is_found) {
  fill();
  tamper("UPDATE audit_head SET hash = (SELECT hash FROM audit_entry WHERE sequence = 3)");
  EXPECT_EQ(refusal().find("the head of the audit log has another hash than entry 10"), 0U);
  tamper("UPDATE audit_head SET hash = (SELECT hash FROM audit_entry WHERE sequence = 9), sequence = 9");
  EXPECT_EQ(refusal().find("the head of the audit log names entry 9, yet the last is 10"), 0U);
}

TEST_P(audit, a_missing_head_is_found_and_no_second_log_begins) {
  fill();
  tamper("DELETE FROM audit_head");
  EXPECT_EQ(refusal().find("the head of the audit log is missing"), 0U);
  EXPECT_EQ(code_thrown_by([&] { append(entry_of("read")); }), errc::corrupt);
  EXPECT_EQ(code_thrown_by([&] { audit_log again(db()); }), errc::corrupt);
}

TEST_P(audit, another_id_of_the_log_is_found) {
  fill();
  tamper("UPDATE audit_head SET log_id = '00000000000000000000000000000000'");
  EXPECT_EQ(refusal(), "audit entry 1: its contents are not those that were recorded (hash differs)");
}

TEST_P(audit, a_changed_checkpoint_is_found) {
  fill();
  const std::string signature = "the checkpoint of audit entry 7 of ";
  tamper("UPDATE audit_checkpoint SET at = at + 1");
  EXPECT_EQ(refusal().find(signature), 0U);
  tamper("UPDATE audit_checkpoint SET at = at - 1");
  EXPECT_EQ(verify().checkpoints, 1);
  tamper("UPDATE audit_checkpoint SET hash = (SELECT hash FROM audit_entry WHERE sequence = 6)");
  EXPECT_EQ(refusal().find(signature), 0U);
  tamper("UPDATE audit_checkpoint SET sequence = 6");
  EXPECT_EQ(refusal().find("the checkpoint of audit entry 6 of "), 0U);
  tamper("UPDATE audit_checkpoint SET signature = 'AAAA'");
  EXPECT_EQ(refusal().find("the checkpoint of audit entry 6 is not as it was written"), 0U);
}

TEST_P(audit, a_checkpoint_of_another_key_is_refused) {
  fill();
  const core::signing_key other{core::secret_key::random()};
  core::job job;
  const auto attempt = [&] { log().verify(std::span(&other.public_half(), 1), job); };
  EXPECT_EQ(code_thrown_by(attempt), errc::corrupt);
  EXPECT_NE(message_thrown_by(attempt).find(other.public_half().id()), std::string::npos);
  // Even when it claims to be of the key that is given.
  tamper("UPDATE audit_checkpoint SET key_id = '" + other.public_half().id() + "'");
  EXPECT_NE(message_thrown_by(attempt).find("its signature is not that of the key"), std::string::npos);
}

TEST_P(audit, checkpoints_of_an_old_key_verify_beside_those_of_a_new_one) {
  fill();
  const core::signing_key next{core::secret_key::random()};
  ASSERT_TRUE(log().sign_head(next));
  const core::public_key both[] = {next.public_half(), key.public_half()};
  core::job job;
  const audit_report report = log().verify(both, job);
  EXPECT_EQ(report.checkpoints, 2);
  EXPECT_EQ(report.unsigned_entries, 0);
}

TEST_P(audit, a_head_is_signed_once) {
  EXPECT_FALSE(log().sign_head(key));
  const audit_position at = append(entry_of("read"));
  const auto made = log().sign_head(key);
  ASSERT_TRUE(made);
  EXPECT_EQ(made->at, at);
  EXPECT_EQ(made->key_id, key.public_half().id());
  EXPECT_FALSE(log().sign_head(key));
  append(entry_of("read"));
  EXPECT_TRUE(log().sign_head(key));
  EXPECT_EQ(verify().checkpoints, 2);
}

TEST_P(audit, more_checkpoints_than_a_page_are_all_verified) {
  constexpr int count = 1100;
  const audit_position at = append(entry_of("read"));
  const core::digest128 id = core::digest128_from_hex(log().id());
  std::vector<core::public_key> keys;
  db().write([&](sql::transaction& in) {
    keys.clear();
    for (int i = 0; i < count; ++i) {
      const core::signing_key one{core::secret_key::random()};
      keys.push_back(one.public_half());
      const auto signature = core::sign(one, audit_chain::checkpoint_message(id, at.sequence, at.hash, i));
      in.execute(
          "INSERT INTO audit_checkpoint (sequence, key_id, hash, at, signature) VALUES (:s, :key, :hash, :at, :sig)",
          {{"s", at.sequence},
           {"key", one.public_half().id()},
           {"hash", core::to_hex(at.hash)},
           {"at", i},
           {"sig", core::to_base64(signature.bytes)}});
    }
  });
  core::job job;
  EXPECT_EQ(log().verify(keys, job).checkpoints, count);
  keys.pop_back();
  EXPECT_EQ(code_thrown_by([&] { log().verify(keys, job); }), errc::corrupt);
}

TEST_P(audit, a_broken_chain_is_not_signed) {
  fill();
  tamper("UPDATE audit_entry SET details = '{}' WHERE sequence = 9");
  EXPECT_EQ(code_thrown_by([&] { log().sign_head(key); }), errc::corrupt);
  EXPECT_EQ(message_thrown_by([&] { log().sign_head(key); }),
            "audit entry 9: its contents are not those that were recorded (hash differs)");
}

TEST_P(audit, nothing_is_signed_behind_a_checkpoint_that_was_changed) {
  fill();
  tamper("UPDATE audit_checkpoint SET hash = (SELECT hash FROM audit_entry WHERE sequence = 6)");
  EXPECT_EQ(code_thrown_by([&] { log().sign_head(key); }), errc::corrupt);
}

TEST_P(audit, the_id_of_a_key_that_is_none_is_not_shown) {
  fill();
  tamper("UPDATE audit_checkpoint SET key_id = 'anna@example.org'");
  EXPECT_EQ(refusal().find("anna"), std::string::npos);
}

TEST_P(audit, a_verification_can_be_cancelled) {
  std::vector<audit_entry> batch(2000, entry_of("read"));
  db().write([&](sql::transaction& in) { log().append(in, batch); });
  core::job job;
  job.cancel();
  EXPECT_EQ(code_thrown_by([&] { log().verify(std::span(&key.public_half(), 1), job); }), errc::cancelled);
}

TEST(a_pseudonym, is_made_neither_of_a_handle_nor_of_text_by_accident) {
  static_assert(!std::is_constructible_v<pseudonym, core::subject_handle>);
  static_assert(!std::is_constructible_v<pseudonym, std::uint64_t>);
  static_assert(!std::is_constructible_v<pseudonym, std::string>);
  static_assert(!std::is_convertible_v<core::digest128, pseudonym>);
  EXPECT_EQ(pseudonym::from_text(somebody("ann").text()), somebody("ann"));
  EXPECT_EQ(code_thrown_by([] { pseudonym::from_text("ann"); }), errc::invalid_argument);
}

}  // namespace
}  // namespace eunomia::subject
