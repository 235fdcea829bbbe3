#include "recommend/ials_distance.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

std::vector<item_position> top_of(std::vector<float> scores, std::span<const preference> history, std::size_t count) {
  for (const preference& one : history) {
    scores[one.item] = -std::numeric_limits<float>::infinity();
  }
  std::vector<item_position> order(scores.size());
  std::iota(order.begin(), order.end(), 0);
  const std::size_t kept = std::min(count, order.size());
  std::partial_sort(
      order.begin(), order.begin() + static_cast<std::ptrdiff_t>(kept), order.end(),
      [&](item_position x, item_position y) { return scores[x] != scores[y] ? scores[x] > scores[y] : x < y; });
  order.resize(kept);
  while (!order.empty() && std::isinf(scores[order.back()])) {
    order.pop_back();
  }
  return order;
}

}  // namespace

model_distance distance(const scorer& a, const scorer& b, std::span<const std::vector<preference>> histories,
                        std::size_t count) {
  if (a.items().size() != b.items().size()) {
    throw core::error(core::errc::invalid_argument, "two models over different catalogues cannot be compared");
  }
  model_distance result;
  double difference = 0;
  double length = 0;
  double overlap = 0;
  double identical = 0;
  std::vector<float> ours(a.items().size());
  std::vector<float> theirs(ours.size());
  for (const std::vector<preference>& history : histories) {
    a.score({history}, ours);
    b.score({history}, theirs);
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (std::isfinite(ours[i]) && std::isfinite(theirs[i])) {
        const double gap = double{ours[i]} - theirs[i];
        difference += gap * gap;
        length += double{theirs[i]} * theirs[i];
      }
    }
    std::vector<item_position> mine = top_of(ours, history, count);
    std::vector<item_position> other = top_of(theirs, history, count);
    identical += mine == other;
    std::sort(mine.begin(), mine.end());
    std::sort(other.begin(), other.end());
    std::vector<item_position> both;
    std::set_intersection(mine.begin(), mine.end(), other.begin(), other.end(), std::back_inserter(both));
    overlap += other.empty() ? 1.0 : static_cast<double>(both.size()) / static_cast<double>(other.size());
  }
  result.compared = histories.size();
  if (result.compared > 0) {
    result.overlap = overlap / static_cast<double>(result.compared);
    result.identical = identical / static_cast<double>(result.compared);
  }
  if (difference > 0) {
    result.relative_difference = length > 0 ? std::sqrt(difference / length) : std::numeric_limits<double>::infinity();
  }
  return result;
}

model_distance distance(const model& a, const model& b, std::size_t sample, std::size_t count) {
  const preferences& rows = b.learned_from();
  const std::size_t people = std::min<std::size_t>(sample, rows.rows());
  std::vector<std::vector<preference>> histories;
  for (std::size_t k = 0; k < people; ++k) {
    histories.push_back(rows.history_of(static_cast<std::uint32_t>(k * rows.rows() / people)));
  }
  return distance(*a.current(), *b.current(), histories, count);
}

}  // namespace eunomia::recommend
