#include "wire/access/terms.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/time.h"
#include "core/utf8.h"

namespace eunomia::wire::access {

namespace {

// C0, DEL and C1 (U+0080 to U+009F), which move a terminal's cursor.
bool has_control_character(std::string_view utf8) {
  for (std::size_t i = 0; i < utf8.size(); ++i) {
    const auto byte = static_cast<unsigned char>(utf8[i]);
    if (byte < 0x20 || byte == 0x7F ||
        (byte == 0xC2 && i + 1 < utf8.size() && static_cast<unsigned char>(utf8[i + 1]) < 0xA0)) {
      return true;
    }
  }
  return false;
}

}  // namespace

void check_label(std::string_view what, std::string_view label) {
  if (label.empty() || label.size() > max_label_bytes) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("the label of {} has {} bytes: give it 1 to {} (max_label_bytes), such as "
                                  "\"shop frontend\"",
                                  what, label.size(), max_label_bytes));
  }
  if (!core::is_utf8(label) || has_control_character(label)) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("the label of {} is no UTF-8, or has control characters", what));
  }
}

void check_lifetime(std::string_view what, std::uint32_t lifetime_days) {
  if (lifetime_days > max_lifetime_days) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("{} cannot live for {} days (max_lifetime_days = {}; 0: forever)", what,
                                  lifetime_days, max_lifetime_days));
  }
}

bool validity::is_long_over(std::int64_t now) const {
  const std::int64_t oldest = now - std::int64_t{keep_ended_days} * core::milliseconds_per_day;
  return (revoked_at != 0 && revoked_at < oldest) || (expires_at != 0 && expires_at < oldest);
}

}  // namespace eunomia::wire::access
