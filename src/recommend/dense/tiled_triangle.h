#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include "recommend/dense/buffer.h"

namespace eunomia::recommend::dense {

// The edge of the tiles of a matrix of n rows: about largest_tile, so that a few tiles fit the L2 cache of one core and
// one product of two tiles is long enough for BLAS to reach its speed; a multiple of 16, so that rows of tiles start at
// cache lines; a function of n alone, so that the order of all sums is too.
constexpr std::uint32_t largest_tile = 384;
constexpr std::uint32_t tile_edge(std::uint32_t n) {
  const std::uint32_t tiles = std::max(1U, (n + largest_tile - 1) / largest_tile);
  const std::uint32_t even = (n + tiles - 1) / tiles;
  return std::max(16U, (even + 15) / 16 * 16);
}

// A symmetric matrix [n x n] of which the lower triangle is kept, in square tiles [edge() x edge()], row-major, one
// after another: (0,0) (1,0) (1,1) (2,0) ... In tiles on the diagonal only the lower half means something; the last
// row of tiles is padded, and the padding stays zero.
template <class T>
class tiled_triangle {
 public:
  tiled_triangle() = default;
  explicit tiled_triangle(std::uint32_t n)
      : n_(n), edge_(tile_edge(n)), tiles_((n + edge_ - 1) / edge_), values_(tile_count() * tile_size()) {}

  static std::size_t bytes(std::uint32_t n) {
    const std::size_t edge = tile_edge(n), tiles = (n + edge - 1) / edge;
    return tiles * (tiles + 1) / 2 * edge * edge * sizeof(T);
  }

  std::uint32_t n() const { return n_; }
  std::uint32_t edge() const { return edge_; }
  std::uint32_t tiles() const { return tiles_; }  // along one side
  std::size_t tile_size() const { return std::size_t{edge_} * edge_; }
  std::size_t tile_count() const { return std::size_t{tiles_} * (tiles_ + 1) / 2; }
  // Rows of the matrix in the i-th row of tiles.
  std::uint32_t rows_of(std::uint32_t i) const { return std::min(edge_, n_ - i * edge_); }

  // Tile (i, j), j <= i.
  T* tile(std::uint32_t i, std::uint32_t j) {
    return values_.data() + (std::size_t{i} * (i + 1) / 2 + j) * tile_size();
  }
  const T* tile(std::uint32_t i, std::uint32_t j) const {
    return values_.data() + (std::size_t{i} * (i + 1) / 2 + j) * tile_size();
  }
  // The element (row, column), column <= row; in the tile, the rest of its row up to the tile's edge follows.
  T* at(std::uint32_t row, std::uint32_t column) {
    return tile(row / edge_, column / edge_) + std::size_t{row % edge_} * edge_ + column % edge_;
  }
  const T* at(std::uint32_t row, std::uint32_t column) const {
    return tile(row / edge_, column / edge_) + std::size_t{row % edge_} * edge_ + column % edge_;
  }
  T symmetric(std::uint32_t row, std::uint32_t column) const {
    return *at(std::max(row, column), std::min(row, column));
  }

 private:
  std::uint32_t n_ = 0;
  std::uint32_t edge_ = 16;
  std::uint32_t tiles_ = 0;
  buffer<T> values_;
};

// The place (i, j) of the index-th tile in the order of memory.
struct tile_place {
  std::uint32_t i;
  std::uint32_t j;
};
inline tile_place place_of_tile(std::size_t index) {
  std::uint32_t i = 0;
  while (std::size_t{i + 1} * (i + 2) / 2 <= index) {
    ++i;
  }
  return {i, static_cast<std::uint32_t>(index - std::size_t{i} * (i + 1) / 2)};
}

}  // namespace eunomia::recommend::dense
