#include "wire/personalize/deletions.h"

#include <gtest/gtest.h>

#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <vector>

#include "core/error.h"
#include "store/sql/test_database.h"

namespace eunomia::wire::personalize {
namespace {

using core::errc;
using store::sql::code_thrown_by;
using store::sql::transaction;

class personalize_deletions : public store::sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (IsSkipped()) {
      return;
    }
    all_ = std::make_unique<resources>(db());
    known_ = std::make_unique<resource_cache>(db(), *all_);
    db().write([&](transaction& in) {
      resources::add(in, one("shop", resource_kind::dataset_group, ""));
      resources::add(in, one("shop/job", resource_kind::data_deletion_job, arn("shop", resource_kind::dataset_group)));
    });
  }

  std::string arn(const std::string& path, resource_kind kind) const { return maker_.arn_of(kind, path); }
  resource one(const std::string& path, resource_kind kind, const std::string& parent) const {
    resource made;
    made.arn = arn(path, kind);
    made.kind = kind;
    made.name = path;
    made.parent = parent;
    made.status = "ACTIVE";
    return made;
  }
  // As a start of the server makes them.
  deletions started(deletions::removal removal) {
    deletions all(*known_, *all_, making_);
    all.add(
        resource_kind::dataset_group,
        [](transaction& in, const resource& group) {
          resources::remove_history(in, resource_kind::data_deletion_job, group.arn);
        },
        std::move(removal));
    return all;
  }
  resource group() { return all_->find(resource_kind::dataset_group, arn("shop", resource_kind::dataset_group)); }

  arn_maker maker_;
  std::mutex making_;
  std::unique_ptr<resources> all_;
  std::unique_ptr<resource_cache> known_;
};
EUNOMIA_ON_BOTH_ENGINES(personalize_deletions);

TEST_P(personalize_deletions, take_what_a_resource_stands_for_before_the_resource) {
  std::vector<std::string> seen;
  started([&](const resource& of) { seen.push_back(of.name + " " + group().status); }).carry_out(group());
  EXPECT_EQ(seen, std::vector<std::string>{"shop DELETE IN_PROGRESS"});
  EXPECT_EQ(code_thrown_by([&] { group(); }), errc::not_found);
  EXPECT_FALSE(all_->find_if_there(arn("shop/job", resource_kind::data_deletion_job)));
}

TEST_P(personalize_deletions, that_were_interrupted_go_on) {
  EXPECT_THROW(started([](const resource&) { throw std::runtime_error("killed"); }).carry_out(group()),
               std::runtime_error);
  EXPECT_EQ(group().status, "DELETE IN_PROGRESS");
  started([](const resource&) { throw std::runtime_error("the disk is full"); }).go_on();
  EXPECT_EQ(group().status, "DELETE IN_PROGRESS");
  started([](const resource&) { throw core::error(errc::not_found, "it was removed"); }).go_on();
  EXPECT_EQ(code_thrown_by([&] { group(); }), errc::not_found);
}

TEST_P(personalize_deletions, leave_what_was_made_again_meanwhile) {
  resource before = group();
  before.created_at -= 1;
  EXPECT_EQ(code_thrown_by([&] { started([](const resource&) {}).carry_out(before); }), errc::not_found);
  EXPECT_EQ(group().status, "ACTIVE");
}

TEST_P(personalize_deletions, are_not_undone_by_who_changes_what_is_being_deleted) {
  const resource before = group();
  started([&](const resource&) {
    known_->change([&](transaction& in) { resources::update(in, before); });
    EXPECT_EQ(group().status, "DELETE IN_PROGRESS");
  }).carry_out(before);
}

}  // namespace
}  // namespace eunomia::wire::personalize
