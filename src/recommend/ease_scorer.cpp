#include "recommend/ease_scorer.h"

#include <algorithm>
#include <cmath>
#include <limits>

namespace eunomia::recommend {

namespace {

constexpr float no_candidate = -std::numeric_limits<float>::infinity();
constexpr double trend_floor = 0.2;  // what an item without any recent event counts as

}  // namespace

ease_scorer::ease_scorer(std::shared_ptr<const catalogue> items, const ease_parameters& parameters, ease_view view)
    : scorer(std::move(items)), parameters_(parameters), view_(std::move(view)), scale_(view_.inverse.n) {
  for (std::uint32_t j = 0; j < view_.inverse.n; ++j) {
    scale_[j] = -1 / view_.inverse.row(j)[j];
  }
}

std::vector<dense::weighted_row> ease_scorer::weighted_history(std::span<const preference> history) const {
  std::vector<dense::weighted_row> rows;
  rows.reserve(history.size());
  for (const preference& p : weigh(history, parameters_.history)) {
    const std::uint32_t row = view_.items->position[p.item];
    if (row != matrix_items::none && view_.alive[row]) {
      rows.push_back({row, p.weight});
    }
  }
  std::sort(rows.begin(), rows.end(), [](const auto& a, const auto& b) { return a.row < b.row; });
  return rows;
}

std::shared_ptr<const std::vector<float>> ease_scorer::trend_factors(std::int64_t now) const {
  const std::int64_t day = daily_counts::day_of(now);
  {
    const std::lock_guard lock(mutex_);
    if (factors_ != nullptr && factors_day_ == day) {
      return factors_;
    }
  }
  auto factors = std::make_shared<std::vector<float>>(items().size());
  view_.days.decayed(now, parameters_.trend_half_life_days, *factors);
  for (float& factor : *factors) {
    factor = static_cast<float>(std::pow(trend_floor + static_cast<double>(factor), parameters_.trend_exponent));
  }
  const std::lock_guard lock(mutex_);
  factors_day_ = day;
  factors_ = factors;
  return factors;
}

// With y_j = sum over i of x_i P_ij, which has the term x_j P_jj that B_jj = 0 takes out again, the score is
// -(y_j - x_j P_jj) / P_jj.
void ease_scorer::score(const person& who, std::span<float> scores) const {
  const std::vector<dense::weighted_row> rows = weighted_history(who.history);
  std::vector<float> sums(view_.inverse.stride);
  dense::sum_rows(view_.inverse, rows, sums);
  for (const auto& [row, weight] : rows) {
    sums[row] -= weight * view_.inverse.row(row)[row];
  }
  std::fill(scores.begin(), scores.end(), no_candidate);
  for (std::uint32_t j = 0; j < view_.inverse.n; ++j) {
    if (view_.alive[j]) {
      scores[view_.items->item[j]] = sums[j] * scale_[j];
    }
  }
  if (parameters_.trend_exponent == 0) {
    return;
  }
  const auto factors = trend_factors(who.now == 0 ? view_.newest : who.now);
  for (std::size_t item = 0; item < scores.size(); ++item) {
    scores[item] = scores[item] > 0 ? scores[item] * (*factors)[item] : scores[item];
  }
}

std::vector<scored_item> ease_scorer::similar(item_position item, std::size_t count) const {
  std::vector<scored_item> best;
  const std::uint32_t i = item < view_.items->position.size() ? view_.items->position[item] : matrix_items::none;
  if (i == matrix_items::none || !view_.alive[i]) {
    return best;
  }
  const float* const row = view_.inverse.row(i);
  for (std::uint32_t j = 0; j < view_.inverse.n; ++j) {
    if (const float weight = row[j] * scale_[j]; j != i && view_.alive[j] && weight > 0) {
      best.push_back({view_.items->item[j], weight});
    }
  }
  const auto better = [](const scored_item& a, const scored_item& b) {
    return a.score != b.score ? a.score > b.score : a.item < b.item;
  };
  const std::size_t kept = std::min(count, best.size());
  std::partial_sort(best.begin(), best.begin() + static_cast<std::ptrdiff_t>(kept), best.end(), better);
  best.resize(kept);
  return best;
}

void ease_scorer::likeness(item_position item, std::span<const item_position> others,
                           std::span<float> likenesses) const {
  const auto row_of = [&](item_position one) {
    const std::uint32_t row = one < view_.items->position.size() ? view_.items->position[one] : matrix_items::none;
    return row != matrix_items::none && view_.alive[row] ? row : matrix_items::none;
  };
  std::fill(likenesses.begin(), likenesses.end(), 0.0F);
  const std::uint32_t i = row_of(item);
  if (i == matrix_items::none) {
    return;
  }
  const float* const row = view_.inverse.row(i);
  for (std::size_t k = 0; k < others.size(); ++k) {
    if (const std::uint32_t j = row_of(others[k]); j != matrix_items::none && j != i) {
      likenesses[k] = std::max(0.0F, row[j] * scale_[j]);
    }
  }
}

std::vector<contribution> ease_scorer::explain(const person& who, item_position item, std::size_t count) const {
  std::vector<contribution> reasons;
  const std::uint32_t j = item < view_.items->position.size() ? view_.items->position[item] : matrix_items::none;
  if (j == matrix_items::none || !view_.alive[j]) {
    return reasons;
  }
  for (const auto& [row, weight] : weighted_history(who.history)) {
    if (const float part = weight * view_.inverse.row(row)[j] * scale_[j]; row != j && part > 0) {
      reasons.push_back({view_.items->item[row], part});
    }
  }
  std::stable_sort(reasons.begin(), reasons.end(), [](const auto& a, const auto& b) { return a.share > b.share; });
  reasons.resize(std::min(count, reasons.size()));
  double sum = 0;
  for (const contribution& reason : reasons) {
    sum += static_cast<double>(reason.share);
  }
  for (contribution& reason : reasons) {
    reason.share = static_cast<float>(static_cast<double>(reason.share) / sum);
  }
  return reasons;
}

}  // namespace eunomia::recommend
