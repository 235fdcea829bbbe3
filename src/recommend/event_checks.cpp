#include "recommend/event_checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "core/error.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/time.h"
#include "core/utf8.h"
#include "recommend/import_reader.h"
#include "recommend/metadata_values.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;

constexpr std::int64_t end_of_time = 100'000'000'000'000;  // UTC ms, as core/time.h has it

// The event at hand, for errors. They never show what the member holds: it may be personal.
class place {
 public:
  explicit place(std::size_t index) : index_(index) {}

  std::string name(std::string_view member) const { return fmt::format("events[{}].{}", index_, member); }
  [[noreturn]] void refuse(std::string_view member, std::string_view fault) const {
    throw error(errc::invalid_argument, fmt::format("{}: {}", name(member), fault));
  }
  void identifier(std::string_view member, std::string_view id) const {
    if (const auto fault = import_identifier_fault(id)) {
      refuse(member, *fault);
    }
    text(member, id);
  }
  void text(std::string_view member, std::string_view value, std::size_t longest, std::string_view limit) const {
    if (value.size() > longest) {
      refuse(member, fmt::format("has {} bytes, more than {} = {}", value.size(), limit, longest));
    }
    text(member, value);
  }
  void text(std::string_view member, std::string_view value) const {
    if (!core::is_utf8(value)) {
      refuse(member, "is not UTF-8");
    }
    if (value.find('\0') != std::string_view::npos) {
      refuse(member, "holds U+0000");
    }
  }

 private:
  std::size_t index_;
};

std::int64_t checked_time(const event& one, const place& at, std::int64_t now) {
  const std::int64_t time = one.timestamp.value_or(now);
  if (time < 0 || time >= end_of_time) {
    at.refuse("timestamp", fmt::format("{} is no time in milliseconds since 1970", time));
  }
  if (time > now + core::milliseconds_per_day) {
    at.refuse("timestamp", fmt::format("{} lies more than a day in the future", time));
  }
  return time;
}

std::string checked_impression(const event& one, const place& at) {
  if (one.impression.size() > max_impression_items) {
    at.refuse("impression", fmt::format("has {} items, more than max_impression_items = {}", one.impression.size(),
                                        max_impression_items));
  }
  std::string joined;
  for (std::size_t i = 0; i < one.impression.size(); ++i) {
    const std::string& id = one.impression[i];
    const std::string member = fmt::format("impression[{}]", i);
    at.identifier(member, id);
    if (id.find('|') != std::string::npos) {
      at.refuse(member, "holds '|', which separates the items of an impression");
    }
    joined.append(joined.empty() ? "" : "|").append(id);
  }
  if (joined.size() > max_impression_bytes) {
    at.refuse("impression",
              fmt::format("has {} bytes, more than max_impression_bytes = {}", joined.size(), max_impression_bytes));
  }
  return joined;
}

std::string checked_properties(const event& one, const place& at, const dataset_description& into) {
  if (one.properties.empty()) {
    return {};
  }
  auto known = check_metadata_values(one.properties, into.interactions, at.name("properties"),
                                     fmt::format("interactions of dataset \"{}\"", into.name));
  std::erase_if(known, [](const auto& value) { return value.second.empty(); });
  return known.empty() ? std::string() : core::write_json(known);
}

checked_event checked(const event& one, const place& at, const dataset_description& into, std::int64_t now) {
  checked_event good;
  at.identifier("user_id", one.user_id);
  at.identifier("item_id", one.item_id);
  at.text("event_type", one.event_type, max_event_type_bytes, "max_event_type_bytes");
  at.text("event_id", one.event_id, max_event_id_bytes, "max_event_id_bytes");
  good.user = one.user_id;
  good.item = one.item_id;
  good.type = one.event_type;
  good.time = checked_time(one, at, now);
  if (one.event_value) {
    good.value = static_cast<float>(*one.event_value);
    if (!std::isfinite(*good.value)) {
      at.refuse("event_value", "is no finite number");
    }
  }
  if (!one.event_id.empty()) {
    good.key = key_of(one.event_id);
  }
  good.impression = checked_impression(one, at);
  good.properties = checked_properties(one, at, into);
  return good;
}

std::int64_t big_endian(std::span<const std::byte> bytes) {
  std::uint64_t number = 0;
  for (const std::byte b : bytes) {
    number = number << 8 | std::to_integer<std::uint64_t>(b);
  }
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::vector<checked_event> check_events(std::span<const event> batch, const dataset_description& into,
                                        std::int64_t now) {
  if (batch.size() > max_events_per_batch) {
    throw error(errc::invalid_argument, fmt::format("events: {} in one batch, more than max_events_per_batch = {}",
                                                    batch.size(), max_events_per_batch));
  }
  std::vector<checked_event> good;
  good.reserve(batch.size());
  for (std::size_t i = 0; i < batch.size(); ++i) {
    good.push_back(checked(batch[i], place(i), into, now));
  }
  return good;
}

std::map<std::string, std::string> properties_of(std::string_view stored) {
  return stored.empty() ? std::map<std::string, std::string>()
                        : core::read_json<std::map<std::string, std::string>>(stored);
}

event_key key_of(std::string_view event_id) {
  const core::digest256 digest = core::blake2b(event_id);
  const std::span<const std::byte> bytes = digest.bytes;
  return {big_endian(bytes.subspan(0, 8)), big_endian(bytes.subspan(8, 8))};
}

std::uint16_t event_type_names::number_of(std::string_view name) {
  {
    const std::shared_lock lock(mutex_);
    if (const auto found = numbers_.find(name); found != numbers_.end()) {
      return found->second;
    }
  }
  const std::unique_lock lock(mutex_);
  if (const auto found = numbers_.find(name); found != numbers_.end()) {
    return found->second;
  }
  if (names_.size() == max_types) {
    throw error(errc::resource_exhausted, fmt::format("a dataset has at most {} event types", max_types));
  }
  const auto number = static_cast<std::uint16_t>(names_.size());
  names_.emplace_back(name);
  numbers_.emplace(names_.back(), number);
  return number;
}

std::string event_type_names::name_of(std::uint16_t number) const {
  const std::shared_lock lock(mutex_);
  return names_.at(number);
}

std::size_t event_type_names::size() const {
  const std::shared_lock lock(mutex_);
  return names_.size();
}

}  // namespace eunomia::recommend
