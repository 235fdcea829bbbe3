#include "core/utf8.h"

#include <gtest/gtest.h>

using namespace std::string_view_literals;

namespace eunomia::core {
namespace {

TEST(storable_texts, are_cut_between_two_characters) {
  EXPECT_EQ(storable_text("a\u20ac\u20ac", 7), "a\u20ac\u20ac");
  for (const std::size_t most : {4U, 5U, 6U}) {
    EXPECT_EQ(storable_text("a\u20ac\u20ac", most), "a\u20ac") << most;
  }
  EXPECT_EQ(storable_text("a\u20ac", 0), "");
}

TEST(storable_texts, have_a_mark_for_what_no_table_holds) {
  EXPECT_EQ(storable_text("a\0\xff"
                          "b"sv,
                          10),
            "a??b");
  EXPECT_EQ(storable_text("\xe2\x82"sv, 10), "??");
}

}  // namespace
}  // namespace eunomia::core
