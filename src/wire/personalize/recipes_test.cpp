#include "wire/personalize/recipes.h"

#include <gtest/gtest.h>

#include "core/error.h"
#include "core/json.h"
#include "wire/personalize/json_members.h"

namespace eunomia::wire::personalize {
namespace {

core::json_value learned(std::string_view name, std::string_view config, std::string_view event_type = {},
                         std::uint64_t items = 100) {
  return core::parse_json(
      candidate_for(require_recipe(std::string("arn:aws:personalize:::recipe/") + std::string(name)),
                    core::parse_json(config), event_type, items)
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

TEST(personalize_recipes, all_name_a_family_that_takes_their_parameters) {
  for (const recipe& one : recipes()) {
    EXPECT_FALSE(candidate_for(one, core::json_value::of_object(), "", 100).family.empty()) << one.name;
    EXPECT_FALSE(one.description.empty()) << one.name;
  }
}

}  // namespace
}  // namespace eunomia::wire::personalize
