#include "subject/purpose/on_record.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/job.h"
#include "store/sql/test_database.h"

namespace eunomia::subject {
namespace {

namespace sql = store::sql;
using core::errc;
using sql::code_thrown_by;

class purposes_on_record : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      purposes_ = std::make_unique<purposes>(db());
      log_ = std::make_unique<audit_log>(db());
    }
  }
  void TearDown() override {
    log_.reset();
    purposes_.reset();
  }
  static purpose_definition newsletter() {
    return {.name = core::purpose("newsletter"),
            .basis = lawful_basis::consent,
            .retention_days = 30,
            .notice = "A letter that names Alice."};
  }
  std::vector<recorded_audit_entry> entries() { return log_->entries({}); }

  const actor officer_ = actor::token("officer");
  std::unique_ptr<purposes> purposes_;
  std::unique_ptr<audit_log> log_;
};

EUNOMIA_ON_BOTH_ENGINES(purposes_on_record);

TEST_P(purposes_on_record, a_definition_and_its_next_version_are_in_the_log_without_their_notice) {
  define_on_record(*purposes_, *log_, newsletter(), officer_);
  purpose_definition changed = newsletter();
  changed.special_categories = special_category_basis::explicit_consent;
  changed.retention_days = {};
  redefine_on_record(*purposes_, *log_, changed, actor::system());
  const auto found = entries();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].actor, "token officer");
  EXPECT_EQ(found[0].action, "purpose.defined");
  EXPECT_EQ(found[0].details, R"({"purpose":"newsletter","version":1,"lawful_basis":"consent","retention_days":30})");
  EXPECT_EQ(found[1].actor, "system");
  EXPECT_EQ(found[1].action, "purpose.redefined");
  EXPECT_EQ(found[1].details,
            R"({"purpose":"newsletter","version":2,"lawful_basis":"consent","special_categories":"a"})");
  core::job job;
  EXPECT_EQ(log_->verify({}, job).entries, 2);
}

TEST_P(purposes_on_record, what_is_refused_leaves_no_entry) {
  define_on_record(*purposes_, *log_, newsletter(), officer_);
  EXPECT_EQ(code_thrown_by([&] { define_on_record(*purposes_, *log_, newsletter(), officer_); }), errc::already_exists);
  const compatibility_decision unknown{0, core::purpose("newsletter"), core::purpose("research"), "officer", "Told.",
                                       0};
  EXPECT_EQ(code_thrown_by([&] { decide_on_record(*purposes_, *log_, unknown, officer_); }), errc::not_found);
  EXPECT_EQ(entries().size(), 1U);
}

TEST_P(purposes_on_record, a_change_whose_entry_cannot_be_written_is_not_made) {
  db().write([](sql::transaction& in) { in.execute("DELETE FROM audit_head"); });
  EXPECT_EQ(code_thrown_by([&] { define_on_record(*purposes_, *log_, newsletter(), officer_); }), errc::corrupt);
  EXPECT_EQ(code_thrown_by([&] { purposes_->find("newsletter"); }), errc::not_found);
}

TEST_P(purposes_on_record, a_decision_is_in_the_log_without_who_judged_and_why) {
  define_on_record(*purposes_, *log_, newsletter(), officer_);
  const auto made = decide_on_record(
      *purposes_, *log_,
      {0, core::purpose("recommendation"), core::purpose("newsletter"), "Alice Somebody", "Told at collection.", 0},
      officer_);
  const auto found = entries();
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[1].action, "purpose.decided");
  EXPECT_EQ(found[1].details, R"({"decision":)" + std::to_string(made.id) +
                                  R"(,"collected_for":"recommendation","wanted":"newsletter"})");
}

}  // namespace
}  // namespace eunomia::subject
