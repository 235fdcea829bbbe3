#include "subject/directory.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/utf8.h"
#include "subject/directory_checks.h"

namespace eunomia::subject {

std::optional<std::string> identifier_fault(std::string_view raw) {
  if (raw.empty()) {
    return "is empty";
  }
  if (raw.size() > max_identifier_bytes) {
    return fmt::format("has {} bytes, more than max_identifier_bytes = {}", raw.size(), max_identifier_bytes);
  }
  if (!core::is_utf8(raw)) {
    return "is not UTF-8";
  }
  if (raw.find('\0') != std::string_view::npos) {
    return "holds U+0000";
  }
  return std::nullopt;
}

void check_space(std::string_view space) {
  const bool good = !space.empty() && space.size() <= max_space_bytes && std::ranges::all_of(space, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
  });
  if (!good) {
    throw core::error(
        core::errc::invalid_argument,
        fmt::format("an identifier space is 1 to max_space_bytes = {} of a-z, 0-9, '_' and '-'", max_space_bytes));
  }
}

void check_identifier(std::string_view space, std::string_view raw) {
  if (const auto fault = identifier_fault(raw)) {
    throw core::error(core::errc::invalid_argument, fmt::format("an identifier in space \"{}\" {}", space, *fault));
  }
}

core::subject_handle directory::resolve(std::string_view space, std::string_view raw) {
  return resolve(space, std::span(&raw, 1)).front();
}

}  // namespace eunomia::subject
