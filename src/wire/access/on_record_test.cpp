#include "wire/access/on_record.h"

#include <gtest/gtest.h>

#include "core/file.h"
#include "core/job.h"
#include "core/temporary_directory.h"
#include "core/time.h"
#include "store/sql/test_database.h"

namespace eunomia::wire::access {
namespace {

namespace sql = store::sql;
using core::errc;
using http::role;
using sql::code_thrown_by;

class tokens_on_record : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      tokens_ = std::make_unique<tokens>(db());
      log_ = std::make_unique<subject::audit_log>(db());
    }
  }
  void TearDown() override {
    log_.reset();
    tokens_.reset();
  }
  std::vector<subject::recorded_audit_entry> entries() { return log_->entries({}); }

  const subject::actor administrator_ = subject::actor::token("tok-1");
  core::temporary_directory folder_;
  std::unique_ptr<tokens> tokens_;
  std::unique_ptr<subject::audit_log> log_;
};
EUNOMIA_ON_BOTH_ENGINES(tokens_on_record);

TEST_P(tokens_on_record, who_may_call_and_who_no_more_is_in_the_log_without_a_secret) {
  const auto file = folder_.path() / "administrator.token";
  EXPECT_TRUE(create_first_on_record(*tokens_, *log_, file));
  EXPECT_FALSE(create_first_on_record(*tokens_, *log_, file)) << "there is one";
  const auto made = create_on_record(*tokens_, *log_, role::engineer, "shop frontend", 3, administrator_);
  revoke_on_record(*tokens_, *log_, made.record.id, administrator_);
  revoke_on_record(*tokens_, *log_, made.record.id, administrator_);  // nothing changes: nothing is on record
  const auto found = entries();
  ASSERT_EQ(found.size(), 3U);
  EXPECT_EQ(found[0].actor, "system");
  EXPECT_EQ(found[0].action, "token.created");
  EXPECT_EQ(found[0].details, R"({"token":"tok-1","role":"administrator","label":"first administrator"})");
  EXPECT_EQ(found[1].actor, "token tok-1");
  EXPECT_EQ(found[1].action, "token.created");
  EXPECT_EQ(found[1].details, R"({"token":"tok-2","role":"engineer","label":"shop frontend","expires_at":")" +
                                  core::format_iso8601(made.record.expires_at) + R"("})");
  EXPECT_EQ(found[2].action, "token.revoked");
  EXPECT_EQ(found[2].details, found[1].details);
  const std::string first = core::read_file(file);
  for (const auto& entry : found) {
    EXPECT_EQ(entry.details.find(made.token.substr(made.token.rfind('_'))), std::string::npos);
    EXPECT_EQ(entry.details.find(first.substr(first.rfind('_'), 20)), std::string::npos);
  }
  core::job job;
  EXPECT_EQ(log_->verify({}, job).entries, 3);
}

TEST_P(tokens_on_record, what_is_refused_leaves_no_entry) {
  create_on_record(*tokens_, *log_, role::administrator, "the last one", 0, administrator_);
  EXPECT_EQ(code_thrown_by([&] { create_on_record(*tokens_, *log_, role::service, "", 0, administrator_); }),
            errc::invalid_argument);
  EXPECT_EQ(code_thrown_by([&] { revoke_on_record(*tokens_, *log_, "tok-7", administrator_); }), errc::not_found);
  EXPECT_EQ(code_thrown_by([&] { revoke_on_record(*tokens_, *log_, "tok-1", administrator_); }),
            errc::failed_precondition);
  EXPECT_EQ(entries().size(), 1U);
}

TEST_P(tokens_on_record, a_change_whose_entry_cannot_be_written_is_not_made) {
  const auto made = create_on_record(*tokens_, *log_, role::service, "shop frontend", 0, administrator_);
  db().write([](sql::transaction& in) { in.execute("DELETE FROM audit_head"); });
  EXPECT_EQ(code_thrown_by([&] { create_on_record(*tokens_, *log_, role::service, "another", 0, administrator_); }),
            errc::corrupt);
  EXPECT_EQ(code_thrown_by([&] { revoke_on_record(*tokens_, *log_, made.record.id, administrator_); }), errc::corrupt);
  for (const auto& all : {tokens_->list(), tokens(db()).list()}) {
    ASSERT_EQ(all.size(), 1U);
    EXPECT_EQ(all[0].revoked_at, 0);
  }
}

}  // namespace
}  // namespace eunomia::wire::access
