#include "recommend/variety.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

// Items on a line: alike are those that are near.
class line final : public scorer {
 public:
  explicit line(std::size_t count) : scorer(items_for(count)) {}

  void score(const person&, std::span<float> scores) const override { std::fill(scores.begin(), scores.end(), 1.0F); }
  std::vector<scored_item> similar(item_position item, std::size_t count) const override {
    std::vector<scored_item> near;
    for (const std::uint32_t distance : {1U, 2U}) {
      for (const std::int64_t other : {std::int64_t{item} - distance, std::int64_t{item} + distance}) {
        if (other >= 0 && other < items().size() && near.size() < count) {
          near.push_back({static_cast<item_position>(other), 0.25F / static_cast<float>(distance)});
        }
      }
    }
    return near;
  }
  std::vector<contribution> explain(const person&, item_position, std::size_t) const override { return {}; }

 private:
  static std::shared_ptr<const catalogue> items_for(std::size_t count) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back("item" + std::to_string(100 + i));
    }
    return std::make_shared<const catalogue>(std::move(ids));
  }
};

using positions = std::vector<item_position>;

// Candidates 0, 1, 2, … with scores that fall by one each.
std::vector<scored_item> falling(std::uint32_t count) {
  std::vector<scored_item> all;
  for (std::uint32_t i = 0; i < count; ++i) {
    all.push_back({i, static_cast<float>(count - i)});
  }
  return all;
}

positions chosen(const std::vector<scored_item>& candidates, std::size_t count, const variety& how) {
  const line model(100);
  positions items;
  for (const scored_item& one : vary(model, candidates, count, how)) {
    items.push_back(one.item);
  }
  return items;
}

TEST(variety, none_is_the_ranking_as_it_was) {
  EXPECT_EQ(chosen(falling(10), 4, {}), (positions{0, 1, 2, 3}));
}

TEST(variety, what_is_like_what_was_chosen_comes_later) {
  // 0 pushes 1 away by 1 and 2 by a half.
  EXPECT_EQ(chosen(falling(10), 3, {.diversity = 0.5, .kept = nullptr, .merits = {}}), (positions{0, 3, 6}));
}

TEST(variety, at_its_most_only_the_first_is_relevant) {
  const auto list = chosen(falling(12), 4, {.diversity = 1, .kept = nullptr, .merits = {}});
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list.front(), 0U);
  for (std::size_t i = 0; i < list.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      EXPECT_GT(std::abs(static_cast<int>(list[i]) - static_cast<int>(list[j])), 2) << list[i] << " and " << list[j];
    }
  }
}

TEST(variety, a_little_changes_less_than_much) {
  const auto candidates = falling(40);
  const auto lost = [&](double diversity) {
    double relevance = 0;
    for (const item_position item : chosen(candidates, 10, {.diversity = diversity, .kept = nullptr, .merits = {}})) {
      relevance += candidates[item].score;
    }
    return relevance;
  };
  EXPECT_GT(lost(0), lost(0.3));
  EXPECT_GT(lost(0.3), lost(1));
}

TEST(variety, what_keeps_nothing_of_its_relevance_comes_last) {
  const auto kept = [](item_position item) { return item < 2 ? 0.0 : 1.0; };
  EXPECT_EQ(chosen(falling(5), 5, {.diversity = 0, .kept = kept, .merits = {}}), (positions{2, 3, 4, 0, 1}));
}

TEST(variety, what_keeps_a_half_falls_as_far_as_its_relevance_says) {
  const auto kept = [](item_position item) { return item == 0 ? 0.5 : 1.0; };
  // Relevances 0.5 (of 1), 0.8, 0.6, 0.4 and 0.2.
  EXPECT_EQ(chosen(falling(5), 5, {.diversity = 0, .kept = kept, .merits = {}}), (positions{1, 2, 0, 3, 4}));
}

TEST(variety, scores_stay_those_of_the_model) {
  const line model(10);
  const auto list = vary(model, falling(10), 3, {.diversity = 0.5, .kept = nullptr, .merits = {}});
  ASSERT_EQ(list.size(), 3U);
  EXPECT_EQ(list[1], (scored_item{3, 7}));
}

TEST(variety, equal_relevances_and_too_few_candidates_are_fine) {
  EXPECT_EQ(chosen({{4, 1}, {7, 1}}, 5, {.diversity = 0.2, .kept = nullptr, .merits = {}}), (positions{4, 7}));
  EXPECT_EQ(chosen({}, 5, {.diversity = 0.2, .kept = nullptr, .merits = {}}), positions{});
  EXPECT_EQ(chosen({{4, 1}}, 0, {.diversity = 0.2, .kept = nullptr, .merits = {}}), positions{});
}

// Of items 0 to 4 the odd ones have more of it; of 4 nothing is known.
std::optional<double> oddness(item_position item) {
  return item == 4 ? std::nullopt : std::optional<double>(item % 2);
}

TEST(variety, a_merit_of_full_influence_orders_the_candidates_alone) {
  // The odd ones first, of equals the more relevant; who has no value comes last.
  EXPECT_EQ(chosen(falling(5), 5, {.diversity = 0, .kept = nullptr, .merits = {{1, oddness}}}),
            (positions{1, 3, 0, 2, 4}));
}

TEST(variety, a_merit_of_less_influence_leaves_relevance_its_share) {
  // Relevances 1, 0.8, 0.6, 0.4, 0.2; places by the merit 0.375, 0.875, 0.375, 0.875, 0. At a quarter: 0.84, 0.82,
  // 0.54, 0.52, 0.15; at a half: 0.69, 0.84, 0.49, 0.64, 0.1.
  EXPECT_EQ(chosen(falling(5), 5, {.diversity = 0, .kept = nullptr, .merits = {{0.25, oddness}}}),
            (positions{0, 1, 2, 3, 4}));
  EXPECT_EQ(chosen(falling(5), 5, {.diversity = 0, .kept = nullptr, .merits = {{0.5, oddness}}}),
            (positions{1, 0, 3, 2, 4}));
}

TEST(variety, merits_share_the_influence_of_the_greatest) {
  const auto last_first = [](item_position item) { return std::optional<double>(item); };
  // Places by the second: 0, 0.25, 0.5, 0.75, 1; the means of both: 0.19, 0.56, 0.44, 0.81, 0.5.
  EXPECT_EQ(chosen(falling(5), 5, {.diversity = 0, .kept = nullptr, .merits = {{1, oddness}, {1, last_first}}}),
            (positions{3, 1, 4, 2, 0}));
  EXPECT_EQ(chosen(falling(5), 5, {.diversity = 0, .kept = nullptr, .merits = {{0, oddness}}}),
            (positions{0, 1, 2, 3, 4}))
      << "no influence is none";
}

TEST(variety, what_is_out_of_range_is_refused) {
  EXPECT_THROW(chosen(falling(3), 1, {.diversity = 0, .kept = nullptr, .merits = {{1.5, oddness}}}), core::error);
  for (const double diversity : {-0.1, 1.1, std::nan("")}) {
    EXPECT_THROW(chosen(falling(3), 1, {.diversity = diversity, .kept = nullptr, .merits = {}}), core::error)
        << diversity;
  }
  EXPECT_THROW(chosen(falling(3), max_varied + 1, {.diversity = 0.1, .kept = nullptr, .merits = {}}), core::error);
}

}  // namespace
}  // namespace eunomia::recommend
