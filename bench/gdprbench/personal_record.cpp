#include "bench/gdprbench/personal_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/error.h"
#include "core/utf8.h"

namespace eunomia::gdprbench {

namespace {

constexpr char separator = '\x1f';

[[noreturn]] void refuse(const std::string& what) {
  throw core::error(core::errc::invalid_argument, what);
}

void check_text(attribute of, std::string_view text, std::size_t limit) {
  const bool is_plain = std::ranges::none_of(text, [](unsigned char c) { return c < 0x20 || c == 0x7f; });
  if (text.empty() || text.size() > limit || !is_plain || !core::is_utf8(text)) {
    refuse(fmt::format("a value of {} has 1 to {} bytes of UTF-8 without control characters", name_of(of), limit));
  }
}

}  // namespace

std::string_view name_of(attribute of) noexcept {
  constexpr std::array<std::string_view, attributes> names = {"key", "PUR", "TTL", "USR", "OBJ",
                                                              "DEC", "ACL", "SHR", "SRC", "CAT"};
  return names[static_cast<std::size_t>(of)];
}

attribute_values& metadata::of(attribute which) {
  const auto at = std::ranges::find(text_attributes, which);
  if (at == text_attributes.end()) {
    refuse(fmt::format("{} is no attribute of many values", name_of(which)));
  }
  return texts[static_cast<std::size_t>(at - text_attributes.begin())];
}

const attribute_values& metadata::of(attribute which) const {
  return const_cast<metadata*>(this)->of(which);
}

bool metadata::has(attribute which, std::string_view value) const {
  return std::ranges::binary_search(of(which), value);
}

std::string joined(const attribute_values& values) {
  std::string text;
  for (const std::string& value : values) {
    text.append(text.empty() ? 0 : 1, separator).append(value);
  }
  return text;
}

attribute_values split(std::string_view text) {
  attribute_values values;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find(separator), text.size());
    values.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return values;
}

void check(const personal_record& wanted) {
  check_text(attribute::key, wanted.key, max_key_bytes);
  check_text(attribute::subject, wanted.subject, max_value_bytes);
  if (wanted.data.size() > max_data_bytes) {
    refuse(fmt::format("the data have {} bytes, more than max_data_bytes = {}", wanted.data.size(), max_data_bytes));
  }
  if (wanted.about.time_to_live_s < 0 || wanted.about.time_to_live_s > max_time_to_live_s) {
    refuse(fmt::format("TTL is 0 to max_time_to_live_s = {} seconds", max_time_to_live_s));
  }
  for (std::size_t i = 0; i < text_attributes.size(); ++i) {
    const attribute_values& values = wanted.about.texts[i];
    if (values.size() > max_values || std::ranges::adjacent_find(values, std::greater_equal()) != values.end()) {
      refuse(fmt::format("{} has at most max_values = {} values, sorted, each once", name_of(text_attributes[i]),
                         max_values));
    }
    for (const std::string& value : values) {
      check_text(text_attributes[i], value, max_value_bytes);
    }
  }
}

void check(const selector& wanted) {
  if (wanted.by == attribute::time_to_live) {
    refuse("records are not selected by TTL; erase_expired() erases those that are past it");
  }
  check_text(wanted.by, wanted.value, wanted.by == attribute::key ? max_key_bytes : max_value_bytes);
}

void check(const metadata_change& wanted) {
  if (wanted.what == attribute::key) {
    refuse("a record keeps its key");
  }
  if (wanted.what == attribute::time_to_live) {
    time_to_live_of(wanted.to);
  } else {
    check_text(wanted.what, wanted.to, max_value_bytes);
  }
}

std::int64_t time_to_live_of(std::string_view seconds) {
  std::int64_t value = -1;
  const auto [end, problem] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), value);
  if (problem != std::errc() || end != seconds.data() + seconds.size() || value < 0 || value > max_time_to_live_s) {
    refuse(fmt::format("TTL is 0 to max_time_to_live_s = {} seconds", max_time_to_live_s));
  }
  return value;
}

}  // namespace eunomia::gdprbench
