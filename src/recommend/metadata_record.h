#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>

namespace eunomia::recommend {

// An item or a person as an application puts it: the whole of what is known of it from now on, see dataset::put.
struct metadata_record {
  std::string id;                             // as in an import: 1 to 16,384 bytes of UTF-8 without control characters
  std::map<std::string, std::string> values;  // of declared columns as text, {"PRICE", "12.5"}; empty text: nothing
};

struct put_report {
  std::uint64_t stored = 0;
  // Not stored: of people whom none of the dataset's purposes admits (they object, their data is restricted, or they
  // gave no consent).
  std::uint64_t not_admitted = 0;
  friend bool operator==(const put_report&, const put_report&) = default;
};

inline constexpr std::size_t max_records_per_put = 1'000;
// When dataset::settle_due() says yes for records that were put: so many commits since parts were joined last, or the
// oldest so long ago.
inline constexpr std::uint64_t join_after_puts = 64;
inline constexpr std::int64_t join_age_ms = 60'000;

}  // namespace eunomia::recommend
