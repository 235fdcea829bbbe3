// What every family promises when it is trained and asked, tried at the edges.

#include <gtest/gtest.h>

#include "recommend/family.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

using testing::day;
using testing::events_of;
using testing::message_of;
using testing::numbered_items;
using testing::scores_of;
using testing::workshop;

class training : public testing::every_family {};

TEST_P(training, without_interactions_is_refused_with_the_remedy) {
  workshop shop;
  const auto events = events_of({}, numbered_items(3));
  const std::string message = message_of(core::errc::failed_precondition, [&] {
    (void)GetParam()->train({events, {}}, "{}", shop.context());
  });
  EXPECT_NE(message.find("import interactions"), std::string::npos) << message;
}

TEST_P(training, with_all_weights_0_is_refused_with_the_remedy) {
  workshop shop;
  const auto events = events_of({{1, 0}, {2, 1}}, numbered_items(3));
  const std::string message = message_of(core::errc::failed_precondition, [&] {
    (void)GetParam()->train({events, {}}, R"({"weighting":{"event_weights":{"view":0}}})", shop.context());
  });
  EXPECT_NE(message.find("weight"), std::string::npos) << message;
}

TEST_P(training, that_would_not_fit_is_refused_with_both_figures) {
  workshop shop;
  const auto events = events_of({{1, 0}, {2, 1}, {2, 0}}, numbered_items(3));
  EXPECT_GT(GetParam()->estimate({events, {}}, "{}", 2).training_bytes, 0U);
  training_context context{shop.pool, shop.job, 10};
  const std::string message = message_of(core::errc::resource_exhausted, [&] {
    (void)GetParam()->train({events, {}}, "{}", context);
  });
  EXPECT_NE(message.find("limit"), std::string::npos) << message;
}

TEST_P(training, can_be_cancelled) {
  workshop shop;
  shop.job.cancel();
  const auto events = events_of({{1, 0}, {2, 1}, {2, 0}}, numbered_items(3));
  (void)message_of(core::errc::cancelled, [&] { (void)GetParam()->train({events, {}}, "{}", shop.context()); });
}

TEST_P(training, on_one_person_and_one_item_answers_anybody) {
  workshop shop;
  const auto events = events_of({{1, 0}}, numbered_items(1));
  const auto m = GetParam()->train({events, {}}, "{}", shop.context());
  const auto answers = m->current();
  const preference known{0, 1, day};
  for (const person& who : {person{}, person{std::span(&known, 1)}}) {
    EXPECT_FALSE(std::isnan(scores_of(*answers, who)[0]));
  }
  EXPECT_TRUE(answers->similar(0, 5).empty());
}

TEST_P(training, scores_every_item_of_the_catalogue_also_those_without_interactions) {
  workshop shop;
  std::mt19937_64 random(3);
  auto events = testing::random_shop(random, 20, 15, 5);
  events.items = numbered_items(40);
  const auto m = GetParam()->train({events, {}}, "{}", shop.context());
  const std::vector<preference> history = {{3, 1, 400 * day}, {39, 1, 401 * day}};  // 39 is new to the model
  for (const float score : scores_of(*m->current(), {history})) {
    EXPECT_FALSE(std::isnan(score));
    EXPECT_LT(score, INFINITY);
  }
}

TEST_P(training, repeated_events_change_nothing_but_the_newest_time) {
  workshop shop;
  const auto once = events_of({{1, 0}, {1, 1}, {2, 1}, {2, 2}}, numbered_items(3));
  const auto twice = events_of({{1, 0}, {2, 2}, {1, 1}, {1, 1}, {2, 1}, {1, 0}, {2, 2}}, numbered_items(3));
  const auto a = GetParam()->train({once, {}}, "{}", shop.context());
  const auto b = GetParam()->train({twice, {}}, "{}", shop.context());
  const preference known{0, 1, day};
  const person who{std::span(&known, 1)};
  EXPECT_EQ(scores_of(*a->current(), who), scores_of(*b->current(), who));
}

INSTANTIATE_TEST_SUITE_P(of, training, ::testing::ValuesIn(families().begin(), families().end()),
                         testing::name_of_family);

}  // namespace
}  // namespace eunomia::recommend
