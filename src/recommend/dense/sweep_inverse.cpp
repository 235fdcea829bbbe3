// Sweeping A on the tile k, with D = A_kk^-1:
//
//   A_kk <- -D,   A_ik <- A_ik D,   A_ij <- A_ij - A_ik D A_kj   for all i, j other than k.
//
// It keeps the matrix symmetric, and after every tile has had its turn A has become -A^-1. What remains of A beyond the
// tiles already swept is their Schur complement, so each A_kk that is to be inverted is positive definite, as in
// Cholesky's method, and no pivoting is needed.
//
// Each sweep has two passes. The first copies the tiles of row and column k into `panel` and multiplies them by D where
// they lie; the second subtracts, from every other tile of the lower triangle, one product of a tile so multiplied and
// a tile of the panel. The first task of the second pass also inverts the diagonal tile of the next sweep, so that no
// core waits for it.

#include "recommend/dense/sweep_inverse.h"

#include <cstring>
#include <string>
#include <vector>

#include "recommend/dense/blas.h"

namespace eunomia::recommend::dense {

namespace {

using blas::form;

template <class T>
class sweep {
 public:
  sweep(tiled_triangle<T>& matrix, core::thread_pool& pool, core::job& job)
      : a_(matrix),
        pool_(pool),
        job_(job),
        edge_(static_cast<int>(matrix.edge())),
        panel_(matrix.tiles() * matrix.tile_size()),
        pivot_(matrix.tile_size()),
        next_pivot_(matrix.tile_size()) {}

  void run(std::string_view stage) {
    invert_diagonal(0, next_pivot_);
    for (std::uint32_t k = 0; k < a_.tiles(); ++k) {
      job_.report(stage, k, a_.tiles());
      std::swap(pivot_, next_pivot_);
      pool_.for_each(a_.tiles(), [&](std::size_t i, unsigned) {
        job_.check();
        multiply_by_pivot(static_cast<std::uint32_t>(i), k);
      });
      plan_update(k);
      pool_.for_each(plan_.size(), [&](std::size_t task, unsigned) {
        job_.check();
        const auto [i, j] = plan_[task];
        subtract_product(i, j, k);
        if (i == k + 1 && j == k + 1) {
          invert_diagonal(k + 1, next_pivot_);
        }
      });
    }
    pool_.for_each(a_.tile_count(), [&](std::size_t index, unsigned) {
      const auto [i, j] = place_of_tile(index);
      T* const tile = a_.tile(i, j);
      for (std::size_t e = 0; e < a_.tile_size(); ++e) {
        tile[e] = T{0} - tile[e];  // not -tile[e]: the padding stays +0
      }
    });
    job_.report(stage, a_.tiles(), a_.tiles());
  }

 private:
  int rows(std::uint32_t i) const { return static_cast<int>(a_.rows_of(i)); }
  T* panel(std::uint32_t i) { return panel_.data() + i * a_.tile_size(); }

  // into = inverse of the tile (k, k), both halves.
  void invert_diagonal(std::uint32_t k, buffer<T>& into) {
    const int n = rows(k);
    std::memcpy(into.data(), a_.tile(k, k), a_.tile_size() * sizeof(T));
    if (!blas::cholesky(n, into.data(), edge_) || !blas::inverse_from_cholesky(n, into.data(), edge_)) {
      throw core::error(core::errc::failed_precondition,
                        "the matrix to invert is not positive definite in this precision; raise \"lambda\", or set "
                        "\"precision\" to \"float64\"");
    }
    for (int r = 0; r < n; ++r) {
      for (int c = r + 1; c < n; ++c) {
        into[std::size_t(r) * edge_ + c] = into[std::size_t(c) * edge_ + r];
      }
    }
  }

  // First pass: A_ik <- A_ik D, for i < k as A_ki <- D A_ki, with A_ik or A_ki as it was in panel(i).
  void multiply_by_pivot(std::uint32_t i, std::uint32_t k) {
    if (i == k) {
      T* const tile = a_.tile(k, k);
      for (int r = 0; r < rows(k); ++r) {
        for (int c = 0; c < rows(k); ++c) {
          tile[std::size_t(r) * edge_ + c] = -pivot_[std::size_t(r) * edge_ + c];
        }
      }
      return;
    }
    T* const tile = i > k ? a_.tile(i, k) : a_.tile(k, i);
    std::memcpy(panel(i), tile, a_.tile_size() * sizeof(T));
    if (i > k) {
      blas::gemm(form::plain, form::plain, rows(i), rows(k), rows(k), 1, panel(i), edge_, pivot_.data(), edge_, 0, tile,
                 edge_);
    } else {
      blas::gemm(form::plain, form::plain, rows(k), rows(i), rows(k), 1, pivot_.data(), edge_, panel(i), edge_, 0, tile,
                 edge_);
    }
  }

  // The tiles of the second pass; the next diagonal tile first.
  void plan_update(std::uint32_t k) {
    plan_.clear();
    if (k + 1 < a_.tiles()) {
      plan_.push_back({k + 1, k + 1});
    }
    for (std::uint32_t i = 0; i < a_.tiles(); ++i) {
      for (std::uint32_t j = 0; j <= i; ++j) {
        if (i != k && j != k && !(i == k + 1 && j == k + 1)) {
          plan_.push_back({i, j});
        }
      }
    }
  }

  // Second pass: A_ij <- A_ij - (A_ik D) A_kj. On the diagonal, without the upper right quarter that nobody reads.
  void subtract_product(std::uint32_t i, std::uint32_t j, std::uint32_t k) {
    if (i != j) {
      subtract_product(i, 0, rows(i), j, 0, rows(j), k);
      return;
    }
    const int half = std::min(rows(i), edge_ / 2);
    subtract_product(i, 0, half, i, 0, half, k);
    if (half < rows(i)) {
      subtract_product(i, half, rows(i), i, 0, rows(i), k);
    }
  }

  // The same for rows [top, bottom) and columns [left, right) of the tile.
  void subtract_product(std::uint32_t i, int top, int bottom, std::uint32_t j, int left, int right, std::uint32_t k) {
    const form of_a = i > k ? form::plain : form::transposed;
    const T* const a = i > k ? a_.tile(i, k) + std::size_t(top) * edge_ : a_.tile(k, i) + top;
    const form of_b = j > k ? form::transposed : form::plain;
    const T* const b = j > k ? panel(j) + std::size_t(left) * edge_ : panel(j) + left;
    blas::gemm(of_a, of_b, bottom - top, right - left, rows(k), -1, a, edge_, b, edge_, 1,
               a_.tile(i, j) + std::size_t(top) * edge_ + left, edge_);
  }

  tiled_triangle<T>& a_;
  core::thread_pool& pool_;
  core::job& job_;
  int edge_;
  buffer<T> panel_;
  buffer<T> pivot_;
  buffer<T> next_pivot_;
  std::vector<tile_place> plan_;
};

}  // namespace

template <class T>
void invert(tiled_triangle<T>& matrix, core::thread_pool& pool, core::job& job, std::string_view stage) {
  if (matrix.n() == 0) {
    return;
  }
  blas::use_one_thread();
  sweep<T>(matrix, pool, job).run(stage);
}

template void invert(tiled_triangle<float>&, core::thread_pool&, core::job&, std::string_view);
template void invert(tiled_triangle<double>&, core::thread_pool&, core::job&, std::string_view);

}  // namespace eunomia::recommend::dense
