#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
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

// Which items of a catalogue, and of those behind it that the model does not know yet, meet conditions on their
// metadata. A condition is worked out for all items when it is first asked, and kept while there is room, the last
// asked for longest; what is put changes what it is about. Any thread.
class item_selections {
 public:
  static constexpr std::size_t default_memory = std::size_t{64} << 20;  // of the kept sets
  static constexpr std::size_t max_further_items = 10'000;              // behind the catalogue; more are not taken up

  // items: of the catalogue that the metadata belongs to.
  item_selections(item_metadata metadata, std::uint32_t items, std::size_t memory = default_memory);

  // Of the catalogue, and behind it. Never less than before.
  std::uint32_t items() const;
  // The value of a column. Throws errc::not_found for one that is not there.
  std::optional<std::string> value_of(item_position item, std::string_view column) const;
  // Of an item behind the catalogue.
  std::optional<item_position> further_item(std::string_view id) const;
  std::string further_id(item_position item) const;
  // Puts those in that lie behind the catalogue.
  void insert_further(item_set& into) const;
  // Puts those in whose column is a time from then on, UTC ms. Throws errc::not_found for a column that is not there.
  void insert_since(std::string_view column, std::int64_t oldest, item_set& into) const;

  // What was put takes the place of what is known: of items of the catalogue, and of others.
  void put(const catalogue& of, std::span<const metadata_record> rows);

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

  std::uint32_t size() const { return catalogue_ + static_cast<std::uint32_t>(metadata_.further.size()); }
  // The position of an item, which is taken up where there is room.
  std::optional<item_position> place_of(const catalogue& of, const std::string& id);
  item_set select(std::string_view place, const item_condition& one) const;
  void keep(const item_condition& one, std::shared_ptr<const item_set> found);

  const std::uint32_t catalogue_;    // its size
  mutable std::shared_mutex known_;  // of what follows
  item_metadata metadata_;
  std::map<std::string, item_position, std::less<>> further_;

  const std::size_t limit_;   // of sets
  std::mutex mutex_;          // of what follows
  std::list<kept_set> kept_;  // last asked for first
  std::map<item_condition, std::list<kept_set>::iterator> places_;
};

}  // namespace eunomia::recommend
