#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace eunomia::recommend {

// Scores for what a personal family knows nothing of for somebody: below 0, the more popular item higher, so that they
// fill a list up after what is personal, and an anonymous person gets what is popular. sums: see item_sums(). Items
// with sum 0 are no candidates (-infinity).
inline std::vector<float> popular_tail(std::span<const std::uint64_t> sums) {
  std::uint64_t largest = 0;
  for (const std::uint64_t sum : sums) {
    largest = sum > largest ? sum : largest;
  }
  std::vector<float> tail;
  tail.reserve(sums.size());
  for (const std::uint64_t sum : sums) {
    tail.push_back(sum == 0 ? -std::numeric_limits<float>::infinity()
                            : static_cast<float>(static_cast<double>(sum) / (static_cast<double>(largest) + 1) - 1));
  }
  return tail;
}

}  // namespace eunomia::recommend
