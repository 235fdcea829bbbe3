// Retention: what was past its time and was taken out, and to look for it now.
#include "wire/api/retention.h"

#include "wire/api/api.h"
#include "wire/api/jobs.h"
#include "wire/api/page.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

using http::method;
using http::role;

core::json_notes notes_of(const retention_run_view*) {
  return {{"state", {.text = "\"under_way\", then \"completed\" or \"failed\""}},
          {"rules", {.text = "How long the purposes kept data when it ran; one that is absent has no limit"}},
          {"steps", {.text = "What was taken out, of which place"}},
          {"people", {.text = "Of whom nothing was left, and who are erased"}},
          {"requests", {.text = "The requests to erase them, for GET /api/v1/subjects/requests/{request}"}},
          {"obstacle", {.text = "What stood in the way; the rest was done, and it is tried again"}}};
}

retention_result result_of(const subject::retention_report& report) {
  return {report.id, report.people};
}

retention_run_view view_of(const subject::retention_report& report) {
  return {report.id,
          report.ended_at == 0      ? "under_way"
          : report.obstacle.empty() ? "completed"
                                    : "failed",
          report.started_by,
          core::format_iso8601(report.began_at),
          moment(report.ended_at),
          report.rules,
          report.steps,
          report.people,
          report.erasures,
          report.obstacle.empty() ? std::nullopt : std::optional(report.obstacle)};
}

void add_retention(route_table& table, const services& to) {
  const auto who = http::access::roles(role::administrator, role::privacy_officer);
  table.query<nothing, job_view>(
      {method::post, "/api/v1/retention/runs", who, "people",
       "Take out what is past the time that its purposes give it, now and not on schedule, as a job", 202},
      [to](const nothing&, const http::request& in) {
        retention_order order;
        if (in.caller) {
          order.token = in.caller->id;
        }
        return view_of(to.jobs.submit(to.retention_kind, "data past their time", core::write_json(order)));
      });
  table.query<page_before, retention_run_list>(
      {method::get, "/api/v1/retention/runs", who, "people",
       "When what was past its time was taken out, and how much it was, newest first"},
      [to](const page_before& page, const http::request&) {
        retention_run_list list;
        for (const auto& report : to.retention.list(page.before, page.count)) {
          list.runs.push_back(view_of(report));
        }
        return list;
      });
  table.query<nothing, retention_run_view>(
      {method::get, "/api/v1/retention/runs/{run}", who, "people", "What one of them took out"},
      [to](const nothing&, const http::request& in) {
        return view_of(to.retention.find(number_in_path(in.path_parameter("run"), "run")));
      });
}

}  // namespace eunomia::wire::api
