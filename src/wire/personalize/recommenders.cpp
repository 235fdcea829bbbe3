// Recommenders of the domains: a use case that trains itself and answers.
#include <fmt/format.h>

#include "core/error.h"
#include "core/time.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/deletions.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/shaping.h"
#include "wire/personalize/solutions.h"
#include "wire/personalize/training_columns.h"
#include "wire/personalize/trends.h"
#include "wire/personalize/works.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
namespace sql = store::sql;

constexpr auto kind = resource_kind::recommender;
constexpr std::string_view stopped = "INACTIVE";

json_value config_of(const json_value& shown) {
  const json_value* const config = member_of(shown, "recommenderConfig");
  return config == nullptr ? json_value::of_object() : *config;
}

void check_config(const json_value& config, const recommend::dataset_description& from) {
  check_answer_config(&config, from);
  learned_columns_in(config, "", from);
}

// A recommender learns again every seven days, one of trends with every window, as AWS's do.
double hours_between_trainings(const recipe& by) {
  constexpr double seven_days = 168;
  return finds_trends(by) ? trend_window_hours(by, json_value::of_object()) : seven_days;
}

void train(const house& in, resource& of, core::job& job) {
  const recipe& by = *recipe_of(of);
  recommend::recommender_record ours = in.recommenders.find(recommender_of(of));
  const recommend::dataset from = in.datasets.open(ours.dataset);
  ours.what = candidate_for(by, config_of(of.shown), "", from.description(), from.statistics().items);
  ours.when.every_hours = hours_between_trainings(by);
  in.recommenders.update(ours);
  const auto trained = in.recommenders.train(ours.name, in.purpose, in.background.context(job));
  json_value metrics = metrics_of(in, from, {trained.family, trained.parameters}, job);
  of.shown = with(of.shown, "modelMetrics", std::move(metrics));
}

json_value create(const house& in, const json_value& input) {
  const resource group = in.made.find(resource_kind::dataset_group, required_text(input, "datasetGroupArn"));
  const recipe& by = require_recipe(required_text(input, "recipeArn"));
  const auto domain = text_of(group.shown, "domain");
  if (by.domain.empty() || by.domain != domain.value_or("")) {
    throw core::error(errc::invalid_argument,
                      fmt::format("{} is no use case of the dataset group's domain, {}: ListRecipes tells which are",
                                  by.name, domain.value_or("which has none")));
  }
  check_config(config_of(input), in.datasets.open(dataset_of(group)).description());
  resource made = resource_asked_for(in, kind, input, group.arn);
  refuse_taken(in, made);
  recommend::recommender_record ours;
  ours.name = free_recommender_name(in, made.name);
  ours.dataset = dataset_of(group);
  made.ours = object_of("recommender", ours.name);
  return begin(in, made, input, [&](sql::transaction& also) { recommend::recommenders::create(also, ours); });
}

json_value update(const house& in, const json_value& input) {
  resource one = in.made.find(kind, required_text(input, "recommenderArn"));
  const json_value& config = *member_of(input, "recommenderConfig");
  recommend::recommender_record ours = in.recommenders.find(recommender_of(one));
  const recommend::dataset from = in.datasets.open(ours.dataset);
  check_config(config, from.description());
  ours.what = candidate_for(*recipe_of(one), config, "", from.description(), from.statistics().items);
  in.recommenders.update(ours);  // from its next training on
  one.shown = with(one.shown, "recommenderConfig", config);
  json_value latest = with(json_value::of_object(), "recommenderConfig", config);
  latest = with(std::move(latest), "status", "ACTIVE");
  latest = with(std::move(latest), "creationDateTime", of_moment(core::now_ms()));
  latest = with(std::move(latest), "lastUpdatedDateTime", of_moment(core::now_ms()));
  one.shown = with(one.shown, "latestRecommenderUpdate", std::move(latest));
  in.known.change([&](sql::transaction& change) { resources::update(change, one); });
  return arn_answer(kind, one.arn);
}

void refuse_while_created(const resource& one) {
  if (one.status == "CREATE PENDING" || one.status == "CREATE IN_PROGRESS") {
    throw core::error(errc::failed_precondition, fmt::format("Recommender {} is {}", one.arn, one.status));
  }
}

// One that is stopped answers nothing and learns nothing, and keeps what it learned.
json_value switch_to(const house& in, const json_value& input, std::string_view from, std::string_view to) {
  resource one = in.made.find(kind, required_text(input, "recommenderArn"));
  if (one.status != from) {
    throw core::error(errc::failed_precondition,
                      fmt::format("Recommender {} is {}, not {}", one.arn, one.status, from));
  }
  recommend::recommender_record ours = in.recommenders.find(recommender_of(one));
  ours.when.every_hours = to == stopped ? 0 : hours_between_trainings(*recipe_of(one));
  in.recommenders.update(ours);
  one.status = to;
  in.known.change([&](sql::transaction& change) { resources::update(change, one); });
  return arn_answer(kind, one.arn);
}

}  // namespace

void add_recommenders(aws::json_service& to, const house& in) {
  in.leaving.add(
      kind, [](sql::transaction&, const resource& one) { refuse_while_created(one); },
      [in](const resource& one) { remove_recommender(in, one); });
  in.work.add(kind, "data", [in](resource& of, core::job& job) { train(in, of, job); });
  to.add<json_value, json_value>("CreateRecommender", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  to.add<json_value, json_value>("UpdateRecommender", builders(),
                                 [in](const json_value& input, const http::request&) { return update(in, input); });
  to.add<json_value, json_value>("DeleteRecommender", builders(), [in](const json_value& input, const http::request&) {
    in.leaving.carry_out(in.made.find(kind, required_text(input, "recommenderArn")));
    return nothing_to_say();
  });
  to.add<json_value, json_value>("StopRecommender", builders(), [in](const json_value& input, const http::request&) {
    return switch_to(in, input, "ACTIVE", stopped);
  });
  to.add<json_value, json_value>("StartRecommender", builders(), [in](const json_value& input, const http::request&) {
    return switch_to(in, input, stopped, "ACTIVE");
  });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
