#include "recommend/evaluation.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <random>
#include <string>

#include "core/error.h"
#include "recommend/answer.h"

namespace eunomia::recommend {

namespace {

constexpr std::size_t list_length = 25;

// One person's figures, in the order of the estimates below.
enum figure : std::size_t { ndcg, recall, mrr, precision, hit_rate, figures };

std::array<double, figures> judge(std::span<const recommendation> list, std::span<const item_position> targets) {
  std::array<double, figures> result{};
  double gain = 0;
  double best_gain = 0;
  std::size_t hits_in_20 = 0;
  std::size_t hits_in_5 = 0;
  for (std::size_t rank = 0; rank < list.size(); ++rank) {
    if (!std::binary_search(targets.begin(), targets.end(), list[rank].item)) {
      continue;
    }
    if (rank < 10) {
      gain += 1 / std::log2(static_cast<double>(rank) + 2);
    }
    hits_in_20 += rank < 20 ? 1 : 0;
    hits_in_5 += rank < 5 ? 1 : 0;
    if (result[mrr] == 0) {
      result[mrr] = 1 / (static_cast<double>(rank) + 1);
    }
  }
  for (std::size_t rank = 0; rank < std::min<std::size_t>(10, targets.size()); ++rank) {
    best_gain += 1 / std::log2(static_cast<double>(rank) + 2);
  }
  result[ndcg] = gain / best_gain;
  result[recall] = static_cast<double>(hits_in_20) / static_cast<double>(std::min<std::size_t>(20, targets.size()));
  result[precision] = static_cast<double>(hits_in_5) / 5;
  result[hit_rate] = hits_in_20 > 0 ? 1 : 0;
  return result;
}

// Bounds are the 2.5 % and 97.5 % quantiles of the means of samples drawn with replacement.
std::array<estimate, figures> bootstrap(const std::vector<std::array<double, figures>>& people,
                                        const evaluation_options& options) {
  const double count = static_cast<double>(people.size());
  std::array<estimate, figures> result;
  for (const auto& person : people) {
    for (std::size_t f = 0; f < figures; ++f) {
      result[f].value += person[f] / count;
    }
  }
  std::mt19937_64 random(options.seed);
  std::array<std::vector<double>, figures> means;
  for (std::uint32_t sample = 0; sample < options.bootstrap_samples; ++sample) {
    std::array<double, figures> sum{};
    for (std::size_t i = 0; i < people.size(); ++i) {
      const auto& person = people[random() % people.size()];
      for (std::size_t f = 0; f < figures; ++f) {
        sum[f] += person[f];
      }
    }
    for (std::size_t f = 0; f < figures; ++f) {
      means[f].push_back(sum[f] / count);
    }
  }
  for (std::size_t f = 0; f < figures; ++f) {
    if (means[f].empty()) {
      result[f].low = result[f].high = result[f].value;
      continue;
    }
    std::sort(means[f].begin(), means[f].end());
    const double last = static_cast<double>(means[f].size() - 1);
    result[f].low = means[f][static_cast<std::size_t>(std::lround(0.025 * last))];
    result[f].high = means[f][static_cast<std::size_t>(std::lround(0.975 * last))];
  }
  return result;
}

}  // namespace

quality evaluate(const scorer& model, std::span<const test_case> tests,
                 std::span<const std::vector<preference>> histories_of_tests, std::uint32_t trainable_items,
                 const training_context& context, const evaluation_options& options) {
  if (tests.empty()) {
    throw core::error(core::errc::failed_precondition,
                      "nobody to evaluate on: give people with both a history and targets, or more interactions");
  }
  std::vector<std::array<double, figures>> people(tests.size());
  std::vector<std::vector<recommendation>> lists(tests.size());
  context.pool.for_each(tests.size(), [&](std::size_t i, unsigned) {
    context.job.check();
    recommendation_request request;
    request.who.history = histories_of_tests[i];
    request.count = list_length;
    lists[i] = recommend(model, request);
    people[i] = judge(lists[i], tests[i].targets);
  });
  std::vector<bool> shown(model.items().size());
  std::size_t distinct = 0;
  for (const auto& list : lists) {
    for (const recommendation& entry : list) {
      distinct += shown[entry.item] ? 0 : 1;
      shown[entry.item] = true;
    }
  }
  const auto estimates = bootstrap(people, options);
  quality result;
  result.ndcg_at_10 = estimates[ndcg];
  result.recall_at_20 = estimates[recall];
  result.mrr_at_25 = estimates[mrr];
  result.precision_at_5 = estimates[precision];
  result.hit_rate_at_20 = estimates[hit_rate];
  result.coverage_at_25 = trainable_items == 0 ? 0 : static_cast<double>(distinct) / trainable_items;
  result.people = static_cast<std::uint32_t>(tests.size());
  return result;
}

}  // namespace eunomia::recommend
