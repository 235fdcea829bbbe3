#pragma once

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include "core/job.h"
#include "core/thread_pool.h"
#include "recommend/ials_factors.h"
#include "recommend/ials_kernels.h"

namespace eunomia::recommend {

// Alternating least squares for the loss of Rendle, Krichene, Zhang, Koren, "Revisiting the Performance of iALS on
// Item Recommendation Benchmarks" (RecSys 2022), equations 2 to 5, on plain arrays; see ials_solver.cpp for how a half
// step is solved. ials.h puts it behind the model interface.

// One side's interactions, a sparse matrix in rows (CSR): row r has the columns column[begin[r]..begin[r + 1]).
struct interaction_rows {
  std::span<const std::uint64_t> begin;   // rows + 1
  std::span<const std::uint32_t> column;  // positions on the other side
  std::span<const std::uint16_t> weight;  // quanta; empty: all weigh 1
  float quantum = 1;                      // what one quantum of weight is worth

  std::size_t rows() const { return begin.size() - 1; }
  std::size_t count(std::size_t r) const { return begin[r + 1] - begin[r]; }
  // The sum of row r's weights.
  float total(std::size_t r) const {
    if (weight.empty()) {
      return static_cast<float>(count(r));
    }
    return quantum * static_cast<float>(std::accumulate(weight.begin() + begin[r], weight.begin() + begin[r + 1], 0U));
  }
};

struct ials_objective {
  double regularisation = 0.003;       // lambda
  double unobserved_weight = 0.1;      // alpha_0: the weight of every pair's pull towards 0
  double regularisation_exponent = 1;  // nu

  // lambda_r = lambda * (interactions + alpha_0 * other_side)^nu, the weight of |row|^2, for a row whose interactions'
  // weights sum to that, when the other side has `other_side` rows.
  double row_regularisation(double interactions, std::size_t other_side) const;
};

// What the solver runs on.
struct ials_machine {
  core::thread_pool& pool;
  core::job& job;
  const ials_kernels& kernels = best_ials_kernels();
};

// The Gram matrix rows' rows, [stride x stride] double, row-major, symmetric. The rows are summed in blocks of fixed
// size, the blocks in order: the same bits at any number of threads.
std::vector<double> gram(const factor_matrix& rows, const ials_machine& machine);

// The eigenvectors (columns of `basis`, [stride x stride] float32; identity on the padding) and eigenvalues (`spread`,
// [stride], ascending, >= 0; 0 on the padding) of a Gram matrix.
struct principal_axes {
  factor_matrix basis;
  std::vector<float> spread;
};
principal_axes principal_axes_of(std::span<const double> gram, std::size_t factors);

// rows = rows * axes.basis.
void rotate(factor_matrix& rows, const principal_axes& axes, const ials_machine& machine);

// One half step: moves every row x of `solved` towards the minimum of its own quadratic,
//   sum over its interactions of w (<x, y> - 1)^2 + alpha_0 x' Y'Y x + lambda_x |x - prior_x|^2,
// by `steps` steps of preconditioned conjugate gradients from where it is. `fixed` (Y) and `solved` must be in the
// principal axes of Y'Y, whose eigenvalues are `spread`; `totals` are the sums of weights of the fixed side's rows.
// other_side: how many rows lambda counts there. Rows without interactions become 0. `prior` is empty, or has one row
// for each of `solved`. Returns the relative movement: |new - old| / |new| over all rows with interactions (Frobenius
// norms). Throws errc::cancelled, with `solved` half-way.
double solve_half(const interaction_rows& interactions, const factor_matrix& fixed, std::span<const float> totals,
                  std::span<const float> spread, const ials_objective& objective, std::size_t other_side,
                  const factor_matrix& prior, std::size_t steps, factor_matrix& solved, const ials_machine& machine);

// The loss, without priors: of interactions [users x items] and the same transposed.
double ials_loss(const interaction_rows& interactions, const interaction_rows& transposed, const factor_matrix& users,
                 const factor_matrix& items, const ials_objective& objective, const ials_machine& machine);

}  // namespace eunomia::recommend
