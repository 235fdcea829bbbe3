#include "app/erasure_upkeep.h"

#include <boost/describe.hpp>

#include "core/json.h"
#include "core/time.h"

namespace eunomia::app {

namespace {

// What stands in the way is seldom gone at once.
constexpr std::int64_t pause_after_failure_ms = 60'000;

struct erase_result {
  std::uint64_t requests = 0;
  std::uint64_t people = 0;
};
BOOST_DESCRIBE_STRUCT(erase_result, (), (requests, people))

}  // namespace

erasure_upkeep::erasure_upkeep(job::jobs& jobs, subject::erasures& all, core::thread_pool& pool,
                               const erasure_upkeep_options& with)
    : jobs_(jobs), all_(all), with_(with) {
  jobs_.add_kind(std::string(kind), "upkeep", [this, &pool](const job::record&, core::job& job) {
    erase_result result;
    for (const subject::rights_request& done : all_.finish({pool, job})) {
      ++result.requests;
      result.people += done.people;
    }
    return core::write_json(result);
  });
}

void erasure_upkeep::look() {
  const std::int64_t now = core::now_ms();
  const auto since = all_.wait_since();
  if (since && now - *since >= with_.delay.count() && jobs_.unfinished(kind).empty() &&
      (all_.worth_another_attempt() || !jobs_.failed_since(now - pause_after_failure_ms, kind))) {
    jobs_.submit(kind, "people who asked to be erased", "{}");
  }
}

}  // namespace eunomia::app
