// Solution versions: a solution trained on what its datasets have now.
#include <fmt/format.h>
#include <boost/describe.hpp>

#include <chrono>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/seal.h"
#include "recommend/ranking_metrics.h"
#include "recommend/training.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/solutions.h"
#include "wire/personalize/tuning.h"
#include "wire/personalize/works.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;

constexpr auto kind = resource_kind::solution_version;
constexpr std::string_view version_member = "version";
constexpr std::string_view metrics_member = "metrics";

json_value config_of(const resource& solution) {
  const json_value* const config = member_of(solution.shown, "solutionConfig");
  return config == nullptr ? json_value::of_object() : *config;
}

// What the solution is to learn from what there is now.
recommend::candidate what_to_learn(const resource& solution, const recommend::dataset& from) {
  const recipe* const of = recipe_of(solution);
  if (of == nullptr) {
    return {"auto", "{}"};
  }
  return candidate_for(*of, config_of(solution), text_of(solution.shown, "eventType").value_or(""), from.description(),
                       from.statistics().items);
}

void train(const house& in, resource& version, core::job& job) {
  const resource solution = in.made.find(resource_kind::solution, version.parent);
  const auto began = std::chrono::steady_clock::now();
  recommend::recommender_record ours = in.recommenders.find(recommender_of(solution));
  const recommend::dataset from = in.datasets.open(ours.dataset);
  ours.what = what_to_learn(solution, from);
  if (const recipe* const of = recipe_of(solution);
      of != nullptr && flag_of(solution.shown, "performHPO").value_or(false)) {
    tuned best = tune(in, *of, config_of(solution), ours.what, from, job);
    ours.what = std::move(best.what);
    version.shown = with(version.shown, "tunedHPOParams",
                         with(json_value::of_object(), "algorithmHyperParameters", std::move(best.shown)));
  }
  in.recommenders.update(ours);
  const auto trained = in.recommenders.train(ours.name, in.purpose, in.background.context(job));
  version.ours = with(version.ours, version_member, of_integer(trained.version));
  version.ours = with(version.ours, metrics_member, metrics_of(in, from, {trained.family, trained.parameters}, job));
  const std::chrono::duration<double, std::ratio<3600>> hours = std::chrono::steady_clock::now() - began;
  version.shown = with(version.shown, "trainingHours", of_real(hours.count()));
  deploy_to_followers(in, solution, version, job);
}

json_value metrics(const house& in, const json_value& input) {
  const resource version = in.made.find(kind, required_text(input, "solutionVersionArn"));
  const json_value* const known = member_of(version.ours, metrics_member);
  if (!version.is_active() || known == nullptr) {
    throw core::error(
        errc::failed_precondition,
        fmt::format("Solution version {} is {}: it has metrics once it is ACTIVE", version.arn, version.status));
  }
  return with(object_of("solutionVersionArn", version.arn), "metrics", *known);
}

}  // namespace

json_value metrics_of(const house& in, const recommend::dataset& from, const recommend::candidate& what,
                      core::job& job) {
  const recommend::training_context context = in.background.context(job);
  auto events = from.load_interactions(in.purpose, in.work_pool, job);
  const auto parts = recommend::hold_out_people(events);
  events = {};
  if (parts.tests.empty()) {
    return json_value::of_object();
  }
  const auto features = from.load_features(*parts.train.items, in.purpose, in.work_pool, job);
  std::unique_ptr<recommend::model> trained;
  try {
    trained = recommend::family_named(what.family).train({parts.train, features}, what.parameters, context);
  } catch (const core::error& problem) {
    // What was trained on everybody answers all the same.
    if (problem.code() != errc::failed_precondition && problem.code() != errc::resource_exhausted) {
      throw;
    }
    core::log::warning("a solution version has no metrics", {{"why", problem.kept_message()}});
    return json_value::of_object();
  }
  const auto histories = recommend::histories(parts.tests, recommend::weighting_of(*trained));
  return core::parse_json(core::write_json(recommend::ranking_metrics_of(
      *trained->current(), parts.tests, histories, recommend::distinct_items(parts.train), context)));
}

std::int64_t version_of(const house& in, const resource& solution_version) {
  const auto number = number_of(solution_version.ours, version_member);
  if (!solution_version.is_active() || !number) {
    throw core::error(errc::failed_precondition, fmt::format("Solution version {} is {}; it answers once it is ACTIVE",
                                                             solution_version.arn, solution_version.status));
  }
  const std::int64_t now =
      in.recommenders.newest_of_line(recommender_of(in.made.find(resource_kind::solution, solution_version.parent)),
                                     static_cast<std::int64_t>(*number));
  if (now == 0) {
    throw core::error(errc::failed_precondition,
                      fmt::format("Solution version {} is not kept any more: a solution keeps its {} newest and those "
                                  "that campaigns answer with; train another",
                                  solution_version.arn, recommend::max_kept_versions));
  }
  return now;
}

std::string begin_version(const house& in, const resource& solution, std::string_view training_mode,
                          std::string_view training_type, const std::vector<tag>& tags) {
  resource made;
  made.kind = kind;
  made.arn = in.arns.arn_of(kind, fmt::format("{}/{:08x}", solution.name, core::random_number() & 0xffffffffU));
  made.parent = solution.arn;
  made.shown = without(solution.shown, "name");
  made.shown = with(made.shown, "solutionArn", solution.arn);
  made.shown = with(made.shown, "trainingMode", training_mode);
  made.shown = with(made.shown, "trainingType", training_type);
  const std::string arn = made.arn;
  in.work.begin(std::move(made), tags);
  return arn;
}

void add_solution_versions(aws::json_service& to, const house& in) {
  in.work.add(kind, "data", [in](resource& of, core::job& job) { train(in, of, job); });
  to.add<json_value, json_value>(
      "CreateSolutionVersion", builders(), [in](const json_value& input, const http::request&) {
        const resource solution = in.made.find(resource_kind::solution, required_text(input, "solutionArn"));
        const auto mode = text_of(input, "trainingMode").value_or("FULL");
        return arn_answer(kind, begin_version(in, solution, mode, "MANUAL", tags_in(input)));
      });
  to.add<json_value, json_value>("StopSolutionVersionCreation", builders(),
                                 [in](const json_value& input, const http::request&) {
                                   in.work.stop(in.made.find(kind, required_text(input, "solutionVersionArn")));
                                   return nothing_to_say();
                                 });
  to.add<json_value, json_value>("GetSolutionMetrics", readers(),
                                 [in](const json_value& input, const http::request&) { return metrics(in, input); });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
