#pragma once

#include <cstddef>
#include <cstdint>

#include "recommend/dense/buffer.h"
#include "recommend/dense/tiled_triangle.h"

namespace eunomia::recommend::dense {

// A symmetric matrix [n x n] as full rows of float32, each padded with zeros to a multiple of 16: a row is a run of
// whole cache lines. The form that answers are computed from, in memory or in a mapped file.
constexpr std::uint32_t square_stride(std::uint32_t n) {
  return (n + 15) / 16 * 16;
}

struct square_view {
  const float* data = nullptr;  // [n x stride]
  std::uint32_t n = 0;
  std::uint32_t stride = 0;

  const float* row(std::uint32_t i) const { return data + std::size_t{i} * stride; }
};

class square {
 public:
  square() = default;
  explicit square(std::uint32_t n) : n_(n), values_(bytes(n) / sizeof(float)) {}

  // With room for the padding below the last row as well.
  static std::size_t bytes(std::uint32_t n) { return std::size_t{square_stride(n)} * square_stride(n) * sizeof(float); }

  std::uint32_t n() const { return n_; }
  std::uint32_t stride() const { return square_stride(n_); }
  float* row(std::uint32_t i) { return values_.data() + std::size_t{i} * stride(); }
  square_view view() const { return {values_.data(), n_, stride()}; }

 private:
  std::uint32_t n_ = 0;
  buffer<float> values_;
};

// Writes tile (i, j) into the square, and its mirror image. The square's lines go to memory past the caches: a matrix
// is larger than those, and nobody reads it at once.
template <class T>
void write_tile(const tiled_triangle<T>& matrix, tile_place at, square& into);

// The same after adding the outer product of w (one value for each row of the matrix, and zeros up to a multiple of
// matrix.edge()) to the tile: matrix += w w^T with one pass over the memory of both.
template <class T>
void add_outer_and_write_tile(tiled_triangle<T>& matrix, tile_place at, const T* w, square& into);

extern template void write_tile(const tiled_triangle<float>&, tile_place, square&);
extern template void write_tile(const tiled_triangle<double>&, tile_place, square&);
extern template void add_outer_and_write_tile(tiled_triangle<float>&, tile_place, const float*, square&);
extern template void add_outer_and_write_tile(tiled_triangle<double>&, tile_place, const double*, square&);

}  // namespace eunomia::recommend::dense
