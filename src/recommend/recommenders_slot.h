#pragma once

#include <mutex>

#include "core/published.h"
#include "recommend/recommenders.h"

namespace eunomia::recommend {

// A recommender while it is served. Whoever changes its model or its versions holds changing.
struct recommenders::slot {
  std::mutex changing;
  core::published<served_model> serving;
  bool saved = true;  // the file is what the model is
};

}  // namespace eunomia::recommend
