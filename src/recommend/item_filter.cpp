#include "recommend/item_filter.h"

#include <algorithm>
#include <array>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

// Of its texts: a longer condition is worked out each time.
constexpr std::size_t max_kept_condition_bytes = 1024;

// With its condition, which stands in two places.
std::size_t bytes_of_set(std::uint32_t items) {
  return items / 8 + 2 * max_kept_condition_bytes;
}

std::size_t bytes_of(const item_condition& one) {
  std::size_t bytes = one.column.size();
  for (const std::string& value : one.values) {
    bytes += sizeof(std::string) + value.size();
  }
  return bytes;
}

}  // namespace

item_condition item_condition::parse(std::string_view text) {
  struct sign {
    std::string_view text;
    comparison how;
  };
  constexpr std::array<sign, 6> signs = {{{"!=", comparison::not_equal},
                                          {"<=", comparison::less_or_equal},
                                          {">=", comparison::greater_or_equal},
                                          {"=", comparison::equal},
                                          {"<", comparison::less},
                                          {">", comparison::greater}}};
  const std::size_t at = text.find_first_of("!<>=");
  if (at != std::string_view::npos && at > 0) {
    for (const sign& s : signs) {
      if (text.substr(at).starts_with(s.text)) {
        return {std::string(text.substr(0, at)), s.how, {std::string(text.substr(at + s.text.size()))}};
      }
    }
  }
  throw core::error(core::errc::invalid_argument, "condition \"" + std::string(text) +
                                                      "\": expected a column, one of = != < <= > >=, and a value, such "
                                                      "as PRICE<=20");
}

item_selections::item_selections(item_metadata metadata, std::uint32_t items, std::size_t memory)
    : metadata_(std::move(metadata)), items_(items), limit_(std::max<std::size_t>(memory / bytes_of_set(items), 1)) {}

std::shared_ptr<const item_set> item_selections::meeting(std::string_view place, const item_condition& one) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = places_.find(one); found != places_.end()) {
      kept_.splice(kept_.begin(), kept_, found->second);
      return found->second->items;
    }
  }
  auto found = std::make_shared<const item_set>(select(place, one));
  if (bytes_of(one) <= max_kept_condition_bytes) {
    keep(one, found);
  }
  return found;
}

void item_selections::keep_meeting(const std::vector<item_condition>& conditions, item_set& remaining) {
  for (const item_condition& one : conditions) {
    remaining.keep_only(*meeting("where", one));
  }
}

item_set item_selections::select(std::string_view place, const item_condition& one) const {
  const std::size_t column = metadata_.column_named(one.column);
  const value_condition test(place, metadata_.columns[column], one.how, one.values);
  item_set selected(items_);
  for (item_position item = 0; item < items_; ++item) {
    if (test.holds(metadata_.values[column][item])) {
      selected.insert(item);
    }
  }
  return selected;
}

void item_selections::keep(const item_condition& one, std::shared_ptr<const item_set> found) {
  const std::lock_guard lock(mutex_);
  if (places_.contains(one)) {
    return;  // another thread was faster
  }
  if (kept_.size() >= limit_) {
    places_.erase(kept_.back().of);
    kept_.pop_back();
  }
  kept_.push_front({one, std::move(found)});
  places_.emplace(one, kept_.begin());
}

}  // namespace eunomia::recommend
