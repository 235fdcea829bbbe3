#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "recommend/preferences.h"

namespace eunomia::recommend {

// How many people met each item on each day (UTC) for the last time: integers, so that taking a person out is exact. A
// value; copies share the days that they have in common.
class daily_counts {
 public:
  daily_counts() = default;
  explicit daily_counts(const preferences& rows);

  // The same without these rows of the preferences that it was made from.
  daily_counts without(const preferences& rows, std::span<const std::uint32_t> gone) const;

  // sums[item] = the sum over the days before the day of `now` (UTC ms) of the item's count there, halved with every
  // half_life_days before the last of those days. Days further back than fading_half_lives half-lives count for
  // nothing. The cost is that of the days between.
  void decayed(std::int64_t now, double half_life_days, std::span<float> sums) const;

  static constexpr double fading_half_lives = 16;
  // The day of a time, in days since 1970.
  static std::int64_t day_of(std::int64_t time);

 private:
  struct entry {
    item_position item;
    std::uint32_t people;
  };
  using day = std::vector<entry>;  // by item, ascending

  std::int64_t first_day_ = 0;                    // days since 1970
  std::vector<std::shared_ptr<const day>> days_;  // null: nothing happened
};

}  // namespace eunomia::recommend
