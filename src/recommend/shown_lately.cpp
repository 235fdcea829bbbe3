#include "recommend/shown_lately.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::recommend {

void rotation::check() const {
  if (!(rate >= 0 && rate <= 1)) {
    throw core::error(core::errc::invalid_argument, fmt::format("the rate of rotation must be 0 to 1, got {}", rate));
  }
  if (!(seconds > 0 && seconds <= max_seconds)) {
    throw core::error(
        core::errc::invalid_argument,
        fmt::format("the time of rotation must be more than 0 and at most {} seconds, got {}", max_seconds, seconds));
  }
}

std::uint64_t shown_lately::digest_of(std::string_view item) {
  const core::digest128 digest = core::xxh3(item);
  std::uint64_t first = 0;
  std::memcpy(&first, digest.bytes.data(), sizeof first);
  return first;
}

void shown_lately::add(core::subject_handle who, std::span<const std::uint64_t> items, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  if (const auto found = places_.find(who); found != places_.end()) {
    entries_.splice(entries_.begin(), entries_, found->second);
    bytes_ -= bytes_of(entries_.front());
  } else {
    entries_.push_front({who, {}});
    places_.emplace(who, entries_.begin());
  }
  std::vector<shown_item>& known = entries_.front().items;
  std::erase_if(known, [&](const shown_item& one) { return std::ranges::find(items, one.item) != items.end(); });
  for (const std::uint64_t item : items) {
    known.push_back({item, now});
  }
  if (known.size() > max_items) {
    known.erase(known.begin(), known.end() - max_items);
  }
  bytes_ += bytes_of(entries_.front());
  while (bytes_ > limit_) {
    drop(std::prev(entries_.end()));
  }
}

std::unordered_map<std::uint64_t, double> shown_lately::kept(core::subject_handle who, const rotation& how,
                                                             std::int64_t now) {
  std::unordered_map<std::uint64_t, double> shares;
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(who);
  if (found == places_.end()) {
    return shares;
  }
  for (const shown_item& one : found->second->items) {
    const double passed = static_cast<double>(std::max<std::int64_t>(now - one.at, 0)) / 1000 / how.seconds;
    if (passed < 1) {
      shares.emplace(one.item, 1 - how.rate * (1 - passed));
    }
  }
  return shares;
}

void shown_lately::forget(std::span<const core::subject_handle> gone) {
  const std::lock_guard lock(mutex_);
  for (const core::subject_handle who : gone) {
    if (const auto found = places_.find(who); found != places_.end()) {
      drop(found->second);
    }
  }
}

void shown_lately::forget_idle(std::int64_t now) {
  const auto oldest = now - static_cast<std::int64_t>(rotation::max_seconds * 1000);
  const std::lock_guard lock(mutex_);
  while (!entries_.empty() && entries_.back().items.back().at < oldest) {
    drop(std::prev(entries_.end()));
  }
}

void shown_lately::drop(std::list<entry>::iterator place) {
  bytes_ -= bytes_of(*place);
  places_.erase(place->who);
  entries_.erase(place);
}

}  // namespace eunomia::recommend
