#include "wire/personalize/solutions.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <iterator>

#include "core/attempt.h"
#include "core/error.h"
#include "core/seal.h"
#include "core/time.h"
#include "wire/http/text.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/deletions.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/shaping.h"
#include "wire/personalize/tuning.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
namespace sql = store::sql;

constexpr auto kind = resource_kind::solution;
constexpr std::string_view recommender_member = "recommender";
constexpr std::string_view every_seven_days = "rate(7 days)";
constexpr std::uint32_t kept_versions = recommend::max_kept_versions;
constexpr std::int64_t hour_ms = std::int64_t{60} * 60 * 1000;
constexpr std::int64_t day_ms = 24 * hour_ms;

recommend::schema_subject interactions_of(const recipe* of) {
  return of != nullptr && of->of_actions ? recommend::schema_subject::action_interactions
                                         : recommend::schema_subject::interactions;
}

json_value config_of(const json_value& shown) {
  const json_value* const config = member_of(shown, "solutionConfig");
  return config == nullptr ? json_value::of_object() : *config;
}

// With the schedule that automatic training has where a client says none, as AWS shows it.
json_value with_schedule(json_value shown) {
  if (!flag_of(shown, "performAutoTraining").value_or(false)) {
    return shown;
  }
  json_value config = config_of(shown);
  const json_value* const automatic = member_of(config, "autoTrainingConfig");
  if (automatic == nullptr || !text_of(*automatic, "schedulingExpression")) {
    config = with(std::move(config), "autoTrainingConfig", object_of("schedulingExpression", every_seven_days));
  }
  return with(std::move(shown), "solutionConfig", std::move(config));
}

// "rate(7 days)", which the service model's pattern has let through.
std::int64_t interval_of(const json_value& shown) {
  const json_value config = config_of(shown);
  const json_value* const automatic = member_of(config, "autoTrainingConfig");
  const std::string text = automatic == nullptr
                               ? std::string(every_seven_days)
                               : text_of(*automatic, "schedulingExpression").value_or(std::string(every_seven_days));
  std::int64_t days = 0;
  const std::size_t digits = text.find('(') + 1;
  std::from_chars(text.data() + digits, text.data() + text.size(), days);
  return std::max<std::int64_t>(days, 1) * day_ms;
}

// The columns of what a recipe learns from.
recommend::dataset_description columns_for(const house& in, const recipe* of, const resource& group) {
  return in.datasets.open(table_of(group, interactions_of(of)).dataset).description();
}

void check_wanted(const house& in, const json_value& input, const recipe* of, const resource& group) {
  const auto domain = text_of(group.shown, "domain");
  if (of != nullptr && !of->domain.empty()) {
    throw core::error(
        errc::invalid_argument,
        fmt::format("{} is a use case of the domain {}: create a recommender with it", of->name, of->domain));
  }
  if (of == nullptr && !flag_of(input, "performAutoML").value_or(false)) {
    throw core::error(errc::invalid_argument, "recipeArn is missing; name a recipe, or set performAutoML");
  }
  if (of != nullptr) {
    const recommend::dataset_description from = columns_for(in, of, group);
    candidate_for(*of, config_of(input), text_of(input, "eventType").value_or(""), from, 0);
    check_objective(*of, config_of(input), from);
    check_tuning(*of, config_of(input));
  }
}

json_value create(const house& in, const json_value& input) {
  const resource group = in.made.find(resource_kind::dataset_group, required_text(input, "datasetGroupArn"));
  const auto recipe_arn = text_of(input, "recipeArn");
  const recipe* const of = recipe_arn ? &require_recipe(*recipe_arn) : nullptr;
  check_wanted(in, input, of, group);
  resource made = resource_asked_for(in, kind, input, group.arn);
  for (const auto& [name, otherwise] :
       {std::pair("performAutoML", false), std::pair("performHPO", false), std::pair("performAutoTraining", true)}) {
    made.shown = with(made.shown, name, json_value::of_boolean(flag_of(input, name).value_or(otherwise)));
  }
  made.shown = with_schedule(std::move(made.shown));
  refuse_taken(in, made);
  recommend::recommender_record ours;
  ours.name = free_recommender_name(in, made.name);
  ours.dataset = table_of(group, interactions_of(of)).dataset;
  ours.keep_versions = kept_versions;
  ours.serve_newest = false;
  made.ours = object_of(recommender_member, ours.name);
  return make(in, made, input, [&](sql::transaction& also) { recommend::recommenders::create(also, ours); });
}

json_value update(const house& in, const json_value& input) {
  resource one = in.made.find(kind, required_text(input, "solutionArn"));
  json_value latest = json_value::of_object();
  if (const auto automatic = flag_of(input, "performAutoTraining")) {
    one.shown = with(one.shown, "performAutoTraining", json_value::of_boolean(*automatic));
    latest = with(std::move(latest), "performAutoTraining", json_value::of_boolean(*automatic));
  }
  if (const json_value* const changed = member_of(input, "solutionUpdateConfig")) {
    json_value config = config_of(one.shown);
    for (std::size_t i = 0; i < changed->names().size(); ++i) {
      config = with(std::move(config), changed->names()[i], changed->elements()[i]);
    }
    if (const recipe* const of = recipe_of(one)) {
      candidate_for(*of, config, text_of(one.shown, "eventType").value_or(""),
                    in.datasets.open(in.recommenders.find(recommender_of(one)).dataset).description(), 0);
    }
    one.shown = with(one.shown, "solutionConfig", std::move(config));
    latest = with(std::move(latest), "solutionUpdateConfig", *changed);
  }
  one.shown = with_schedule(one.shown);
  latest = with(std::move(latest), "status", "ACTIVE");
  latest = with(std::move(latest), "creationDateTime", of_moment(core::now_ms()));
  latest = with(std::move(latest), "lastUpdatedDateTime", of_moment(core::now_ms()));
  one.shown = with(one.shown, "latestSolutionUpdate", std::move(latest));
  in.known.change([&](sql::transaction& change) { resources::update(change, one); });
  return arn_answer(kind, one.arn);
}

std::vector<resource> versions_of(const house& in, const resource& solution) {
  std::vector<resource> all;
  std::string token;
  do {
    resource_page page = in.made.list(resource_kind::solution_version, solution.arn, max_page, token);
    std::ranges::move(page.items, std::back_inserter(all));
    token = page.next_token;
  } while (!token.empty());
  return all;
}

void remove_history_of_versions(sql::transaction& change, const resource& one) {
  for (const std::string& version : resources::arns_of(change, resource_kind::solution_version, one.arn)) {
    resources::remove_history(change, resource_kind::batch_inference_job, version);
    resources::remove_history(change, resource_kind::batch_segment_job, version);
  }
  resources::remove_history(change, resource_kind::solution_version, one.arn);
}

// The newest of all, trained or not.
std::optional<resource> newest_version(const house& in, const resource& solution) {
  std::vector<resource> all = versions_of(in, solution);
  return all.empty() ? std::nullopt : std::optional(std::move(all.back()));
}

json_value with_newest_version(const house& in, const resource& one, json_value known) {
  if (const auto newest = newest_version(in, one)) {
    known = with(std::move(known), "latestSolutionVersion", known_of(*newest));
  }
  return known;
}

void train_if_due(const house& in, const resource& solution, std::int64_t now) {
  if (!solution.is_active() || !flag_of(solution.shown, "performAutoTraining").value_or(false)) {
    return;
  }
  const auto newest = newest_version(in, solution);
  // AWS begins within the hour after a solution was made, unless somebody begins before.
  const std::int64_t due = newest ? newest->created_at + interval_of(solution.shown) : solution.created_at + hour_ms;
  if (now >= due && (!newest || newest->status != "CREATE PENDING")) {
    begin_version(in, solution, "FULL", "AUTOMATIC", {});
  }
}

}  // namespace

std::string recommender_of(const resource& solution) {
  return required_text(solution.ours, recommender_member);
}

const recipe* recipe_of(const resource& solution) {
  const auto arn = text_of(solution.shown, "recipeArn");
  return arn ? &require_recipe(*arn) : nullptr;
}

void remove_recommender(const house& in, const resource& of) {
  in.recommenders.remove(recommender_of(of));
  in.answering.drop_replaced();
}

std::string free_recommender_name(const house& in, const std::string& wanted) {
  std::string name;
  for (const char c : wanted) {
    name += http::lower(c);
  }
  const auto all = in.recommenders.list();
  const auto is_taken = [&](const std::string& text) {
    return std::ranges::find(all, text, &recommend::recommender_record::name) != all.end();
  };
  constexpr std::size_t longest_stem = 55;
  std::string free = name;
  while (is_taken(free)) {
    free = fmt::format("{}-{:08x}", name.substr(0, longest_stem), core::random_number() & 0xffffffffU);
  }
  return free;
}

std::optional<resource> newest_trained(const house& in, const resource& solution) {
  std::vector<resource> all = versions_of(in, solution);
  const auto newest = std::find_if(all.rbegin(), all.rend(), [](const resource& one) { return one.is_active(); });
  return newest == all.rend() ? std::nullopt : std::optional(std::move(*newest));
}

void train_what_is_due(const house& in, std::int64_t now) {
  std::string token;
  do {
    const resource_page page = in.made.list(kind, std::nullopt, max_page, token);
    for (const resource& one : page.items) {
      core::attempt(one.arn, [&] { train_if_due(in, one, now); });
    }
    token = page.next_token;
  } while (!token.empty());
}

void add_solutions(aws::json_service& to, const house& in) {
  in.leaving.add(
      kind, [](sql::transaction& change, const resource& one) { remove_history_of_versions(change, one); },
      [in](const resource& one) { remove_recommender(in, one); });
  to.add<json_value, json_value>("CreateSolution", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  to.add<json_value, json_value>("UpdateSolution", builders(),
                                 [in](const json_value& input, const http::request&) { return update(in, input); });
  to.add<json_value, json_value>("DeleteSolution", builders(), [in](const json_value& input, const http::request&) {
    in.leaving.carry_out(in.made.find(kind, required_text(input, "solutionArn")));
    return nothing_to_say();
  });
  add_views(to, in, kind,
            [in](const resource& one, json_value known) { return with_newest_version(in, one, std::move(known)); });
}

}  // namespace eunomia::wire::personalize
