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

TEST(trending, halves_with_every_half_life_from_the_newest_event) {
  const auto m = train(trending_family(), {{1, 0, 100 * day}, {2, 1, 93 * day}, {3, 1, 86 * day}, {4, 3, day}});
  EXPECT_EQ(scores_of(*m->current(), {}), (std::vector<float>{1, 0.75F, none, none}));
  EXPECT_NE(m->parameters().find("\"as_of\":8640000000"), std::string::npos) << m->parameters();
}

TEST(trending, keeps_the_moment_of_its_training_when_the_newest_event_is_forgotten) {
  workshop shop;
  const auto m = train(trending_family(), {{1, 0, 100 * day}, {2, 1, 93 * day}, {2, 2, 86 * day}});
  const core::subject_handle gone(1);
  (void)m->forget(std::span(&gone, 1), shop.context());
  EXPECT_EQ(scores_of(*m->current(), {}), (std::vector<float>{none, 0.5F, 0.25F, none}));
}

TEST(trending, refuses_to_do_without_a_half_life) {
  EXPECT_NE(testing::message_of(core::errc::invalid_argument,
                                [] { (void)trending_family().complete(R"({"weighting":{"half_life_days":0}})"); })
                .find("half_life_days must be"),
            std::string::npos);
}

}  // namespace
}  // namespace eunomia::recommend
