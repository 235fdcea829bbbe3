#include "recommend/catalogue.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace eunomia::recommend {
namespace {

TEST(catalogue, orders_items_by_the_bytes_of_their_identifiers_and_drops_duplicates) {
  const catalogue items({"b", "a", "\xf0\x9f\x98\x80", "b", "B", "", "a,\"quoted\""});
  const std::vector<std::string> expected = {"", "B", "a", "a,\"quoted\"", "b", "\xf0\x9f\x98\x80"};
  EXPECT_EQ(std::vector<std::string>(items.ids().begin(), items.ids().end()), expected);
}

TEST(catalogue, finds_every_item_and_nothing_else) {
  std::vector<std::string> ids;
  for (int i = 0; i < 5000; ++i) {
    ids.push_back("item " + std::to_string(i * 7919 % 5000));
  }
  const catalogue items(ids);
  ASSERT_EQ(items.size(), 5000U);
  for (item_position i = 0; i < items.size(); ++i) {
    EXPECT_EQ(items.find(items.id(i)), i);
  }
  EXPECT_FALSE(items.find("item 5000"));
  EXPECT_FALSE(items.find(""));
}

TEST(catalogue, a_copy_answers_after_the_original_is_gone) {
  catalogue copy;
  {
    const catalogue original({"x", "y"});
    copy = original;
  }
  EXPECT_EQ(copy.find("y"), 1U);
}

TEST(catalogue, an_empty_catalogue_finds_nothing) {
  EXPECT_FALSE(catalogue().find("x"));
  EXPECT_FALSE(catalogue(std::vector<std::string>{}).find("x"));
}

}  // namespace
}  // namespace eunomia::recommend
