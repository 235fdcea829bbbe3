#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "recommend/preferences.h"

namespace eunomia::recommend {

// The day of a moment, counted from 1970-01-01 UTC.
constexpr std::int64_t day_of(std::int64_t milliseconds) {
  constexpr std::int64_t milliseconds_per_day = 86'400'000;
  const std::int64_t day = milliseconds / milliseconds_per_day;
  return milliseconds % milliseconds_per_day < 0 ? day - 1 : day;
}

// For each item the days on which somebody had it last, ascending, and how strongly (quanta, above 0).
class item_days {
 public:
  struct day_count {
    std::int64_t day;
    std::uint64_t quanta;
    friend bool operator==(const day_count&, const day_count&) = default;
  };

  explicit item_days(const preferences& rows);
  // Takes these rows of the preferences that it was made from out.
  void subtract(const preferences& rows, std::span<const std::uint32_t> gone);

  std::uint32_t items() const { return static_cast<std::uint32_t>(begin_.size() - 1); }
  std::span<const day_count> of(item_position item) const {
    return {counts_.data() + begin_[item], counts_.data() + begin_[item + 1]};
  }

 private:
  std::vector<std::uint64_t> begin_;  // items + 1
  std::vector<day_count> counts_;
};

}  // namespace eunomia::recommend
