#pragma once

#include "core/job.h"
#include "core/thread_pool.h"

namespace eunomia::subject {

// What work for a person's rights runs on.
struct custody_context {
  core::thread_pool& pool;
  core::job& job;
};

}  // namespace eunomia::subject
