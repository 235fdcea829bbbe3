#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "recommend/model.h"
#include "recommend/split.h"

namespace eunomia::recommend {

// How good the lists of a model are, as Amazon Personalize's GetSolutionMetrics tells it ("Working with training
// metrics" of its developer guide): means over the people of a test, relevance is binary.
//
//   mean_reciprocal_rank_at_25   1 / rank of the first hit among 25, 0 without one
//   normalized_discounted_cumulative_gain_at_K  sum over hits of 1 / log2(1 + rank), over that of hits on the first
//   ranks precision_at_K               hits among the first K / K coverage                     different items in all
//   lists / items that could have been in one
struct ranking_metrics {
  double coverage = 0;
  double mean_reciprocal_rank_at_25 = 0;
  double normalized_discounted_cumulative_gain_at_5 = 0;
  double normalized_discounted_cumulative_gain_at_10 = 0;
  double normalized_discounted_cumulative_gain_at_25 = 0;
  double precision_at_5 = 0;
  double precision_at_10 = 0;
  double precision_at_25 = 0;
};
BOOST_DESCRIBE_STRUCT(ranking_metrics, (),
                      (coverage, mean_reciprocal_rank_at_25, normalized_discounted_cumulative_gain_at_5,
                       normalized_discounted_cumulative_gain_at_10, normalized_discounted_cumulative_gain_at_25,
                       precision_at_5, precision_at_10, precision_at_25))

// Of one list: hits[r] says whether what stands at rank r + 1 is relevant; relevant: how many items are. No coverage.
ranking_metrics metrics_of_list(const std::vector<bool>& hits, std::size_t relevant);

// As evaluate() does.
ranking_metrics ranking_metrics_of(const scorer& model, std::span<const test_case> tests,
                                   std::span<const std::vector<preference>> histories_of_tests,
                                   std::uint32_t trainable_items, const training_context& context);

}  // namespace eunomia::recommend
