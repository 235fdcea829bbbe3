#include "wire/api/jobs.h"

#include "core/time.h"
#include "wire/api/api.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;

struct job_page {
  std::vector<job_view> jobs;
  std::optional<std::int64_t> next;  // pass as before
};
BOOST_DESCRIBE_STRUCT(job_page, (), (jobs, next))

struct job_query {
  std::uint32_t count = 50;
  std::int64_t before = 0;
  std::string kind;
};
BOOST_DESCRIBE_STRUCT(job_query, (), (count, before, kind))
core::json_notes notes_of(const job_query*) {
  return {{"count", {.text = "How many at most", .least = 1, .most = job::max_page}},
          {"before", {.text = "Only older jobs than this one: next of the page before", .least = 0}},
          {"kind", {.text = "Only these: import, train, forget, rederive, backup"}}};
}

std::int64_t id_of(const http::request& in) {
  return number_in_path(in.path_parameter("job"), "job");
}

// Tells a job's state, stage and progress whenever they change, until it has ended.
class job_watch final : public http::event_source {
 public:
  job_watch(job::jobs& jobs, std::int64_t id) : jobs_(jobs), id_(id) {}

  std::vector<event> poll() override {
    const auto now = jobs_.find(id_);
    if (shown_ && now.revision == revision_ && now.is == state_) {
      return {};
    }
    shown_ = true;
    revision_ = now.revision;
    state_ = now.is;
    ended_ = now.is != job::state::queued && now.is != job::state::running;
    return {{ended_ ? "ended" : "progress", core::write_json(view_of(now)), std::to_string(now.revision)}};
  }
  bool ended() const override { return ended_; }

 private:
  job::jobs& jobs_;
  std::int64_t id_;
  bool shown_ = false;
  bool ended_ = false;
  std::uint64_t revision_ = 0;
  job::state state_ = job::state::queued;
};

}  // namespace

job_view view_of(const job::record& record) {
  job_view view;
  view.id = record.id;
  view.kind = record.kind;
  view.about = record.about;
  view.state = job::name_of(record.is);
  if (!record.stage.empty()) {
    view.stage = record.stage;
  }
  view.done = record.done;
  view.total = record.total;
  if (!record.result.empty()) {
    view.result = core::parse_json(record.result);
  }
  if (!record.error_code.empty()) {
    view.failure = job_failure{record.error_code, record.error_message};
  }
  view.created_at = core::format_iso8601(record.created_at);
  view.started_at = moment(record.started_at);
  view.ended_at = moment(record.ended_at);
  view.attempts = record.attempts;
  return view;
}

void add_jobs(route_table& table, const services& to) {
  const auto who = http::access::roles(role::engineer, role::privacy_officer);
  job::jobs& jobs = to.jobs;
  table.query<job_query, job_page>({method::get, "/api/v1/jobs", who, "jobs", "Jobs, newest first"},
                                   [&jobs](const job_query& query, const http::request&) {
                                     const auto found = jobs.list(query.count, query.before, query.kind);
                                     job_page page;
                                     page.jobs.reserve(found.jobs.size());
                                     for (const auto& record : found.jobs) {
                                       page.jobs.push_back(view_of(record));
                                     }
                                     if (found.next != 0) {
                                       page.next = found.next;
                                     }
                                     return page;
                                   });
  table.query<nothing, job_view>(
      {method::get, "/api/v1/jobs/{job}", who, "jobs", "One job, with its progress"},
      [&jobs](const nothing&, const http::request& in) { return view_of(jobs.find(id_of(in))); });
  table.query<nothing, job_view>(
      {method::post, "/api/v1/jobs/{job}/cancel", http::access::roles(role::engineer), "jobs",
       "Ask an import, a training, a backup or a verification to stop; nothing is left half-done"},
      [&jobs, to_backup = to.backup_kind, to_verify = to.verify_audit_kind](const nothing&, const http::request& in) {
        const auto id = id_of(in);
        const std::string kind = jobs.find(id).kind;
        // The others keep promises: to people who asked to be forgotten, and about events.
        if (kind != "import" && kind != "train" && kind != to_backup && kind != to_verify) {
          throw core::error(core::errc::failed_precondition,
                            "job " + std::to_string(id) + " is a " + kind + ": it cannot be cancelled");
        }
        return view_of(jobs.cancel(id));
      });

  const operation watch{method::get, "/api/v1/jobs/{job}/watch", who, "jobs",
                        "Progress as server-sent events until the job has ended"};
  http::route route{.verb = watch.verb, .path = watch.path, .who = watch.who, .run = [&jobs](http::request& in) {
                      const auto id = id_of(in);
                      jobs.find(id);
                      http::response out;
                      out.content_type = "text/event-stream";
                      out.events = std::make_shared<job_watch>(jobs, id);
                      return out;
                    }};
  table.raw<nothing, job_view>(watch, {}, {}, std::move(route), "text/event-stream");
}

}  // namespace eunomia::wire::api
