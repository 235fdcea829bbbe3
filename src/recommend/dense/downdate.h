#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/thread_pool.h"
#include "recommend/dense/square.h"
#include "recommend/dense/tiled_triangle.h"

namespace eunomia::recommend::dense {

// What is taken out of a symmetric matrix A [n x n]: F F^T, F [n x rank] of which only some rows are not zero.
template <class T>
struct low_rank {
  std::vector<std::uint32_t> rows;  // those rows, ascending
  std::uint32_t rank = 0;
  std::vector<T> values;  // [rows x rank], row-major
};

// W [n x rank], row-major, padded with zero rows to whole tiles.
template <class T>
struct panel {
  std::uint32_t rank = 0;
  buffer<T> values;
};

// Given P = A^-1, finds W with (A - F F^T)^-1 = P + W W^T (Sherman, Morrison 1950; Woodbury 1950):
// V = P F, K = I - F^T V = R R^T (Cholesky), W = V R^-T. P is only read. The cost is 2 n rank (rows + rank) operations
// and, for each row of F, a row and a column of the triangle. Nothing when K is not safely positive definite, that is
// when a diagonal element of R R^T falls below `margin`: the digits lost are about those of 1 / margin.
template <class T>
std::optional<panel<T>> downdate_of_inverse(const tiled_triangle<T>& inverse, const low_rank<T>& gone, T margin,
                                            core::thread_pool& pool);

// inverse += W W^T, and the whole of it into the square, in one pass over memory: for float64 it reads and writes
// 4 n^2 bytes of the triangle each, and writes 4 n^2 of the square.
template <class T>
void apply_downdate(tiled_triangle<T>& inverse, const panel<T>& w, square& into, core::thread_pool& pool);

// The square of a matrix as it is.
template <class T>
void write_square(const tiled_triangle<T>& matrix, square& into, core::thread_pool& pool);

extern template std::optional<panel<float>> downdate_of_inverse(const tiled_triangle<float>&, const low_rank<float>&,
                                                                float, core::thread_pool&);
extern template std::optional<panel<double>> downdate_of_inverse(const tiled_triangle<double>&, const low_rank<double>&,
                                                                 double, core::thread_pool&);
extern template void apply_downdate(tiled_triangle<float>&, const panel<float>&, square&, core::thread_pool&);
extern template void apply_downdate(tiled_triangle<double>&, const panel<double>&, square&, core::thread_pool&);
extern template void write_square(const tiled_triangle<float>&, square&, core::thread_pool&);
extern template void write_square(const tiled_triangle<double>&, square&, core::thread_pool&);

}  // namespace eunomia::recommend::dense
