// eunomia retention: what is past the time that its purposes give it.

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/commands.h"
#include "app/data_directory.h"
#include "app/remote.h"
#include "app/text_table.h"
#include "core/json.h"
#include "wire/api/jobs.h"
#include "wire/api/retention.h"

namespace eunomia::app {

namespace {

using wire::api::retention_run_list;
using wire::api::retention_run_view;

constexpr std::size_t shown_runs = 100;

retention_run_view run_here(environment& shared) {
  data_directory data(shared);
  const subject::custody_context with{shared.pool(), shared.job()};
  const auto report = data.retention().run(subject::actor::system(), with);
  data.erasures().finish(with);
  return wire::api::view_of(report);
}

retention_run_view run_remotely(environment& shared) {
  remote server(shared);
  const auto job = server.post<wire::api::job_view>("/api/v1/retention/runs", "");
  const auto done = core::read_json<wire::api::retention_result>(server.wait_for_job(job.id));
  return core::read_json<retention_run_view>(server.get(fmt::format("/api/v1/retention/runs/{}", done.run)));
}

void run(environment& shared) {
  const auto done = shared.server.empty() ? run_here(shared) : run_remotely(shared);
  if (shared.json) {
    shared.print(core::write_json(done, 2));
    return;
  }
  if (done.rules.empty()) {
    shared.print("no purpose keeps data for a time only: see eunomia purposes define --retention-days");
    return;
  }
  text_table table({"what", "place", "count", "details"});
  for (const auto& step : done.steps) {
    table.add({step.what, step.store, grouped(step.count), step.details});
  }
  shared.print(table.str() + fmt::format("{} people of whom nothing is left {} erased\n", grouped(done.people),
                                         shared.server.empty() ? "were" : "are being"));
}

void list(environment& shared) {
  retention_run_list all;
  if (shared.server.empty()) {
    for (const auto& report : data_directory(shared).retention().list(0, shown_runs)) {
      all.runs.push_back(wire::api::view_of(report));
    }
  } else {
    all = core::read_json<retention_run_list>(remote(shared).get("/api/v1/retention/runs"));
  }
  if (shared.json) {
    shared.print(core::write_json(all, 2));
    return;
  }
  text_table table({"run", "state", "began", "by", "places", "people", "obstacle"});
  for (const auto& one : all.runs) {
    table.add({std::to_string(one.id), one.state, one.began_at, one.started_by, std::to_string(one.steps.size()),
               grouped(one.people), one.obstacle.value_or("-")});
  }
  shared.print(table.str());
}

}  // namespace

void add_retention(CLI::App& eunomia, environment& shared) {
  CLI::App* retention =
      eunomia.add_subcommand("retention", "Data past the time that their purposes give them (Art. 5(1)(e))");
  retention->require_subcommand(1);
  retention->add_subcommand("run", "Take out what is past its time")->callback([&shared] {
    shared.action = [&shared] { run(shared); };
  });
  retention->add_subcommand("list", "When that was done, and how much it was")->callback([&shared] {
    shared.action = [&shared] { list(shared); };
  });
}

}  // namespace eunomia::app
