#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recommend/preferences.h"

namespace eunomia::recommend {

// For each item the periods of time in which somebody had it last, ascending, and how strongly (quanta, above 0).
// Periods are numbered from 1970-01-01 UTC.
class item_periods {
 public:
  struct period_count {
    std::int64_t period;
    std::uint64_t quanta;
    friend bool operator==(const period_count&, const period_count&) = default;
  };

  // period_ms: above 0.
  item_periods(const preferences& rows, std::int64_t period_ms);
  // Takes these rows of the preferences that it was made from out.
  void subtract(const preferences& rows, std::span<const std::uint32_t> gone);

  // Of a moment in UTC ms.
  std::int64_t period_of(std::int64_t moment) const { return moment / period_ms_ - (moment % period_ms_ < 0 ? 1 : 0); }
  std::uint32_t items() const { return static_cast<std::uint32_t>(begin_.size() - 1); }
  std::span<const period_count> of(item_position item) const {
    return {counts_.data() + begin_[item], counts_.data() + begin_[item + 1]};
  }

 private:
  std::int64_t period_ms_;
  std::vector<std::uint64_t> begin_;  // items + 1
  std::vector<period_count> counts_;
};

}  // namespace eunomia::recommend
