// Metric attributions: what events count for.
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
namespace sql = store::sql;

constexpr auto kind = resource_kind::metric_attribution;
constexpr std::size_t max_metrics = 10;
constexpr std::string_view metrics_member = "metrics";

const std::vector<json_value>& metrics_in(const resource& one) {
  return member_of(one.ours, metrics_member)->elements();
}

// What is summed must be a number of the group's schemas.
void check_column(const house& in, const resource& group, const metric_counts::metric& metric) {
  if (metric.column.empty() || (!metric.of_items && metric.column == "EVENT_VALUE")) {
    return;
  }
  const auto type = metric.of_items ? recommend::schema_subject::items : recommend::schema_subject::interactions;
  const auto dataset = dataset_of_type(in, group, type);
  const auto columns = dataset ? schema_of(in, *dataset)->columns() : std::vector<recommend::metadata_column>();
  const auto found = std::ranges::find(columns, metric.column, &recommend::metadata_column::name);
  if (found == columns.end() ||
      (found->type != recommend::metadata_type::number && found->type != recommend::metadata_type::integer)) {
    throw core::error(errc::invalid_argument,
                      fmt::format("metrics: \"{}\": the schema of the {} dataset has no number {}", metric.expression,
                                  type_name(type), metric.column));
  }
}

void add_to(std::vector<json_value>& all, const house& in, const resource& group, const json_value& more) {
  for (const json_value& one : more.elements()) {
    const std::string name = required_text(one, "metricName");
    check_column(in, group,
                 metric_counts::parse(name, required_text(one, "eventType"), required_text(one, "expression")));
    const auto same = [&](const json_value& other) { return required_text(other, "metricName") == name; };
    if (std::ranges::any_of(all, same)) {
      throw core::error(errc::already_exists, fmt::format("there is a metric {} already", name));
    }
    all.push_back(one);
  }
  if (all.size() > max_metrics) {
    throw core::error(errc::resource_exhausted,
                      fmt::format("{} metrics are more than max_metrics = {}", all.size(), max_metrics));
  }
}

json_value array_of(std::vector<json_value> elements) {
  json_value list = json_value::of_array();
  for (json_value& one : elements) {
    list.append(std::move(one));
  }
  return list;
}

json_value create(const house& in, const json_value& input) {
  const resource group = in.made.find(resource_kind::dataset_group, required_text(input, "datasetGroupArn"));
  if (!in.made.list(kind, group.arn, 1, "").items.empty()) {
    throw core::error(errc::already_exists,
                      fmt::format("Dataset group {} has a metric attribution already", group.arn));
  }
  resource made = resource_asked_for(in, kind, input, group.arn);
  std::vector<json_value> metrics;
  add_to(metrics, in, group, *member_of(input, "metrics"));
  made.shown = without(made.shown, "metrics");
  made.ours = with(json_value::of_object(), metrics_member, array_of(std::move(metrics)));
  json_value answer = make(in, made, input);
  in.metrics.changed();
  return answer;
}

json_value update(const house& in, const json_value& input) {
  const auto arn = text_of(input, "metricAttributionArn");
  if (!arn) {
    throw core::error(errc::invalid_argument, "metricAttributionArn is missing");
  }
  resource one = in.made.find(kind, *arn);
  std::vector<json_value> metrics = metrics_in(one);
  if (const json_value* const gone = member_of(input, "removeMetrics")) {
    for (const json_value& name : gone->elements()) {
      std::erase_if(metrics,
                    [&](const json_value& other) { return required_text(other, "metricName") == name.text(); });
    }
  }
  if (const json_value* const more = member_of(input, "addMetrics")) {
    add_to(metrics, in, in.made.find(resource_kind::dataset_group, one.parent), *more);
  }
  one.ours = with(one.ours, metrics_member, array_of(std::move(metrics)));
  if (const json_value* const output = member_of(input, "metricsOutputConfig")) {
    one.shown = with(one.shown, "metricsOutputConfig", *output);
  }
  in.known.change([&](sql::transaction& change) { resources::update(change, one); });
  in.metrics.changed();
  return arn_answer(kind, one.arn);
}

}  // namespace

void add_metric_attributions(aws::json_service& to, const house& in) {
  to.add<json_value, json_value>("CreateMetricAttribution", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  to.add<json_value, json_value>("UpdateMetricAttribution", builders(),
                                 [in](const json_value& input, const http::request&) { return update(in, input); });
  to.add<json_value, json_value>(
      "DeleteMetricAttribution", builders(), [in](const json_value& input, const http::request&) {
        const resource one = in.made.find(kind, required_text(input, "metricAttributionArn"));
        in.known.change([&](sql::transaction& change) {
          resources::remove(change, one.arn);
          metric_counts::remove(change, one.arn);
        });
        in.metrics.changed();
        return nothing_to_say();
      });
  to.add<json_value, json_value>("ListMetricAttributionMetrics", readers(),
                                 [in](const json_value& input, const http::request&) {
                                   const auto arn = text_of(input, "metricAttributionArn");
                                   if (!arn) {
                                     throw core::error(errc::invalid_argument, "metricAttributionArn is missing");
                                   }
                                   return page_of(input, "metrics", metrics_in(in.made.find(kind, *arn)));
                                 });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
