#include "recommend/dense/downdate.h"

#include <cmath>

#include "recommend/dense/blas.h"

namespace eunomia::recommend::dense {

namespace {

using blas::form;

constexpr std::uint32_t strip = 64;  // rows of V that one task computes

// into [strip rows x columns.size()] = the elements of the rows [first, first + count), count <= strip, in these
// columns. Left of the diagonal they lie in the row, right of it along the mirrored row.
template <class T>
void gather(const tiled_triangle<T>& matrix, std::uint32_t first, std::uint32_t count,
            const std::vector<std::uint32_t>& columns, T* into) {
  const std::size_t width = columns.size();
  const std::size_t mirrored = std::lower_bound(columns.begin(), columns.end(), first) - columns.begin();
  for (std::uint32_t r = 0; r < count; ++r) {
    for (std::size_t c = 0; c < mirrored; ++c) {
      into[r * width + c] = *matrix.at(first + r, columns[c]);
    }
  }
  for (std::size_t c = mirrored; c < width; ++c) {
    for (std::uint32_t r = 0; r < count; ++r) {
      into[r * width + c] = matrix.symmetric(first + r, columns[c]);
    }
  }
}

// K = I - F^T V over the rows of F, factored; false when it is too near to singular.
template <class T>
bool factor_capacitance(const low_rank<T>& gone, const panel<T>& v, T margin, std::vector<T>& k) {
  const int rank = static_cast<int>(gone.rank), rows = static_cast<int>(gone.rows.size());
  std::vector<T> v_rows(gone.values.size());
  for (int r = 0; r < rows; ++r) {
    std::copy_n(v.values.data() + std::size_t{gone.rows[r]} * rank, rank, v_rows.data() + std::size_t(r) * rank);
  }
  k.assign(std::size_t(rank) * rank, 0);
  for (int i = 0; i < rank; ++i) {
    k[std::size_t(i) * rank + i] = 1;
  }
  blas::gemm(form::transposed, form::plain, rank, rank, rows, -1, gone.values.data(), rank, v_rows.data(), rank, 1,
             k.data(), rank);
  if (!blas::cholesky(rank, k.data(), rank)) {
    return false;
  }
  for (int i = 0; i < rank; ++i) {
    const T root = k[std::size_t(i) * rank + i];
    if (!(root * root >= margin)) {
      return false;
    }
  }
  return true;
}

}  // namespace

template <class T>
std::optional<panel<T>> downdate_of_inverse(const tiled_triangle<T>& inverse, const low_rank<T>& gone, T margin,
                                            core::thread_pool& pool) {
  blas::use_one_thread();
  const std::uint32_t n = inverse.n();
  const int rank = static_cast<int>(gone.rank), width = static_cast<int>(gone.rows.size());
  panel<T> w{gone.rank, buffer<T>(std::size_t{inverse.tiles()} * inverse.edge() * gone.rank)};
  std::vector<std::vector<T>> gathered(pool.size());
  const std::uint32_t strips = (n + strip - 1) / strip;
  pool.for_each(strips, [&](std::size_t s, unsigned worker) {
    const std::uint32_t first = static_cast<std::uint32_t>(s) * strip, count = std::min(strip, n - first);
    gathered[worker].resize(std::size_t{strip} * width);
    gather(inverse, first, count, gone.rows, gathered[worker].data());
    blas::gemm(form::plain, form::plain, static_cast<int>(count), rank, width, 1, gathered[worker].data(), width,
               gone.values.data(), rank, 0, w.values.data() + std::size_t{first} * rank, rank);
  });
  std::vector<T> factor;
  if (!factor_capacitance(gone, w, margin, factor)) {
    return std::nullopt;
  }
  pool.for_each(strips, [&](std::size_t s, unsigned) {
    const std::uint32_t first = static_cast<std::uint32_t>(s) * strip, count = std::min(strip, n - first);
    blas::solve_right_transposed(static_cast<int>(count), rank, factor.data(), rank,
                                 w.values.data() + std::size_t{first} * rank, rank);
  });
  return w;
}

template <class T>
void apply_downdate(tiled_triangle<T>& inverse, const panel<T>& w, square& into, core::thread_pool& pool) {
  const int rank = static_cast<int>(w.rank), edge = static_cast<int>(inverse.edge());
  pool.for_each(inverse.tile_count(), [&](std::size_t index, unsigned) {
    const tile_place at = place_of_tile(index);
    if (rank == 1) {
      add_outer_and_write_tile(inverse, at, w.values.data(), into);
      return;
    }
    const T* const rows = w.values.data() + std::size_t{at.i} * edge * rank;
    const T* const columns = w.values.data() + std::size_t{at.j} * edge * rank;
    blas::gemm(form::plain, form::transposed, static_cast<int>(inverse.rows_of(at.i)),
               static_cast<int>(inverse.rows_of(at.j)), rank, 1, rows, rank, columns, rank, 1, inverse.tile(at.i, at.j),
               edge);
    write_tile(inverse, at, into);
  });
}

template <class T>
void write_square(const tiled_triangle<T>& matrix, square& into, core::thread_pool& pool) {
  pool.for_each(matrix.tile_count(),
                [&](std::size_t index, unsigned) { write_tile(matrix, place_of_tile(index), into); });
}

template std::optional<panel<float>> downdate_of_inverse(const tiled_triangle<float>&, const low_rank<float>&, float,
                                                         core::thread_pool&);
template std::optional<panel<double>> downdate_of_inverse(const tiled_triangle<double>&, const low_rank<double>&,
                                                          double, core::thread_pool&);
template void apply_downdate(tiled_triangle<float>&, const panel<float>&, square&, core::thread_pool&);
template void apply_downdate(tiled_triangle<double>&, const panel<double>&, square&, core::thread_pool&);
template void write_square(const tiled_triangle<float>&, square&, core::thread_pool&);
template void write_square(const tiled_triangle<double>&, square&, core::thread_pool&);

}  // namespace eunomia::recommend::dense
