#include "subject/retention/retention.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <exception>

#include "core/error.h"
#include "core/json.h"
#include "core/log.h"
#include "core/subject_handles.h"
#include "core/time.h"
#include "subject/rights/request_table.h"

namespace eunomia::subject {

namespace sql = store::sql;

namespace {

// Of one request: its traces rest sealed in one row, and are read at once.
constexpr std::size_t max_people_of_a_request = 10'000;

constexpr std::array<sql::migration, 1> steps_of_the_schema = {{{"retention", 1, R"(
  CREATE TABLE subject_retention_run (
    id {id},
    began_at BIGINT NOT NULL,
    ended_at BIGINT NOT NULL,  -- 0: not yet
    started_by {text} NOT NULL,
    rules {text} NOT NULL,     -- JSON of purpose_kept
    steps {text} NOT NULL,     -- JSON of certificate_step
    people BIGINT NOT NULL,
    erasures {text} NOT NULL,  -- JSON, ids of subject_request
    obstacle {text} NOT NULL
  )
)"}}};

constexpr std::string_view columns = "id, began_at, ended_at, started_by, rules, steps, people, erasures, obstacle";

struct run_details {
  std::int64_t report = 0;
  std::uint64_t steps = 0;
  std::uint64_t people = 0;
};
BOOST_DESCRIBE_STRUCT(run_details, (), (report, steps, people))

retention_report report_of(const sql::row& r) {
  retention_report found;
  found.id = r.int64(0);
  found.began_at = r.int64(1);
  found.ended_at = r.int64(2);
  found.started_by = r.text(3);
  found.rules = core::read_json<std::vector<purpose_kept>>(r.text(4));
  found.steps = core::read_json<std::vector<certificate_step>>(r.text(5));
  found.people = r.uint64(6);
  found.erasures = core::read_json<std::vector<std::int64_t>>(r.text(7));
  found.obstacle = r.text(8);
  return found;
}

void write(sql::transaction& in, const retention_report& report) {
  in.execute(
      "UPDATE subject_retention_run SET ended_at = :ended_at, steps = :steps, people = :people, erasures = :erasures, "
      "obstacle = :obstacle WHERE id = :id",
      {{"ended_at", report.ended_at},
       {"steps", core::write_json(report.steps)},
       {"people", report.people},
       {"erasures", core::write_json(report.erasures)},
       {"obstacle", report.obstacle},
       {"id", report.id}});
}

}  // namespace

retention::retention(retention_house in) : house_(in) {
  house_.sql.migrate(request_table::migrations());
  house_.sql.migrate(steps_of_the_schema);
}

retention_rules retention::rules(std::int64_t now_ms) const {
  auto restricted = house_.sql.read(
      [&](sql::connection& in) { return house_.purposes.people_with_choices(in, choice_kind::restriction); });
  return {house_.purposes.list(), std::move(restricted), now_ms};
}

bool retention::due(std::int64_t since) const {
  const auto defined = house_.purposes.list();
  if (std::ranges::none_of(defined, [](const purpose_definition& one) { return one.retention_days.has_value(); })) {
    return false;
  }
  return house_.sql.read([&](sql::connection& in) {
    return in.query_one(
                 "SELECT count(*) FROM subject_retention_run WHERE began_at >= :since AND ended_at > 0 AND obstacle "
                 "= ''",
                 {{"since", since}})[0]
               .int64(0) == 0;
  });
}

retention_report retention::run(const actor& by, const custody_context& with) {
  const std::lock_guard one_at_a_time(running_);
  const retention_rules now = rules(core::now_ms());
  retention_report report = begin(now, by);
  std::exception_ptr problem;
  const auto attempt = [&](const auto& step) {
    try {
      step();
    } catch (const core::error& what) {
      if (what.code() == core::errc::cancelled) {
        throw;
      }
      report.obstacle = what.kept_message();
      problem = std::current_exception();
    } catch (const std::exception& what) {
      report.obstacle = core::kept_message_of(what);
      problem = std::current_exception();
    }
  };
  attempt([&] { expire(now, with, report); });
  if (now.limited()) {
    attempt([&] { erase_who_is_left_with_nothing(now, with, report); });
  }
  end(report, by);
  if (problem) {
    std::rethrow_exception(problem);
  }
  return report;
}

retention_report retention::begin(const retention_rules& by_rules, const actor& by) {
  retention_report report;
  report.began_at = by_rules.now_ms();
  report.started_by = by.text();
  for (const auto& [purpose, days] : by_rules.days()) {
    report.rules.push_back({purpose, days});
  }
  return house_.sql.write([&](sql::transaction& in) {
    in.execute(
        "UPDATE subject_retention_run SET ended_at = :now, obstacle = 'it was interrupted; the next one does what it "
        "left' WHERE ended_at = 0",
        {{"now", report.began_at}});
    retention_report made = report;
    made.id = in.query_one(
                    "INSERT INTO subject_retention_run (began_at, ended_at, started_by, rules, steps, people, "
                    "erasures, obstacle) VALUES (:began_at, 0, :started_by, :rules, '[]', 0, '[]', '') RETURNING id",
                    {{"began_at", made.began_at},
                     {"started_by", made.started_by},
                     {"rules", core::write_json(made.rules)}})[0]
                  .int64(0);
    return made;
  });
}

void retention::expire(const retention_rules& by_rules, const custody_context& with, retention_report& report) {
  std::exception_ptr obstacle;
  for (const auto& one : house_.all.all()) {
    with.job.check();
    std::vector<certificate_step> done;
    try {
      one->expire(by_rules, with, done);
    } catch (const core::error& problem) {
      if (problem.code() == core::errc::cancelled) {
        throw;
      }
      core::log::error("what is past its time stays for this",
                       {{"custodian", one->name()}, {"why", problem.kept_message()}});
      obstacle = std::current_exception();
    }
    for (certificate_step& step : done) {
      step.custodian = one->name();
      report.steps.push_back(std::move(step));
    }
  }
  // The bytes of rows that SQL lost leave its log.
  house_.sql.checkpoint_truncate();
  if (obstacle) {
    std::rethrow_exception(obstacle);
  }
}

void retention::erase_who_is_left_with_nothing(const retention_rules& by_rules, const custody_context& with,
                                               retention_report& report) {
  std::vector<core::subject_handle> people = house_.sql.read([&](sql::connection& in) {
    std::vector<core::subject_handle> all = house_.people.everybody(in);
    // An objection that is forgotten with who made it would not stand when they come back.
    core::leave_out(all, house_.purposes.people_with_choices(in));
    core::leave_out(all, request_table::people_waiting(in));
    return all;
  });
  core::leave_out(people, by_rules.restricted());
  for (const auto& one : house_.all.all()) {
    if (!people.empty()) {
      one->leave_out_held(people, with);
    }
  }
  for (std::size_t first = 0; first < people.size(); first += max_people_of_a_request) {
    with.job.check();
    const std::size_t count = std::min(max_people_of_a_request, people.size() - first);
    const auto some = std::span(people).subspan(first, count);
    if (const auto made = house_.erasures.begin_where_nothing_is_held(some, actor::system(), with)) {
      report.people += made->people;
      report.erasures.push_back(made->id);
    }
  }
}

void retention::end(retention_report& report, const actor& by) {
  report.ended_at = core::now_ms();
  house_.sql.write([&](sql::transaction& in) {
    write(in, report);
    house_.audit.append(
        in, audit_entry{by, report.obstacle.empty() ? "retention.completed" : "retention.waits", std::nullopt,
                        core::write_json(run_details{report.id, report.steps.size(), report.people})});
  });
}

std::vector<retention_report> retention::list(std::int64_t before, std::size_t limit) const {
  if (limit == 0 || limit > max_audit_page) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("limit: {} is not 1 to max_audit_page = {}", limit, max_audit_page));
  }
  std::vector<retention_report> all;
  house_.sql.read([&](sql::connection& in) {
    all.clear();
    in.each(fmt::format("SELECT {} FROM subject_retention_run WHERE id < :before ORDER BY id DESC "
                        "LIMIT CAST(:limit AS BIGINT)",
                        columns),
            {{"before", before == 0 ? INT64_MAX : before}, {"limit", static_cast<std::int64_t>(limit)}},
            [&](const sql::row& r) { all.push_back(report_of(r)); });
  });
  return all;
}

retention_report retention::find(std::int64_t id) const {
  return house_.sql.read([&](sql::connection& in) {
    const auto found =
        in.query_one(fmt::format("SELECT {} FROM subject_retention_run WHERE id = :id", columns), {{"id", id}});
    if (found.empty()) {
      throw core::error(core::errc::not_found, fmt::format("there is no run {} of retention", id));
    }
    return report_of(found[0]);
  });
}

}  // namespace eunomia::subject
