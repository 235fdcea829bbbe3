#pragma once

#include <memory>
#include <vector>

#include "recommend/item_knn.h"
#include "recommend/item_knn_lists.h"
#include "recommend/model.h"

namespace eunomia::recommend {

// Answers from neighbour lists. They are kept turned around, by the item of the history, so that an answer touches only
// the candidates that the history speaks for.
class item_knn_scorer final : public scorer {
 public:
  // tail: see popular_tail().
  item_knn_scorer(std::shared_ptr<const catalogue> items, std::shared_ptr<const neighbour_lists> lists,
                  std::vector<float> tail, const item_knn_parameters& parameters);

  void score(const person& who, std::span<float> scores) const override;
  std::vector<scored_item> similar(item_position item, std::size_t count) const override;
  std::vector<contribution> explain(const person& who, item_position item, std::size_t count) const override;

  const std::shared_ptr<const neighbour_lists>& lists() const { return lists_; }

 private:
  struct vote {
    item_position candidate;
    float value;  // similarity^exponent
  };
  // The history as it counts: weighed, known items only, by position, so that sums do not depend on its order.
  std::vector<preference> heard(const person& who) const;
  std::span<const vote> votes_of(item_position item) const {
    return {votes_.data() + begin_[item], votes_.data() + begin_[item + 1]};
  }

  std::shared_ptr<const neighbour_lists> lists_;
  std::vector<float> tail_;
  history_weighting history_;
  std::vector<std::uint64_t> begin_;  // items + 1
  std::vector<vote> votes_;           // by candidate within an item
};

}  // namespace eunomia::recommend
