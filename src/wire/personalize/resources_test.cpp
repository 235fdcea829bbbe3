#include "wire/personalize/resources.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "store/sql/test_database.h"

namespace eunomia::wire::personalize {
namespace {

using core::errc;
using store::sql::code_thrown_by;
using store::sql::message_thrown_by;
using store::sql::transaction;

class personalize_resources : public store::sql::on_both_engines {
 protected:
  void SetUp() override {
    on_both_engines::SetUp();
    if (!IsSkipped()) {
      all_ = std::make_unique<resources>(db());
    }
  }
  resources& all() { return *all_; }

  std::string add(resource_kind kind, const std::string& path, const std::string& parent = {}) {
    resource made;
    made.arn = maker.arn_of(kind, path);
    made.kind = kind;
    made.name = path;
    made.parent = parent;
    made.status = "CREATE PENDING";
    db().write([&](transaction& in) { resources::add(in, made); });
    return made.arn;
  }
  void remove(const std::string& arn) {
    db().write([&](transaction& in) { resources::remove(in, arn); });
  }
  static std::vector<std::string> names_of(const resource_page& page) {
    std::vector<std::string> names;
    for (const resource& one : page.items) {
      names.push_back(one.name);
    }
    return names;
  }

  arn_maker maker;

 private:
  std::unique_ptr<resources> all_;
};
EUNOMIA_ON_BOTH_ENGINES(personalize_resources);

TEST_P(personalize_resources, are_found_as_they_were_made) {
  const std::string group = add(resource_kind::dataset_group, "shop");
  const std::string arn = add(resource_kind::solution, "sims", group);
  const resource found = all().find(resource_kind::solution, arn);
  EXPECT_EQ(found.name, "sims");
  EXPECT_EQ(found.parent, group);
  EXPECT_EQ(found.status, "CREATE PENDING");
  EXPECT_FALSE(found.is_active());
  EXPECT_GT(found.created_at, 0);
  EXPECT_EQ(found.created_at, found.updated_at);
  EXPECT_EQ(found.shown, core::json_value::of_object());
}

TEST_P(personalize_resources, of_one_arn_there_is_one) {
  const std::string arn = add(resource_kind::schema, "shop");
  EXPECT_EQ(code_thrown_by([&] { add(resource_kind::schema, "shop"); }), errc::already_exists);
  remove(arn);
  add(resource_kind::schema, "shop");
}

TEST_P(personalize_resources, that_are_being_deleted_take_up_nothing_new) {
  const std::string group = add(resource_kind::dataset_group, "shop");
  const std::string arn = add(resource_kind::solution, "sims", group);
  const auto begin_deletion = [&](const std::string& of) {
    db().write([&](transaction& in) { resources::begin_deletion(in, of); });
  };
  EXPECT_EQ(code_thrown_by([&] { begin_deletion(group); }), errc::failed_precondition);
  begin_deletion(arn);
  EXPECT_EQ(all().find(resource_kind::solution, arn).status, deletion_in_progress);
  EXPECT_EQ(code_thrown_by([&] { add(resource_kind::campaign, "front", arn); }), errc::failed_precondition);
  begin_deletion(arn);
  remove(arn);
  EXPECT_EQ(code_thrown_by([&] { begin_deletion(arn); }), errc::not_found);
  begin_deletion(group);
}

TEST_P(personalize_resources, that_are_not_there_are_told_from_those_of_another_kind) {
  const std::string arn = add(resource_kind::schema, "shop");
  EXPECT_EQ(code_thrown_by([&] { all().find(resource_kind::campaign, arn); }), errc::invalid_argument);
  EXPECT_EQ(message_thrown_by([&] { all().find(resource_kind::campaign, maker.arn_of(resource_kind::campaign, "x")); }),
            "campaign arn:aws:personalize:eu-central-1:000000000000:campaign/x does not exist");
  EXPECT_EQ(code_thrown_by([&] { remove(maker.arn_of(resource_kind::campaign, "x")); }), errc::not_found);
  EXPECT_FALSE(all().find_if_there("nonsense"));
}

TEST_P(personalize_resources, change_their_status_and_when) {
  resource one = all().find(resource_kind::filter, add(resource_kind::filter, "cheap"));
  one.status = "CREATE FAILED";
  one.failure_reason = "no column PRICE";
  one.shown = core::parse_json(R"({"a":1})");
  one.ours = core::parse_json(R"({"b":2})");
  db().write([&](transaction& in) { resources::update(in, one); });
  const resource found = all().find(resource_kind::filter, one.arn);
  EXPECT_EQ(found.status, "CREATE FAILED");
  EXPECT_EQ(found.failure_reason, "no column PRICE");
  EXPECT_EQ(found.shown, core::parse_json(R"({"a":1})"));
  EXPECT_EQ(found.ours, core::parse_json(R"({"b":2})"));
  EXPECT_GE(found.updated_at, found.created_at);
  const std::string_view failed[] = {"CREATE FAILED", "CREATE PENDING"};
  EXPECT_EQ(all().with_status(resource_kind::filter, failed).size(), 1U);
  EXPECT_EQ(all().with_status(resource_kind::filter, std::span(failed).subspan(1)).size(), 0U);
  one.arn += "x";
  EXPECT_EQ(code_thrown_by([&] { db().write([&](transaction& in) { resources::update(in, one); }); }), errc::not_found);
}

TEST_P(personalize_resources, stay_while_something_belongs_to_them) {
  const std::string group = add(resource_kind::dataset_group, "shop");
  const std::string solution = add(resource_kind::solution, "sims", group);
  EXPECT_EQ(code_thrown_by([&] { remove(group); }), errc::failed_precondition);
  EXPECT_NE(message_thrown_by([&] { remove(group); }).find(solution), std::string::npos);
  EXPECT_EQ(all().count(resource_kind::solution, group), 1U);
  remove(solution);
  remove(group);
  EXPECT_FALSE(all().find_if_there(group));
}

TEST_P(personalize_resources, are_listed_in_pages) {
  const std::string group = add(resource_kind::dataset_group, "shop");
  const std::string other = add(resource_kind::dataset_group, "other");
  for (int i = 0; i < 5; ++i) {
    add(resource_kind::solution, "s" + std::to_string(i), i == 2 ? other : group);
  }
  EXPECT_EQ(names_of(all().list(resource_kind::solution, std::nullopt, 100, "")),
            (std::vector<std::string>{"s0", "s1", "s2", "s3", "s4"}));
  const resource_page first = all().list(resource_kind::solution, group, 2, "");
  EXPECT_EQ(names_of(first), (std::vector<std::string>{"s0", "s1"}));
  ASSERT_FALSE(first.next_token.empty());
  add(resource_kind::solution, "s9", group);  // what comes meanwhile comes last
  const resource_page second = all().list(resource_kind::solution, group, 2, first.next_token);
  EXPECT_EQ(names_of(second), (std::vector<std::string>{"s3", "s4"}));
  const resource_page last = all().list(resource_kind::solution, group, 2, second.next_token);
  EXPECT_EQ(names_of(last), (std::vector<std::string>{"s9"}));
  EXPECT_TRUE(last.next_token.empty());
}

TEST_P(personalize_resources, of_no_page_a_token_is_refused) {
  for (const char* const token : {"x", "bm9uc2Vuc2U=", "ZXVub21pYS1hZnRlci0=", "ZXVub21pYS1hZnRlci0xeA=="}) {
    EXPECT_EQ(message_thrown_by([&] { all().list(resource_kind::solution, std::nullopt, 10, token); }),
              "token: it is not the nextToken of a page");
  }
  EXPECT_EQ(code_thrown_by([&] { all().list(resource_kind::solution, std::nullopt, 101, ""); }),
            errc::invalid_argument);
}

TEST_P(personalize_resources, keep_tags_that_go_with_them) {
  const std::string arn = add(resource_kind::schema, "shop");
  const tag two[] = {{"team", "shop"}, {"cost", "12"}};
  const tag changed[] = {{"team", "search"}};
  const std::string gone[] = {"cost"};
  db().write([&](transaction& in) {
    resources::add_tags(in, arn, two);
    resources::add_tags(in, arn, changed);
  });
  ASSERT_EQ(all().tags_of(arn).size(), 2U);
  EXPECT_EQ(all().tags_of(arn)[1].value, "search");
  db().write([&](transaction& in) { resources::remove_tags(in, arn, gone); });
  EXPECT_EQ(all().tags_of(arn).size(), 1U);
  std::vector<tag> many;
  for (std::size_t i = 0; i < max_tags; ++i) {
    many.push_back({std::to_string(i), ""});
  }
  EXPECT_EQ(code_thrown_by([&] { db().write([&](transaction& in) { resources::add_tags(in, arn, many); }); }),
            errc::resource_exhausted);
  remove(arn);
  EXPECT_EQ(code_thrown_by([&] { all().tags_of(arn); }), errc::not_found);
  add(resource_kind::schema, "shop");
  EXPECT_TRUE(all().tags_of(arn).empty());
}

}  // namespace
}  // namespace eunomia::wire::personalize
