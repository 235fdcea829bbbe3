// Models whose rows are past their time: what they learned from single rows cannot be taken out as what they learned
// from people can, so they are trained anew.
#include <algorithm>
#include <chrono>
#include <exception>
#include <map>

#include "core/error.h"
#include "core/log.h"
#include "recommend/recommenders.h"
#include "recommend/recommenders_slot.h"

namespace eunomia::recommend {

namespace {

double milliseconds_since(std::chrono::steady_clock::time_point begin) {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - begin).count();
}

expired_model told(const model_record& removed, std::int64_t retrained, double milliseconds) {
  return {removed.name, removed.version, removed.family, retrained, milliseconds};
}

}  // namespace

void recommenders::renew_expired(const core::purpose& why, const training_context& context,
                                 std::vector<expired_model>& done) {
  std::exception_ptr obstacle;
  for (const recommender_record& record : list()) {
    context.job.check();
    try {
      renew_expired(record, why, context, done);
    } catch (const core::error& problem) {
      if (problem.code() == core::errc::cancelled) {
        throw;
      }
      core::log::error("a model that learned from rows past their time answers on",
                       {{"recommender", record.name}, {"why", problem.kept_message()}});
      obstacle = std::current_exception();
    }
  }
  if (obstacle) {
    std::rethrow_exception(obstacle);
  }
}

void recommenders::renew_expired(const recommender_record& record, const core::purpose& why,
                                 const training_context& context, std::vector<expired_model>& done) {
  const auto begin = std::chrono::steady_clock::now();
  const dataset from = data_.open(record.dataset);
  const std::int64_t expiries = from.expiries();
  std::vector<model_record> stale = models_.versions(record.name);
  std::erase_if(stale, [&](const model_record& version) { return version.expiries >= expiries; });
  if (stale.empty()) {
    return;
  }
  if (from.statistics().interactions == 0) {
    const auto held = slot_of(record.name);
    const std::lock_guard changing(held->changing);
    models_.remove(record.name);
    held->published.publish(nullptr);
    for (const model_record& version : stale) {
      done.push_back(told(version, 0, milliseconds_since(begin)));
    }
    return;
  }
  std::map<std::int64_t, std::int64_t> successors;
  std::exception_ptr obstacle;
  const auto deployments = models_.deployments(record.name);
  for (const model_record& version : stale) {
    const bool deployed =
        std::ranges::find(deployments, version.version, &deployment_record::version) != deployments.end();
    if (!version.serving && !deployed) {
      continue;
    }
    recommender_record wanted = record;
    if (deployed || !record.serve_newest) {
      wanted.what = {version.family, version.parameters};
    }
    try {
      successors[version.version] = train(wanted, version.version, why, context).version;
    } catch (const core::error& problem) {
      if (problem.code() == core::errc::cancelled) {
        throw;
      }
      obstacle = std::current_exception();
    }
  }
  models_.remove_idle(stale);
  const auto left = models_.versions(record.name);
  for (const model_record& version : stale) {
    if (std::ranges::find(left, version.version, &model_record::version) == left.end()) {
      done.push_back(told(version, successors[version.version], milliseconds_since(begin)));
    }
  }
  if (obstacle) {
    std::rethrow_exception(obstacle);
  }
}

}  // namespace eunomia::recommend
