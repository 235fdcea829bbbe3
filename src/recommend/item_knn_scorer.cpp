#include "recommend/item_knn_scorer.h"

#include <algorithm>
#include <cassert>
#include <cmath>
#include <numeric>

namespace eunomia::recommend {

item_knn_scorer::item_knn_scorer(std::shared_ptr<const catalogue> items, std::shared_ptr<const neighbour_lists> lists,
                                 std::vector<float> tail, const item_knn_parameters& parameters)
    : scorer(std::move(items)),
      lists_(std::move(lists)),
      tail_(std::move(tail)),
      history_(parameters.history),
      begin_(lists_->items() + 1),
      votes_(lists_->size()) {
  for (item_position j = 0; j < lists_->items(); ++j) {
    for (const neighbour& n : lists_->of(j)) {
      ++begin_[n.item + 1];
    }
  }
  std::partial_sum(begin_.begin(), begin_.end(), begin_.begin());
  std::vector<std::uint64_t> next(begin_.begin(), begin_.end() - 1);
  const bool is_plain = parameters.exponent == 1;
  for (item_position j = 0; j < lists_->items(); ++j) {
    for (const neighbour& n : lists_->of(j)) {
      const float value = is_plain
                              ? n.similarity
                              : static_cast<float>(std::pow(static_cast<double>(n.similarity), parameters.exponent));
      votes_[next[n.item]++] = {j, value};
    }
  }
}

std::vector<preference> item_knn_scorer::heard(const person& who) const {
  std::vector<preference> history = weigh(who.history, history_);
  std::erase_if(history, [&](const preference& p) { return p.item >= tail_.size(); });
  std::sort(history.begin(), history.end(), [](const preference& a, const preference& b) { return a.item < b.item; });
  return history;
}

void item_knn_scorer::score(const person& who, std::span<float> scores) const {
  assert(scores.size() == tail_.size());
  std::fill(scores.begin(), scores.end(), 0.0F);
  for (const preference& p : heard(who)) {
    for (const vote& v : votes_of(p.item)) {
      scores[v.candidate] += p.weight * v.value;
    }
  }
  // Both sides are loaded whatever the choice, so that it is a blend of vectors and no branch: for short histories this
  // pass over all items is most of an answer.
  const float* const tail = tail_.data();
  float* const to = scores.data();
  const std::size_t size = scores.size();
  for (std::size_t j = 0; j < size; ++j) {
    const float personal = to[j];
    const float popular = tail[j];
    to[j] = personal > 0 ? personal : popular;
  }
}

std::vector<scored_item> item_knn_scorer::similar(item_position item, std::size_t count) const {
  const auto list = lists_->of(item);
  std::vector<scored_item> result;
  for (const neighbour& n : list.first(std::min(count, list.size()))) {
    result.push_back({n.item, n.similarity});
  }
  return result;
}

std::vector<contribution> item_knn_scorer::explain(const person& who, item_position item, std::size_t count) const {
  std::vector<contribution> parts;
  double sum = 0;
  for (const preference& p : heard(who)) {
    const auto votes = votes_of(p.item);
    const auto found = std::lower_bound(votes.begin(), votes.end(), item,
                                        [](const vote& v, item_position j) { return v.candidate < j; });
    if (found != votes.end() && found->candidate == item && p.weight * found->value > 0) {
      parts.push_back({p.item, p.weight * found->value});
      sum += static_cast<double>(parts.back().share);
    }
  }
  for (contribution& part : parts) {
    part.share = static_cast<float>(static_cast<double>(part.share) / sum);
  }
  std::stable_sort(parts.begin(), parts.end(),
                   [](const contribution& a, const contribution& b) { return a.share > b.share; });
  parts.resize(std::min(parts.size(), count));
  return parts;
}

}  // namespace eunomia::recommend
