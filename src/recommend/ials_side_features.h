#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "recommend/features.h"
#include "recommend/ials_factors.h"
#include "recommend/ials_solver.h"

namespace eunomia::recommend {

// Side features of one side of the factorisation as priors of its factors, after Agarwal, Chen: "Regression-based
// latent factor models" (KDD 2009): y_r ~ N(W' f_r, 1 / lambda_r), where W is fitted to the factors by ridge
// regression, in turn with them.

// The features of one side's rows, CSR; no features at all when `features` is 0.
struct row_features {
  std::uint32_t features = 0;
  std::vector<std::uint64_t> begin;  // rows + 1
  std::vector<feature_value> values;

  bool empty() const { return features == 0; }
  std::size_t rows() const { return begin.empty() ? 0 : begin.size() - 1; }
  std::span<const feature_value> row(std::size_t r) const {
    return {values.data() + begin[r], values.data() + begin[r + 1]};
  }
  std::uint64_t bytes() const { return begin.size() * sizeof(std::uint64_t) + values.size() * sizeof(feature_value); }

  // Without these rows (ascending).
  row_features without(std::span<const std::uint32_t> rows) const;
};

// The features of items: row = item_position. Throws errc::invalid_argument when their number is not `items`, or a
// feature is out of range or not finite.
row_features item_features(const feature_matrix& features, std::size_t items);
// The features of these subjects (ascending); a subject without a row has none. Throws likewise.
row_features user_features(const side_features& features, std::span<const core::subject_handle> subjects);

// out[stride] = W' f.
void predict(std::span<const feature_value> f, const factor_matrix& weights, float* out);
// The predictions for all rows, [rows x factors]; no rows when there are no features.
factor_matrix predict(const row_features& features, const factor_matrix& weights, const ials_machine& machine);

// Moves W, [features x factors], towards the minimum of
//   sum over rows of shrinkage_r |y_r - W' f_r|^2 + ridge * mean(shrinkage) * |W|^2
// by at most `steps` steps of conjugate gradients from where it is. Rows with shrinkage 0 do not count.
void fit(const row_features& features, const factor_matrix& targets, std::span<const float> shrinkage, double ridge,
         std::size_t steps, factor_matrix& weights, const ials_machine& machine);

}  // namespace eunomia::recommend
