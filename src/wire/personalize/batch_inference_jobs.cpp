// Batch inference jobs: questions in files, answers beside them.
#include <fmt/format.h>

#include "core/error.h"
#include "wire/personalize/batch_files.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/shaping.h"
#include "wire/personalize/solutions.h"
#include "wire/personalize/works.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;

constexpr auto kind = resource_kind::batch_inference_job;
constexpr std::size_t default_results = 25;
constexpr std::string_view config_member = "batchInferenceJobConfig";

// What the lines of one job are answered by.
struct batch {
  const house& in;
  const recommend::asked_model& model;
  recipe_type type = recipe_type::user_personalization;
  std::size_t count = default_results;
  std::string expression = {};         // of the filter; empty: none
  const resource* solution = nullptr;  // not null
  const json_value* config = nullptr;  // null: none
};

recommend::filtering filter_of(const batch& of, const json_value& line) {
  recommend::filtering filter{of.expression, {}};
  const json_value* const values = member_of(line, "filterValues");
  if (values != nullptr && !of.expression.empty()) {
    for (std::size_t i = 0; i < values->names().size(); ++i) {
      filter.values.emplace(values->names()[i], values->elements()[i].text());
    }
  }
  return filter;
}

std::string needed(const json_value& line, std::string_view name) {
  auto text = text_of(line, name);
  if (!text) {
    throw core::error(errc::invalid_argument, fmt::format("the line has no \"{}\"", name));
  }
  return *std::move(text);
}

recommend::answer ask(const batch& of, const json_value& line) {
  recommend::asked who;
  switch (of.type) {
    case recipe_type::related_items:
      who.user = text_of(line, "userId");
      return of.in.answering.similar(of.model, needed(line, "itemId"), of.count, filter_of(of, line), who,
                                     shaping_for(of.config, *of.solution, line));
    case recipe_type::personalized_ranking: {
      who.user = needed(line, "userId");
      const json_value* const list = member_of(line, "itemList");
      if (list == nullptr || list->type() != json_value::kind::array) {
        throw core::error(errc::invalid_argument, "the line has no \"itemList\"");
      }
      std::vector<std::string> items;
      for (const json_value& one : list->elements()) {
        items.push_back(one.text());
      }
      return of.in.answering.rank(of.model, who, items, 0, filter_of(of, line),
                                  shaping_for(of.config, *of.solution, line));
    }
    default: break;
  }
  who.user = of.type == recipe_type::popular_items ? text_of(line, "userId") : needed(line, "userId");
  recommend::question what;
  what.who = std::move(who);
  what.count = of.count;
  what.include_history = true;
  what.filter = filter_of(of, line);
  what.shape = shaping_for(of.config, *of.solution, line);
  if (of.type == recipe_type::user_personalization) {
    set_exploration(of.in, of.config, 0, of.model, what);
  }
  return of.in.answering.recommend(of.model, what);
}

json_value answered(const batch& of, const json_value& line) {
  json_value items = json_value::of_array();
  json_value scores = json_value::of_array();
  for (const auto& one : ask(of, line).items) {
    items.append(json_value::of_string(one.item));
    scores.append(one.score ? of_real(*one.score) : json_value());
  }
  json_value output = with(json_value::of_object(), "recommendedItems", std::move(items));
  // As from Personalize: recipes of similar items give none.
  return of.type == recipe_type::related_items ? output : with(std::move(output), "scores", std::move(scores));
}

void run(const house& in, resource& of, core::job& job) {
  const resource version = in.made.find(resource_kind::solution_version, of.parent);
  const resource solution = in.made.find(resource_kind::solution, version.parent);
  record_readers(in, place_in(of.shown, "jobOutput", "s3DataDestination"),
                 in.recommenders.find(recommender_of(solution)).dataset, of.name);
  const lent_version lent(in, solution, version, of.name, job);
  const recipe* const by = recipe_of(solution);
  batch lines{in, lent.model()};
  lines.solution = &solution;
  lines.config = member_of(of.shown, config_member);
  lines.type = by == nullptr ? recipe_type::user_personalization : by->type;
  lines.count = static_cast<std::size_t>(number_of(of.shown, "numResults").value_or(default_results));
  if (const auto filter = text_of(of.shown, "filterArn")) {
    lines.expression = required_text(in.made.find(resource_kind::filter, *filter).shown, "filterExpression");
  }
  answer_files(in, place_in(of.shown, "jobInput", "s3DataSource"), place_in(of.shown, "jobOutput", "s3DataDestination"),
               job, [&](const json_value& line) { return answered(lines, line); });
}

json_value create(const house& in, const json_value& input) {
  const resource version = in.made.find(resource_kind::solution_version, required_text(input, "solutionVersionArn"));
  const resource solution = in.made.find(resource_kind::solution, version.parent);
  version_of(in, version);
  const recipe* const by = recipe_of(solution);
  if (by != nullptr && (by->type == recipe_type::user_segmentation || by->type == recipe_type::personalized_actions)) {
    throw core::error(errc::invalid_argument, fmt::format("{} answers no batch inference job", by->name));
  }
  if (text_of(input, "batchInferenceJobMode") == "THEME_GENERATION") {
    throw core::error(
        errc::invalid_argument,
        "batchInferenceJobMode: THEME_GENERATION has a language model write themes, and there is none here");
  }
  place_in(input, "jobInput", "s3DataSource");
  place_in(input, "jobOutput", "s3DataDestination");
  if (const auto filter = text_of(input, "filterArn")) {
    in.made.find(resource_kind::filter, *filter);
  }
  check_answer_config(member_of(input, config_member),
                      in.datasets.open(in.recommenders.find(recommender_of(solution)).dataset).description());
  resource made = resource_asked_for(in, kind, input, version.arn);
  made.shown = with(made.shown, "batchInferenceJobMode", "BATCH_INFERENCE");
  return begin(in, made, input);
}

}  // namespace

void add_batch_inference_jobs(aws::json_service& to, const house& in) {
  in.work.add(kind, "files", [in](resource& of, core::job& job) { run(in, of, job); });
  to.add<json_value, json_value>("CreateBatchInferenceJob", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
