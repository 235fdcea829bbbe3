#pragma once

#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "recommend/dataset.h"
#include "recommend/event.h"

namespace eunomia::recommend {

// An event that was found good, in the form in which it is stored; views into the event.
struct checked_event {
  std::string_view user;
  std::string_view item;
  std::string_view type;
  std::int64_t time;
  std::optional<float> value;
  std::optional<event_key> key;
  std::string impression;  // ids with '|' between them
  std::string properties;  // JSON: {"PRICE":"12.5"}; empty: none
};

// Throws errc::invalid_argument for the first that is bad: "events[3].item_id: is empty".
std::vector<checked_event> check_events(std::span<const event> batch, const dataset_description& into,
                                        std::int64_t now);
// What checked_event::properties says, by name.
std::map<std::string, std::string> properties_of(std::string_view stored);

event_key key_of(std::string_view event_id);

// Numbers event types 0, 1, 2, ... as this process meets them. Safe from any number of threads.
class event_type_names {
 public:
  static constexpr std::size_t max_types = 65'536;

  // errc::resource_exhausted above max_types.
  std::uint16_t number_of(std::string_view name);
  std::string name_of(std::uint16_t number) const;
  std::size_t size() const;

 private:
  mutable std::shared_mutex mutex_;
  std::map<std::string, std::uint16_t, std::less<>> numbers_;
  std::vector<std::string> names_;
};

}  // namespace eunomia::recommend
