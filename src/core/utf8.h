#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace eunomia::core {

// The number of bytes, 1 to 4, of the well-formed UTF-8 sequence that the text begins with; 0 when it begins with none
// (RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF) or is empty.
constexpr std::size_t utf8_sequence_at_front(std::string_view text) noexcept {
  if (text.empty()) {
    return 0;
  }
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const auto continues = [&](std::size_t i) { return i < text.size() && (byte(i) & 0xC0) == 0x80; };
  const unsigned first = byte(0);
  if (first < 0x80) {
    return 1;
  }
  if (first >= 0xC2 && first <= 0xDF) {
    return continues(1) ? 2 : 0;
  }
  if (first >= 0xE0 && first <= 0xEF) {
    if (!continues(1) || !continues(2) || (first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F)) {
      return 0;
    }
    return 3;
  }
  if (first >= 0xF0 && first <= 0xF4) {
    if (!continues(1) || !continues(2) || !continues(3) || (first == 0xF0 && byte(1) < 0x90) ||
        (first == 0xF4 && byte(1) > 0x8F)) {
      return 0;
    }
    return 4;
  }
  return 0;
}

constexpr bool is_utf8(std::string_view text) noexcept {
  while (!text.empty()) {
    const std::size_t length = utf8_sequence_at_front(text);
    if (length == 0) {
      return false;
    }
    text.remove_prefix(length);
  }
  return true;
}

// What a table can hold of a text that may come from anywhere: UTF-8 without U+0000, cut to so many bytes between two
// characters; a byte that is neither becomes '?'.
std::string storable_text(std::string_view text, std::size_t most_bytes);

}  // namespace eunomia::core
