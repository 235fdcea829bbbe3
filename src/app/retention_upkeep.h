#pragma once

#include <functional>
#include <string_view>

#include "core/thread_pool.h"
#include "job/jobs.h"
#include "subject/retention/retention.h"

namespace eunomia::app {

struct retention_upkeep_options {
  double every_hours = 24;  // so often is looked for what is past its time; 0: only by command
};

// Takes out what is past its time, by jobs of the kind "retention": on a schedule, and by command. Their lane is that
// of trainings and imports, as models are trained anew, so that no erasure waits for it.
class retention_upkeep {
 public:
  static constexpr std::string_view kind = "retention";

  // Adds its kind of job: before jobs.start(). All must outlive it. done: called when erasures may wait to be finished.
  retention_upkeep(job::jobs& jobs, subject::retention& all, core::thread_pool& pool,
                   const retention_upkeep_options& with, std::function<void()> done);

  // Submits what is due. To be called now and then, after jobs.start().
  void look();

 private:
  job::jobs& jobs_;
  subject::retention& all_;
  const retention_upkeep_options with_;
};

}  // namespace eunomia::app
