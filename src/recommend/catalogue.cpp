#include "recommend/catalogue.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <functional>
#include <utility>

#include "core/error.h"

namespace eunomia::recommend {

catalogue::catalogue(std::vector<std::string> ids) : ids_(std::move(ids)) {
  if (!std::is_sorted(ids_.begin(), ids_.end())) {
    std::sort(ids_.begin(), ids_.end());
  }
  ids_.erase(std::unique(ids_.begin(), ids_.end()), ids_.end());
  ids_.shrink_to_fit();
  if (ids_.size() > maximum_items) {
    throw core::error(core::errc::resource_exhausted,
                      fmt::format("a catalogue holds at most {} items, got {}; split it by market or category",
                                  maximum_items, ids_.size()));
  }
  slots_.resize(std::bit_ceil(ids_.size() * 2));
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = 0; i < ids_.size(); ++i) {
    std::size_t slot = std::hash<std::string_view>{}(ids_[i]) & mask;
    while (slots_[slot] != 0) {
      slot = (slot + 1) & mask;
    }
    slots_[slot] = static_cast<item_position>(i + 1);
  }
}

std::optional<item_position> catalogue::find(std::string_view id) const {
  if (ids_.empty()) {
    return std::nullopt;
  }
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t slot = std::hash<std::string_view>{}(id)&mask; slots_[slot] != 0; slot = (slot + 1) & mask) {
    if (ids_[slots_[slot] - 1] == id) {
      return slots_[slot] - 1;
    }
  }
  return std::nullopt;
}

}  // namespace eunomia::recommend
