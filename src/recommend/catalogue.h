#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace eunomia::recommend {

// The position of an item in a catalogue, 0 <= position < size().
using item_position = std::uint32_t;

// The items that a model knows, in byte order of their identifiers: a model depends on the set of items alone, not on
// the order in which they arrived. Immutable; item identifiers are not personal data.
class catalogue {
 public:
  static constexpr std::size_t maximum_items = std::size_t{1} << 31;

  catalogue() = default;
  // ids in any order, duplicates allowed. Throws errc::resource_exhausted for more than maximum_items.
  explicit catalogue(std::vector<std::string> ids);

  std::uint32_t size() const { return static_cast<std::uint32_t>(ids_.size()); }
  const std::string& id(item_position item) const { return ids_[item]; }
  std::span<const std::string> ids() const { return ids_; }
  std::optional<item_position> find(std::string_view id) const;

  friend bool operator==(const catalogue& a, const catalogue& b) { return a.ids_ == b.ids_; }

 private:
  std::vector<std::string> ids_;
  std::vector<item_position> slots_;  // open addressing over ids_, position + 1, 0: free; a power of two long
};

}  // namespace eunomia::recommend
