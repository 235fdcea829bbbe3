#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "core/job.h"
#include "core/thread_pool.h"
#include "recommend/model.h"
#include "recommend/split.h"

namespace eunomia::recommend {

// A mean over the people of a test, with the bounds of its 95 % confidence interval by the percentile bootstrap
// (Efron 1979) over people.
struct estimate {
  double value = 0;
  double low = 0;
  double high = 0;
};

// How good the lists of a model are, the items of a person's history left out of the ranking. Relevance is binary: an
// item is in the person's targets or not.
struct quality {
  estimate ndcg_at_10;        // DCG with 1/log2(rank + 1), over that of the best possible list
  estimate recall_at_20;      // hits / min(20, targets)
  estimate mrr_at_25;         // 1 / rank of the first hit, 0 without one
  estimate precision_at_5;    // hits / 5
  estimate hit_rate_at_20;    // 1 when any of the first 20 is a hit
  double coverage_at_25 = 0;  // distinct items in all lists / items with at least one interaction in training
  std::uint32_t people = 0;
};

struct evaluation_options {
  std::uint32_t bootstrap_samples = 1000;
  std::uint64_t seed = 1;
};

// Ranks for every test case in parallel; the same result at any number of threads. histories_of_tests[i] is what the
// model is told of tests[i] (see histories()). trainable_items: how many items coverage is measured against. Throws
// errc::failed_precondition when there are no test cases.
quality evaluate(const scorer& model, std::span<const test_case> tests,
                 std::span<const std::vector<preference>> histories_of_tests, std::uint32_t trainable_items,
                 const training_context& context, const evaluation_options& options = {});

}  // namespace eunomia::recommend
