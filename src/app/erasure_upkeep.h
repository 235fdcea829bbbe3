#pragma once

#include <chrono>

#include "core/thread_pool.h"
#include "job/jobs.h"
#include "subject/erasure/erasures.h"

namespace eunomia::app {

struct erasure_upkeep_options {
  std::chrono::milliseconds delay{5'000};              // requests gather so long before the disk is rewritten
  std::chrono::milliseconds follow_up_every{600'000};  // it is looked whether what they left for later came true
};

// Completes the erasures that wait, by jobs of the kind "erase", and follows up on those that left something for later,
// by jobs of the kind "follow-up" (lane "upkeep", so that none waits for a training, and a follow-up comes behind the
// deriving of models that it is to certify).
class erasure_upkeep {
 public:
  static constexpr std::string_view kind = "erase";
  static constexpr std::string_view follow_up_kind = "follow-up";

  // Adds its kinds of jobs: before jobs.start(). All must outlive it.
  erasure_upkeep(job::jobs& jobs, subject::erasures& all, core::thread_pool& pool, const erasure_upkeep_options& with);

  // Submits what is due. To be called now and then, by one thread, after jobs.start().
  void look();

 private:
  // False when one of the kind waits, runs, or failed of late.
  bool may_submit(std::string_view what, std::int64_t now) const;

  job::jobs& jobs_;
  subject::erasures& all_;
  const erasure_upkeep_options with_;
  std::int64_t followed_up_at_ = 0;  // UTC ms
};

}  // namespace eunomia::app
