#include "wire/recombee/definitions.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "store/sql/test_database.h"
#include "wire/recombee/given_lists.h"

namespace eunomia::wire::recombee {
namespace {

namespace sql = store::sql;
using kind = definition_kind;

class recombee_definitions : public sql::on_both_engines {};
EUNOMIA_ON_BOTH_ENGINES(recombee_definitions);

TEST_P(recombee_definitions, are_found_by_database_kind_parent_and_id) {
  const definitions all(db());
  definition one{kind::segment, "ages", "old"};
  one.body.append("filter", core::json_value::of_string("'year' < 1995"));
  all.add("shop", one);
  EXPECT_EQ(sql::code_thrown_by([&] { all.add("shop", one); }), core::errc::already_exists);
  all.add("other", one);
  EXPECT_EQ(all.find("shop", kind::segment, "ages", "old")->body, one.body);
  EXPECT_FALSE(all.find("shop", kind::segment, "others", "old"));
  EXPECT_FALSE(all.find("shop", kind::series, "ages", "old"));
  EXPECT_EQ(all.list("shop", kind::segment).size(), 1U);
  EXPECT_TRUE(all.list("shop", kind::segment, "others").empty());
  EXPECT_EQ(all.databases_with(kind::segment), (std::vector<std::string>{"other", "shop"}));
}

TEST_P(recombee_definitions, go_with_what_they_belong_to) {
  const definitions all(db());
  all.add("shop", {kind::segmentation, "", "ages"});
  all.add("shop", {kind::segment, "ages", "old"});
  all.add("shop", {kind::segment, "others", "new"});
  EXPECT_TRUE(all.remove("shop", kind::segmentation, "", "ages"));
  EXPECT_FALSE(all.remove("shop", kind::segmentation, "", "ages"));
  EXPECT_EQ(all.list("shop", kind::segment).size(), 1U);
  all.remove_all("shop");
  EXPECT_TRUE(all.list("shop", kind::segment).empty());
}

TEST(recombee_given_lists, are_forgotten_after_half_an_hour_and_where_there_are_too_many) {
  given_lists lists;
  given_lists::list one;
  one.database = "shop";
  one.at = 1'000;
  one.shown = {"a"};
  lists.keep("first", one);
  EXPECT_EQ(lists.find("shop", "first", 2'000)->shown, one.shown);
  EXPECT_FALSE(lists.find("other", "first", 2'000)) << "of another database";
  EXPECT_FALSE(lists.find("shop", "first", 1'001 + given_lists::given_lifetime_ms));
  for (std::size_t i = 0; i < given_lists::max_lists; ++i) {
    lists.keep(std::to_string(i), one);
  }
  EXPECT_FALSE(lists.find("shop", "first", 2'000));
  EXPECT_TRUE(lists.find("shop", "0", 2'000));
  EXPECT_EQ(given_lists::new_id().size(), 36U);
}

}  // namespace
}  // namespace eunomia::wire::recombee
