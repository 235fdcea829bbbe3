#include "migrate/kinds.h"

#include <array>

namespace eunomia::migrate {

namespace {

using members = std::span<const std::string_view>;

constexpr std::array<std::string_view, 2> of_schema = {"schema", "domain"};
constexpr std::array<std::string_view, 1> of_group = {"domain"};
constexpr std::array<std::string_view, 1> of_dataset = {"datasetType"};
constexpr std::array<std::string_view, 1> of_filter = {"filterExpression"};
constexpr std::array<std::string_view, 7> of_solution = {
    "performHPO", "performAutoML", "performAutoTraining", "performIncrementalUpdate",
    "recipeArn",  "eventType",     "solutionConfig"};
constexpr std::array<std::string_view, 2> of_campaign = {"minProvisionedTPS", "campaignConfig"};
constexpr std::array<std::string_view, 2> of_recommender = {"recipeArn", "recommenderConfig"};
constexpr std::array<std::string_view, 2> of_attribution = {"metrics", "metricsOutputConfig"};

constexpr std::array<spelling, 9> all = {{
    {kind::schema, "schema", "Schema", "schema", "schemas", false, members(of_schema)},
    {kind::dataset_group, "dataset group", "DatasetGroup", "datasetGroup", "datasetGroups", true, members(of_group)},
    {kind::dataset, "dataset", "Dataset", "dataset", "datasets", true, members(of_dataset)},
    {kind::filter, "filter", "Filter", "filter", "Filters", true, members(of_filter)},
    {kind::event_tracker, "event tracker", "EventTracker", "eventTracker", "eventTrackers", true, {}},
    {kind::solution, "solution", "Solution", "solution", "solutions", true, members(of_solution)},
    {kind::campaign, "campaign", "Campaign", "campaign", "campaigns", true, members(of_campaign)},
    {kind::recommender, "recommender", "Recommender", "recommender", "recommenders", true, members(of_recommender)},
    {kind::metric_attribution, "metric attribution", "MetricAttribution", "metricAttribution", "metricAttributions",
     false, members(of_attribution)},
}};

}  // namespace

std::span<const spelling> spellings() {
  return all;
}

const spelling& spelling_of(kind is) {
  return all[static_cast<std::size_t>(is)];
}

}  // namespace eunomia::migrate
