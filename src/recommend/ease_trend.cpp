#include "recommend/ease_trend.h"

#include <algorithm>
#include <cmath>
#include <map>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

constexpr std::int64_t milliseconds_per_day = 86'400'000;
// A span of days longer than this, some 270 years, is cut: its far past has long faded.
constexpr std::int64_t longest_span = 100'000;

}  // namespace

std::int64_t daily_counts::day_of(std::int64_t time) {
  return time / milliseconds_per_day - (time % milliseconds_per_day < 0 ? 1 : 0);
}

daily_counts::daily_counts(const preferences& rows) {
  if (rows.time.empty()) {
    return;
  }
  const auto [oldest, newest] = std::minmax_element(rows.time.begin(), rows.time.end());
  const std::int64_t last_day = day_of(*newest);
  first_day_ = std::max(day_of(*oldest), last_day - longest_span);
  std::vector<std::vector<item_position>> items_of_day(static_cast<std::size_t>(last_day - first_day_ + 1));
  for (std::size_t p = 0; p < rows.size(); ++p) {
    if (const std::int64_t d = day_of(rows.time[p]); d >= first_day_) {
      items_of_day[static_cast<std::size_t>(d - first_day_)].push_back(rows.item[p]);
    }
  }
  days_.resize(items_of_day.size());
  for (std::size_t d = 0; d < days_.size(); ++d) {
    std::vector<item_position>& items = items_of_day[d];
    if (items.empty()) {
      continue;
    }
    std::sort(items.begin(), items.end());
    day counted;
    for (const item_position item : items) {
      if (counted.empty() || counted.back().item != item) {
        counted.push_back({item, 0});
      }
      ++counted.back().people;
    }
    counted.shrink_to_fit();
    days_[d] = std::make_shared<const day>(std::move(counted));
  }
}

daily_counts daily_counts::without(const preferences& rows, std::span<const std::uint32_t> gone) const {
  daily_counts result = *this;
  std::map<std::int64_t, day> changed;
  for (const std::uint32_t row : gone) {
    const auto items = rows.items_of(row);
    const auto times = rows.times_of(row);
    for (std::size_t p = 0; p < items.size(); ++p) {
      const std::int64_t index = day_of(times[p]) - first_day_;
      if (index < 0) {
        continue;
      }
      auto at = changed.find(index);
      if (at == changed.end()) {
        at = changed.emplace(index, *days_[static_cast<std::size_t>(index)]).first;
      }
      day& counted = at->second;
      --std::lower_bound(counted.begin(), counted.end(), items[p], [](const entry& e, item_position item) {
          return e.item < item;
        })->people;
    }
  }
  for (auto& [index, counted] : changed) {
    std::erase_if(counted, [](const entry& e) { return e.people == 0; });
    result.days_[static_cast<std::size_t>(index)] =
        counted.empty() ? nullptr : std::make_shared<const day>(std::move(counted));
  }
  return result;
}

void daily_counts::decayed(std::int64_t now, double half_life_days, std::span<float> sums) const {
  std::fill(sums.begin(), sums.end(), 0.0F);
  const std::int64_t today = day_of(now);
  const auto reach = static_cast<std::int64_t>(std::ceil(std::min(1e9, half_life_days * fading_half_lives)));
  const std::int64_t first = std::max(first_day_, today - reach);
  const std::int64_t end = std::min(today, first_day_ + static_cast<std::int64_t>(days_.size()));
  for (std::int64_t d = first; d < end; ++d) {
    const auto& counted = days_[static_cast<std::size_t>(d - first_day_)];
    if (counted == nullptr) {
      continue;
    }
    const auto weight = static_cast<float>(std::exp2(-static_cast<double>(today - 1 - d) / half_life_days));
    for (const entry& e : *counted) {
      sums[e.item] += weight * static_cast<float>(e.people);
    }
  }
}

}  // namespace eunomia::recommend
