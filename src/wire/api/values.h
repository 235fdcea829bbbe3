#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/json_value.h"
#include "core/time.h"

// How values look in the API.
namespace eunomia::wire::api {

// A moment in ISO 8601; nothing for 0, which stands for never.
inline std::optional<std::string> moment(std::int64_t ms) {
  return ms == 0 ? std::nullopt : std::optional(core::format_iso8601(ms));
}

// The number that a path names. Throws errc::not_found for what is none: nothing has such a name.
std::int64_t number_in_path(std::string_view text, std::string_view what);

// A moment, UTC ms: seconds or milliseconds since 1970, or ISO 8601. Throws errc::invalid_argument, beginning with the
// place.
std::int64_t time_of(const core::json_value& given, std::string_view place);

}  // namespace eunomia::wire::api
