#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recommend/preferences.h"

namespace eunomia::recommend {

// The sum of the weights of each item's pairs, in quanta.
std::vector<std::uint64_t> item_sums(const preferences& rows);

// Scores for what a personal family knows nothing of for somebody: below 0, the more popular item higher, so that they
// fill a list up after what is personal, and an anonymous person gets what is popular. sums: see item_sums(). Items
// with sum 0 are no candidates (-infinity).
std::vector<float> popular_tail(std::span<const std::uint64_t> sums);

}  // namespace eunomia::recommend
