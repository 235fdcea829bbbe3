#include "recommend/filter.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

using names = std::vector<std::string>;

// A shop of six items, or of six actions, and one person.
const names items = {"boots", "pumps", "watch", "film", "play", "plain"};
const item_metadata shelf = {{{"CATEGORY", metadata_type::category},
                              {"CATEGORY_L1", metadata_type::category},
                              {"CATEGORY_L2", metadata_type::category},
                              {"GENRE", metadata_type::category},
                              {"PRICE", metadata_type::number},
                              {"CREATION_TIMESTAMP", metadata_type::integer},
                              {"NUMBER_OF_DOWNLOADS", metadata_type::integer},
                              {"DESCRIPTION", metadata_type::text},
                              {"VALUE", metadata_type::integer},
                              {"MEMBERSHIP_LEVEL", metadata_type::category}},
                             {{"shoe", "shoe", "watch", "film", "film|stage", std::nullopt},
                              {"shoe", "shoe", "watch", "film", "film", std::nullopt},
                              {"boot", "pump", "luxury", "dvd", "dvd", std::nullopt},
                              {std::nullopt, std::nullopt, std::nullopt, "drama|war", "comedy|drama", std::nullopt},
                              {"80", "60", "900", "10", "12.5", std::nullopt},
                              {"1000", "2000", "3000", "4000", "5000", std::nullopt},
                              {"3", "30", "20", "100", "5", std::nullopt},
                              {"boot", "pump", "luxury", "a film", "a play", std::nullopt},
                              {"1", "2", "3", "4", "5", std::nullopt},
                              {"Premium", "Basic", "Premium", "Basic", "Basic", std::nullopt}}};
const std::vector<metadata_column> profile = {{"AGE", metadata_type::integer},
                                              {"MEMBERSHIP", metadata_type::category},
                                              {"MEMBERSHIP_STATUS", metadata_type::category}};

class person_in_a_shop final : public filter_facts {
 public:
  std::map<std::string, std::string> is;
  std::vector<std::pair<std::string, std::string>> did;  // an item, and the type
  std::optional<item_position> looks_at;

  std::uint32_t candidates() const override { return static_cast<std::uint32_t>(items.size()); }
  std::shared_ptr<const item_set> candidates_that_meet(std::string_view place,
                                                       const item_condition& one) const override {
    return selections_->meeting(place, one);
  }
  void visit_events(const event_visitor& visit) const override {
    for (const auto& [item, type] : did) {
      const auto found = std::ranges::find(items, item);
      visit(found == items.end() ? std::nullopt : std::optional(static_cast<item_position>(found - items.begin())),
            type);
    }
  }
  std::optional<std::string> value_of_person(std::string_view column) const override {
    const auto found = is.find(std::string(column));
    return found == is.end() ? std::nullopt : std::optional(found->second);
  }
  std::optional<std::string> value_of_current_item(std::size_t, std::string_view column) const override {
    return looks_at ? shelf.values[shelf.column_named(column)][*looks_at] : std::nullopt;
  }

 private:
  std::unique_ptr<item_selections> selections_ = std::make_unique<item_selections>(shelf, 6);
};

filter compiled(std::string_view text) {
  return {filter_expression::parse(text), shelf.columns, profile};
}

class filters : public ::testing::Test {
 protected:
  names allowed(std::string_view text, const filter_values& values = {}) {
    const item_set set = compiled(text).allowed(person_, values);
    names found;
    for (item_position item = 0; item < items.size(); ++item) {
      if (set.contains(item)) {
        found.push_back(items[item]);
      }
    }
    return found;
  }
  bool admits(std::string_view text, const filter_values& values = {}) {
    return compiled(text).admits(person_, values);
  }
  std::string refused(std::string_view text, const filter_values& values = {}) {
    try {
      compiled(text).allowed(person_, values);
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), core::errc::invalid_argument);
      return problem.what();
    }
    return "was accepted";
  }
  static names without(const names& gone) {
    names rest;
    std::ranges::copy_if(items, std::back_inserter(rest),
                         [&](const std::string& one) { return std::ranges::find(gone, one) == gone.end(); });
    return rest;
  }

  person_in_a_shop person_;
};

// The examples of the guide's pages "Item recommendation filter expression examples", "User segment filter
// expressions", "Action recommendation filter expression examples" and "Combining multiple expressions", and of the
// guide of 2020, in its order.
class examples_of_the_guide : public filters {
 protected:
  void SetUp() override {
    person_.is = {{"AGE", "25"}, {"MEMBERSHIP", "Premium"}, {"MEMBERSHIP_STATUS", "gold"}};
    person_.did = {{"boots", "Click"}, {"film", "stream"}, {"watch", "favorite"}, {"play", ""}, {"gone", "rating"}};
  }
};

TEST_F(examples_of_the_guide, choose_items_by_what_the_person_did) {
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)", {{"EVENT_TYPE", "\"click\""}}),
            without({"boots"}));
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"click\", \"stream\")"),
            without({"boots", "film"}));
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"click\")"), names{"boots"});
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"*\")"),
            (names{"boots", "watch", "film", "play"}));
}

TEST_F(examples_of_the_guide, choose_items_by_their_metadata) {
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY)", {{"CATEGORY", "\"shoe\",\"stage\""}}),
            without({"boots", "pumps", "play"}));
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Items.CATEGORY_L1 IN (\"shoe\") AND Items.CATEGORY_L2 NOT IN (\"boot\")"),
            without({"pumps"}));
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.PRICE <= $PRICE", {{"PRICE", "60"}}), (names{"pumps", "film", "play"}));
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.CREATION_TIMESTAMP < $DATE", {{"DATE", "3000"}}),
            (names{"boots", "pumps"}));
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)", {{"GENRE", "comedy, war"}}),
            (names{"film", "play"}));
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Items.CATEGORY IN (\"shoe\") AND Items.DESCRIPTION NOT IN (\"boot\")"),
            without({"pumps"}));
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.NUMBER_OF_DOWNLOADS < 20"), (names{"boots", "play"}));
}

TEST_F(examples_of_the_guide, choose_items_by_the_item_that_the_question_is_about) {
  person_.looks_at = 3;
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE"),
            names{});
  person_.looks_at = 4;
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.GENRE IN CurrentItem.GENRE"),
            names{"film"});
  person_.looks_at = 0;
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.PRICE < CurrentItem.PRICE AND Items.CREATION_TIMESTAMP > $DATE",
                    {{"DATE", "3999"}}),
            (names{"film", "play"}));
}

TEST_F(examples_of_the_guide, choose_items_where_something_holds_of_the_person) {
  const std::string_view of_an_age = "EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) IF CurrentUser.AGE = $AGE";
  EXPECT_EQ(allowed(of_an_age, {{"GENRE", "war"}, {"AGE", "25"}}), without({"film"}));
  EXPECT_EQ(allowed(of_an_age, {{"GENRE", "war"}, {"AGE", "26"}}), items);
  const std::string_view of_age =
      "INCLUDE ItemID WHERE Items.CATEGORY_L1 IN (\"watch\") AND Items.CATEGORY_L2 IN (\"luxury\") "
      "IF CurrentUser.AGE > 18";
  EXPECT_EQ(allowed(of_age), names{"watch"});
  const std::string_view in_between =
      "EXCLUDE ItemID WHERE Items.NUMBER_OF_DOWNLOADS < 20 IF CurrentUser.AGE > 18 AND CurrentUser.AGE < 30";
  EXPECT_EQ(allowed(in_between), without({"boots", "play"}));
  person_.is["AGE"] = "18";
  EXPECT_EQ(allowed(of_age), items);
  EXPECT_EQ(allowed(in_between), items);
}

TEST_F(examples_of_the_guide, choose_users) {
  EXPECT_TRUE(admits("INCLUDE UserID WHERE Users.MEMBERSHIP_STATUS IN ($MEMBERSHIP)", {{"MEMBERSHIP", "gold"}}));
  EXPECT_FALSE(admits("INCLUDE UserID WHERE Users.MEMBERSHIP_STATUS IN ($MEMBERSHIP)", {{"MEMBERSHIP", "tin"}}));
  EXPECT_FALSE(admits("EXCLUDE UserID WHERE Users.AGE < $AGE", {{"AGE", "30"}}));
  EXPECT_TRUE(admits("EXCLUDE UserID WHERE Users.AGE < $AGE", {{"AGE", "25"}}));
  EXPECT_TRUE(admits("INCLUDE UserID WHERE Interactions.EVENT_TYPE IN (\"click\", \"rating\")"));
  EXPECT_TRUE(admits("INCLUDE UserID WHERE Interactions.EVENT_TYPE IN (\"rating\")"));
  EXPECT_FALSE(admits("INCLUDE UserID WHERE Interactions.EVENT_TYPE IN (\"purchase\")"));
  EXPECT_FALSE(admits("EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)", {{"EVENT_TYPE", "click"}}));
  EXPECT_TRUE(admits("EXCLUDE UserID WHERE Interactions.EVENT_TYPE IN ($EVENT_TYPE)", {{"EVENT_TYPE", "cart"}}));
}

TEST_F(examples_of_the_guide, choose_actions) {
  EXPECT_EQ(
      allowed("INCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN ($EVENT_TYPE)", {{"EVENT_TYPE", "CLICK"}}),
      names{"boots"});
  person_.did = {{"pumps", "NOT_TAKEN"}};
  EXPECT_EQ(allowed("EXCLUDE ActionID WHERE Action_Interactions.EVENT_TYPE IN (\"NOT_TAKEN\")"), without({"pumps"}));
  EXPECT_EQ(allowed("EXCLUDE ActionID WHERE Actions.CATEGORY IN ($CATEGORY)", {{"CATEGORY", "watch"}}),
            without({"watch"}));
  EXPECT_EQ(allowed("INCLUDE ActionID WHERE Actions.VALUE > ($VALUE)", {{"VALUE", "3"}}), (names{"film", "play"}));
  EXPECT_EQ(allowed("INCLUDE ActionID WHERE Action.MEMBERSHIP_LEVEL IN (\"Premium\") IF CurrentUser.MEMBERSHIP = "
                    "$PREMIUM",
                    {{"PREMIUM", "Premium"}}),
            (names{"boots", "watch"}));
  EXPECT_EQ(allowed("EXCLUDE ActionID WHERE Actions.VALUE < ($VALUE) IF CurrentUser.MEMBERSHIP = $PREMIUM",
                    {{"VALUE", "3"}, {"PREMIUM", "Premium"}}),
            without({"boots", "pumps"}));
}

TEST_F(examples_of_the_guide, combine_expressions) {
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.CATEGORY IN ($CATEGORY) | INCLUDE ItemID WHERE "
                    "Interactions.EVENT_TYPE IN (\"favorite\")",
                    {{"CATEGORY", "shoe"}}),
            (names{"boots", "pumps", "watch"}));
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Items.CATEGORY IN (\"shoe\") | EXCLUDE ItemID WHERE "
                    "Interactions.EVENT_TYPE IN (\"favorite\")"),
            without({"boots", "pumps", "watch"}));
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.GENRE IN (\"drama\") | EXCLUDE ItemID WHERE "
                    "Interactions.EVENT_TYPE IN (\"click\", \"stream\")"),
            names{"play"});
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"click\", \"stream\") | INCLUDE ItemID WHERE "
                    "Items.GENRE IN (\"drama\")"),
            names{"play"});
}

TEST_F(filters, and_binds_tighter_than_or) {
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.PRICE > 500 OR Items.PRICE > 50 AND Items.CATEGORY_L2 IN (\"pump\")"),
            (names{"pumps", "watch"}));
}

TEST_F(filters, values_have_case_and_event_types_have_none) {
  person_.did = {{"boots", "CLICK"}};
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.CATEGORY IN (\"Shoe\")"), names{});
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Interactions.EVENT_TYPE = \"cLiCk\""), names{"boots"});
}

TEST_F(filters, not_in_events_is_an_event_of_another_type) {
  person_.did = {{"boots", "click"}, {"boots", "buy"}, {"pumps", "click"}, {"film", ""}};
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN (\"click\")"), (names{"boots", "film"}));
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Interactions.EVENT_TYPE NOT IN (\"*\")"), names{});
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"click\") AND Interactions.EVENT_TYPE IN "
                    "(\"buy\")"),
            names{"boots"});
}

TEST_F(filters, an_item_without_a_value_meets_only_not_in_and_unequal) {
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.GENRE NOT IN (\"drama\", \"war\")"), without({"film", "play"}));
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.PRICE != 80"), without({"boots"}));
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.PRICE >= 0"), without({"plain"}));
}

TEST_F(filters, a_person_of_whom_nothing_is_known_meets_no_if) {
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Items.PRICE > 0 IF CurrentUser.AGE < 18"), items);
}

TEST_F(filters, an_include_needs_all_values_and_an_exclude_leaves_out_what_has_none) {
  EXPECT_EQ(refused("INCLUDE ItemID WHERE Items.GENRE IN ($GENRE)"),
            "filter: at 22: INCLUDE needs a value for $GENRE; give GENRE in filter_values");
  EXPECT_EQ(refused("INCLUDE ItemID WHERE Items.PRICE > 1 IF CurrentUser.AGE = $AGE", {{"AGE", ""}}),
            "filter: at 41: INCLUDE needs a value for $AGE; give AGE in filter_values");
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE)"), items);
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE) OR Items.PRICE > $P", {{"P", "100"}}),
            without({"watch"}));
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Items.CATEGORY IN (\"shoe\") AND Items.PRICE > $P"),
            without({"boots", "pumps"}));
}

TEST_F(filters, values_may_stand_in_quotes_that_keep_commas) {
  EXPECT_EQ(allowed("INCLUDE ItemID WHERE Items.DESCRIPTION IN ($D)", {{"D", "\"a film\" , \"x,y\",boot"}}),
            (names{"boots", "film"}));
}

TEST_F(filters, names_of_parameters_have_case_and_unknown_ones_are_refused) {
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.GENRE IN ($GENRE)", {{"genre", "war"}}),
            "filter_values: the filter has no parameter $genre; it has: $GENRE");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.PRICE < 3", {{"P", "1"}}),
            "filter_values: the filter has no parameter $P; it has: none");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.GENRE IN ($G)", {{"G", std::string(max_filter_value_bytes + 1, 'a')}}),
            "filter_values: $G has 262145 bytes, more than max_filter_value_bytes = 262144");
}

TEST_F(filters, what_does_not_fit_the_columns_is_refused_with_its_position) {
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.COLOUR IN (\"red\")").substr(0, 63),
            "filter: at 22: Items have no column COLOUR; declared are: CATEG");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.PRICE > 1 IF CurrentUser.SEX = \"f\""),
            "filter: at 41: Users have no column SEX; declared are: AGE, MEMBERSHIP, MEMBERSHIP_STATUS");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.PRICE = \"cheap\""),
            "filter: at 22: column PRICE holds numbers, and \"cheap\" is none");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.PRICE < $P", {{"P", "1,2"}}),
            "filter: at 22: column PRICE is compared with one value, and 2 are given");
  EXPECT_EQ(refused("EXCLUDE ItemID WHERE Items.GENRE < $G"),
            "filter: at 22: column GENRE holds words, which = and != compare; declare it as number to order it");
}

TEST_F(filters, the_value_of_a_parameter_is_not_kept_in_logs) {
  try {
    allowed("EXCLUDE ItemID WHERE Items.PRICE = $P", {{"P", "anna"}});
    ADD_FAILURE() << "was accepted";
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.kept_message(), "filter: at 22: column PRICE holds numbers, and the value is none");
  }
}

TEST_F(filters, only_a_filter_that_includes_turns_away_what_is_unknown) {
  EXPECT_TRUE(compiled("EXCLUDE ItemID WHERE Items.PRICE < 3").admits_unknown());
  EXPECT_FALSE(
      compiled("EXCLUDE ItemID WHERE Items.PRICE < 3 | INCLUDE ItemID WHERE Items.PRICE < 9").admits_unknown());
}

TEST_F(filters, have_no_cap_on_interactions_fields_or_values) {
  for (int i = 0; i < 5000; ++i) {
    person_.did.emplace_back("film", "view");
  }
  person_.did.emplace(person_.did.begin(), "boots", "view");
  EXPECT_EQ(allowed("EXCLUDE ItemID WHERE Interactions.EVENT_TYPE IN (\"view\")"), without({"boots", "film"}));
  std::string many = "play";
  for (int i = 0; i < 5000; ++i) {
    many += ",value" + std::to_string(i);
  }
  EXPECT_EQ(
      allowed("INCLUDE ItemID WHERE Items.DESCRIPTION IN ($D) OR Items.GENRE IN ($D) OR Items.CATEGORY IN ($D) OR "
              "Items.CATEGORY_L1 IN ($D) OR Items.CATEGORY_L2 IN ($D) OR Items.MEMBERSHIP_LEVEL IN ($D)",
              {{"D", many + ",luxury"}}),
      names{"watch"});
}

}  // namespace
}  // namespace eunomia::recommend
