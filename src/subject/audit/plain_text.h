#pragma once

#include <cstddef>
#include <string_view>

#include "core/utf8.h"

namespace eunomia::subject {

// Whether it is UTF-8 without control characters: C0, DEL, and C1 (U+0080 to U+009F), which move a terminal's cursor.
constexpr bool is_plain_text(std::string_view text) noexcept {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7F ||
        (byte == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0)) {
      return false;
    }
  }
  return core::is_utf8(text);
}

}  // namespace eunomia::subject
