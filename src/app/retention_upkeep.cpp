#include "app/retention_upkeep.h"

#include <cstdint>

#include "core/json.h"
#include "core/time.h"
#include "wire/api/retention.h"

namespace eunomia::app {

namespace {

constexpr double ms_per_hour = 3'600'000;
// What stands in the way, a training that fails say, is seldom gone at once.
constexpr std::int64_t pause_after_failure_ms = 600'000;
constexpr std::string_view about = "data past their time";

}  // namespace

retention_upkeep::retention_upkeep(job::jobs& jobs, subject::retention& all, core::thread_pool& pool,
                                   const retention_upkeep_options& with, std::function<void()> done)
    : jobs_(jobs), all_(all), with_(with) {
  jobs_.add_kind(std::string(kind), "data",
                 [this, &pool, done = std::move(done)](const job::record& what, core::job& job) {
                   const auto wanted = core::read_json<wire::api::retention_order>(what.arguments);
                   const auto by = wanted.token ? subject::actor::token(*wanted.token) : subject::actor::system();
                   const auto report = all_.run(by, {pool, job});
                   done();
                   return core::write_json(wire::api::result_of(report));
                 });
}

void retention_upkeep::look() {
  const std::int64_t now = core::now_ms();
  const auto interval = static_cast<std::int64_t>(with_.every_hours * ms_per_hour);
  if (interval > 0 && all_.due(now - interval) && jobs_.unfinished(kind).empty() &&
      !jobs_.failed_since(now - pause_after_failure_ms, kind)) {
    jobs_.submit(kind, about, core::write_json(wire::api::retention_order{}));
  }
}

}  // namespace eunomia::app
