#pragma once

#include <string_view>

#include "core/job.h"
#include "core/thread_pool.h"
#include "recommend/dense/tiled_triangle.h"

namespace eunomia::recommend::dense {

// Replaces a symmetric positive definite matrix by its inverse, in place, by sweeping it tile by tile (Goodnight, "A
// tutorial on the SWEEP operator", The American Statistician 33(3), 1979, with tiles for elements). n^3 floating-point
// operations, like Cholesky followed by the inverse of the factor and its square, but each in one product of tiles that
// depends only on the sweep before: all cores are busy to the end, and the sums have one order whatever their number,
// so that the bits are the same at any number of threads.
//
// Beside the matrix it takes tiles() + 2 tiles. Reports its progress as `stage` and asks the job whether to stop before
// every tile. Throws errc::failed_precondition when the matrix is not positive definite in this precision, errc::
// cancelled; the matrix is then worthless.
template <class T>
void invert(tiled_triangle<T>& matrix, core::thread_pool& pool, core::job& job, std::string_view stage);

extern template void invert(tiled_triangle<float>&, core::thread_pool&, core::job&, std::string_view);
extern template void invert(tiled_triangle<double>&, core::thread_pool&, core::job&, std::string_view);

// The bytes that invert() takes beside the matrix.
template <class T>
std::size_t inversion_scratch_bytes(std::uint32_t n) {
  const std::size_t edge = tile_edge(n);
  return ((n + edge - 1) / edge + 2) * edge * edge * sizeof(T);
}

}  // namespace eunomia::recommend::dense
