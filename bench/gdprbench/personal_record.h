#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

// What GDPRbench (Shastri, Banakar, Wasserman, Kumar, Chidambaram: "Understanding and Benchmarking the Impact of GDPR
// on Database Systems", PVLDB 13(7), 2020) calls a record: personal data, and beside it what the law asks to be known
// of them.
namespace eunomia::gdprbench {

// In GDPRbench's order, under its three-letter names; the key comes first.
enum class attribute {
  key,           //     what the record is called
  purpose,       // PUR what it may be used for
  time_to_live,  // TTL seconds from when it was collected
  subject,       // USR whom it is about
  objection,     // OBJ what they object to
  decision,      // DEC which automated decisions it takes part in
  access,        // ACL who may see it
  shared_with,   // SHR who received it
  source,        // SRC where it came from
  category       // CAT what kind of data it is
};
inline constexpr std::size_t attributes = 10;
std::string_view name_of(attribute of) noexcept;  // "PUR"

// The attributes whose values are text and that many records share: all but key, TTL and USR.
inline constexpr std::array text_attributes = {attribute::purpose, attribute::objection,   attribute::decision,
                                               attribute::access,  attribute::shared_with, attribute::source,
                                               attribute::category};

// One value or several: sorted, each once.
using attribute_values = std::vector<std::string>;

inline constexpr std::size_t max_values = 64;  // of an attribute of a record
inline constexpr std::size_t max_value_bytes = 256;
inline constexpr std::size_t max_key_bytes = 1024;
inline constexpr std::size_t max_data_bytes = std::size_t{1} << 20;
inline constexpr std::int64_t max_time_to_live_s = std::int64_t{100} * 366 * 24 * 3600;

// What rests beside the data and is not about one person: the policy that a record is kept under.
struct metadata {
  std::int64_t time_to_live_s = 0;
  std::array<attribute_values, text_attributes.size()> texts;

  // errc::invalid_argument for an attribute that is none of text_attributes.
  attribute_values& of(attribute which);
  const attribute_values& of(attribute which) const;
  bool has(attribute which, std::string_view value) const;

  friend bool operator==(const metadata&, const metadata&) = default;
};

// One attribute as text, its values joined by U+001F; and back.
std::string joined(const attribute_values& values);
attribute_values split(std::string_view text);

struct personal_record {
  std::string key;
  std::string subject;  // raw
  metadata about;
  std::string data;
};

// Records that have a value: by their key, by whom they are about, or by a text attribute.
struct selector {
  attribute by = attribute::key;
  std::string value;
};

// An attribute, not the key, gets one value in the place of all that it had; TTL gets decimal seconds.
struct metadata_change {
  attribute what = attribute::decision;
  std::string to;
};

// Throw errc::invalid_argument naming the attribute and the limit, never the value.
void check(const personal_record& wanted);
void check(const selector& wanted);
void check(const metadata_change& wanted);
std::int64_t time_to_live_of(std::string_view seconds);

}  // namespace eunomia::gdprbench
