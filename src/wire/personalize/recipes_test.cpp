#include "wire/personalize/recipes.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <array>
#include <utility>

#include "core/error.h"
#include "core/json.h"
#include "wire/personalize/json_members.h"

namespace eunomia::wire::personalize {
namespace {

recommend::dataset_description columns_of_a_shop() {
  using enum recommend::metadata_type;
  recommend::dataset_description of;
  of.interactions = {{"DEVICE", category}};
  of.items = {{"GENRE", category}, {"PRICE", number}};
  of.users = {{"AGE", integer}, {"COUNTRY", text}};
  return of;
}

core::json_value learned(std::string_view name, std::string_view config, std::string_view event_type = {},
                         std::uint64_t items = 100) {
  return core::parse_json(
      candidate_for(require_recipe(std::string("arn:aws:personalize:::recipe/") + std::string(name)),
                    core::parse_json(config), event_type, columns_of_a_shop(), items)
          .parameters);
}

std::string refused(std::string_view name, std::string_view config, std::string_view event_type = {}) {
  try {
    learned(name, config, event_type);
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::invalid_argument);
    return problem.what();
  }
  return "nothing was refused";
}

TEST(personalize_recipes, take_the_defaults_that_they_are_described_with) {
  EXPECT_EQ(number_of(learned("aws-sims", "{}"), "minimum_co_interactions"), 3);
  EXPECT_EQ(number_of(learned("aws-user-personalization", "{}", "", largest_catalogue_for_ease + 1), "factors"), 149);
}

TEST(personalize_recipes, take_hyperparameters_in_their_range_and_no_others) {
  const auto of = learned("aws-sims", R"({"algorithmHyperParameters":{"min_cointeraction_count":"1"}})");
  EXPECT_EQ(number_of(of, "minimum_co_interactions"), 1);
  EXPECT_NE(refused("aws-sims", R"({"algorithmHyperParameters":{"min_cointeraction_count":"11"}})").find("0 to 10"),
            std::string::npos);
  EXPECT_NE(refused("aws-sims", R"({"algorithmHyperParameters":{"min_cointeraction_count":"1.5"}})").find("whole"),
            std::string::npos);
  EXPECT_NE(refused("aws-sims", R"({"algorithmHyperParameters":{"hidden_dimension":"64"}})").find("has no"),
            std::string::npos);
}

TEST(personalize_recipes, learn_from_the_events_that_a_solution_names) {
  const auto of =
      learned("aws-popularity-count",
              R"({"eventsConfig":{"eventParametersList":[{"eventType":"buy","weight":0.5,"eventValueThreshold":3}]}})");
  const auto* const weighting = member_of(of, "weighting");
  ASSERT_NE(weighting, nullptr);
  EXPECT_EQ(number_of(*member_of(*weighting, "event_weights"), "buy"), 0.5);
  EXPECT_EQ(number_of(*weighting, "other_weight"), 0);
  EXPECT_EQ(number_of(*member_of(*weighting, "minimum_event_values"), "buy"), 3);
  EXPECT_NE(refused("aws-popularity-count", R"({"eventsConfig":{"eventParametersList":[{"eventType":"buy"}]}})", "view")
                .find("two ways"),
            std::string::npos);
}

std::string columns_learned(std::string_view config, std::string_view name) {
  const auto of = learned("aws-similar-items", config);
  const auto* const columns = member_of(of, name);
  return columns == nullptr ? "all" : core::write_json(*columns);
}

TEST(personalize_recipes, find_trends_by_windows_as_long_as_a_solution_says) {
  const auto windows = [](std::string_view config) {
    const core::json_value how = learned("aws-trending-now", config);
    return std::array{number_of(how, "period_hours").value(), 24 * number_of(how, "half_life_days").value(),
                      24 * number_of(how, "baseline_half_life_days").value()};
  };
  EXPECT_EQ(windows("{}"), (std::array{2.0, 2.0, 24.0}));
  for (const auto& [text, hours] :
       {std::pair("30 minutes", 0.5), {"1 hour", 1.0}, {"2 hours", 2.0}, {"3 hours", 3.0}, {"1 day", 24.0}}) {
    const auto [period, late, base] =
        windows(fmt::format(R"({{"featureTransformationParameters":{{"trend_discovery_frequency":"{}"}}}})", text));
    EXPECT_DOUBLE_EQ(period, hours);
    EXPECT_DOUBLE_EQ(late, hours);
    EXPECT_DOUBLE_EQ(base, 12 * hours);
  }
  EXPECT_NE(refused("aws-trending-now", R"({"featureTransformationParameters":{"trend_discovery_frequency":"5 days"}})")
                .find("5 days"),
            std::string::npos);
}

TEST(personalize_recipes, learn_of_the_columns_that_a_solution_wants) {
  EXPECT_EQ(columns_learned("{}", "item_columns"), "all");
  const auto* const excluded =
      R"({"trainingDataConfig":{"excludedDatasetColumns":{"Items":["price"],"INTERACTIONS":["DEVICE"]}}})";
  EXPECT_EQ(columns_learned(excluded, "item_columns"), R"(["GENRE"])");
  EXPECT_EQ(columns_learned(excluded, "user_columns"), "all");
  const auto* const included =
      R"({"trainingDataConfig":{"includedDatasetColumns":{"USERS":["USER_ID","AGE"],"ITEMS":["ITEM_ID"]}}})";
  EXPECT_EQ(columns_learned(included, "user_columns"), R"(["AGE"])");
  EXPECT_EQ(columns_learned(included, "item_columns"), "[]");
  EXPECT_EQ(number_of(learned("aws-user-personalization", excluded), "lambda").has_value(), true)
      << "what learns of no metadata leaves out what it is told to";
}

TEST(personalize_recipes, refuse_columns_that_cannot_be_left_out) {
  const auto with = [](std::string_view map, std::string_view rest = "") {
    return fmt::format(R"({{"trainingDataConfig":{{{}}}{}}})", map, rest);
  };
  const auto why = [&](std::string_view map, std::string_view rest = "", std::string_view event_type = {}) {
    return refused("aws-similar-items", with(map, rest), event_type);
  };
  EXPECT_NE(why(R"("excludedDatasetColumns":{"SHOES":["A"]})").find("SHOES"), std::string::npos);
  EXPECT_NE(why(R"("excludedDatasetColumns":{"ITEMS":["COLOUR"]})").find("GENRE, PRICE"), std::string::npos);
  EXPECT_NE(why(R"("excludedDatasetColumns":{"ITEMS":["ITEM_ID"]})").find("cannot be left out"), std::string::npos);
  EXPECT_NE(
      why(R"("excludedDatasetColumns":{"ITEMS":["PRICE"]},"includedDatasetColumns":{"items":["PRICE"]})").find("twice"),
      std::string::npos);
  EXPECT_NE(why(R"("excludedDatasetColumns":{"INTERACTIONS":["EVENT_TYPE"]})", "", "buy").find("EVENT_TYPE"),
            std::string::npos);
  EXPECT_NE(why(R"("excludedDatasetColumns":{"INTERACTIONS":["EVENT_VALUE"]})", R"(,"eventValueThreshold":"3")", "buy")
                .find("EVENT_VALUE"),
            std::string::npos);
}

TEST(personalize_recipes, all_name_a_family_that_takes_their_parameters) {
  for (const recipe& one : recipes()) {
    EXPECT_FALSE(candidate_for(one, core::json_value::of_object(), "", columns_of_a_shop(), 100).family.empty())
        << one.name;
    EXPECT_FALSE(one.description.empty()) << one.name;
  }
}

}  // namespace
}  // namespace eunomia::wire::personalize
