// Batch segment jobs: who is drawn to an item, or to items with some attributes.
#include <fmt/format.h>

#include "core/error.h"
#include "recommend/segments.h"
#include "wire/personalize/batch_files.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/solutions.h"
#include "wire/personalize/works.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;

constexpr auto kind = resource_kind::batch_segment_job;
constexpr std::size_t default_results = 25;

// The items that a line is about.
recommend::item_set items_of(const house& in, const recommend::asked_model& model, const recommend::scorer& answers,
                             bool by_attributes, const json_value& line) {
  if (by_attributes) {
    const auto attributes = text_of(line, "itemAttributes");
    if (!attributes) {
      throw core::error(errc::invalid_argument, "the line has no \"itemAttributes\"");
    }
    return in.answering.items_allowed(model, {"INCLUDE ItemID WHERE " + *attributes, {}});
  }
  const auto id = text_of(line, "itemId");
  const auto item = id ? answers.items().find(*id) : std::nullopt;
  if (!item) {
    throw core::error(errc::invalid_argument, id ? "the model does not know the item" : "the line has no \"itemId\"");
  }
  recommend::item_set one(answers.items().size());
  one.insert(*item);
  return one;
}

json_value users_in(const house& in, const std::vector<recommend::affinity>& found) {
  std::vector<core::subject_handle> who;
  who.reserve(found.size());
  for (const auto& one : found) {
    who.push_back(one.who);
  }
  json_value list = json_value::of_array();
  for (const auto& identifier : in.people.identifiers_of(in.user_space, who)) {
    if (identifier) {
      list.append(json_value::of_string(*identifier));
    }
  }
  return with(json_value::of_object(), "usersList", std::move(list));
}

void run(const house& in, resource& of, core::job& job) {
  const resource version = in.made.find(resource_kind::solution_version, of.parent);
  const resource solution = in.made.find(resource_kind::solution, version.parent);
  record_readers(in, place_in(of.shown, "jobOutput", "s3DataDestination"),
                 in.recommenders.find(recommender_of(solution)).dataset, of.name);
  const lent_version lent(in, solution, version, of.name, job);
  const bool by_attributes = recipe_of(solution)->name == "aws-item-attribute-affinity";
  const auto count = static_cast<std::size_t>(number_of(of.shown, "numResults").value_or(default_results));
  const auto served = in.recommenders.served(lent.model());
  const auto events = in.datasets.open(served->record().dataset).load_interactions(in.purpose, in.work_pool, job);
  answer_files(in, place_in(of.shown, "jobInput", "s3DataSource"), place_in(of.shown, "jobOutput", "s3DataDestination"),
               job, [&](const json_value& line) {
                 const auto answers = served->current();
                 const recommend::item_set wanted[] = {items_of(in, lent.model(), *answers, by_attributes, line)};
                 return users_in(in, recommend::people_drawn_to(wanted, count, *answers, served->how(), events,
                                                                in.background.context(job))[0]);
               });
}

json_value create(const house& in, const json_value& input) {
  const resource version = in.made.find(resource_kind::solution_version, required_text(input, "solutionVersionArn"));
  const resource solution = in.made.find(resource_kind::solution, version.parent);
  version_of(in, version);
  const recipe* const by = recipe_of(solution);
  if (by == nullptr || by->type != recipe_type::user_segmentation) {
    throw core::error(errc::invalid_argument,
                      fmt::format("segments are made by recipes of type USER_SEGMENTATION, and {} is of another",
                                  by == nullptr ? std::string_view("AutoML") : by->name));
  }
  place_in(input, "jobInput", "s3DataSource");
  place_in(input, "jobOutput", "s3DataDestination");
  resource made = resource_asked_for(in, kind, input, version.arn);
  return begin(in, made, input);
}

}  // namespace

void add_batch_segment_jobs(aws::json_service& to, const house& in) {
  in.work.add(kind, "files", [in](resource& of, core::job& job) { run(in, of, job); });
  to.add<json_value, json_value>("CreateBatchSegmentJob", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
