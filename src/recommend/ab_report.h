#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/purpose.h"
#include "recommend/ab_statistics.h"
#include "recommend/ab_tests.h"
#include "recommend/dataset.h"

namespace eunomia::recommend {

// What a metric came to in one arm.
struct ab_outcome {
  ab_sample sample;
  double total = 0;                                     // over the people
  std::optional<ab_comparison> against = std::nullopt;  // the first arm; nothing for itself
  bool significant = false;                             // the anytime interval leaves out 0
};

struct ab_report {
  std::vector<std::uint64_t> people;              // [arms]
  std::vector<std::vector<ab_outcome>> outcomes;  // [metrics][arms]
  std::optional<double> ratio_mismatch_p = std::nullopt;
  double alpha = 0;  // of each interval: 0.05 over the number of comparisons of a metric (Bonferroni)
};
inline constexpr double ab_alpha = 0.05;

// What people did from the moment in which they came under the test until it was stopped, by arm. Reads for the
// purpose: who is not admitted now counts nowhere. Throws errc::invalid_argument for a metric whose column the dataset
// does not have as a number; as dataset::load_interactions.
ab_report report_of(const ab_test& test, const ab_tests& kept, const dataset& rows, const core::purpose& why,
                    core::thread_pool& pool, core::job& job);

}  // namespace eunomia::recommend
