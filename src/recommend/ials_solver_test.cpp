#include "recommend/ials_solver.h"

#include <gtest/gtest.h>

#include <Eigen/Dense>
#include <random>
#include <vector>

#include "recommend/ials_trainer.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

using testing::random_shop;
using testing::workshop;

Eigen::MatrixXd dense(const factor_matrix& rows) {
  Eigen::MatrixXd result(rows.rows(), rows.factors());
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    for (std::size_t j = 0; j < rows.factors(); ++j) {
      result(static_cast<Eigen::Index>(r), static_cast<Eigen::Index>(j)) = rows.row(r)[j];
    }
  }
  return result;
}

// A half step by the book, in double precision: every row of x by its own factorised matrix.
void naive_half(const Eigen::MatrixXd& weights, const Eigen::MatrixXd& y, const ials_objective& objective,
                std::size_t other_side, Eigen::MatrixXd& x) {
  const Eigen::Index d = y.cols();
  const Eigen::MatrixXd everywhere = objective.unobserved_weight * y.transpose() * y;
  for (Eigen::Index r = 0; r < x.rows(); ++r) {
    const double lambda = objective.row_regularisation(weights.row(r).sum(), other_side);
    const Eigen::MatrixXd a =
        everywhere + lambda * Eigen::MatrixXd::Identity(d, d) + y.transpose() * weights.row(r).asDiagonal() * y;
    x.row(r) = a.llt().solve(y.transpose() * weights.row(r).transpose()).transpose();
  }
}

Eigen::MatrixXd dense(const preferences& rows) {
  Eigen::MatrixXd result = Eigen::MatrixXd::Zero(rows.rows(), rows.items->size());
  for (std::uint32_t u = 0; u < rows.rows(); ++u) {
    for (const preference& one : rows.history_of(u)) {
      result(u, one.item) = one.weight;
    }
  }
  return result;
}

const row_features none;

struct shop_case {
  double unobserved_weight;
  double exponent;
  bool weighted;
};

class against_a_dense_solver : public ::testing::TestWithParam<shop_case> {};

// Enough steps of conjugate gradients are the exact solution; rotations do not show in scores.
TEST_P(against_a_dense_solver, iterations_give_the_same_factors_up_to_a_rotation) {
  const unsigned seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  weighting how;
  if (GetParam().weighted) {
    how.event_weights = {{"view", 0.3}};
  }
  const preferences rows = prepare(random_shop(random, 40, 30, 8), how);
  const ials_objective objective{0.02, GetParam().unobserved_weight, GetParam().exponent};
  const std::size_t factors = 6;
  workshop shop;
  const ials_machine machine{shop.pool, shop.job};
  const auto columns = rows.transposed();
  const float quantum = rows.weight_in_units(1);
  const interaction_rows by_user{rows.row_begin, rows.item, rows.weight, quantum};
  const interaction_rows by_item{columns.begin, columns.row, columns.weight, quantum};

  factor_matrix items(by_item.rows(), factors);
  factor_matrix users(by_user.rows(), factors);
  std::normal_distribution<float> normal(0, 0.3F);
  for (std::size_t i = 0; i < items.rows(); ++i) {
    for (std::size_t j = 0; j < factors; ++j) {
      items.row(i)[j] = normal(random);
    }
  }
  std::vector<float> user_totals;
  std::vector<float> item_totals;
  for (std::size_t u = 0; u < by_user.rows(); ++u) {
    user_totals.push_back(by_user.total(u));
  }
  for (std::size_t i = 0; i < by_item.rows(); ++i) {
    item_totals.push_back(by_item.total(i));
  }
  const Eigen::MatrixXd weights = dense(rows);
  Eigen::MatrixXd x = Eigen::MatrixXd::Zero(weights.rows(), factors);
  Eigen::MatrixXd y = dense(items);
  double loss = std::numeric_limits<double>::infinity();
  for (int iteration = 0; iteration < 3; ++iteration) {
    naive_half(weights, y, objective, items.rows(), x);
    naive_half(weights.transpose(), x, objective, users.rows(), y);
    auto axes = principal_axes_of(gram(items, machine), factors);
    rotate(items, axes, machine);
    rotate(users, axes, machine);
    (void)solve_half(by_user, items, item_totals, axes.spread, objective, items.rows(), {}, 30, users, machine);
    axes = principal_axes_of(gram(users, machine), factors);
    rotate(items, axes, machine);
    rotate(users, axes, machine);
    (void)solve_half(by_item, users, user_totals, axes.spread, objective, users.rows(), {}, 30, items, machine);
    const double now = ials_loss(by_user, by_item, users, items, objective, machine);
    EXPECT_LT(now, loss * (1 + 1e-6));
    loss = now;
  }
  // Equal Gram matrices of the rows of both sides are equal factors up to a rotation.
  const Eigen::MatrixXd ours = dense(items);
  EXPECT_LT((ours * ours.transpose() - y * y.transpose()).norm(), 1e-4 * (y * y.transpose()).norm());
  EXPECT_LT((dense(users) * ours.transpose() - x * y.transpose()).norm(), 1e-4 * (x * y.transpose()).norm());
}

INSTANTIATE_TEST_SUITE_P(for_losses, against_a_dense_solver,
                         ::testing::Values(shop_case{0.3, 1, false}, shop_case{0.05, 0.5, false}, shop_case{1, 0, true},
                                           shop_case{0.1, 1, true}),
                         [](const auto& one) { return fmt::format("number_{}", one.index); });

TEST(ials_solver, few_steps_lower_the_loss_like_many) {
  std::mt19937_64 random(3);
  const preferences rows = prepare(random_shop(random, 300, 120, 12), {});
  workshop shop;
  ials_trainer trainer(rows, none, none, {0.01, 0.1, 1}, 1, {shop.pool, shop.job});
  trainer.start(16, 0.1, 1);
  double before = std::numeric_limits<double>::infinity();
  for (int iteration = 0; iteration < 8; ++iteration) {
    (void)trainer.iterate();
    EXPECT_LT(trainer.loss(), before * (1 + 1e-6));
    before = trainer.loss();
  }
}

// Beyond the threshold the gathers read halves: the loss must not show it.
TEST(ials_solver, half_precision_gathers_reach_the_loss_of_single_precision) {
  std::mt19937_64 random(4);
  const preferences rows = prepare(random_shop(random, 5000, 4500, 6), {});
  workshop shop;
  const auto loss_with = [&](const ials_kernels& kernels) {
    ials_trainer trainer(rows, none, none, {0.003, 0.1, 1}, 1, {shop.pool, shop.job, kernels});
    trainer.start(64, 0.1, 1);
    for (int iteration = 0; iteration < 4; ++iteration) {
      (void)trainer.iterate();
    }
    return trainer.loss();
  };
  ials_kernels single = best_ials_kernels();
  single.fast_half = false;
  const double exact = loss_with(single);
  EXPECT_NEAR(loss_with(best_ials_kernels()), exact, 1e-3 * exact);
}

TEST(ials_solver, gives_the_same_bits_at_any_number_of_threads) {
  std::mt19937_64 random(5);
  const preferences rows = prepare(random_shop(random, 5000, 4500, 6), {});
  std::vector<float> first;
  for (const unsigned threads : {1U, 2U, 3U, 5U}) {
    workshop shop(threads);
    ials_trainer trainer(rows, none, none, {0.003, 0.1, 1}, 1, {shop.pool, shop.job});
    trainer.start(64, 0.1, 1);
    (void)trainer.iterate();
    (void)trainer.iterate();
    const item_factors factors = trainer.finish();
    std::vector<float> bits(factors.rows.all().begin(), factors.rows.all().end());
    if (first.empty()) {
      first = bits;
    }
    EXPECT_TRUE(bits == first) << threads << " threads";
  }
}

}  // namespace
}  // namespace eunomia::recommend
