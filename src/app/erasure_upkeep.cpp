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

struct follow_up_result {
  std::uint64_t requests = 0;
};
BOOST_DESCRIBE_STRUCT(follow_up_result, (), (requests))

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
  jobs_.add_kind(std::string(follow_up_kind), "upkeep", [this, &pool](const job::record&, core::job& job) {
    return core::write_json(follow_up_result{all_.follow_up({pool, job}).size()});
  });
}

bool erasure_upkeep::may_submit(std::string_view what, std::int64_t now) const {
  return jobs_.unfinished(what).empty() && !jobs_.failed_since(now - pause_after_failure_ms, what);
}

void erasure_upkeep::look() {
  const std::int64_t now = core::now_ms();
  const auto since = all_.wait_since();
  if (since && now - *since >= with_.delay.count() &&
      (may_submit(kind, now) || (all_.worth_another_attempt() && jobs_.unfinished(kind).empty()))) {
    jobs_.submit(kind, "people who asked to be erased", "{}");
  }
  if (now - followed_up_at_ >= with_.follow_up_every.count() && all_.expects_follow_up() &&
      may_submit(follow_up_kind, now)) {
    jobs_.submit(follow_up_kind, "erasures that left something for later", "{}");
    followed_up_at_ = now;
  }
}

}  // namespace eunomia::app
