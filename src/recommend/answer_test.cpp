#include "recommend/answer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>
#include <set>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

constexpr float never = -std::numeric_limits<float>::infinity();

class fixed_scores final : public scorer {
 public:
  explicit fixed_scores(std::vector<float> scores) : scorer(items_for(scores.size())), scores_(std::move(scores)) {}

  void score(const person&, std::span<float> scores) const override {
    std::copy(scores_.begin(), scores_.end(), scores.begin());
  }
  std::vector<scored_item> similar(item_position, std::size_t) const override { return {}; }
  std::vector<contribution> explain(const person&, item_position, std::size_t) const override { return {}; }

 private:
  static std::shared_ptr<const catalogue> items_for(std::size_t count) {
    std::vector<std::string> ids;
    for (std::size_t i = 0; i < count; ++i) {
      ids.push_back("item" + std::to_string(100 + i));
    }
    return std::make_shared<const catalogue>(std::move(ids));
  }
  std::vector<float> scores_;
};

std::vector<item_position> items_of(const std::vector<recommendation>& list) {
  std::vector<item_position> result;
  for (const recommendation& entry : list) {
    result.push_back(entry.item);
  }
  return result;
}

using positions = std::vector<item_position>;

TEST(answer, an_infinite_score_is_never_recommended) {
  const fixed_scores model({1, std::numeric_limits<float>::infinity(), 3, never, NAN});
  EXPECT_EQ(items_of(recommend(model, {})), (positions{2, 0}));
}

TEST(answer, a_history_may_hold_items_that_are_newer_than_the_model) {
  const fixed_scores model({1, 3});
  const std::vector<preference> history = {{1, 1, 0}, {1'000'000, 1, 0}};
  EXPECT_EQ(items_of(recommend(model, {.who = {.history = history}})), (positions{0}));
}

TEST(answer, the_best_come_first_and_equals_by_position) {
  const fixed_scores model({1, 3, 2, 3, 0});
  EXPECT_EQ(items_of(recommend(model, {.who = {}, .count = 4})), (positions{1, 3, 2, 0}));
}

TEST(answer, factors_multiply_and_never_make_a_larger_one_worse) {
  const fixed_scores model({1, 2, -4, -2, 3});
  const std::vector<float> factors = {4, 1, 4, 1, 0};
  // 4, 2, -1, -2, and none.
  EXPECT_EQ(items_of(recommend(model, {.who = {}, .count = 5, .factors = factors})), (positions{0, 1, 2, 3}));
}

TEST(answer, equals_at_the_cut_are_chosen_by_position_too) {
  const fixed_scores model({1, 1, 1, 1});
  EXPECT_EQ(items_of(recommend(model, {.who = {}, .count = 2})), (positions{0, 1}));
}

// Catalogues of every length around a block's, with ties, gaps and values that are not numbers.
TEST(answer, the_best_are_those_of_sorting_everything) {
  constexpr std::uint32_t seed = 20;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  for (std::uint32_t size = 0; size < 400; ++size) {
    std::vector<float> scores;
    item_set allowed(size);
    std::vector<scored_item> expected;
    for (item_position item = 0; item < size; ++item) {
      const auto drawn = static_cast<std::uint32_t>(random() % 40);
      scores.push_back(drawn == 0 ? NAN : drawn < 20 ? never : static_cast<float>(drawn) - 30);
      if (random() % 4 != 0) {
        allowed.insert(item);
        if (drawn >= 20) {
          expected.push_back({item, scores.back()});
        }
      }
    }
    std::stable_sort(expected.begin(), expected.end(),
                     [](const scored_item& a, const scored_item& b) { return a.score > b.score; });
    const std::size_t count = random() % 30;
    expected.resize(std::min(count, expected.size()));
    EXPECT_EQ(top(scores, count, &allowed), expected) << "of " << size << " items the best " << count;
  }
}

TEST(answer, what_the_person_has_is_left_out_unless_asked_for) {
  const fixed_scores model({5, 4, 3});
  const std::vector<preference> history = {{0, 1, 0}};
  EXPECT_EQ(items_of(recommend(model, {.who = {.history = history}})), (positions{1, 2}));
  EXPECT_EQ(items_of(recommend(model, {.who = {.history = history}, .exclude_history = false})), (positions{0, 1, 2}));
}

TEST(answer, items_that_are_no_candidates_or_not_a_number_never_appear) {
  const fixed_scores model({never, NAN, 1});
  EXPECT_EQ(items_of(recommend(model, {.who = {}})), positions{2});
}

TEST(answer, a_filter_applies_before_the_ranking) {
  const fixed_scores model({5, 4, 3, 2, 1});
  item_set allowed(5);
  allowed.insert(3);
  allowed.insert(4);
  EXPECT_EQ(items_of(recommend(model, {.who = {}, .count = 2, .allowed = &allowed})), (positions{3, 4}));
}

TEST(answer, explored_items_get_their_share_of_evenly_spread_places) {
  std::vector<float> scores(40, never);
  for (std::size_t i = 0; i < 20; ++i) {
    scores[i] = static_cast<float>(20 - i);
  }
  const fixed_scores model(scores);
  item_set fresh(40);
  for (item_position i = 20; i < 40; ++i) {
    fresh.insert(i);
  }
  recommendation_request request{.who = {}, .count = 10, .explore = {.share = 0.3, .new_items = &fresh, .seed = 1}};
  const auto list = recommend(model, request);
  ASSERT_EQ(list.size(), 10U);
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < list.size(); ++i) {
    EXPECT_EQ(list[i].explored, list[i].item >= 20);
    if (list[i].explored) {
      places.push_back(i);
    }
  }
  EXPECT_EQ(places, (std::vector<std::size_t>{2, 5, 9}));
  EXPECT_EQ(list, recommend(model, request)) << "the same seed draws the same items";
  request.explore.seed = 2;
  EXPECT_NE(list, recommend(model, request));
}

TEST(answer, exploration_prefers_new_items_that_the_model_scores_high) {
  std::vector<float> scores(20, 0);
  scores[7] = 9;
  const fixed_scores model(scores);
  const item_set fresh(20, true);
  int first = 0;
  for (std::uint64_t seed = 0; seed < 200; ++seed) {
    const auto list =
        recommend(model, {.who = {}, .count = 1, .explore = {.share = 1, .new_items = &fresh, .seed = seed}});
    first += list[0].item == 7 ? 1 : 0;
  }
  EXPECT_GT(first, 50) << "1 of 20 alike items would come first 10 times of 200";
  EXPECT_LT(first, 200);
}

TEST(answer, a_given_list_is_ranked_and_what_is_unknown_comes_last_as_given) {
  const fixed_scores model({1, never, 3});
  const std::vector<std::string> ids = {"what?", "item101", "item100", "item102"};
  const auto list = rank(model, {}, ids);
  ASSERT_EQ(list.size(), 4U);
  EXPECT_EQ(list[0].index, 3U);
  EXPECT_EQ(list[1].index, 2U);
  EXPECT_EQ(list[2].index, 0U);
  EXPECT_EQ(list[3].index, 1U);
}

TEST(answer, a_count_or_share_out_of_range_is_refused) {
  const fixed_scores model({1});
  const item_set fresh(1, true);
  EXPECT_THROW(recommend(model, {.who = {}, .count = max_recommendations + 1}), core::error);
  EXPECT_THROW(recommend(model, {.who = {}, .explore = {.share = 1.5, .new_items = &fresh}}), core::error);
  EXPECT_TRUE(recommend(model, {.who = {}, .count = 0}).empty());
}

TEST(answer, a_set_counts_only_its_own_items) {
  EXPECT_EQ(item_set(70, true).count(), 70U);
}

}  // namespace
}  // namespace eunomia::recommend
