#include "recommend/ranking_metrics.h"

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "recommend/answer.h"

namespace eunomia::recommend {

namespace {

constexpr std::size_t list_length = 25;

double gain_at(std::size_t rank) {  // from 1
  return 1 / std::log2(1 + static_cast<double>(rank));
}

double gain_of_list(const std::vector<bool>& hits, std::size_t relevant, std::size_t first) {
  double gain = 0;
  for (std::size_t i = 0; i < std::min(first, hits.size()); ++i) {
    gain += hits[i] ? gain_at(i + 1) : 0;
  }
  double best = 0;
  for (std::size_t rank = 1; rank <= std::min(first, relevant); ++rank) {
    best += gain_at(rank);
  }
  return best == 0 ? 0 : gain / best;
}

double precision_of_list(const std::vector<bool>& hits, std::size_t first) {
  const auto end = hits.begin() + static_cast<std::ptrdiff_t>(std::min(first, hits.size()));
  return static_cast<double>(std::count(hits.begin(), end, true)) / static_cast<double>(first);
}

ranking_metrics& operator+=(ranking_metrics& sum, const ranking_metrics& more) {
  sum.mean_reciprocal_rank_at_25 += more.mean_reciprocal_rank_at_25;
  sum.normalized_discounted_cumulative_gain_at_5 += more.normalized_discounted_cumulative_gain_at_5;
  sum.normalized_discounted_cumulative_gain_at_10 += more.normalized_discounted_cumulative_gain_at_10;
  sum.normalized_discounted_cumulative_gain_at_25 += more.normalized_discounted_cumulative_gain_at_25;
  sum.precision_at_5 += more.precision_at_5;
  sum.precision_at_10 += more.precision_at_10;
  sum.precision_at_25 += more.precision_at_25;
  return sum;
}

void divide(ranking_metrics& sum, double count) {
  sum.mean_reciprocal_rank_at_25 /= count;
  sum.normalized_discounted_cumulative_gain_at_5 /= count;
  sum.normalized_discounted_cumulative_gain_at_10 /= count;
  sum.normalized_discounted_cumulative_gain_at_25 /= count;
  sum.precision_at_5 /= count;
  sum.precision_at_10 /= count;
  sum.precision_at_25 /= count;
}

}  // namespace

ranking_metrics metrics_of_list(const std::vector<bool>& hits, std::size_t relevant) {
  ranking_metrics of;
  const auto first = std::find(hits.begin(), hits.end(), true);
  const auto rank = static_cast<std::size_t>(first - hits.begin()) + 1;
  of.mean_reciprocal_rank_at_25 = first == hits.end() || rank > list_length ? 0 : 1 / static_cast<double>(rank);
  of.normalized_discounted_cumulative_gain_at_5 = gain_of_list(hits, relevant, 5);
  of.normalized_discounted_cumulative_gain_at_10 = gain_of_list(hits, relevant, 10);
  of.normalized_discounted_cumulative_gain_at_25 = gain_of_list(hits, relevant, 25);
  of.precision_at_5 = precision_of_list(hits, 5);
  of.precision_at_10 = precision_of_list(hits, 10);
  of.precision_at_25 = precision_of_list(hits, 25);
  return of;
}

ranking_metrics ranking_metrics_of(const scorer& model, std::span<const test_case> tests,
                                   std::span<const std::vector<preference>> histories_of_tests,
                                   std::uint32_t trainable_items, const training_context& context) {
  if (tests.empty()) {
    throw core::error(core::errc::failed_precondition,
                      "nobody to evaluate on: give people with both a history and targets, or more interactions");
  }
  std::vector<ranking_metrics> people(tests.size());
  std::vector<std::vector<recommendation>> lists(tests.size());
  context.pool.for_each(tests.size(), [&](std::size_t i, unsigned) {
    context.job.check();
    recommendation_request request;
    request.who.history = histories_of_tests[i];
    request.count = list_length;
    lists[i] = recommend(model, request);
    std::vector<bool> hits;
    for (const recommendation& one : lists[i]) {
      hits.push_back(std::binary_search(tests[i].targets.begin(), tests[i].targets.end(), one.item));
    }
    people[i] = metrics_of_list(hits, tests[i].targets.size());
  });
  ranking_metrics mean;
  for (const ranking_metrics& one : people) {
    mean += one;
  }
  divide(mean, static_cast<double>(people.size()));
  std::vector<bool> shown(model.items().size());
  std::size_t distinct = 0;
  for (const auto& list : lists) {
    for (const recommendation& one : list) {
      distinct += shown[one.item] ? 0 : 1;
      shown[one.item] = true;
    }
  }
  mean.coverage = trainable_items == 0 ? 0 : static_cast<double>(distinct) / trainable_items;
  return mean;
}

}  // namespace eunomia::recommend
