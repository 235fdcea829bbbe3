#pragma once

#include <memory>
#include <span>
#include <vector>

#include "recommend/history.h"
#include "recommend/ials_kernels.h"
#include "recommend/ials_trainer.h"
#include "recommend/model.h"

namespace eunomia::recommend {

// Answers from item factors: folds the person in by the exact solution of their own quadratic, then one product with
// all items.
class ials_scorer final : public scorer {
 public:
  // user_features: the names of the features of factors.user_weights, in byte order, as a catalogue keeps names.
  ials_scorer(std::shared_ptr<const catalogue> items, item_factors factors, const ials_objective& objective,
              const history_weighting& history, std::shared_ptr<const catalogue> user_features = {},
              const ials_kernels& kernels = best_ials_kernels());

  void score(const person& who, std::span<float> scores) const override;
  std::vector<feature_value> features_of(std::span<const std::string> names) const override;
  // By the cosine of the items' factors.
  std::vector<scored_item> similar(item_position item, std::size_t count) const override;
  void likeness(item_position item, std::span<const item_position> others, std::span<float> likenesses) const override;
  // Hu, Koren, Volinsky 2008, section 5: the score is the sum over the history's items j of w_j y_i' A^-1 y_j, with A
  // the matrix of the person's quadratic. Shares are of the positive terms that are returned.
  std::vector<contribution> explain(const person& who, item_position item, std::size_t count) const override;

  // The person's factors, [1 x factors], that scores are products with.
  factor_matrix user_factor(const person& who) const;
  const item_factors& factors() const { return factors_; }

 private:
  struct folded;
  // The history that counts, and its quadratic's factorised matrix.
  folded fold_in(const person& who) const;
  // Makes the triangle anew, with more on its diagonal. False when a pivot is not positive all the same.
  bool factorise_stiffened(folded& of, float shrinkage) const;

  item_factors factors_;
  std::vector<float> norms_;  // of the items' rows
  ials_objective objective_;
  history_weighting history_;
  std::shared_ptr<const catalogue> user_features_;  // may be null
  const ials_kernels& kernels_;
};

}  // namespace eunomia::recommend
