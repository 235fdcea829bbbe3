#include "core/utf8.h"

#include <algorithm>

namespace eunomia::core {

std::string storable_text(std::string_view text, std::size_t most_bytes) {
  std::string kept;
  while (!text.empty()) {
    const std::size_t length = text.front() == '\0' ? 0 : utf8_sequence_at_front(text);
    if (kept.size() + std::max<std::size_t>(length, 1) > most_bytes) {
      break;
    }
    kept += length == 0 ? std::string_view("?") : text.substr(0, length);
    text.remove_prefix(std::max<std::size_t>(length, 1));
  }
  return kept;
}

}  // namespace eunomia::core
