// A second certificate says that what an erasure left for later has come true.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/temporary_directory.h"
#include "core/time.h"
#include "store/sql/test_database.h"
#include "subject/custody/testing.h"
#include "subject/erasure/erasures.h"
#include "subject/rights/request_table.h"

namespace eunomia::subject {
namespace {

using core::errc;
using store::sql::code_thrown_by;

class follow_ups_on_both : public store::sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    db().migrate(directory_migrations());
    std::filesystem::create_directories(data());
    open();
  }
  void TearDown() override {
    close();
    on_both_engines::TearDown();
  }
  void open() {
    keys_ = open_vault(db(), folder_.path() / "keys");
    people_ = open_directory(db(), keys_);
    purposes_ = std::make_unique<purposes>(db());
    audit_ = std::make_unique<audit_log>(db());
    ledger_ = std::make_unique<ledger_file>(folder_.path() / "keys", keys_->keys().id());
    custodians_ = {};
    custodians_.add(std::make_unique<testing::updating_custodian>(models_, core::format_iso8601(until_)));
    all_ = std::make_unique<erasures>(
        erasure_house{db(), *keys_, *people_, *purposes_, *audit_, *ledger_, custodians_, data(), {}});
  }
  void close() {
    all_.reset();
    ledger_.reset();
    audit_.reset();
    purposes_.reset();
    people_.reset();
    keys_.reset();
  }
  void restart() {
    close();
    open();
  }

  std::filesystem::path data() const { return folder_.path() / "data"; }
  std::int64_t erase(std::string_view name) {
    const auto who = people_->resolve("user", name);
    const auto asked = all_->begin({&who, 1}, actor::system(), {pool_, job_});
    all_->finish({pool_, job_});
    return asked.id;
  }
  std::vector<std::int64_t> follow_up() { return all_->follow_up({pool_, job_}); }
  core::public_key key() { return core::signing_key(keys_->keys().signing_seed()).public_half(); }
  std::string first_of(std::int64_t id) { return all_->certificate_of(id, certificate_edition::first); }
  static const certificate_step& step(const std::vector<certificate_step>& in, std::string_view what) {
    const auto found = std::ranges::find(in, what, &certificate_step::what);
    EXPECT_NE(found, in.end()) << what;
    return *found;
  }
  std::size_t settled_entries() { return audit_->entries({.action = "erasure.settled"}).size(); }

  std::int64_t until_ = 4'000'000'000'000;
  core::temporary_directory folder_;
  core::thread_pool pool_{2};
  core::job job_;
  testing::fates models_{{"one", {}}, {"two", {}}};
  custodians custodians_;
  std::shared_ptr<vault> keys_;
  std::unique_ptr<durable_directory> people_;
  std::unique_ptr<purposes> purposes_;
  std::unique_ptr<audit_log> audit_;
  std::unique_ptr<ledger_file> ledger_;
  std::unique_ptr<erasures> all_;
};
EUNOMIA_ON_BOTH_ENGINES(follow_ups_on_both);

TEST_P(follow_ups_on_both, wait_until_every_step_has_come_true_and_then_certify_what_each_became) {
  const auto id = erase("ann-of-the-mill");
  const std::string first = all_->certificate_of(id);
  EXPECT_TRUE(all_->expects_follow_up());
  EXPECT_TRUE(follow_up().empty());
  models_["one"] = erasure_level::model_exactly_updated;
  EXPECT_TRUE(follow_up().empty()) << "the other has not come true";
  EXPECT_EQ(all_->certificate_of(id), first);
  EXPECT_EQ(step(all_->find(id).steps, "one").level, erasure_level::model_updated);

  models_["two"] = erasure_level::physically_erased;
  EXPECT_EQ(follow_up(), std::vector{id});
  EXPECT_FALSE(all_->expects_follow_up());
  EXPECT_EQ(first_of(id), first);
  const core::public_key signed_by = key();
  const certificate before = verify_certificate(first, {&signed_by, 1}).content;
  const certificate after = verify_certificate(all_->certificate_of(id), {&signed_by, 1}).content;
  EXPECT_EQ(after.request.request, before.request.request);
  EXPECT_EQ(after.request.completed_at, before.request.completed_at);
  EXPECT_EQ(after.verification.method, before.verification.method);
  ASSERT_EQ(after.steps.size(), before.steps.size());
  EXPECT_EQ(step(before.steps, "one").until, core::format_iso8601(until_));
  EXPECT_EQ(step(after.steps, "one").level, erasure_level::model_exactly_updated);
  EXPECT_EQ(step(after.steps, "two").level, erasure_level::physically_erased);
  EXPECT_FALSE(step(after.steps, "one").until);
  EXPECT_NE(after.remarks.back().find(core::to_hex(core::blake2b(first))), std::string::npos) << after.remarks.back();

  const rights_request now = all_->find(id);
  EXPECT_EQ(step(now.steps, "two").level, erasure_level::physically_erased);
  EXPECT_NE(now.completed_at, 0);
  const auto entries = audit_->entries({.action = "erasure.settled"});
  ASSERT_EQ(entries.size(), 1U);
  EXPECT_EQ(entries[0].details, fmt::format(R"({{"request":{}}})", id));
  EXPECT_EQ(after.audit.sequence, entries[0].sequence);
  const audit_anchor anchors[] = {anchor_of(before, *audit_), anchor_of(after, *audit_)};
  EXPECT_EQ(audit_->verify({&signed_by, 1}, job_, anchors).unsigned_entries, 0);
}

TEST_P(follow_ups_on_both, of_what_left_nothing_for_later_are_none) {
  models_.clear();
  const auto id = erase("ann-of-the-mill");
  EXPECT_FALSE(all_->expects_follow_up());
  EXPECT_TRUE(follow_up().empty());
  EXPECT_EQ(first_of(id), all_->certificate_of(id));
}

TEST_P(follow_ups_on_both, are_written_once_and_after_a_restart_too) {
  const auto id = erase("ann-of-the-mill");
  restart();
  EXPECT_TRUE(all_->expects_follow_up());
  models_ = {{"one", erasure_level::model_exactly_updated}, {"two", erasure_level::model_exactly_updated}};
  EXPECT_EQ(follow_up(), std::vector{id});
  const std::string second = all_->certificate_of(id);
  restart();
  EXPECT_TRUE(follow_up().empty());
  EXPECT_EQ(all_->certificate_of(id), second);
  EXPECT_EQ(settled_entries(), 1U);
}

TEST_P(follow_ups_on_both, one_that_is_cut_short_leaves_nothing_and_is_done_again) {
  const auto id = erase("ann-of-the-mill");
  const std::string first = all_->certificate_of(id);
  models_ = {{"one", erasure_level::model_exactly_updated}, {"two", erasure_level::model_exactly_updated}};
  db().write([](store::sql::transaction& in) {
    in.execute("ALTER TABLE subject_follow_up RENAME COLUMN certificate TO elsewhere");
  });
  EXPECT_ANY_THROW(follow_up());
  EXPECT_EQ(first_of(id), first);
  EXPECT_EQ(step(all_->find(id).steps, "one").level, erasure_level::model_updated);
  EXPECT_EQ(settled_entries(), 0U);
  db().write([](store::sql::transaction& in) {
    in.execute("ALTER TABLE subject_follow_up RENAME COLUMN elsewhere TO certificate");
  });
  restart();
  EXPECT_EQ(follow_up(), std::vector{id});
  EXPECT_NE(all_->certificate_of(id), first);
}

TEST_P(follow_ups_on_both, one_that_cannot_be_written_keeps_none_of_the_others_back) {
  const auto damaged = erase("ann-of-the-mill");
  const auto other = erase("bob-of-the-mill");
  models_ = {{"one", erasure_level::model_exactly_updated}, {"two", erasure_level::model_exactly_updated}};
  db().write([&](store::sql::transaction& in) {
    in.execute("UPDATE subject_request SET certificate = 'torn' WHERE id = :id", {{"id", damaged}});
  });
  EXPECT_EQ(code_thrown_by([&] { follow_up(); }), errc::corrupt);
  EXPECT_FALSE(step(all_->find(other).steps, "one").until);
  EXPECT_TRUE(step(all_->find(damaged).steps, "one").until);
  EXPECT_TRUE(all_->expects_follow_up());
}

TEST_P(follow_ups_on_both, that_are_overdue_are_logged_and_wait_on) {
  until_ = core::now_ms() - 1;
  restart();
  const auto id = erase("ann-of-the-mill");
  core::log::configure({.file = folder_.path() / "log"});
  EXPECT_TRUE(follow_up().empty());
  core::log::configure({});
  const std::string written = core::read_file(folder_.path() / "log");
  EXPECT_NE(written.find("did not come true in time"), std::string::npos) << written;
  EXPECT_NE(written.find(fmt::format("request={}", id)), std::string::npos) << written;
  models_ = {{"one", erasure_level::model_exactly_updated}, {"two", erasure_level::model_exactly_updated}};
  EXPECT_EQ(follow_up(), std::vector{id});
}

TEST_P(follow_ups_on_both, wait_for_a_completion_that_a_kill_left_to_be_done) {
  const auto id = erase("ann-of-the-mill");
  models_ = {{"one", erasure_level::model_exactly_updated}, {"two", erasure_level::model_exactly_updated}};
  db().write([](store::sql::transaction& in) { in.execute("UPDATE subject_request SET completed_at = 0"); });
  restart();
  EXPECT_FALSE(all_->expects_follow_up());
  EXPECT_TRUE(follow_up().empty());
  all_->finish({pool_, job_});
  EXPECT_EQ(follow_up(), std::vector{id});
}

TEST_P(follow_ups_on_both, are_expected_of_what_was_certified_before_there_were_any) {
  const auto id = erase("ann-of-the-mill");
  models_.clear();
  erase("bob-of-the-mill");
  close();
  db().write([](store::sql::transaction& in) {
    in.execute("DROP TABLE subject_follow_up");
    in.execute("DELETE FROM schema_migration WHERE room = 'rights-follow-up'");
  });
  open();
  models_ = {{"one", erasure_level::model_exactly_updated}, {"two", erasure_level::model_exactly_updated}};
  EXPECT_EQ(follow_up(), std::vector{id});
}

}  // namespace
}  // namespace eunomia::subject
