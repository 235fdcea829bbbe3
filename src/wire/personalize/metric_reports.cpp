// Reports of metric attributions, as files in S3.
#include <fmt/format.h>

#include "core/error.h"
#include "core/log.h"
#include "core/time.h"
#include "store/table/csv_writer.h"
#include "wire/personalize/file_jobs.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"

namespace eunomia::wire::personalize {

namespace {

constexpr std::int64_t day_ms = 86'400'000;

void write_day(const house& in, const resource& attribution, std::int64_t day) {
  const core::json_value* const output = member_of(attribution.shown, "metricsOutputConfig");
  if (output == nullptr || member_of(*output, "s3DataDestination") == nullptr) {
    return;
  }
  const s3_location folder = place_in(attribution.shown, "metricsOutputConfig", "s3DataDestination");
  std::map<std::string, metric_counts::metric> metrics;
  for (const core::json_value& each : member_of(attribution.ours, "metrics")->elements()) {
    metrics.emplace(required_text(each, "metricName"),
                    metric_counts::parse(required_text(each, "metricName"), required_text(each, "eventType"),
                                         required_text(each, "expression")));
  }
  const job_folder files(in);
  const auto file = files / "report.csv";
  store::table::csv_writer rows(file);
  for (const char* const name :
       {"METRIC_NAME", "EVENT_TYPE", "VALUE", "MATH_FUNCTION", "EVENT_ATTRIBUTION_SOURCE", "TIMESTAMP"}) {
    rows.text(name);
  }
  rows.end_record();
  for (const auto& one : in.metrics.counts(attribution.arn, day, day + day_ms)) {
    const auto metric = metrics.find(one.metric);
    rows.text(one.metric);
    rows.text(metric == metrics.end() ? "" : metric->second.event_type);
    rows.number(one.value);
    rows.text(metric == metrics.end() ? "" : metric->second.column.empty() ? "samplecount" : "sum");
    rows.text(one.source);
    rows.number(one.window / 1000);
    rows.end_record();
  }
  rows.finish();
  const std::string date = core::format_iso8601(day).substr(0, std::string_view("2026-01-01").size());
  in.files.put(folder.bucket, in_folder(folder, fmt::format("{}-{}.csv", attribution.name, date)).key, file,
               "text/csv");
}

}  // namespace

void write_metric_reports(const house& in, std::int64_t now) {
  for (const auto& [arn, day] : in.metrics.take_changed_days(now)) {
    try {
      write_day(in, in.made.find(resource_kind::metric_attribution, arn), day);
    } catch (const core::error& problem) {
      core::log::warning("a report of a metric attribution was not written",
                         {{"attribution", arn}, {"why", problem.kept_message()}});
    }
  }
}

}  // namespace eunomia::wire::personalize
