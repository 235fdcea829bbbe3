#include "recommend/ab_statistics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace eunomia::recommend {
namespace {

TEST(ab_statistics, a_sample_has_its_mean_and_unbiased_variance) {
  const ab_sample found = sample_of(std::vector<double>{2, 4, 4, 4, 5, 5, 7, 9});
  EXPECT_EQ(found.people, 8U);
  EXPECT_DOUBLE_EQ(found.mean, 5);
  EXPECT_DOUBLE_EQ(found.variance, 32.0 / 7);
  EXPECT_EQ(sample_of(std::vector<double>{3}).variance, 0);
  EXPECT_EQ(sample_of({}).people, 0U);
}

// Against scipy.stats.ttest_ind(a, b, equal_var=False) of SciPy 1.15.
TEST(ab_statistics, the_fixed_interval_is_welchs) {
  const std::vector<double> a = {1, 0, 0, 1, 1, 0, 1, 1, 0, 1};
  const std::vector<double> b = {0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1};
  const ab_comparison found = compare(sample_of(a), sample_of(b), 0.05);
  EXPECT_NEAR(found.difference, 0.35, 1e-12);
  EXPECT_NEAR(found.lift.value(), 1.4, 1e-12);
  EXPECT_NEAR(found.p.value(), 0.11129166825171882, 1e-9);
  EXPECT_NEAR(found.fixed->low, -0.08903356841503285, 1e-9);
  EXPECT_NEAR(found.fixed->high, 0.7890335684150328, 1e-9);
}

TEST(ab_statistics, what_may_be_looked_at_at_any_time_is_wider_and_agrees_with_its_p_value) {
  const ab_sample control{.people = 2'000, .mean = 0.10, .variance = 0.09};
  for (const double mean : {0.10, 0.12, 0.14, 0.16}) {
    const ab_sample arm{.people = 2'000, .mean = mean, .variance = mean * (1 - mean)};
    const ab_comparison found = compare(arm, control, 0.05);
    EXPECT_LT(found.anytime->low, found.fixed->low);
    EXPECT_GT(found.anytime->high, found.fixed->high);
    EXPECT_GE(found.anytime_p.value(), found.p.value());
    EXPECT_EQ(found.anytime->low > 0, found.anytime_p.value() < 0.05) << mean;
  }
}

TEST(ab_statistics, too_little_says_nothing_but_the_difference) {
  const ab_comparison one =
      compare({.people = 1, .mean = 1, .variance = 0}, {.people = 5, .mean = 0, .variance = 1}, 0.05);
  EXPECT_EQ(one.difference, 1);
  EXPECT_FALSE(one.p || one.fixed || one.anytime || one.anytime_p || one.lift);
  const ab_comparison alike =
      compare({.people = 5, .mean = 0, .variance = 0}, {.people = 5, .mean = 0, .variance = 0}, 0.05);
  EXPECT_FALSE(alike.p || alike.anytime);
}

// A thousand tests of two arms that are the same, looked at after every tenth person: looking stops nobody who takes
// the anytime interval at its word, and most of those who take the fixed one.
TEST(ab_statistics, looking_often_finds_nothing_where_there_is_nothing) {
  constexpr std::uint32_t seed = 7;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  constexpr int tests = 1'000;
  int fooled = 0;
  int fooled_by_fixed = 0;
  for (int test = 0; test < tests; ++test) {
    double sum[2] = {};
    double squares[2] = {};
    bool anytime = false;
    bool fixed = false;
    for (std::uint64_t n = 1; n <= 2'000; ++n) {
      for (int arm = 0; arm < 2; ++arm) {
        const double value = random() % 10 == 0 ? 1 : 0;
        sum[arm] += value;
        squares[arm] += value * value;
      }
      if (n < 100 || n % 10 != 0) {
        continue;
      }
      const auto sample = [&](int arm) {
        const auto people = static_cast<double>(n);
        const double mean = sum[arm] / people;
        return ab_sample{n, mean, (squares[arm] - people * mean * mean) / (people - 1)};
      };
      const ab_comparison found = compare(sample(1), sample(0), 0.05);
      anytime = anytime || (found.anytime && (found.anytime->low > 0 || found.anytime->high < 0));
      fixed = fixed || (found.fixed && (found.fixed->low > 0 || found.fixed->high < 0));
    }
    fooled += anytime ? 1 : 0;
    fooled_by_fixed += fixed ? 1 : 0;
  }
  EXPECT_LE(fooled, tests * 5 / 100);
  EXPECT_GT(fooled_by_fixed, tests * 20 / 100) << "or the test shows nothing";
}

// Against scipy.stats.chisquare.
TEST(ab_statistics, arms_that_do_not_have_their_shares_are_found) {
  EXPECT_NEAR(ratio_mismatch_p(std::vector<std::uint64_t>{520, 480}, std::vector<double>{1, 1}).value(),
              0.20590321073206466, 1e-9);
  EXPECT_NEAR(ratio_mismatch_p(std::vector<std::uint64_t>{600, 400}, std::vector<double>{3, 3}).value(),
              2.5396285894708634e-10, 1e-15);
  EXPECT_NEAR(ratio_mismatch_p(std::vector<std::uint64_t>{750, 250}, std::vector<double>{3, 1}).value(), 1, 1e-12);
  EXPECT_FALSE(ratio_mismatch_p(std::vector<std::uint64_t>{0, 0}, std::vector<double>{1, 1}));
}

}  // namespace
}  // namespace eunomia::recommend
