#include "app/key_upkeep.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/temporary_directory.h"
#include "core/time.h"
#include "store/sql/test_database.h"

namespace eunomia::app {
namespace {

constexpr std::int64_t day = 86'400'000;

class key_upkeep_over_a_vault : public testing::Test {
 protected:
  // Looks once, and waits until what was submitted is done.
  void look(key_upkeep_options with) {
    job::jobs jobs(*database_);
    key_upkeep upkeep(jobs, *vault_, audit_, with);
    jobs.start();
    upkeep.look();
    while (!jobs.unfinished(key_upkeep::kind).empty()) {
      std::this_thread::yield();
    }
    for (const auto& job : jobs.list(10).jobs) {
      EXPECT_EQ(job.is, job::state::succeeded) << job.error_message;
    }
  }
  std::vector<subject::key_epoch> epochs() const { return vault_->keys().epochs(); }

  core::temporary_directory folder_;
  store::sql::test_database database_{store::sql::engine::sqlite};
  std::unique_ptr<subject::vault> vault_ = subject::open_vault(*database_, folder_.path());
  subject::audit_log audit_{*database_};
};

TEST_F(key_upkeep_over_a_vault, leaves_an_epoch_alone_until_it_is_old) {
  look({30, 30});
  EXPECT_EQ(epochs().size(), 1U);
}

TEST_F(key_upkeep_over_a_vault, begins_an_epoch_when_the_current_one_is_old) {
  core::job job;
  vault_->roll(core::now_ms() - 31 * day, 1000 * day, job);
  look({30, 1000});
  ASSERT_EQ(epochs().size(), 3U);
  EXPECT_EQ(epochs()[1].destroyed_at, 0);
  ASSERT_EQ(audit_.head().sequence, 1);
  EXPECT_EQ(audit_.entries({}).front().actor, "system");
  look({30, 1000});
  EXPECT_EQ(epochs().size(), 3U);
}

TEST_F(key_upkeep_over_a_vault, destroys_a_retired_epoch_when_its_grace_is_over) {
  core::job job;
  vault_->roll(core::now_ms() - 20 * day, 1000 * day, job);
  look({0, 30});
  EXPECT_EQ(epochs()[0].destroyed_at, 0);
  look({0, 20});
  EXPECT_NE(epochs()[0].destroyed_at, 0);
  EXPECT_EQ(epochs().size(), 2U);
}

}  // namespace
}  // namespace eunomia::app
