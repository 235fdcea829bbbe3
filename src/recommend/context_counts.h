#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "recommend/catalogue.h"
#include "recommend/dataset.h"

namespace eunomia::recommend {

// How often items occur in each of the circumstances that a column of interactions tells, such as a device, counted
// when a question first asks for it, and anew by the first question after renewed_after_ms; others are answered by the
// old counts meanwhile. Where somebody of the old counts refuses since, or is forgotten, all wait for new ones. Any
// thread.
class context_counts {
 public:
  static constexpr std::int64_t renewed_after_ms = std::int64_t{10} * 60 * 1000;

  using counting = std::function<item_value_counts()>;
  // era: of the people who may be counted now (core::admission). count: reads the column's counts, of people who are
  // admitted in this era or later; whatever it throws is thrown.
  std::shared_ptr<const item_value_counts> of(const std::string& column, std::uint64_t era, const counting& count);
  // Rows left: what was counted with them is counted anew.
  void forget();

 private:
  struct kept_counts {
    std::mutex counting;  // one at a time
    std::shared_ptr<const item_value_counts> known = nullptr;
    std::uint64_t era = 0;
    std::int64_t counted_at = 0;  // UTC ms

    // May still be answered with; whether or not it is due to be renewed.
    bool good(std::uint64_t in_era) const { return known != nullptr && era == in_era; }
    bool fresh(std::uint64_t in_era) const;
  };

  std::mutex mutex_;  // of what follows, but for counting
  std::uint64_t forgettings_ = 0;
  std::map<std::string, std::shared_ptr<kept_counts>> columns_;
};

// By how much more often than others the people with an item were in some circumstance c when they had it:
//
//   lift(i, c) = P(c | i) / P(c),   P(c | i) = (n(i, c) + m P(c)) / (n(i) + m)
//
// with n counted in events whose circumstance is known, and a prior of m = prior_events. Relevance to a person times
// the lift of every circumstance of a question is contextual post-filtering by weight (Panniello, Tuzhilin,
// Gorgoglione, Palmisano, Pedone: "Experimental comparison of pre- vs. post-filtering approaches in context-aware
// recommender systems", RecSys 2009), the circumstances independent given the item.
//
// Of one model; a lift is worked out once for its catalogue. Any thread.
class context_lifts {
 public:
  static constexpr double prior_events = 10;
  static constexpr std::size_t max_bytes = std::size_t{64} << 20;

  // [catalogue]; null where nothing is known of the value.
  std::shared_ptr<const std::vector<float>> of(const std::string& column, const std::string& value,
                                               const std::shared_ptr<const item_value_counts>& counts,
                                               const std::shared_ptr<const catalogue>& items);

 private:
  struct kept_lift {
    std::shared_ptr<const item_value_counts> of;
    std::shared_ptr<const catalogue> items;
    std::shared_ptr<const std::vector<float>> lift;
  };

  std::mutex mutex_;
  std::map<std::pair<std::string, std::string>, kept_lift> kept_;
};

}  // namespace eunomia::recommend
