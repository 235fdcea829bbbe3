// How a half step is solved, and why so.
//
// With Y fixed, row x solves (alpha_0 Y'Y + lambda_x I + sum of w y y') x = sum of w y. Three ways, for n interactions
// and d factors: forming and factorising the matrix costs n d^2 + d^3 / 3 multiply-adds; conjugate gradients cost
// 2 n d + d^2 a step; coordinate blocks lie between. At n = 145, d = 128 a step is 40 times cheaper than the first,
// and the rows of Y it gathers (74 KB) stay in L2 from one step to the next: the bound is reading them once from L3.
// So conjugate gradients, from the last iteration's x, with as few steps as do not show in the result:
//
// Both sides are first rotated into the principal axes of Y'Y, which changes no score. There alpha_0 Y'Y + lambda_x I
// is diagonal: its product is d multiply-adds instead of d^2. With n times the mean of y^2 over all interactions added,
// it is also a preconditioner so good that two steps leave nDCG, iteration by iteration, where the exact solution has
// it. The last step needs the length of its direction only, which is one inner product an interaction.
//
// What remains is bound by the bytes of Y that are read, from L3 or DRAM. When Y does not fit a core's L2, the gathers
// read a copy of it in half precision (11 bits, scaled by a power of two into its range), which halves them; x, the
// Gram matrix and all sums stay float32 or wider. It halves the time and changes nDCG in the fifth decimal.

#include "recommend/ials_solver.h"

#include <Eigen/Eigenvalues>
#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace eunomia::recommend {

namespace {

constexpr std::size_t gram_block = 1024;            // rows summed in float32 before the sum goes on in double
constexpr std::uint64_t batch_interactions = 8192;  // a batch of rows that one thread takes at a time
constexpr std::size_t batch_rows = 512;
constexpr std::size_t rotation_block = 256;                   // rows
constexpr std::size_t half_threshold = std::size_t{1} << 20;  // bytes: half a core's L2 on current servers

// Consecutive rows with about as many interactions in each batch: batch b is rows [result[b], result[b + 1]).
std::vector<std::size_t> batches_of(const interaction_rows& interactions) {
  std::vector<std::size_t> result = {0};
  for (std::size_t r = 0; r < interactions.rows(); ++r) {
    const std::size_t first = result.back();
    if (interactions.begin[r + 1] - interactions.begin[first] >= batch_interactions || r + 1 - first >= batch_rows) {
      result.push_back(r + 1);
    }
  }
  if (result.back() != interactions.rows()) {
    result.push_back(interactions.rows());
  }
  return result;
}

// The fixed side as the gathers read it: as it is, or a copy in half precision of scale * rows.
class gathered_rows {
 public:
  gathered_rows(const factor_matrix& rows, const ials_machine& machine) : rows_(rows), kernels_(machine.kernels) {
    const std::size_t size = rows.rows() * rows.stride();
    if (!kernels_.fast_half || size * sizeof(float) <= half_threshold) {
      return;
    }
    const std::size_t blocks = (rows.rows() + rotation_block - 1) / rotation_block;
    std::vector<float> largest(blocks);
    machine.pool.for_each(blocks, [&](std::size_t b, unsigned) {
      for (const float value : block(b)) {
        largest[b] = std::max(largest[b], std::fabs(value));
      }
    });
    const float maximum = *std::max_element(largest.begin(), largest.end());
    if (maximum > 0 && std::isfinite(maximum)) {
      // The largest becomes 1024 to 2048, so that products of rows are far from both ends of the range.
      scale_ = std::ldexp(1.0F, 10 - std::ilogb(maximum));
    }
    halves_ = factor_matrix(rows.rows(), rows.stride() / 2);  // only for its storage: half as many floats
    halved_ = reinterpret_cast<ials_kernels::half*>(halves_.data());
    machine.pool.for_each(blocks, [&](std::size_t b, unsigned) {
      const std::span<const float> from = block(b);
      kernels_.to_half(from.data(), from.size(), scale_, halved_ + (from.data() - rows_.data()));
    });
  }

  // What the rows are multiplied with; a power of two.
  float scale() const { return scale_; }

  void weighted_sum(const std::uint32_t* column, const std::uint16_t* weight, float quantum, std::size_t count,
                    const float* direction, float target, float* out) const {
    halved_
        ? kernels_.weighted_sum_half(halved_, rows_.stride(), column, weight, quantum, count, direction, target, out)
        : kernels_.weighted_sum(rows_.data(), rows_.stride(), column, weight, quantum, count, direction, target, out);
  }
  float weighted_square(const std::uint32_t* column, const std::uint16_t* weight, float quantum, std::size_t count,
                        const float* direction) const {
    return halved_ ? kernels_.weighted_square_half(halved_, rows_.stride(), column, weight, quantum, count, direction)
                   : kernels_.weighted_square(rows_.data(), rows_.stride(), column, weight, quantum, count, direction);
  }

 private:
  std::span<const float> block(std::size_t b) const {
    return rows_.all()
        .subspan(b * rotation_block * rows_.stride())
        .first(std::min(rotation_block, rows_.rows() - b * rotation_block) * rows_.stride());
  }

  const factor_matrix& rows_;
  const ials_kernels& kernels_;
  factor_matrix halves_;
  ials_kernels::half* halved_ = nullptr;
  float scale_ = 1;
};

// The mean of y^2 over all interactions (with their weights), elementwise: [stride].
std::vector<float> mean_square(const factor_matrix& fixed, std::span<const float> totals, const ials_machine& machine) {
  const std::size_t d = fixed.stride();
  const std::size_t blocks = (fixed.rows() + gram_block - 1) / gram_block;
  factor_matrix sums(blocks, d);
  machine.pool.for_each(blocks, [&](std::size_t b, unsigned) {
    float* sum = sums.row(b);
    const std::size_t end = std::min((b + 1) * gram_block, fixed.rows());
    for (std::size_t r = b * gram_block; r < end; ++r) {
      const float* y = fixed.row(r);
      for (std::size_t j = 0; j < d; ++j) {
        sum[j] += totals[r] * y[j] * y[j];
      }
    }
  });
  std::vector<double> all(d);
  for (std::size_t b = 0; b < blocks; ++b) {
    for (std::size_t j = 0; j < d; ++j) {
      all[j] += sums.row(b)[j];
    }
  }
  double total = 0;
  for (const float weight : totals) {
    total += weight;
  }
  std::vector<float> result(d);
  for (std::size_t j = 0; j < d && total > 0; ++j) {
    result[j] = static_cast<float>(all[j] / total);
  }
  return result;
}

// One row's conjugate gradients, in units where the gathered rows are what they are: x times 1 / scale of them, and
// lambda and alpha_0 Y'Y times scale^2. The vectors live as long as the batch.
class row_solver {
 public:
  // base: alpha_0 * spread; mean: mean_square() of the fixed side.
  row_solver(const interaction_rows& interactions, const gathered_rows& fixed, std::span<const float> base,
             std::span<const float> mean, const ials_kernels& kernels)
      : interactions_(interactions),
        fixed_(fixed),
        base_(base),
        mean_(mean),
        kernels_(kernels),
        vectors_(7, base.size()) {}

  // Moves x by `steps` steps; prior may be null. Adds |new - old|^2 and |new|^2.
  void solve(std::size_t r, float shrinkage, const float* prior, std::size_t steps, float* unscaled, double& moved,
             double& length) {
    const std::size_t d = base_.size();
    const float scale = fixed_.scale();
    const float square = scale * scale;
    float* x = vectors_.row(0);
    float* diagonal = vectors_.row(1);  // of alpha_0 Y'Y + lambda I
    float* inverse = vectors_.row(2);   // of the preconditioner
    float* residual = vectors_.row(3);
    float* direction = vectors_.row(4);
    float* image = vectors_.row(5);
    float* scaled = vectors_.row(6);
    const std::uint64_t begin = interactions_.begin[r];
    const std::size_t n = interactions_.count(r);
    const std::uint32_t* column = interactions_.column.data() + begin;
    const std::uint16_t* weight = interactions_.weight.empty() ? nullptr : interactions_.weight.data() + begin;
    const float quantum = interactions_.quantum;
    const float total = interactions_.total(r);

    for (std::size_t j = 0; j < d; ++j) {
      x[j] = unscaled[j] / scale;
      diagonal[j] = (base_[j] + shrinkage) * square;
      inverse[j] = 1 / (diagonal[j] + total * mean_[j] * square);
    }
    fixed_.weighted_sum(column, weight, quantum, n, x, 1, residual);
    for (std::size_t j = 0; j < d; ++j) {
      residual[j] -= diagonal[j] * x[j] - (prior ? shrinkage * scale * prior[j] : 0);
      direction[j] = inverse[j] * residual[j];
    }
    float energy = product(residual, direction);
    for (std::size_t step = 1; step <= steps && energy > 0; ++step) {
      for (std::size_t j = 0; j < d; ++j) {
        scaled[j] = diagonal[j] * direction[j];
      }
      const bool last = step == steps;
      float curvature = product(direction, scaled);
      if (last) {
        curvature += fixed_.weighted_square(column, weight, quantum, n, direction);
      } else {
        fixed_.weighted_sum(column, weight, quantum, n, direction, 0, image);
        curvature -= product(direction, image);
      }
      if (!(curvature > 0)) {
        break;
      }
      const float stride = energy / curvature;
      for (std::size_t j = 0; j < d; ++j) {
        x[j] += stride * direction[j];
      }
      if (last) {
        break;
      }
      for (std::size_t j = 0; j < d; ++j) {
        residual[j] -= stride * (scaled[j] - image[j]);
        image[j] = inverse[j] * residual[j];
      }
      const float next = product(residual, image);
      const float keep = next / energy;
      for (std::size_t j = 0; j < d; ++j) {
        direction[j] = image[j] + keep * direction[j];
      }
      energy = next;
    }
    for (std::size_t j = 0; j < d; ++j) {
      const float value = x[j] * scale;
      const double difference = double{value} - unscaled[j];
      moved += difference * difference;
      length += double{value} * value;
      unscaled[j] = value;
    }
  }

 private:
  float product(const float* a, const float* b) const {
    float result;
    kernels_.inner_products(a, base_.size(), 1, b, &result);
    return result;
  }

  const interaction_rows& interactions_;
  const gathered_rows& fixed_;
  std::span<const float> base_;
  std::span<const float> mean_;
  const ials_kernels& kernels_;
  factor_matrix vectors_;
};

}  // namespace

double ials_objective::row_regularisation(double interactions, std::size_t other_side) const {
  return regularisation *
         std::pow(interactions + unobserved_weight * static_cast<double>(other_side), regularisation_exponent);
}

std::vector<double> gram(const factor_matrix& rows, const ials_machine& machine) {
  const std::size_t d = rows.stride();
  const std::size_t blocks = (rows.rows() + gram_block - 1) / gram_block;
  std::vector<double> result(d * d);
  // Waves of blocks, so that the partial sums take a bounded amount of memory.
  constexpr std::size_t wave = 64;
  factor_matrix partial(std::min(wave, blocks) * d, d);
  for (std::size_t first = 0; first < blocks; first += wave) {
    machine.job.check();
    const std::size_t count = std::min(wave, blocks - first);
    machine.pool.for_each(count, [&](std::size_t b, unsigned) {
      float* sum = partial.row(b * d);
      std::fill_n(sum, d * d, 0.0F);
      const std::size_t begin = (first + b) * gram_block;
      machine.kernels.add_gram(rows.row(begin), d, std::min(gram_block, rows.rows() - begin), sum);
    });
    machine.pool.for_each(d, [&](std::size_t i, unsigned) {
      for (std::size_t b = 0; b < count; ++b) {
        const float* sum = partial.row(b * d + i);
        for (std::size_t j = i; j < d; ++j) {
          result[i * d + j] += sum[j];
        }
      }
    });
  }
  for (std::size_t i = 0; i < d; ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      result[i * d + j] = result[j * d + i];
    }
  }
  return result;
}

principal_axes principal_axes_of(std::span<const double> gram, std::size_t factors) {
  const std::size_t d = factor_matrix::stride_of(factors);
  using matrix = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  const auto n = static_cast<Eigen::Index>(factors);
  const Eigen::MatrixXd square =
      Eigen::Map<const matrix>(gram.data(), static_cast<Eigen::Index>(d), static_cast<Eigen::Index>(d))
          .topLeftCorner(n, n);
  const Eigen::SelfAdjointEigenSolver<Eigen::MatrixXd> solver(square);
  principal_axes axes{factor_matrix(d, d), std::vector<float>(d)};
  for (std::size_t i = 0; i < d; ++i) {
    if (i >= factors) {
      axes.basis.row(i)[i] = 1;
      continue;
    }
    axes.spread[i] = static_cast<float>(std::max(0.0, solver.eigenvalues()[static_cast<Eigen::Index>(i)]));
    for (std::size_t j = 0; j < factors; ++j) {
      axes.basis.row(i)[j] =
          static_cast<float>(solver.eigenvectors()(static_cast<Eigen::Index>(i), static_cast<Eigen::Index>(j)));
    }
  }
  return axes;
}

void rotate(factor_matrix& rows, const principal_axes& axes, const ials_machine& machine) {
  const std::size_t d = rows.stride();
  const std::size_t blocks = (rows.rows() + rotation_block - 1) / rotation_block;
  factor_matrix scratch(machine.pool.size() * rotation_block, d);
  machine.pool.for_each(blocks, [&](std::size_t b, unsigned worker) {
    const std::size_t begin = b * rotation_block;
    const std::size_t count = std::min(rotation_block, rows.rows() - begin);
    float* rotated = scratch.row(worker * rotation_block);
    machine.kernels.multiply(rows.row(begin), d, count, axes.basis.data(), rotated);
    std::copy_n(rotated, count * d, rows.row(begin));
  });
}

double solve_half(const interaction_rows& interactions, const factor_matrix& fixed, std::span<const float> totals,
                  std::span<const float> spread, const ials_objective& objective, std::size_t other_side,
                  const factor_matrix& prior, std::size_t steps, factor_matrix& solved, const ials_machine& machine) {
  assert(totals.size() == fixed.rows() && spread.size() == fixed.stride());
  assert(solved.rows() == interactions.rows() && solved.stride() == fixed.stride());
  const std::size_t d = fixed.stride();
  std::vector<float> base(d);
  for (std::size_t j = 0; j < d; ++j) {
    base[j] = static_cast<float>(objective.unobserved_weight) * spread[j];
  }
  const std::vector<float> mean = mean_square(fixed, totals, machine);
  const gathered_rows gathered(fixed, machine);
  const std::vector<std::size_t> batches = batches_of(interactions);
  std::vector<double> moved(batches.size() - 1);
  std::vector<double> length(batches.size() - 1);
  machine.pool.for_each(batches.size() - 1, [&](std::size_t b, unsigned) {
    machine.job.check();
    row_solver solver(interactions, gathered, base, mean, machine.kernels);
    for (std::size_t r = batches[b]; r < batches[b + 1]; ++r) {
      float* x = solved.row(r);
      if (interactions.count(r) == 0) {
        std::fill_n(x, d, 0.0F);
        continue;
      }
      const auto shrinkage = static_cast<float>(objective.row_regularisation(interactions.total(r), other_side));
      const float* expected = prior.rows() == 0 ? nullptr : prior.row(r);
      solver.solve(r, shrinkage, expected, steps, x, moved[b], length[b]);
    }
  });
  const double all_moved = std::accumulate(moved.begin(), moved.end(), 0.0);
  const double all_length = std::accumulate(length.begin(), length.end(), 0.0);
  return all_length > 0 ? std::sqrt(all_moved / all_length) : 0;
}

double ials_loss(const interaction_rows& interactions, const interaction_rows& transposed, const factor_matrix& users,
                 const factor_matrix& items, const ials_objective& objective, const ials_machine& machine) {
  const std::size_t d = users.stride();
  const auto regularisation = [&](const factor_matrix& rows, const interaction_rows& theirs, std::size_t other,
                                  std::size_t r) {
    float square;
    machine.kernels.inner_products(rows.row(r), d, 1, rows.row(r), &square);
    return theirs.count(r) == 0 ? 0.0 : objective.row_regularisation(theirs.total(r), other) * square;
  };
  std::vector<double> loss(users.rows() + items.rows());
  machine.pool.for_each(users.rows(), [&](std::size_t u, unsigned) {
    for (std::uint64_t k = interactions.begin[u]; k < interactions.begin[u + 1]; ++k) {
      float score;
      machine.kernels.inner_products(items.row(interactions.column[k]), d, 1, users.row(u), &score);
      const double weight = interactions.weight.empty() ? 1.0 : interactions.weight[k] * double{interactions.quantum};
      loss[u] += weight * (score - 1.0) * (score - 1.0);
    }
    loss[u] += regularisation(users, interactions, items.rows(), u);
  });
  for (std::size_t i = 0; i < items.rows(); ++i) {
    loss[users.rows() + i] = regularisation(items, transposed, users.rows(), i);
  }
  const std::vector<double> users_gram = gram(users, machine);
  const std::vector<double> items_gram = gram(items, machine);
  const double everywhere = std::inner_product(users_gram.begin(), users_gram.end(), items_gram.begin(), 0.0);
  return std::accumulate(loss.begin(), loss.end(), objective.unobserved_weight * everywhere);
}

}  // namespace eunomia::recommend
