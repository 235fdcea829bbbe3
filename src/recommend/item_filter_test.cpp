#include "recommend/item_filter.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

const item_metadata shelf = {
    {{"DEPARTMENT", metadata_type::category}, {"PRICE", metadata_type::number}, {"NAME", metadata_type::text}},
    {{"books|toys", "garden", std::nullopt}, {"3", "10.5", std::nullopt}, {"a|b", "rake", ""}}};

std::vector<item_position> meeting(std::initializer_list<std::string_view> texts) {
  std::vector<item_condition> conditions;
  for (const std::string_view text : texts) {
    conditions.push_back(item_condition::parse(text));
  }
  item_set allowed(3, true);
  item_selections(shelf, 3).keep_meeting(conditions, allowed);
  std::vector<item_position> result;
  for (item_position item = 0; item < 3; ++item) {
    if (allowed.contains(item)) {
      result.push_back(item);
    }
  }
  return result;
}

using positions = std::vector<item_position>;

TEST(item_filter, a_category_equals_each_of_its_parts) {
  EXPECT_EQ(meeting({"DEPARTMENT=toys"}), positions{0});
  EXPECT_EQ(meeting({"DEPARTMENT!=toys"}), (positions{1, 2}));
}

TEST(item_filter, text_is_compared_whole) {
  EXPECT_EQ(meeting({"NAME=a|b"}), positions{0});
  EXPECT_EQ(meeting({"NAME=a"}), positions{});
  EXPECT_EQ(meeting({"NAME="}), positions{2});
}

TEST(item_filter, numbers_are_ordered_as_numbers_and_an_absent_one_meets_nothing_but_unequal) {
  EXPECT_EQ(meeting({"PRICE<10"}), positions{0});
  EXPECT_EQ(meeting({"PRICE<=10.50"}), (positions{0, 1}));
  EXPECT_EQ(meeting({"PRICE>3"}), positions{1});
  EXPECT_EQ(meeting({"PRICE>=3"}), (positions{0, 1}));
  EXPECT_EQ(meeting({"PRICE=3.0"}), positions{0});
  EXPECT_EQ(meeting({"PRICE!=3"}), (positions{1, 2}));
}

TEST(item_filter, conditions_are_all_to_be_met_and_names_have_no_case) {
  EXPECT_EQ(meeting({"department!=garden", "price>0"}), positions{0});
  EXPECT_EQ(meeting({}), (positions{0, 1, 2}));
}

TEST(item_filter, a_set_that_made_room_for_another_is_worked_out_again) {
  item_selections selections(shelf, 3, 0);
  const item_condition cheap = item_condition::parse("PRICE<5");
  const auto first = selections.meeting("where", cheap);
  EXPECT_EQ(selections.meeting("where", cheap), first);
  EXPECT_EQ(selections.meeting("where", item_condition::parse("PRICE>5"))->count(), 1U);
  const auto again = selections.meeting("where", cheap);
  EXPECT_NE(again, first);
  EXPECT_EQ(again->count(), 1U);
}

TEST(item_filter, several_values_are_any_of_them) {
  item_selections selections(shelf, 3);
  EXPECT_EQ(selections.meeting("where", {"DEPARTMENT", comparison::equal, {"books", "garden"}})->count(), 2U);
  EXPECT_EQ(selections.meeting("where", {"DEPARTMENT", comparison::not_equal, {"books", "garden"}})->count(), 1U);
  EXPECT_EQ(selections.meeting("where", {"PRICE", comparison::equal, {"3", "10.5"}})->count(), 2U);
  EXPECT_EQ(selections.meeting("where", {"PRICE", comparison::less, {}})->count(), 0U);
  EXPECT_THROW(selections.meeting("where", {"PRICE", comparison::less, {"1", "2"}}), core::error);
}

core::errc code_of(std::string_view condition) {
  try {
    meeting({condition});
  } catch (const core::error& e) {
    return e.code();
  }
  return core::errc::internal;
}

TEST(item_filter, what_cannot_be_meant_is_refused) {
  EXPECT_EQ(code_of("PRICE"), core::errc::invalid_argument);
  EXPECT_EQ(code_of("=3"), core::errc::invalid_argument);
  EXPECT_EQ(code_of("PRICE!3"), core::errc::invalid_argument);
  EXPECT_EQ(code_of("PRICE=cheap"), core::errc::invalid_argument);
  EXPECT_EQ(code_of("DEPARTMENT<toys"), core::errc::invalid_argument);
  EXPECT_EQ(code_of("COLOUR=red"), core::errc::not_found);
}

}  // namespace
}  // namespace eunomia::recommend
