#include "recommend/popularity.h"

#include <gtest/gtest.h>

#include <limits>

#include "recommend/testing.h"
#include "recommend/trending.h"

namespace eunomia::recommend {
namespace {

using testing::day;
using testing::event;
using testing::events_of;
using testing::numbered_items;
using testing::scores_of;
using testing::workshop;

constexpr float none = -std::numeric_limits<float>::infinity();

std::unique_ptr<model> train(const family& f, const std::vector<event>& rows, std::string_view parameters = "{}") {
  workshop shop;
  const auto events = events_of(rows, numbered_items(4));
  return f.train({events, {}}, parameters, shop.context());
}

TEST(popularity, counts_people_not_events) {
  const auto m = train(popularity_family(), {{1, 0}, {1, 0}, {1, 2}, {2, 2}, {3, 3, 5 * day, 1}});
  EXPECT_EQ(scores_of(*m->current(), {}), (std::vector<float>{1, none, 2, 1}));
}

TEST(popularity, weighs_event_types) {
  const auto m = train(popularity_family(), {{1, 0}, {2, 0, day, 1}, {3, 1, day, 1}},
                       R"({"weighting":{"event_weights":{"purchase":2.5}}})");
  EXPECT_EQ(scores_of(*m->current(), {}), (std::vector<float>{3.5F, 2.5F, none, none}));
}

TEST(trending, halves_with_every_half_life_up_to_the_day_of_the_newest_event) {
  const auto m = train(trending_family(), {{1, 0, 100 * day}, {2, 1, 93 * day}, {3, 1, 86 * day}, {4, 3, 85 * day}});
  const auto scores = scores_of(*m->current(), {});
  EXPECT_FLOAT_EQ(scores[0], 1);
  EXPECT_FLOAT_EQ(scores[1], 0.75F);
  EXPECT_EQ(scores[2], none);
  EXPECT_FLOAT_EQ(scores[3], std::exp2(-15 / 7.0F));
}

TEST(trending, counts_up_to_the_day_of_the_request) {
  const auto m = train(trending_family(), {{1, 0, 100 * day}, {2, 1, 93 * day + 5}, {3, 1, 86 * day}});
  const std::vector<float> expected = {none, 1.5F, none, none};
  EXPECT_EQ(scores_of(*m->current(), {.now = 93 * day + 7}), expected);
  const preference last{2, 1, 93 * day};
  EXPECT_EQ(scores_of(*m->current(), {.history = std::span(&last, 1)}), expected);
  EXPECT_EQ(scores_of(*m->current(), {.now = 500 * day}), scores_of(*m->current(), {.now = 100 * day}));
  EXPECT_EQ(scores_of(*m->current(), {.now = day}), scores_of(*m->current(), {.now = 86 * day}));
}

TEST(trending, a_day_before_1970_is_a_day_too) {
  const auto m = train(trending_family(), {{1, 0, -1}, {2, 1, -7 * day}});
  const auto scores = scores_of(*m->current(), {});
  EXPECT_FLOAT_EQ(scores[0], 1);
  EXPECT_FLOAT_EQ(scores[1], std::exp2(-6 / 7.0F));
}

TEST(trending, forgets_the_newest_day_with_the_person_whose_it_was) {
  workshop shop;
  const auto m = train(trending_family(), {{1, 0, 100 * day}, {2, 1, 93 * day}, {2, 2, 86 * day}});
  const core::subject_handle gone(1);
  (void)m->forget(std::span(&gone, 1), shop.context());
  EXPECT_EQ(scores_of(*m->current(), {}), (std::vector<float>{none, 1, 0.5F, none}));
}

TEST(trending, refuses_to_do_without_a_half_life) {
  EXPECT_NE(testing::message_of(core::errc::invalid_argument,
                                [] { (void)trending_family().complete(R"({"half_life_days":0})"); })
                .find("half_life_days must be"),
            std::string::npos);
}

}  // namespace
}  // namespace eunomia::recommend
