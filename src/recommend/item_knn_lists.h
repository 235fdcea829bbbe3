#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "recommend/catalogue.h"
#include "recommend/cooccurrence.h"
#include "recommend/item_knn.h"
#include "recommend/model.h"

namespace eunomia::recommend {

// An item of the history that speaks for a candidate, and how much (before the exponent).
struct neighbour {
  item_position item;
  float similarity;  // above 0

  // The more similar first, then by position: a strict order, so that a cut after k is one.
  friend bool operator<(const neighbour& a, const neighbour& b) {
    return a.similarity != b.similarity ? a.similarity > b.similarity : a.item < b.item;
  }
};

// s_ij of item_knn.h as a function of integers: the same double operations wherever it is asked.
class item_similarity {
 public:
  item_similarity(const item_knn_parameters& parameters, std::uint32_t quanta_per_unit,
                  std::span<const std::uint64_t> diagonal);

  // Of element c of row j to neighbour c.item; 0: none. Never for the diagonal.
  float of(item_position candidate, const cooccurrence& c) const { return of(c.item, candidate, c); }
  float of(item_position in_history, item_position candidate, const cooccurrence& c) const {
    if (c.people < minimum_people_) {
      return 0;
    }
    const auto count = static_cast<double>(c.weight);
    const double shrunk = shrinkage_ == 0 ? count : count * (count / (count + shrinkage_));
    return static_cast<float>(shrunk * by_history_[in_history] * by_candidate_[candidate]);
  }
  bool needs_people() const { return minimum_people_ > 0; }
  // Sets the diagonal element of one item anew. True when no similarity of the item in the history has shrunk, which a
  // smaller element cannot do but for the rounding of pow().
  bool set(item_position item, std::uint64_t diagonal);

 private:
  double discount_;
  double shrinkage_;                  // squared quanta
  std::uint32_t minimum_people_;      // 0: any
  std::vector<double> by_history_;    // C_ii^-(1 - popularity_discount)
  std::vector<double> by_candidate_;  // C_jj^-popularity_discount
};

// Keeps the nearest of many: what cannot be among them is dropped at once, the rest is cut whenever it is twice too
// much.
class nearest_neighbours {
 public:
  void start(std::uint32_t limit) {
    limit_ = limit;
    least_ = 0;
    kept_.clear();
  }
  void offer(neighbour n) {
    if (n.similarity >= least_ && n.similarity > 0) {
      kept_.push_back(n);
      if (kept_.size() >= 2 * std::size_t{limit_} + slack) {
        cut();
      }
    }
  }
  // In order, at most limit of them.
  std::span<const neighbour> finish();

 private:
  static constexpr std::size_t slack = 64;
  void cut();

  std::uint32_t limit_ = 0;
  float least_ = 0;  // with limit_ better ones kept, what is less similar is out
  std::vector<neighbour> kept_;
};

// What similarities are counted from after some rows are gone.
struct remaining_counts {
  const cooccurrence_rows& counts;
  const item_similarity& similarity;  // with the diagonal of those who remain
  const std::vector<bool>& gone;      // rows of the preferences
};

// For each candidate its nearest neighbours, best first.
class neighbour_lists {
 public:
  neighbour_lists() = default;
  neighbour_lists(std::uint32_t items, std::uint32_t limit) : limit_(limit), lists_(items) {}

  std::uint32_t items() const { return static_cast<std::uint32_t>(lists_.size()); }
  std::span<const neighbour> of(item_position candidate) const { return lists_[candidate]; }
  std::uint64_t size() const;

  // Makes the list of these, which are in order and not too many.
  void assign(item_position candidate, std::span<const neighbour> nearest) {
    lists_[candidate].assign(nearest.begin(), nearest.end());
  }
  // Brings the lists up to date when the rows gone leave; changed: ascending, at least the items of those rows, none of
  // whose similarities to other items has shrunk. The lists are then those that find_neighbours() gives without the
  // rows. See item_knn.h for why.
  void recount(const remaining_counts& remaining, std::span<const item_position> changed,
               const training_context& context);

  // The similarities of changed items to all candidates that are held at a time, in bytes.
  static constexpr std::size_t recount_bytes = std::size_t{64} << 20;

 private:
  // Puts items with new similarities to a candidate into its list, in the place of the old entries of replaced items,
  // all of which are among those offered.
  void merge(item_position candidate, std::span<neighbour> offered, const std::vector<bool>& replaced,
             std::vector<neighbour>& scratch);

  std::uint32_t limit_ = 0;
  std::vector<std::vector<neighbour>> lists_;
};

// All lists from scratch, in parallel.
neighbour_lists find_neighbours(const cooccurrence_rows& counts, const item_similarity& similarity, std::uint32_t limit,
                                const training_context& context);

}  // namespace eunomia::recommend
