#include "recommend/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "core/error.h"

namespace eunomia::recommend {
namespace {

// Ranks the catalogue in order: item 0 first.
class in_order final : public scorer {
 public:
  explicit in_order(std::uint32_t items) : scorer(std::make_shared<const catalogue>(ids(items))) {}

  void score(const person&, std::span<float> scores) const override {
    for (std::size_t i = 0; i < scores.size(); ++i) {
      scores[i] = -static_cast<float>(i);
    }
  }
  std::vector<scored_item> similar(item_position, std::size_t) const override { return {}; }
  std::vector<contribution> explain(const person&, item_position, std::size_t) const override { return {}; }

 private:
  static std::vector<std::string> ids(std::uint32_t items) {
    std::vector<std::string> result;
    for (std::uint32_t i = 0; i < items; ++i) {
      result.push_back(std::to_string(10000 + i));
    }
    return result;
  }
};

class evaluation : public testing::Test {
 protected:
  quality judge(const std::vector<std::vector<item_position>>& targets,
                const std::vector<std::vector<preference>>& told) {
    std::vector<test_case> tests;
    for (const auto& t : targets) {
      tests.push_back({core::subject_handle(tests.size() + 1), {}, t});
    }
    return evaluate(in_order(100), tests, told, 100, {pool_, job_});
  }

  core::thread_pool pool_{3};
  core::job job_;
};

TEST_F(evaluation, figures_of_one_person_follow_their_definitions) {
  // The list is 1, 2, 3, … since 0 is in the history; targets stand at ranks 2 and 12.
  const quality q = judge({{2, 12, 90}}, {{{0, 1, 0}}});
  const double ideal = 1 + 1 / std::log2(3.0) + 0.5;
  EXPECT_NEAR(q.ndcg_at_10.value, 1 / std::log2(3.0) / ideal, 1e-12);
  EXPECT_NEAR(q.recall_at_20.value, 2.0 / 3, 1e-12);
  EXPECT_NEAR(q.mrr_at_25.value, 0.5, 1e-12);
  EXPECT_NEAR(q.precision_at_5.value, 0.2, 1e-12);
  EXPECT_NEAR(q.hit_rate_at_20.value, 1, 1e-12);
  EXPECT_NEAR(q.coverage_at_25, 0.25, 1e-12);
  EXPECT_EQ(q.people, 1U);
}

TEST_F(evaluation, recall_is_capped_at_the_length_of_the_list) {
  std::vector<item_position> targets(50);
  for (std::size_t i = 0; i < targets.size(); ++i) {
    targets[i] = static_cast<item_position>(i);
  }
  EXPECT_NEAR(judge({targets}, {{}}).recall_at_20.value, 1, 1e-12);
}

TEST_F(evaluation, a_list_without_a_hit_counts_zero) {
  const quality q = judge({{99}}, {{}});
  EXPECT_EQ(q.ndcg_at_10.value, 0);
  EXPECT_EQ(q.mrr_at_25.value, 0);
  EXPECT_EQ(q.hit_rate_at_20.value, 0);
}

TEST_F(evaluation, confidence_bounds_enclose_the_mean_and_are_the_same_every_time) {
  std::vector<std::vector<item_position>> targets;
  for (item_position i = 0; i < 60; ++i) {
    targets.push_back({i});
  }
  const std::vector<std::vector<preference>> told(60);
  const quality q = judge(targets, told);
  EXPECT_LT(q.ndcg_at_10.low, q.ndcg_at_10.value);
  EXPECT_GT(q.ndcg_at_10.high, q.ndcg_at_10.value);
  EXPECT_EQ(q.ndcg_at_10.low, judge(targets, told).ndcg_at_10.low);
}

TEST_F(evaluation, nobody_to_test_is_refused) {
  try {
    judge({}, {});
    FAIL();
  } catch (const core::error& e) {
    EXPECT_EQ(e.code(), core::errc::failed_precondition);
  }
}

}  // namespace
}  // namespace eunomia::recommend
