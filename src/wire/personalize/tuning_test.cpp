#include "wire/personalize/tuning.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "core/error.h"
#include "core/json.h"
#include "wire/personalize/json_members.h"

namespace eunomia::wire::personalize {
namespace {

const recipe& named(std::string_view name) {
  return require_recipe(fmt::format("arn:aws:personalize:::recipe/{}", name));
}

std::vector<core::json_value> tried(std::string_view name, std::string_view config, std::uint64_t items = 100) {
  const core::json_value given = core::parse_json(config);
  const auto base = candidate_for(named(name), given, "", {}, items);
  std::vector<core::json_value> all;
  for (const recommend::candidate& one : tuning_candidates(named(name), given, base)) {
    EXPECT_EQ(one.family, base.family);
    all.push_back(core::parse_json(one.parameters));
  }
  EXPECT_EQ(core::write_json(all.at(0)), base.parameters) << "what was asked for is tried first";
  return all;
}

std::set<double> values(const std::vector<core::json_value>& all, std::string_view parameter) {
  std::set<double> found;
  for (const core::json_value& one : all) {
    found.insert(number_of(one, parameter).value());
  }
  return found;
}

std::string refused(std::string_view name, std::string_view config) {
  try {
    check_tuning(named(name), core::parse_json(config));
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::invalid_argument);
    return problem.what();
  }
  return "nothing was refused";
}

TEST(personalize_tuning, tries_what_its_hyperparameters_may_be) {
  const auto all = tried("aws-sims", "{}");
  EXPECT_EQ(values(all, "popularity_discount"), (std::set<double>{0, 0.5, 1}));
  // 0 and 1 are one here, and 5 is in the middle.
  EXPECT_EQ(values(all, "minimum_co_interactions"), (std::set<double>{1, 3, 5, 10}));
  EXPECT_LE(all.size(), 40U);
}

TEST(personalize_tuning, keeps_to_the_ranges_and_the_number_that_a_client_gives) {
  const auto config = [](int trainings) {
    return fmt::format(R"({{"hpoConfig":{{
      "hpoResourceConfig":{{"maxNumberOfTrainingJobs":"{}","maxParallelTrainingJobs":"2"}},
      "algorithmHyperParameterRanges":{{
        "integerHyperParameterRanges":[{{"name":"min_cointeraction_count","minValue":2,"maxValue":2}}],
        "continuousHyperParameterRanges":[{{"name":"popularity_discount_factor","minValue":0.1,"maxValue":0.4}}]}}}}}})",
                       trainings);
  };
  const auto all = tried("aws-sims", config(40));
  EXPECT_EQ(values(all, "popularity_discount"), (std::set<double>{0.1, 0.2, 0.4, 0.5})) << "0.5 is what is asked for";
  EXPECT_EQ(values(all, "minimum_co_interactions"), (std::set<double>{2, 3})) << "3 is";
  EXPECT_EQ(tried("aws-sims", config(7)).size(), 7U);
  EXPECT_EQ(tried("aws-sims", config(7)), tried("aws-sims", config(7))) << "the same each time";
}

TEST(personalize_tuning, of_many_tries_some_of_every_range) {
  const auto all = tried("aws-sims", R"({"hpoConfig":{"hpoResourceConfig":{"maxNumberOfTrainingJobs":"12"}}})");
  EXPECT_EQ(all.size(), 12U);
  EXPECT_EQ(values(all, "popularity_discount"), (std::set<double>{0, 0.5, 1}));
  EXPECT_EQ(values(all, "minimum_co_interactions"), (std::set<double>{1, 3, 5, 10}));
}

TEST(personalize_tuning, knows_neighbours_of_what_has_no_hyperparameters_of_aws) {
  const auto all = tried("aws-user-personalization-v2", "{}");
  EXPECT_EQ(values(all, "lambda").size(), 2U);
  EXPECT_GE(all.size(), 3U);
  EXPECT_EQ(tried("aws-popularity-count", "{}").size(), 1U);
}

TEST(personalize_tuning, refuses_what_cannot_be) {
  const auto range = [](std::string_view kind, std::string_view one) {
    return fmt::format(R"({{"hpoConfig":{{"algorithmHyperParameterRanges":{{"{}":[{}]}}}}}})", kind, one);
  };
  EXPECT_NE(refused("aws-sims", range("integerHyperParameterRanges", R"({"name":"bptt","minValue":2,"maxValue":3})"))
                .find("no such"),
            std::string::npos);
  EXPECT_NE(refused("aws-sims", range("integerHyperParameterRanges",
                                      R"({"name":"min_cointeraction_count","minValue":5,"maxValue":50})"))
                .find("not within 0 to 10"),
            std::string::npos);
  EXPECT_NE(
      refused("aws-sims", R"({"hpoConfig":{"hpoResourceConfig":{"maxNumberOfTrainingJobs":"400"}}})").find("1 to 40"),
      std::string::npos);
  EXPECT_EQ(
      refused("aws-hrnn", range("categoricalHyperParameterRanges", R"({"name":"recency_mask","values":["true"]})")),
      "nothing was refused");
}

}  // namespace
}  // namespace eunomia::wire::personalize
