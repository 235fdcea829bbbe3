#include "subject/vault/on_record.h"

#include <gtest/gtest.h>

#include "core/temporary_directory.h"
#include "store/sql/test_database.h"

namespace eunomia::subject {
namespace {

namespace sql = store::sql;

constexpr std::int64_t day = 86'400'000;

class keys_on_record : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      keys_ = open_vault(db(), folder_.path() / "keys");
      log_ = std::make_unique<audit_log>(db());
    }
  }
  void TearDown() override {
    log_.reset();
    keys_.reset();
  }

  core::temporary_directory folder_;
  core::job job_;
  std::unique_ptr<vault> keys_;
  std::unique_ptr<audit_log> log_;
};

EUNOMIA_ON_BOTH_ENGINES(keys_on_record);

TEST_P(keys_on_record, an_epoch_that_begins_and_those_that_are_destroyed_are_in_the_log) {
  const actor officer = actor::token("officer");
  const auto roll = [&](bool begin, std::int64_t now) {
    return roll_on_record(*keys_, *log_, {begin, now, 3 * day}, officer, job_);
  };
  roll(true, day);
  roll(true, 2 * day);
  const rolled_keys last = roll(false, 30 * day);
  EXPECT_EQ(last.destroyed.size(), 2U);
  roll(false, 31 * day);  // nothing is due: nothing is on record
  const auto found = log_->entries({});
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].action, "keys.rolled");
  EXPECT_EQ(found[0].actor, "token officer");
  EXPECT_EQ(found[0].details, R"({"epoch":2})");
  EXPECT_EQ(found[1].details, R"({"epoch":3})");
  EXPECT_EQ(found[2].action, "keys.destroyed");
  EXPECT_EQ(found[2].details, R"({"epochs":2,"first":1,"last":2})");
}

TEST_P(keys_on_record, a_roll_that_was_cut_short_is_on_record_once) {
  // As a kill between the keyring and the database leaves it.
  keys_->keys().begin_epoch(day);
  roll_on_record(*keys_, *log_, {true, 2 * day, 30 * day}, actor::system(), job_);
  const auto found = log_->entries({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].details, R"({"epoch":2})");
}

TEST_P(keys_on_record, a_keyring_that_is_sealed_with_another_master_key_is_in_the_log) {
  const auto anew = core::secret_key::random();
  reseal_on_record(*keys_, db(), *log_, anew, actor::system());
  const auto found = log_->entries({});
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].actor, "system");
  EXPECT_EQ(found[0].action, "keys.resealed");
  EXPECT_EQ(found[0].details, "{}");
  EXPECT_NO_THROW(keyring(folder_.path() / "keys", anew, "the new one", false));
}

}  // namespace
}  // namespace eunomia::subject
