#include "app/text_table.h"

#include <gtest/gtest.h>

#include <cmath>

namespace eunomia::app {
namespace {

TEST(text_table, columns_are_as_wide_as_their_widest_cell_and_numbers_stand_to_the_right) {
  text_table table({"item", "score"});
  table.add({"teapot", "1.5"});
  table.add({"mug", "10.25"});
  EXPECT_EQ(table.str(),
            "item    score\n"
            "-------------\n"
            "teapot    1.5\n"
            "mug     10.25\n");
}

TEST(text_table, letters_of_more_than_one_byte_count_once) {
  text_table table({"name", "n"});
  table.add({"żółć", "x"});
  table.add({"abcd", "y"});
  EXPECT_EQ(table.str(), "name  n\n-------\nżółć  x\nabcd  y\n");
}

TEST(text_table, what_would_move_the_cursor_is_shown_as_a_point) {
  text_table table({"id"});
  table.add({"a\x1b[2J\nb"});
  EXPECT_EQ(table.str(), "id\n-------\na.[2J.b\n");
}

TEST(text_table, a_cell_longer_than_sixty_letters_is_cut_between_letters) {
  text_table table({"id"});
  std::string wide;
  for (int i = 0; i < 100; ++i) {
    wide += "ż";
  }
  table.add({wide});
  EXPECT_NE(table.str().find("żżż…"), std::string::npos);
}

TEST(text_table, missing_cells_are_empty) {
  text_table table({"a", "b"});
  table.add({"x"});
  EXPECT_EQ(table.str(), "a  b\n----\nx\n");
}

TEST(text_table, numbers_are_grouped_and_what_is_no_number_is_a_dash) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(fixed(0.12345, 3), "0.123");
  EXPECT_EQ(fixed(NAN, 3), "-");
}

}  // namespace
}  // namespace eunomia::app
