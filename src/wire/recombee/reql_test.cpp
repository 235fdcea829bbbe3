#include "wire/recombee/reql.h"

#include <gtest/gtest.h>

#include <map>

#include "core/error.h"

namespace eunomia::wire::recombee {
namespace {

// A film, somebody who looks at another, and the shop around them.
class films final : public reql_schema, public reql_facts {
 public:
  std::optional<std::size_t> slot_of(reql_whose, std::string_view property) const override {
    const auto found = values_.find(property);
    return found == values_.end() ? std::nullopt
                                  : std::optional(static_cast<std::size_t>(std::distance(values_.begin(), found)));
  }
  reql_value value_of(reql_whose whose, std::size_t slot, std::string_view another) const override {
    if (whose == reql_whose::another_item && another != "item-42") {
      return {};
    }
    return std::next(values_.begin(), static_cast<std::ptrdiff_t>(slot))->second;
  }
  std::optional<std::string> segment() const override { return "drama"; }
  double now() const override { return 1'700'000'000; }
  double random() const override { return 0.5; }

 private:
  std::map<std::string, reql_value, std::less<>> values_ = {
      {"name", reql_value(std::string("Pulp Fiction"))},
      {"year", reql_value(std::int64_t{1994})},
      {"price", reql_value(12.5)},
      {"adult", reql_value(true)},
      {"nothing", reql_value()},
      {"genres", reql_value::set_of({reql_value(std::string("Drama")), reql_value(std::string("Crime"))})},
  };
};

reql_value value_of(std::string_view text) {
  const films shop;
  reql_budget budget;
  return reql::compile(text, shop).evaluate(shop, budget);
}

std::string fault_of(std::string_view text) {
  try {
    value_of(text);
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::invalid_argument);
    return problem.what();
  }
  return "";
}

TEST(reql, is_true_of_what_recombee_says_is_true) {
  for (const std::string_view text : {
           R"(0123.000 == 123.0)",
           R"(1.23e+3 == 1230.0)",
           R"(123E-2 == 1.23)",
           R"(1 + 2 * 3 - 4 == 3)",
           R"((1 + 2) * (3 - (4 + 5)) == -18)",
           R"(1 - 2 - 3 - 4 == -8)",
           R"(10 / 4 == 2.5)",
           R"(9 % 4 == 1)",
           R"(5 / 0 != 5 / 0)",
           R"(1 < 2 <= 2 == 2 != 1 >= 1 > 0)",
           R"(not (1 < 2 <= 2 == 3))",
           R"(2 == 2.0)",
           R"("abc" < "abd")",
           R"("bc" in "abcd")",
           R"("a" + "b" == "ab")",
           R"({1, 2, 2} == {2, 1})",
           R"({1} < {1, 2})",
           R"({1, 2} <= {1, 2})",
           R"(not ({1, 2} < {1, 2}))",
           R"({1, 2} + {3} == {1, 2, 3})",
           R"({1, 2} - {2} == {1})",
           R"({1, 2} & {2, 3} == {2})",
           R"({1, 2} / {2, 3} == {1, 3})",
           R"("Drama" in 'genres')",
           R"("War" not in 'genres')",
           R"(if not 'adult' then false else true OR FALSE)",
           R"('nothing' == null)",
           R"('nothing' != 5)",
           R"(not 'nothing')",
           R"(('nothing' + 1) == null)",
           R"(max(147,42,81.9) == 147)",
           R"(min({147,42}) == 42)",
           R"(avg(2, 4) == 3)",
           R"(max("abc", "bac") == "bac")",
           R"(round(4.5) == 5)",
           R"(floor(4.3) == 4)",
           R"(ceil(4.3) == 5)",
           R"(abs(-4.3) == 4.3)",
           R"(sqrt(4) == 2)",
           R"(pow(10,3) == 1000)",
           R"(log(1000) == 3)",
           R"(log(8,2) == 3)",
           R"(now() > timestamp("2015-06-24T17:35:50Z"))",
           R"(now > 0)",
           R"(1 >= random() >= 0)",
           R"(size("Recombee") == 8)",
           R"(size("čů") == 2)",
           R"(size({"abc", 4, {}}) == 3)",
           R"(size({{1,2,3}}) == 1)",
           R"(reduce("+", {1, 2, 3}) == 6)",
           R"(map(lambda 'x': 2*'x', {1, 2, 3}) == {2, 4, 6})",
           R"(map(lambda 'x': number('x'), {"1", "2"}) == {1, 2})",
           R"(select(lambda 'x': 'x' > 5, {10, 2, 13, 1}) == {10, 13})",
           R"(exists(lambda 'x': 'x' > 5, {2, 13, 4}))",
           R"(map(lambda 'x': 'x'*'x', {}) == {})",
           R"(upper("7b&*#č汉字") == "7B&*#Č汉字")",
           R"(lower("AbCdefG") == "abcdefg")",
           R"(split("abc,def,ghi", ",") == ["abc", "def", "ghi"])",
           R"(split("a b", " ")[1] == "b")",
           R"(boolean("Recombee") == true)",
           R"(boolean("") == False)",
           R"(boolean({}) == false)",
           R"(boolean({""}))",
           R"(number("1E4") == 10000)",
           R"(number("Recombee") == null)",
           R"(number(true) == 1)",
           R"(string(123) == "123")",
           R"(timestamp("2015-06-25T11:08:44Z") == timestamp(1435230524))",
           R"(string(timestamp(0), "%Y-%m-%d") == "1970-01-01")",
           R"(270000 < earth_distance(50.075538,14.437800,52.520007,13.404954) < 282000)",
           R"(earth_distance("50.0,14.0", "50.0, 14.0") == 0)",
           R"(context_item["price"] < 20)",
           R"(context_user["name"] == "Pulp Fiction")",
           R"(context_segment["segmentId"] == "drama")",
           R"(item_values("item-42")["year"] == 1994)",
           R"(item_values("none")["year"] == null)",
           "'year' == 1994 // the year\n and 'price' > 10",
           R"(9223372036854775807 + 1 > 9e18)",
           R"(exists(lambda 'g': 'g' == "Drama" and size(select(lambda 'h': 'h' != 'g', 'genres')) == 1, 'genres'))",
       }) {
    EXPECT_EQ(fault_of(text), "") << text;
    if (fault_of(text).empty()) {
      EXPECT_TRUE(value_of(text).truth()) << text;
    }
  }
}

TEST(reql, says_where_an_expression_is_wrong) {
  EXPECT_EQ(fault_of("'year' >"), "ReQL: at 9: expected a value, a 'property' or a function, got the end");
  EXPECT_EQ(fault_of("'colour' == 1"), "ReQL: at 1: there is no property 'colour'; add it first");
  EXPECT_EQ(fault_of("1 + colour()"), "ReQL: at 5: there is no function colour");
  EXPECT_EQ(fault_of("size(1, 2)"), "ReQL: at 1: size takes 1 arguments, and got 2");
  EXPECT_EQ(fault_of("'year' < 'name'"), "ReQL: at 10: a number and a string have no order");
  EXPECT_EQ(fault_of("'name' * 2"), "ReQL: at 10: \"*\" has no meaning for a string and a number");
  EXPECT_NE(fault_of("\"abc").find("at 1: a string begins here that does not end"), std::string::npos);
  EXPECT_NE(fault_of("context_item[\"colour\"]").find("there is no property 'colour' of items"), std::string::npos);
  EXPECT_NE(fault_of("context_user").find("is asked for a property"), std::string::npos);
  EXPECT_NE(fault_of("1 2").find("at 3: expected the end of the expression"), std::string::npos);
  EXPECT_NE(fault_of("lambda 'x': 1").find("expected a value"), std::string::npos);
  EXPECT_NE(fault_of("$").find("at 1: unexpected $"), std::string::npos);
}

TEST(reql, has_limits_that_it_names) {
  EXPECT_NE(fault_of(std::string(max_reql_bytes + 1, ' ')).find("max_reql_bytes"), std::string::npos);
  EXPECT_NE(fault_of(std::string(1000, '(')).find("max_reql_depth"), std::string::npos);
  EXPECT_NE(fault_of(std::string(1000, '-') + "1").find("max_reql_depth"), std::string::npos);
  std::string doubled = "\"0123456789abcdef\"";
  for (int i = 0; i < 17; ++i) {
    doubled = "reduce(\"+\", map(lambda 'x': " + doubled + " + 'x', {\"1\", \"2\", \"3\"}))";
  }
  EXPECT_NE(fault_of(doubled).find("max_reql"), std::string::npos) << "a value that grows, or steps without end";
}

TEST(reql, filters_by_truth_and_boosts_by_a_number) {
  const films shop;
  reql_budget budget;
  EXPECT_TRUE(reql::compile("'year' > 1990", shop).allows(shop, budget));
  EXPECT_FALSE(reql::compile("'nothing' > 1990", shop).allows(shop, budget)) << "null does not pass";
  EXPECT_THROW(reql::compile("'year'", shop).allows(shop, budget), core::error);
  EXPECT_EQ(reql::compile("if 'adult' then 1.5 else 1", shop).boost(shop, budget), 1.5);
  EXPECT_EQ(reql::compile("'nothing'", shop).boost(shop, budget), 1);
  EXPECT_EQ(reql::compile("0 - 3", shop).boost(shop, budget), 0);
  EXPECT_THROW(reql::compile("'name'", shop).boost(shop, budget), core::error);
}

}  // namespace
}  // namespace eunomia::wire::recombee
