// Filters: which items, users or actions may be recommended.
#include <fmt/format.h>

#include "core/error.h"
#include "recommend/filter.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"

namespace eunomia::wire::personalize {

namespace {

using core::json_value;
namespace sql = store::sql;

constexpr auto kind = resource_kind::filter;

// Throws errc::invalid_argument with the position of what is wrong.
void check_expression(const house& in, const resource& group, const std::string& expression) {
  auto parsed = recommend::filter_expression::parse(expression);
  const bool of_actions = parsed.subject == recommend::filter_subject::actions;
  const auto where =
      table_of(group, of_actions ? recommend::schema_subject::actions : recommend::schema_subject::items);
  const auto columns = in.datasets.open(where.dataset).description();
  const auto people = in.datasets.open(dataset_of(group)).description().users;
  recommend::filter(std::move(parsed), columns.items, people);
}

json_value create(const house& in, const json_value& input) {
  const resource group = in.made.find(resource_kind::dataset_group, required_text(input, "datasetGroupArn"));
  check_expression(in, group, required_text(input, "filterExpression"));
  resource made = resource_asked_for(in, kind, input, group.arn);
  return make(in, made, input);
}

}  // namespace

void add_filters(aws::json_service& to, const house& in) {
  to.add<json_value, json_value>("CreateFilter", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  to.add<json_value, json_value>("DeleteFilter", builders(), [in](const json_value& input, const http::request&) {
    const resource one = in.made.find(kind, required_text(input, "filterArn"));
    in.known.change([&](sql::transaction& change) { resources::remove(change, one.arn); });
    return nothing_to_say();
  });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
