#include "recommend/item_filter.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/time.h"

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
    : catalogue_(items),
      metadata_(std::move(metadata)),
      limit_(std::max<std::size_t>(memory / bytes_of_set(items), 1)) {
  for (std::size_t i = 0; i < metadata_.further.size(); ++i) {
    further_.emplace(metadata_.further[i], catalogue_ + static_cast<item_position>(i));
  }
}

std::uint32_t item_selections::items() const {
  const std::shared_lock lock(known_);
  return size();
}

std::optional<std::string> item_selections::value_of(item_position item, std::string_view column) const {
  const std::shared_lock lock(known_);
  return metadata_.values[metadata_.column_named(column)][item];
}

std::optional<item_position> item_selections::further_item(std::string_view id) const {
  const std::shared_lock lock(known_);
  const auto found = further_.find(id);
  return found == further_.end() ? std::nullopt : std::optional(found->second);
}

std::string item_selections::further_id(item_position item) const {
  const std::shared_lock lock(known_);
  return metadata_.further.at(item - catalogue_);
}

void item_selections::insert_further(item_set& into) const {
  for (item_position item = catalogue_; item < into.size(); ++item) {
    into.insert(item);
  }
}

void item_selections::insert_since(std::string_view column, std::int64_t oldest, item_set& into) const {
  const std::shared_lock lock(known_);
  const auto& created = metadata_.values[metadata_.column_named(column)];
  for (item_position item = 0; item < std::min(into.size(), size()); ++item) {
    if (created[item] && core::parse_timestamp(*created[item]) >= oldest) {
      into.insert(item);
    }
  }
}

std::optional<item_position> item_selections::place_of(const catalogue& of, const std::string& id) {
  if (const auto known = of.find(id)) {
    return known;
  }
  if (const auto met = further_.find(id); met != further_.end()) {
    return met->second;
  }
  if (metadata_.further.size() >= max_further_items) {
    return std::nullopt;
  }
  const item_position next = size();
  metadata_.further.push_back(id);
  further_.emplace(id, next);
  for (auto& column : metadata_.values) {
    column.emplace_back();
  }
  return next;
}

void item_selections::put(const catalogue& of, std::span<const metadata_record> rows) {
  std::vector<item_position> changed;
  {
    const std::unique_lock lock(known_);
    for (const metadata_record& row : rows) {
      const auto item = place_of(of, row.id);
      if (!item) {
        continue;
      }
      changed.push_back(*item);
      for (std::size_t c = 0; c < metadata_.columns.size(); ++c) {
        const auto value = row.values.find(metadata_.columns[c].name);
        const bool known = value != row.values.end() && !value->second.empty();
        metadata_.values[c][*item] = known ? std::optional(value->second) : std::nullopt;
      }
    }
  }
  // The sets that are kept learn of these items alone: to work them out anew takes all of them.
  const std::shared_lock lock(known_);
  const std::lock_guard kept(mutex_);
  for (kept_set& one : kept_) {
    const std::size_t column = metadata_.column_named(one.of.column);
    const value_condition test("where", metadata_.columns[column], one.of.how, one.of.values);
    auto next = std::make_shared<item_set>(size());
    next->insert_all(*one.items);
    for (const item_position item : changed) {
      test.holds(metadata_.values[column][item]) ? next->insert(item) : next->erase(item);
    }
    one.items = std::move(next);
  }
}

std::shared_ptr<const item_set> item_selections::meeting(std::string_view place, const item_condition& one) {
  {
    const std::lock_guard lock(mutex_);
    if (const auto found = places_.find(one); found != places_.end()) {
      kept_.splice(kept_.begin(), kept_, found->second);
      return found->second->items;
    }
  }
  // Nothing is put between working it out and keeping it.
  const std::shared_lock lock(known_);
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
  item_set selected(size());
  for (item_position item = 0; item < size(); ++item) {
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
