#include "recommend/segments.h"

#include <gtest/gtest.h>

#include <cmath>

namespace eunomia::recommend {
namespace {

// Scores an item by the weight that the person's history gives it; nothing for items they do not have.
class by_history final : public scorer {
 public:
  explicit by_history(std::shared_ptr<const catalogue> items) : scorer(std::move(items)) {}
  void score(const person& who, std::span<float> scores) const override {
    std::fill(scores.begin(), scores.end(), -INFINITY);
    for (const preference& one : who.history) {
      scores[one.item] = one.weight;
    }
  }
  std::vector<scored_item> similar(item_position, std::size_t) const override { return {}; }
  std::vector<contribution> explain(const person&, item_position, std::size_t) const override { return {}; }
};

interactions events_of(std::shared_ptr<const catalogue> items,
                       std::initializer_list<std::tuple<std::uint64_t, item_position, std::uint16_t>> rows) {
  interactions events;
  events.items = std::move(items);
  events.event_types = {"view", "buy"};
  for (const auto& [who, item, type] : rows) {
    events.subject.emplace_back(who);
    events.item.push_back(item);
    events.time.push_back(1'000'000'000'000);
    events.event_type.push_back(type);
  }
  return events;
}

TEST(segments, are_the_people_with_the_highest_mean_score) {
  const auto items = std::make_shared<const catalogue>(std::vector<std::string>{"a", "b", "c"});
  weighting how;
  how.event_weights = {{"buy", 3}};
  const auto events = events_of(items, {{1, 0, 0}, {2, 0, 1}, {3, 1, 1}, {4, 0, 1}, {4, 1, 0}});
  core::thread_pool pool(2);
  core::job job;
  item_set of_a(3);
  of_a.insert(0);
  item_set both(3);
  both.insert(0);
  both.insert(1);
  const item_set wanted[] = {of_a, both};
  const auto found = people_drawn_to(wanted, 2, by_history(items), how, events, {pool, job});
  ASSERT_EQ(found[0].size(), 2U);
  EXPECT_EQ(found[0][0].who, core::subject_handle(2));
  EXPECT_EQ(found[0][1].who, core::subject_handle(4)) << "of equals the smaller handle comes first";
  ASSERT_EQ(found[1].size(), 2U);
  EXPECT_EQ(found[1][0].who, core::subject_handle(2)) << "the mean of those that are scored";
  EXPECT_EQ(found[1][1].who, core::subject_handle(3));
}

TEST(segments, items_that_the_model_does_not_know_say_nothing) {
  const auto items = std::make_shared<const catalogue>(std::vector<std::string>{"a", "new"});
  const auto known = std::make_shared<const catalogue>(std::vector<std::string>{"a"});
  const auto events = events_of(items, {{1, 1, 0}, {2, 0, 0}});
  core::thread_pool pool(1);
  core::job job;
  const item_set wanted[] = {item_set(1, true)};
  const auto found = people_drawn_to(wanted, 5, by_history(known), {}, events, {pool, job});
  ASSERT_EQ(found[0].size(), 1U);
  EXPECT_EQ(found[0][0].who, core::subject_handle(2));
}

}  // namespace
}  // namespace eunomia::recommend
