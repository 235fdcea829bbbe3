#pragma once

#include <memory>
#include <mutex>
#include <vector>

#include "recommend/dense/row_sum.h"
#include "recommend/ease.h"
#include "recommend/ease_gram.h"
#include "recommend/ease_trend.h"
#include "recommend/model.h"

namespace eunomia::recommend {

// What an EASE scorer answers from.
struct ease_view {
  std::shared_ptr<const void> owner;          // of the square's memory
  dense::square_view inverse;                 // P
  std::shared_ptr<const matrix_items> items;  // of its rows
  std::vector<bool> alive;                    // of its rows: whether anybody still has the item
  daily_counts days;
  std::int64_t newest = 0;  // event that the model learned from, UTC ms
};

class ease_scorer final : public scorer {
 public:
  ease_scorer(std::shared_ptr<const catalogue> items, const ease_parameters& parameters, ease_view view);

  void score(const person& who, std::span<float> scores) const override;
  std::vector<scored_item> similar(item_position item, std::size_t count) const override;
  void likeness(item_position item, std::span<const item_position> others, std::span<float> likenesses) const override;
  std::vector<contribution> explain(const person& who, item_position item, std::size_t count) const override;

 private:
  // The history as rows of the matrix, ascending, weighed.
  std::vector<dense::weighted_row> weighted_history(std::span<const preference> history) const;
  // The factor that each item's positive score is multiplied by, [catalogue]. The last answer is kept: most people ask
  // today.
  std::shared_ptr<const std::vector<float>> trend_factors(std::int64_t now) const;

  ease_parameters parameters_;
  ease_view view_;
  std::vector<float> scale_;  // -1 / P_jj
  mutable std::mutex mutex_;
  mutable std::int64_t factors_day_ = 0;
  mutable std::shared_ptr<const std::vector<float>> factors_;
};

}  // namespace eunomia::recommend
