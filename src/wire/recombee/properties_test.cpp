#include "wire/recombee/properties.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/json_writer.h"

namespace eunomia::wire::recombee {
namespace {

property of_type(property_type type) {
  return {"p", type, "P"};
}

std::string text_of(const core::json_value& value) {
  core::json_writer out;
  out.value(value);
  return std::move(out).text();
}

// What a client reads of what it wrote.
std::string read_back(property_type type, std::string_view written) {
  const property one = of_type(type);
  return text_of(shown(one, value_of(one, stored_of(one, core::parse_json(written)))));
}

TEST(recombee_properties, are_read_as_they_were_written) {
  EXPECT_EQ(read_back(property_type::integer, "-9223372036854775808"), "-9223372036854775808");
  EXPECT_EQ(read_back(property_type::integer, "3.0"), "3");
  EXPECT_EQ(read_back(property_type::real, "0.1"), "0.1");
  EXPECT_EQ(read_back(property_type::real, "1e300"), "1e+300");
  EXPECT_EQ(read_back(property_type::boolean, "false"), "false");
  EXPECT_EQ(read_back(property_type::string, R"("a|b\\č")"), R"("a|b\\č")");
  EXPECT_EQ(read_back(property_type::timestamp, R"("2015-06-25T11:08:44.5Z")"), "1435230524.5");
  EXPECT_EQ(read_back(property_type::timestamp, "1435230524.5"), "1435230524.5");
  EXPECT_EQ(read_back(property_type::set, R"(["b", "a|b", "\\p", "", "a", "a"])"), R"(["","\\p","a","a|b","b"])");
  EXPECT_EQ(read_back(property_type::image_list, R"(["https://x/2", "https://x/1"])"),
            R"(["https://x/2","https://x/1"])");
  for (int type = 0; type < 8; ++type) {
    EXPECT_EQ(read_back(static_cast<property_type>(type), "null"), "null");
  }
}

TEST(recombee_properties, refuse_values_of_another_type) {
  const std::pair<property_type, std::string_view> wrong[] = {
      {property_type::integer, "1.5"},       {property_type::integer, "\"1\""},
      {property_type::integer, "1e19"},      {property_type::real, "\"1\""},
      {property_type::boolean, "1"},         {property_type::string, "1"},
      {property_type::timestamp, "-1"},      {property_type::timestamp, "\"x\""},
      {property_type::set, "\"a\""},         {property_type::set, "[1]"},
      {property_type::image, "\"a.jpg\""},   {property_type::image_list, "[\"a\"]"},
      {property_type::string, "\"\\u0000\""}};
  for (const auto& [type, text] : wrong) {
    try {
      stored_of(of_type(type), core::parse_json(text));
      ADD_FAILURE() << text;
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), core::errc::invalid_argument);
      EXPECT_TRUE(std::string_view(problem.what()).starts_with("p: ")) << problem.what();
    }
  }
}

TEST(recombee_properties, have_columns_of_their_own) {
  const std::vector<recommend::metadata_column> there = {{"PARENTAL_ADVISORY", recommend::metadata_type::text},
                                                         {"PARENTAL_ADVISORY_2", recommend::metadata_type::text}};
  EXPECT_EQ(free_column("Parental-Advisory", there), "PARENTAL_ADVISORY_3");
  EXPECT_EQ(free_column("user_id", {}), "USER_ID_2");
  EXPECT_EQ(free_column("year", there), "YEAR");
}

TEST(recombee_properties, of_others_are_shown_by_their_columns_but_for_retired_ones) {
  using recommend::metadata_type;
  definition added{definition_kind::item_property, "", "year"};
  added.body = core::parse_json(R"({"type": "int", "column": "YEAR"})");
  definition of_a_dropped_dataset{definition_kind::item_property, "", "gone"};
  of_a_dropped_dataset.body = core::parse_json(R"({"type": "int", "column": "GONE"})");
  const std::vector<recommend::metadata_column> columns = {
      {"YEAR", metadata_type::integer}, {"GENRES", metadata_type::category}, {"OLD", metadata_type::text}};
  const auto all =
      properties_of({added, of_a_dropped_dataset}, {{definition_kind::retired_column, "items", "OLD"}}, columns);
  ASSERT_EQ(all.size(), 2U);
  EXPECT_EQ(all[0].name, "GENRES");
  EXPECT_EQ(all[0].type, property_type::set);
  EXPECT_EQ(all[1].name, "year");
}

}  // namespace
}  // namespace eunomia::wire::recombee
