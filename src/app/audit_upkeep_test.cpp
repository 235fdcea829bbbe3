#include "app/audit_upkeep.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/json.h"
#include "core/temporary_directory.h"
#include "store/sql/test_database.h"
#include "wire/api/audit.h"

namespace eunomia::app {
namespace {

namespace sql = store::sql;

class audit_upkeep_over_a_log : public testing::Test {
 protected:
  std::vector<core::public_key> keys() const {
    return {core::signing_key(vault_->keys().signing_seed()).public_half()};
  }
  void append() {
    database_->write([&](sql::transaction& in) { log_.append(in, {.action = "something.done"}); });
  }
  std::int64_t last_signed() const {
    core::job job;
    return log_.verify(keys(), job).last_signed;
  }
  // How the one job that verifies ended.
  job::record verified(const wire::api::audit_verification_order& wanted) {
    job::jobs jobs(*database_);
    const audit_upkeep upkeep(jobs, log_, *vault_, keys(), {});
    jobs.start();
    const auto submitted = jobs.submit(audit_upkeep::kind, "audit log", core::write_json(wanted));
    while (!jobs.unfinished(audit_upkeep::kind).empty()) {
      std::this_thread::yield();
    }
    return jobs.find(submitted.id);
  }

  core::temporary_directory folder_;
  sql::test_database database_{sql::engine::sqlite};
  std::unique_ptr<subject::vault> vault_ = subject::open_vault(*database_, folder_.path());
  subject::audit_log log_{*database_};
};

TEST_F(audit_upkeep_over_a_log, signs_at_the_first_look_and_then_when_its_time_has_come) {
  job::jobs jobs(*database_);
  audit_upkeep seldom(jobs, log_, *vault_, keys(), {.sign_every_minutes = 60});
  append();
  seldom.look();
  EXPECT_EQ(last_signed(), 1);
  append();
  seldom.look();
  EXPECT_EQ(last_signed(), 1);
  seldom.sign();
  EXPECT_EQ(last_signed(), 2);
}

TEST_F(audit_upkeep_over_a_log, never_signs_by_itself_when_told_so) {
  job::jobs jobs(*database_);
  audit_upkeep never(jobs, log_, *vault_, keys(), {.sign_every_minutes = 0});
  append();
  never.look();
  never.sign();
  EXPECT_EQ(last_signed(), 0);
}

TEST_F(audit_upkeep_over_a_log, signs_nothing_that_was_altered_and_goes_on) {
  job::jobs jobs(*database_);
  audit_upkeep often(jobs, log_, *vault_, keys(), {.sign_every_minutes = 60});
  append();
  database_->write([](sql::transaction& in) { in.execute("UPDATE audit_entry SET action = 'nothing.done'"); });
  often.look();
  EXPECT_EQ(database_->read(
                [](sql::connection& in) { return in.query_one("SELECT count(*) FROM audit_checkpoint")[0].int64(0); }),
            0);
}

TEST_F(audit_upkeep_over_a_log, a_job_verifies_and_names_what_is_not_as_it_was) {
  append();
  const auto whole = verified({});
  ASSERT_EQ(whole.is, job::state::succeeded) << whole.error_message;
  EXPECT_EQ(core::read_json<wire::api::audit_verification>(whole.result).entries, 1);
  const auto missing = verified({{{5, std::string(64, '0'), "the certificate of request 9"}}});
  EXPECT_EQ(missing.is, job::state::failed);
  EXPECT_EQ(missing.error_code, "corrupt");
  EXPECT_NE(missing.error_message.find("the certificate of request 9"), std::string::npos) << missing.error_message;
}

}  // namespace
}  // namespace eunomia::app
