#include "recommend/model_distance.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "core/error.h"
#include "recommend/answer.h"

namespace eunomia::recommend {

namespace {

double shared_part(std::span<const recommendation> a, std::span<const recommendation> b) {
  const std::size_t longest = std::max(a.size(), b.size());
  std::size_t common = 0;
  for (const recommendation& entry : a) {
    common += std::any_of(b.begin(), b.end(), [&](const auto& other) { return other.item == entry.item; });
  }
  return longest == 0 ? 1 : static_cast<double>(common) / static_cast<double>(longest);
}

bool same_order(std::span<const recommendation> a, std::span<const recommendation> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const auto& x, const auto& y) { return x.item == y.item; });
}

// Sums of squares over all histories, and the largest relative difference of one.
struct score_differences {
  double squares = 0;
  double squares_of_b = 0;
  double largest_relative = 0;

  void add(std::span<const float> a, std::span<const float> b) {
    double largest = 0;
    double difference = 0;
    for (std::size_t i = 0; i < a.size(); ++i) {
      if (std::isfinite(a[i]) != std::isfinite(b[i])) {
        difference = std::numeric_limits<double>::infinity();
      } else if (std::isfinite(a[i])) {
        const double gap = double{a[i]} - double{b[i]};
        squares += gap * gap;
        squares_of_b += double{b[i]} * double{b[i]};
        largest = std::max({largest, std::abs(double{a[i]}), std::abs(double{b[i]})});
        difference = std::max(difference, std::abs(gap));
      }
    }
    if (difference > 0) {
      largest_relative = std::max(largest_relative, difference / largest);
    }
  }
};

}  // namespace

model_distance distance(const scorer& a, const scorer& b, std::span<const std::vector<preference>> histories,
                        std::size_t count) {
  if (a.items().size() != b.items().size()) {
    throw core::error(core::errc::invalid_argument, "two models over different catalogues cannot be compared");
  }
  model_distance result;
  score_differences differences;
  double overlap = 0;
  std::vector<float> scores_a(a.items().size());
  std::vector<float> scores_b(scores_a.size());
  for (const std::vector<preference>& history : histories) {
    recommendation_request request;
    request.who.history = history;
    request.count = count;
    const auto list_a = recommend(a, request);
    const auto list_b = recommend(b, request);
    result.identical += same_order(list_a, list_b) ? 1 : 0;
    overlap += shared_part(list_a, list_b);
    a.score(request.who, scores_a);
    b.score(request.who, scores_b);
    differences.add(scores_a, scores_b);
  }
  result.compared = static_cast<std::uint32_t>(histories.size());
  result.overlap = histories.empty() ? 1 : overlap / static_cast<double>(histories.size());
  result.max_relative_difference = differences.largest_relative;
  if (differences.squares > 0) {
    result.relative_difference = differences.squares_of_b > 0
                                     ? std::sqrt(differences.squares / differences.squares_of_b)
                                     : std::numeric_limits<double>::infinity();
  }
  return result;
}

}  // namespace eunomia::recommend
