#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace eunomia::core {

// Time is UTC, in milliseconds since 1970-01-01T00:00:00Z without leap seconds, in a std::int64_t whose name ends in
// _ms or is documented so. Local time exists only where a client asks for it.

inline constexpr std::int64_t milliseconds_per_second = 1000;
inline constexpr std::int64_t milliseconds_per_day = 86'400'000;

// The clock of this machine.
std::int64_t now_ms();

// "2026-03-01T09:30:00.125Z": always 24 characters, so that texts sort like times. For the years 0 to 9999; throws
// errc::invalid_argument outside.
std::string format_iso8601(std::int64_t ms);

// Reads ISO 8601 (RFC 3339): "2026-03-01", or a date and a time apart by T or a space, "2026-03-01T09:30",
// "2026-03-01 09:30:00.125+01:00". Without an offset it is UTC; offsets are Z, +01:00, +0100 or +01; digits of the
// fraction beyond milliseconds are cut off. Years 0 to 9999. Throws errc::invalid_argument.
std::int64_t parse_iso8601(std::string_view text);

// When an imported event happened. The rule for a number n, whole or with a fraction:
//
//   0 <= n < 1e11   seconds since 1970 (up to the year 5138), as Amazon Personalize has them
//   1e11 <= n < 1e14   milliseconds since 1970 (1973 to 5138)
//   anything else   refused; from 1e14 on the message says that it looks like microseconds or nanoseconds
//
// so that no column is read in a unit that nobody meant: milliseconds before March 1973 would have to be written as
// seconds. All of these throw errc::invalid_argument naming the value; they give 0 <= t < 1e14 ms.
std::int64_t timestamp_from_number(std::int64_t n);
std::int64_t timestamp_from_number(double n);

// The same from text: a number (no exponent, no sign, no blanks), or ISO 8601 from 1970 on.
std::int64_t parse_timestamp(std::string_view text);

}  // namespace eunomia::core
