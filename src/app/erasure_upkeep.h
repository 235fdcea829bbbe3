#pragma once

#include <chrono>

#include "core/thread_pool.h"
#include "job/jobs.h"
#include "subject/erasure/erasures.h"

namespace eunomia::app {

struct erasure_upkeep_options {
  std::chrono::milliseconds delay{5'000};  // requests gather so long before the disk is rewritten
};

// Completes the erasures that wait, by jobs of the kind "erase" (lane "upkeep", so that none waits for a training).
class erasure_upkeep {
 public:
  static constexpr std::string_view kind = "erase";

  // Adds its kind of job: before jobs.start(). All must outlive it.
  erasure_upkeep(job::jobs& jobs, subject::erasures& all, core::thread_pool& pool, const erasure_upkeep_options& with);

  // Submits what is due. To be called now and then, after jobs.start().
  void look();

 private:
  job::jobs& jobs_;
  subject::erasures& all_;
  const erasure_upkeep_options with_;
};

}  // namespace eunomia::app
