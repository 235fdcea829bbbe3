#include "recommend/history.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

constexpr std::int64_t hour = 3'600'000;

std::vector<float> weights_of(const std::vector<preference>& history) {
  std::vector<float> result;
  for (const preference& p : history) {
    result.push_back(p.weight);
  }
  return result;
}

const std::vector<preference> three = {{0, 1, 10 * hour}, {1, 2, 12 * hour}, {2, 1, 12 * hour}};

TEST(history, is_left_as_it_is_by_default) {
  EXPECT_EQ(weights_of(weigh(three, {})), (std::vector<float>{1, 2, 1}));
}

TEST(history, older_events_than_the_newest_basket_are_scaled) {
  EXPECT_EQ(weights_of(weigh(three, {.older_weight = 0.5})), (std::vector<float>{0.5, 2, 1}));
}

TEST(history, the_basket_reaches_back_as_long_as_it_is_told) {
  EXPECT_EQ(weights_of(weigh(three, {.older_weight = 0.5, .basket_hours = 2})), (std::vector<float>{1, 2, 1}));
  EXPECT_EQ(weights_of(weigh(three, {.older_weight = 0.5, .basket_hours = 1.9})), (std::vector<float>{0.5, 2, 1}));
}

TEST(history, nothing_older_is_left_at_weight_zero) {
  EXPECT_EQ(weigh(three, {.older_weight = 0}).size(), 2U);
}

TEST(history, of_nobody_is_empty) {
  EXPECT_TRUE(weigh({}, {.older_weight = 0.1}).empty());
}

TEST(history, a_factor_or_a_time_out_of_range_is_refused_by_name) {
  for (const history_weighting bad : {history_weighting{.older_weight = 1.5}, history_weighting{.older_weight = -1},
                                      history_weighting{.older_weight = NAN}, history_weighting{.basket_hours = -1}}) {
    try {
      check(bad, "ease");
      FAIL();
    } catch (const core::error& e) {
      EXPECT_EQ(e.code(), core::errc::invalid_argument);
      EXPECT_EQ(std::string(e.what()).substr(0, 14), "ease: history.");
    }
  }
}

}  // namespace
}  // namespace eunomia::recommend
