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

constexpr std::int64_t hour = day / 24;

// Item 0 has ten people in every hour of two days, item 1 one, and three in the last; item 2 six and one.
std::vector<event> of_two_days() {
  std::vector<event> rows;
  std::uint64_t who = 1;
  for (std::int64_t h = 0; h < 48; ++h) {
    const bool last = h == 47;
    const int people[] = {10, last ? 3 : 1, last ? 1 : 6};
    for (std::uint32_t item = 0; item < 3; ++item) {
      for (int i = 0; i < people[item]; ++i) {
        rows.push_back({who++, item, 100 * day + h * hour + i});
      }
    }
  }
  return rows;
}

constexpr std::string_view hourly =
    R"({"period_hours":1,"half_life_days":0.0416666666,"baseline_half_life_days":0.5,"weighting":{}})";

TEST(trending, of_a_baseline_finds_what_gains_not_what_is_popular_as_ever) {
  const auto rows = of_two_days();
  const auto popular = train(trending_family(), rows, R"({"period_hours":1,"half_life_days":0.0416666666})");
  const auto of_late = scores_of(*popular->current(), {});
  EXPECT_NEAR(of_late[0], 20, 1e-3);
  EXPECT_NEAR(of_late[1], 4, 1e-3);
  EXPECT_NEAR(of_late[2], 7, 1e-3);
  const auto gaining = train(trending_family(), rows, hourly);
  const auto scores = scores_of(*gaining->current(), {});
  // Of late 31. The baseline halves in twelve hours: each hour is 2^(-1/12) of the next, the sum over 48 of them
  // (1 - 2^-4) / (1 - 2^(-1/12)) = 16.7; item 1 has two more in the last, item 2 five less.
  const double hours = (1 - std::exp2(-4)) / (1 - std::exp2(-1.0 / 12));
  const double all = 10 * hours + (hours + 2) + (6 * hours - 5);
  const double expected = 10 * hours * 31 / all;
  EXPECT_NEAR(scores[0], (20 - expected) / std::sqrt(expected + 1), 1e-3);
  EXPECT_GT(scores[1], scores[0]);
  EXPECT_GT(scores[0], scores[2]);
  EXPECT_LT(scores[2], -1);
  EXPECT_EQ(scores[3], none);
}

TEST(trending, a_window_that_has_just_begun_lets_nothing_fall) {
  auto rows = of_two_days();
  std::erase_if(rows, [](const event& e) { return e.time >= 100 * day + 47 * hour; });
  const auto before = scores_of(*train(trending_family(), rows, hourly)->current(), {});
  rows.push_back({10'000, 3, 100 * day + 47 * hour});
  const auto after = scores_of(*train(trending_family(), rows, hourly)->current(), {});
  EXPECT_NEAR(after[0], before[0], 0.2);
  EXPECT_GT(after[3], after[0]);
}

TEST(trending, of_a_baseline_forgets_as_if_it_had_not_learned) {
  workshop shop;
  const auto rows = of_two_days();
  const auto m = train(trending_family(), rows, hourly);
  std::vector<core::subject_handle> gone;
  auto left = rows;
  for (std::uint64_t who = 3; who < 800; who += 7) {
    gone.emplace_back(who);
    std::erase_if(left, [&](const event& e) { return e.subject == who; });
  }
  (void)m->forget(gone, shop.context());
  EXPECT_EQ(scores_of(*m->current(), {}), scores_of(*train(trending_family(), left, hourly)->current(), {}));
}

TEST(trending, refuses_windows_that_cannot_be) {
  const auto refusal = [](std::string_view parameters) {
    return testing::message_of(core::errc::invalid_argument, [&] { (void)trending_family().complete(parameters); });
  };
  EXPECT_NE(refusal(R"({"period_hours":0})").find("period_hours must be"), std::string::npos);
  EXPECT_NE(refusal(R"({"baseline_half_life_days":7})").find("above half_life_days = 7"), std::string::npos);
}

TEST(trending, refuses_to_do_without_a_half_life) {
  EXPECT_NE(testing::message_of(core::errc::invalid_argument,
                                [] { (void)trending_family().complete(R"({"half_life_days":0})"); })
                .find("half_life_days must be"),
            std::string::npos);
}

}  // namespace
}  // namespace eunomia::recommend
