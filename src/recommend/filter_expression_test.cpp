#include "recommend/filter_expression.h"

#include <gtest/gtest.h>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

std::string printed(std::string_view text) {
  return filter_expression::parse(text).str();
}

std::string refused(std::string_view text) {
  try {
    filter_expression::parse(text);
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::invalid_argument);
    return problem.what();
  }
  return "was accepted";
}

TEST(filter_expression, is_read_into_a_tree) {
  const auto read = filter_expression::parse(
      "INCLUDE ItemID WHERE Items.GENRE IN (\"drama\", $G) AND Items.PRICE <= CurrentItem.PRICE OR Items.YEAR != 1999 "
      "IF CurrentUser.AGE > 18 | EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"*\")");
  ASSERT_EQ(read.clauses.size(), 2U);
  const filter_clause& first = read.clauses[0];
  EXPECT_TRUE(first.include);
  EXPECT_EQ(first.dataset, filter_dataset::items);
  ASSERT_EQ(first.any_of.size(), 2U);
  ASSERT_EQ(first.any_of[0].size(), 2U);
  EXPECT_EQ(first.any_of[0][0].values[0].text, "drama");
  EXPECT_EQ(first.any_of[0][0].values[1].what, filter_operand::kind::parameter);
  EXPECT_EQ(first.any_of[0][1].how, filter_test::less_or_equal);
  EXPECT_EQ(first.any_of[0][1].values[0].what, filter_operand::kind::current_item);
  EXPECT_EQ(first.any_of[1][0].values[0].what, filter_operand::kind::number);
  EXPECT_EQ(first.if_user[0].field, "AGE");
  EXPECT_EQ(read.clauses[1].any_of[0][0].values[0].what, filter_operand::kind::any);
  EXPECT_EQ(read.parameters(), std::set<std::string>{"G"});
}

TEST(filter_expression, prints_what_is_read_to_the_same) {
  for (const std::string_view text :
       {R"(EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("click", "stream"))",
        R"(INCLUDE ItemID WHERE Items.A IN ("x") AND Items.B NOT IN ("y") OR Items.C < -1.5e-3)",
        R"(EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) IF CurrentUser.AGE = $AGE AND CurrentUser.SEX != "f")",
        R"(INCLUDE UserID WHERE Users.AGE >= 18 | EXCLUDE UserID WHERE Interactions.EVENT_TYPE NOT IN ("*"))",
        R"(INCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ("TAKEN") | EXCLUDE ActionID WHERE Actions.V > 1)",
        R"(INCLUDE ItemID WHERE Items.NAME = "a \"quoted\" \\ text, with | and IN")"}) {
    EXPECT_EQ(printed(text), text);
  }
}

TEST(filter_expression, words_of_the_grammar_have_no_case_and_lines_may_break) {
  EXPECT_EQ(printed("include itemid\n where items.genre not in('a')\tif currentuser.age<3"),
            R"(INCLUDE ItemID WHERE Items.GENRE NOT IN ("a") IF CurrentUser.AGE < 3)");
}

TEST(filter_expression, a_single_value_may_stand_with_or_without_brackets) {
  EXPECT_EQ(printed("INCLUDE ItemID WHERE Items.V > ($V)"), "INCLUDE ItemID WHERE Items.V > $V");
  EXPECT_EQ(printed("INCLUDE ItemID WHERE Items.G IN CurrentItem.G"),
            "INCLUDE ItemID WHERE Items.G IN (CurrentItem.G)");
  EXPECT_EQ(printed("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (*)"),
            R"(INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ("*"))");
}

TEST(filter_expression, an_asterisk_in_quotes_is_a_text_of_items) {
  EXPECT_EQ(filter_expression::parse(R"(INCLUDE ItemID WHERE Items.G IN ("*"))").clauses[0].any_of[0][0].values[0].what,
            filter_operand::kind::text);
}

TEST(filter_expression, a_refusal_names_the_position_what_was_expected_and_what_was_found) {
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.GENRE LIKE \"a\""),
            "filter: at 34: expected IN, NOT IN or a comparison, got \"LIKE\"");
  EXPECT_EQ(refused(""), "filter: at 1: expected INCLUDE or EXCLUDE, got the end");
  EXPECT_EQ(refused("EXCLUDE Item WHERE"), "filter: at 9: expected ItemID, UserID or ActionID, got \"Item\"");
  EXPECT_EQ(refused("EXCLUDE ItemID Items.A = 1"), "filter: at 16: expected WHERE, got \"Items\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Products.A = 1"),
            "filter: at 22: expected Interactions, Items, Users, Actions or Action_Interactions, got \"Products\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items A"),
            "filter: at 28: expected a dot and the name of a field, got \"A\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.A IN (\"a\" \"b\")"), "filter: at 38: expected , or ), got \"\"b\"\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.A = drama"),
            "filter: at 32: expected a text in quotes, a number, a $PARAMETER or CurrentItem.FIELD, got \"drama\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.A = \"a"), "filter: at 32: the text has no closing \"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.A = 1 2"),
            "filter: at 34: expected AND, OR, IF, | or the end, got \"2\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.A = 1.2.3"),
            "filter: at 32: expected a number or a text in quotes, got \"1.2.3\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.A = $"), "filter: at 32: expected the name of a parameter after $");
}

TEST(filter_expression, what_personalize_does_not_mean_is_refused) {
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"a\") AND Items.A = 1"),
            "filter: at 59: one expression asks one dataset, here Interactions; put Items into an expression of its "
            "own, after |");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE CurrentUser.AGE = 1"),
            "filter: at 22: CurrentUser belongs after IF, at the end of an expression");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.A = 1 IF CurrentUser.A = 1 OR CurrentUser.B = 1"),
            "filter: at 55: expected AND, | or the end, got \"OR\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Interactions.PRICE = 1"),
            "filter: at 35: expected EVENT_TYPE, the one field that interactions are chosen by, got \"PRICE\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE < \"a\""),
            "filter: at 46: expected IN, NOT IN, = or !=, got \"<\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.A IN (*)"),
            "filter: at 34: expected a text in quotes, a number, a $PARAMETER or CurrentItem.FIELD, got \"*\"");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Users.AGE = 1"), "filter: at 22: ItemID cannot be chosen by Users");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.A = 1 | INCLUDE UserID WHERE Users.A = 1"),
            "filter: at 44: all expressions of a filter are about ItemID, as the first is");
}

TEST(filter_expression, is_limited_in_length) {
  EXPECT_EQ(refused(std::string(max_filter_bytes + 1, ' ')),
            "filter: has 65537 bytes, more than max_filter_bytes = 65536");
}

}  // namespace
}  // namespace eunomia::recommend
