#include "subject/custody/own_custodian.h"

#include <gtest/gtest.h>

#include "core/temporary_directory.h"
#include "store/sql/test_database.h"
#include "subject/custody/testing.h"

namespace eunomia::subject {
namespace {

using core::subject_handle;
namespace sql = store::sql;
using rows = std::vector<std::vector<std::string>>;

class own_custodian_test : public sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    db().migrate(directory_migrations());
    purposes_ = std::make_unique<purposes>(db());
    keys_ = open_vault(db(), folder_.path() / "keys");
    people_ = open_directory(db(), keys_);
    log_ = std::make_unique<audit_log>(db());
    ours_ = make_subject_custodian(db(), *people_, *keys_, *purposes_, *log_);
  }
  void TearDown() override {
    ours_.reset();
    log_.reset();
    people_.reset();
    keys_.reset();
    purposes_.reset();
  }

  testing::recording_collector told(subject_handle who) {
    testing::recording_collector into;
    ours_->collect(who, {pool_, job_}, into);
    return into;
  }
  pseudonym pseudonym_in(subject_handle who) {
    return db().read([&](sql::connection& in) { return pseudonym_of(keys_->keys_of(in, std::span(&who, 1)).at(who)); });
  }
  void record(const audit_entry& entry) {
    db().write([&](sql::transaction& in) { log_->append(in, entry); });
  }

  core::temporary_directory folder_;
  core::thread_pool pool_{1};
  core::job job_;
  std::unique_ptr<purposes> purposes_;
  std::shared_ptr<vault> keys_;
  std::unique_ptr<durable_directory> people_;
  std::unique_ptr<audit_log> log_;
  std::unique_ptr<custodian> ours_;
};

EUNOMIA_ON_BOTH_ENGINES(own_custodian_test);

TEST_P(own_custodian_test, tells_what_somebody_is_known_by_and_nobody_else) {
  const subject_handle ann = people_->resolve("user", "ann");
  people_->resolve("user", "bob");
  EXPECT_EQ(told(ann).part("identifiers").rows, (rows{{"user", "ann"}}));
  EXPECT_EQ(people_->known_by(subject_handle(99)).size(), 0U);
}

TEST_P(own_custodian_test, tells_choices_as_they_stand_and_each_as_it_was_made) {
  const subject_handle ann = people_->resolve("user", "ann");
  const subject_handle bob = people_->resolve("user", "bob");
  const core::purpose why("recommendation");
  purposes_->choose(ann, why, choice::object);
  purposes_->choose(ann, why, choice::withdraw_objection);
  purposes_->choose(ann, std::nullopt, choice::restrict);
  purposes_->choose(bob, why, choice::object);
  const auto all = told(ann);
  const auto standing = all.part("choices").rows;
  ASSERT_EQ(standing.size(), 2U);
  EXPECT_EQ((std::vector{standing[0][0], standing[0][1], standing[0][2]}),
            (std::vector<std::string>{"-", "restriction", "1"}));
  EXPECT_EQ((std::vector{standing[1][0], standing[1][1], standing[1][2]}),
            (std::vector<std::string>{"recommendation", "objection", "0"}));
  std::vector<std::string> made;
  for (const auto& row : all.part("evidence").rows) {
    made.push_back(row[1]);
  }
  EXPECT_EQ(made, (std::vector<std::string>{"object", "withdraw_objection", "restrict"}));
}

TEST_P(own_custodian_test, tells_all_entries_of_the_audit_log_about_somebody) {
  const subject_handle ann = people_->resolve("user", "ann");
  const subject_handle bob = people_->resolve("user", "bob");
  std::vector<audit_entry> entries;
  for (std::size_t i = 0; i < max_audit_page + 5; ++i) {
    entries.push_back({.by = actor::token("office"), .action = "access.completed", .about = pseudonym_in(ann)});
    entries.push_back({.action = "access.completed", .about = pseudonym_in(bob)});
  }
  db().write([&](sql::transaction& in) { log_->append(in, entries); });
  const auto found = told(ann).part("audit").rows;
  ASSERT_EQ(found.size(), max_audit_page + 5);
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_EQ(found[i][0], std::to_string(2 * i + 1));
    EXPECT_EQ(found[i][2], "token office");
  }
}

TEST_P(own_custodian_test, tells_nothing_of_the_log_once_the_key_is_gone) {
  const subject_handle ann = people_->resolve("user", "ann");
  record({.action = "access.completed", .about = pseudonym_in(ann)});
  db().write([&](sql::transaction& in) { people_->erase(in, ann); });
  EXPECT_TRUE(told(ann).part("audit").rows.empty());
  EXPECT_TRUE(told(ann).part("identifiers").rows.empty());
}

TEST_P(own_custodian_test, looks_into_every_place_that_it_says_it_hands_over) {
  const auto all = told(people_->resolve("user", "ann"));
  for (const holding& what : ours_->describe()) {
    if (what.about == data_about::data_subjects) {
      EXPECT_NE(all.seen.contains({what.kind, what.place}), !what.not_handed_over.empty()) << what.place;
    }
  }
}

}  // namespace
}  // namespace eunomia::subject
