#include "object/names.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/utf8.h"
#include "object/refusal.h"

namespace eunomia::object {

namespace {

bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

bool is_ipv4(std::string_view name) {
  int dots = 0;
  std::size_t digits = 0;
  for (const char c : name) {
    if (c == '.') {
      if (digits == 0) {
        return false;
      }
      ++dots;
      digits = 0;
    } else if (c >= '0' && c <= '9' && digits < 3) {
      ++digits;
    } else {
      return false;
    }
  }
  return dots == 3 && digits > 0;
}

}  // namespace

void check_bucket_name(std::string_view name) {
  const bool right = name.size() >= min_bucket_name_bytes && name.size() <= max_bucket_name_bytes &&
                     is_letter_or_digit(name.front()) && is_letter_or_digit(name.back()) &&
                     std::ranges::all_of(name, [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-'; }) &&
                     name.find("..") == std::string_view::npos && !is_ipv4(name);
  if (!right) {
    throw refusal(refused::invalid_bucket_name,
                  fmt::format("a bucket is named by {} to {} of a-z, 0-9, '.' and '-', with a letter or a digit at "
                              "either end, no two dots beside each other, and is no IPv4 address",
                              min_bucket_name_bytes, max_bucket_name_bytes));
  }
}

void check_key(std::string_view key) {
  if (key.size() > max_key_bytes) {
    throw refusal(refused::key_too_long,
                  fmt::format("the key has {} bytes, more than max_key_bytes = {}", key.size(), max_key_bytes));
  }
  if (key.empty() || key.find('\0') != std::string_view::npos || !core::is_utf8(key)) {
    throw refusal(refused::invalid_key, "a key is UTF-8 without U+0000, and not empty");
  }
}

}  // namespace eunomia::object
