#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/subject_handle.h"
#include "store/sql/database.h"

namespace eunomia::recommend {

// One thing that somebody did just now, as an application tells it: see dataset::record.
struct event {
  std::string user_id;  // as in an import: 1 to 16,384 bytes of UTF-8 without control characters
  std::string item_id;
  std::string event_type;                         // empty: none
  std::optional<double> event_value;              // finite as a float
  std::optional<std::int64_t> timestamp;          // UTC ms; absent: now
  std::string event_id;                           // of the application's choice; empty: none
  std::vector<std::string> impression;            // the items that were shown; none holds '|'
  std::map<std::string, std::string> properties;  // declared interaction metadata as text: {"PRICE", "12.5"}
};

// What else belongs to the transaction that stores events, given the places in the batch of those that are stored,
// ascending; may be called again when the transaction is repeated. Not called where none is.
using also_stored = std::function<void(store::sql::transaction& in, std::span<const std::size_t> stored)>;

struct record_report {
  std::uint64_t recorded = 0;
  std::uint64_t duplicates = 0;  // had an event_id that was recorded before, or occurs earlier in the batch
  // Not stored: what people did whom none of the dataset's purposes admits (they object, their data is restricted, or
  // they gave no consent). Its event_id is not remembered.
  std::uint64_t not_admitted = 0;
  friend bool operator==(const record_report&, const record_report&) = default;
};

// Events that are durable and not yet in the dataset's Parquet table.
struct waiting_events {
  std::uint64_t events = 0;
  std::int64_t oldest = 0;  // when the oldest was recorded, UTC ms; 0: none
};

inline constexpr std::size_t max_events_per_batch = 10'000;
inline constexpr std::size_t max_event_id_bytes = 256;
inline constexpr std::size_t max_event_type_bytes = 256;
inline constexpr std::size_t max_impression_items = 1'000;
inline constexpr std::size_t max_impression_bytes = 64 * 1024;
// Of one dataset; more are refused until some were settled.
inline constexpr std::uint64_t max_waiting_events = 2'000'000;
// How long an event_id is remembered, at least: 7 days.
inline constexpr std::int64_t event_id_memory_ms = 7 * 86'400'000LL;
// When dataset::settle_due() says yes: so many are waiting, or the oldest waits so long.
inline constexpr std::uint64_t settle_events = 100'000;
inline constexpr std::int64_t settle_age_ms = 60'000;

// One thing somebody did, as the house keeps it in memory: 24 bytes.
struct past_event {
  std::int64_t time = 0;   // UTC ms
  std::uint32_t item = 0;  // the dataset's handle
  float value = 0;         // NaN: none
  std::uint16_t type = 0;  // the dataset's number in this process, see event_type_names
  friend bool operator==(const past_event&, const past_event&) = default;
};
static_assert(sizeof(past_event) == 24);

struct recorded_event {
  core::subject_handle who;
  past_event what;
};

// The first 128 bits of the BLAKE2b digest of an event_id.
struct event_key {
  std::int64_t high = 0;
  std::int64_t low = 0;
  friend auto operator<=>(const event_key&, const event_key&) = default;
};

}  // namespace eunomia::recommend

template <>
struct std::hash<eunomia::recommend::event_key> {
  std::size_t operator()(const eunomia::recommend::event_key& key) const noexcept {
    return static_cast<std::size_t>(key.high);
  }
};
