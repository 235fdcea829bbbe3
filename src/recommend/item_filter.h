#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/answer.h"
#include "recommend/dataset.h"
#include "recommend/value_condition.h"

namespace eunomia::recommend {

// A condition on one column of items, see value_condition.
struct item_condition {
  std::string column;
  comparison how = comparison::equal;
  std::vector<std::string> values;

  // Reads NAME=VALUE, or with !=, <, <=, > or >=. Throws errc::invalid_argument saying what was expected.
  static item_condition parse(std::string_view text);
  friend std::strong_ordering operator<=>(const item_condition&, const item_condition&) = default;
};

// Which items of a catalogue meet conditions on their metadata. A condition is worked out for all items when it is
// first asked, and kept while there is room, the last asked for longest. Any thread.
class item_selections {
 public:
  static constexpr std::size_t default_memory = std::size_t{64} << 20;  // of the kept sets

  // items: of the catalogue that the metadata belongs to.
  item_selections(item_metadata metadata, std::uint32_t items, std::size_t memory = default_memory);

  const item_metadata& metadata() const { return metadata_; }
  std::uint32_t items() const { return items_; }

  // The items that meet a condition. Throws errc::not_found for a column that is not there, and errc::invalid_argument
  // as value_condition does, beginning with the place.
  std::shared_ptr<const item_set> meeting(std::string_view place, const item_condition& one);
  // Takes those out that do not meet all of them.
  void keep_meeting(const std::vector<item_condition>& conditions, item_set& remaining);

 private:
  struct kept_set {
    item_condition of;
    std::shared_ptr<const item_set> items;
  };

  item_set select(std::string_view place, const item_condition& one) const;
  void keep(const item_condition& one, std::shared_ptr<const item_set> found);

  const item_metadata metadata_;
  const std::uint32_t items_;
  const std::size_t limit_;   // of sets
  std::mutex mutex_;          // of what follows
  std::list<kept_set> kept_;  // last asked for first
  std::map<item_condition, std::list<kept_set>::iterator> places_;
};

}  // namespace eunomia::recommend
