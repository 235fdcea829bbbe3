#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "recommend/ials_factors.h"
#include "recommend/ials_side_features.h"
#include "recommend/ials_solver.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// The item side of a factorisation: all that scoring needs, for user factors are folded in from histories.
struct item_factors {
  factor_matrix rows;         // Y, [items x factors], in the principal axes of the Gram matrix of the items learned
  std::vector<float> spread;  // that matrix's diagonal, [stride]
  std::vector<std::uint8_t> known;  // 1: learned from interactions; 2: predicted from its features; 0: neither, row 0
  factor_matrix item_weights;       // W of items, [item features x factors]
  factor_matrix user_weights;       // W of users, [user features x factors]
  std::uint32_t learned = 0;        // items with interactions: |I| of the loss
};

// Alternates half steps over a matrix of preferences, with side features as priors when there are any.
class ials_trainer {
 public:
  // Conjugate gradient steps: of a half step that starts from the last iteration's rows; of one that starts from 0; of
  // fitting the weights of side features.
  static constexpr std::size_t warm_steps = 2;
  static constexpr std::size_t cold_steps = 8;
  static constexpr std::size_t feature_steps = 8;

  // The spans and references must outlive the trainer. users and items may be without features.
  ials_trainer(const preferences& rows, const row_features& users, const row_features& items,
               const ials_objective& objective, double feature_regularisation, const ials_machine& machine);

  // Item factors drawn from N(0, deviation^2 / factors), each from the seed and the item's identifier alone, so that
  // they do not depend on which other items there are.
  void start(std::size_t factors, double deviation, std::uint64_t seed);
  // Goes on from these item factors, with user factors found afresh.
  void resume(const item_factors& from);
  // Users, then items; returns the relative movement of the item factors (Frobenius).
  double iterate();
  // The loss as of the last iteration, without the priors' part.
  double loss() const;
  // The factors as they stand, both in the same axes: [users x factors] and [items x factors].
  const factor_matrix& users() const { return users_; }
  const factor_matrix& items() const { return items_; }
  // In principal axes, with items predicted from their features alone filled in. The trainer is empty then.
  item_factors finish();

 private:
  void rotate_all(const principal_axes& axes);
  factor_matrix prior(const row_features& features, const factor_matrix& weights) const;

  const preferences& preferences_;
  const row_features& user_features_;
  const row_features& item_features_;
  ials_objective objective_;
  double feature_regularisation_;
  ials_machine machine_;

  preferences::columns columns_;
  interaction_rows by_user_;
  interaction_rows by_item_;
  std::vector<float> user_totals_;
  std::vector<float> item_totals_;
  std::vector<float> user_shrinkage_;  // lambda_u
  std::vector<float> item_shrinkage_;  // lambda_i; 0 for items without interactions
  std::size_t learned_items_ = 0;

  factor_matrix users_;
  factor_matrix items_;
  factor_matrix user_weights_;
  factor_matrix item_weights_;
  bool cold_ = true;  // users_ is not yet near its solution
};

}  // namespace eunomia::recommend
