#include "recommend/popular_tail.h"

#include <algorithm>
#include <limits>

namespace eunomia::recommend {

std::vector<std::uint64_t> item_sums(const preferences& rows) {
  std::vector<std::uint64_t> sums(rows.items->size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    sums[rows.item[i]] += rows.weight[i];
  }
  return sums;
}

std::vector<float> popular_tail(std::span<const std::uint64_t> sums) {
  const std::uint64_t largest = sums.empty() ? 0 : *std::max_element(sums.begin(), sums.end());
  std::vector<float> tail;
  tail.reserve(sums.size());
  for (const std::uint64_t sum : sums) {
    tail.push_back(sum == 0 ? -std::numeric_limits<float>::infinity()
                            : static_cast<float>(static_cast<double>(sum) / (static_cast<double>(largest) + 1) - 1));
  }
  return tail;
}

}  // namespace eunomia::recommend
