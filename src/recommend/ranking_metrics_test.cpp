#include "recommend/ranking_metrics.h"

#include <gtest/gtest.h>

namespace eunomia::recommend {
namespace {

// The example that the developer guide of Amazon Personalize works through: of five recommended items the second and
// the fifth are relevant.
TEST(ranking_metrics, are_those_of_the_example_that_personalize_works_through) {
  const ranking_metrics of = metrics_of_list({false, true, false, false, true}, 2);
  EXPECT_DOUBLE_EQ(of.mean_reciprocal_rank_at_25, 0.5);
  EXPECT_NEAR(of.normalized_discounted_cumulative_gain_at_5, 0.6241, 0.00005);
  EXPECT_DOUBLE_EQ(of.precision_at_5, 0.4);
}

TEST(ranking_metrics, of_a_list_without_a_hit_are_0) {
  const ranking_metrics of = metrics_of_list({false, false}, 3);
  EXPECT_EQ(of.mean_reciprocal_rank_at_25, 0);
  EXPECT_EQ(of.normalized_discounted_cumulative_gain_at_25, 0);
  EXPECT_EQ(of.precision_at_25, 0);
}

TEST(ranking_metrics, a_short_list_is_measured_against_the_full_length) {
  const ranking_metrics of = metrics_of_list({true, true}, 2);
  EXPECT_DOUBLE_EQ(of.normalized_discounted_cumulative_gain_at_5, 1);
  EXPECT_DOUBLE_EQ(of.precision_at_5, 0.4);
  EXPECT_DOUBLE_EQ(of.precision_at_10, 0.2);
}

}  // namespace
}  // namespace eunomia::recommend
