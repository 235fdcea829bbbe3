#pragma once

#include <span>

#include "recommend/dense/square.h"

namespace eunomia::recommend::dense {

struct weighted_row {
  std::uint32_t row;
  float weight;
};

// sums[j] = the sum over the rows given, in their order, of weight * matrix[row][j], for all j < n. Each j has the same
// operations in the same order, so that equal columns have equal sums. The cost is reading those rows: eight of them
// are streamed at once, so that the sums (n floats, in the L1 cache) are touched once for eight rows.
// sums.size() == matrix.stride.
void sum_rows(square_view matrix, std::span<const weighted_row> rows, std::span<float> sums);

}  // namespace eunomia::recommend::dense
