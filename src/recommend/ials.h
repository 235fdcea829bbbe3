#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "recommend/family.h"
#include "recommend/history.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// Matrix factorisation for implicit feedback: user and item factors x, y that minimise
//   sum over pairs that occur of w (<x, y> - 1)^2 + alpha_0 * sum over all pairs of <x, y>^2
//     + lambda * sum over users of (n_u + alpha_0 |I|)^nu |x_u - A' f_u|^2
//     + lambda * sum over items of (n_i + alpha_0 |U|)^nu |y_i - B' f_i|^2
// with n the sum of a row's weights, f side features (none: 0) and A, B fitted by ridge regression in turn with the
// factors. Hu, Koren, Volinsky: "Collaborative filtering for implicit feedback datasets" (ICDM 2008); the
// regularisation and the weights of Rendle, Krichene, Zhang, Koren: "Revisiting the performance of iALS on item
// recommendation benchmarks" (RecSys 2022); the priors of Agarwal, Chen: "Regression-based latent factor models" (KDD
// 2009). Solved by alternating half steps, see ials_solver.cpp.
//
// Scores fold everybody in, known or not: x is the exact minimum for the history at hand, so that the model keeps no
// user factors. Items without interactions are scored by their features, people without a history likewise.
// Forgetting takes the person's row and features out at once and lets the factors re-converge from where they are
// (Xu et al., "Netflix and forget", arXiv 2302.06676); rederive() trains afresh from the seed, bit for bit what a
// training without the person gives. How far two models are apart: model_distance.h.
struct ials_parameters {
  std::uint32_t factors = 128;
  double regularisation = 0.01;        // lambda
  double unobserved_weight = 0.3;      // alpha_0
  double regularisation_exponent = 1;  // nu
  std::uint32_t iterations = 8;        // at most
  double tolerance = 0.001;            // stop when the item factors move relatively less in an iteration
  double stddev = 0.1;                 // item factors start as N(0, stddev^2 / factors)
  std::uint64_t seed = 1;
  double feature_regularisation = 1;        // of the features' weights, relative to the mean lambda_r of the rows
  std::uint32_t forgetting_iterations = 2;  // at most, after a person was taken out
  // Of which columns of metadata it learns; none given: of all.
  std::optional<std::vector<std::string>> item_columns = std::nullopt;
  std::optional<std::vector<std::string>> user_columns = std::nullopt;
  recommend::weighting weighting;
  history_weighting history;
};
BOOST_DESCRIBE_STRUCT(ials_parameters, (),
                      (factors, regularisation, unobserved_weight, regularisation_exponent, iterations, tolerance,
                       stddev, seed, feature_regularisation, forgetting_iterations, item_columns, user_columns,
                       weighting, history))
void check(const ials_parameters& parameters);

const family& ials_family();

}  // namespace eunomia::recommend
