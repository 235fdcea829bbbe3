#include "core/time.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <optional>

#include "core/error.h"
#include "core/utf8.h"

namespace eunomia::core {

namespace {

constexpr std::int64_t first_milliseconds = 100'000'000'000;      // 1e11
constexpr std::int64_t first_microseconds = 100'000'000'000'000;  // 1e14
constexpr std::int64_t year_0_ms = -62'167'219'200'000;           // 0000-01-01T00:00:00.000Z
constexpr std::int64_t last_ms = 253'402'300'799'999;             // 9999-12-31T23:59:59.999Z
constexpr std::size_t longest_shown = 40;

// A value as a message shows it: hostile bytes and lengths stay out.
std::string shown(std::string_view text) {
  std::string result = "\"";
  for (const char c : text.substr(0, longest_shown)) {
    result += c >= ' ' && c < 0x7F && c != '"' ? c : '?';
  }
  return result + (text.size() > longest_shown ? "...\"" : "\"");
}

[[noreturn]] void refuse_number(const std::string& value, bool too_large) {
  throw error(
      errc::invalid_argument,
      "timestamp " + value +
          (too_large ? " is out of range: it looks like microseconds or nanoseconds; divide it down to "
                       "milliseconds or seconds since 1970"
                     : " is before 1970 or no number: expected seconds or milliseconds since 1970, or ISO 8601"));
}

// Reads from the front of a text; every function says whether it found what it looked for.
class cursor {
 public:
  explicit cursor(std::string_view text) : text_(text) {}
  bool done() const { return text_.empty(); }
  bool take(char c) {
    if (text_.empty() || text_.front() != c) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }
  bool take_one_of(std::string_view set) {
    if (text_.empty() || set.find(text_.front()) == std::string_view::npos) {
      return false;
    }
    text_.remove_prefix(1);
    return true;
  }
  bool next_is_digit() const { return !text_.empty() && text_.front() >= '0' && text_.front() <= '9'; }
  // Exactly so many digits, least <= value <= most.
  bool number(int digits, int least, int most, int& value) {
    value = 0;
    for (int i = 0; i < digits; ++i) {
      if (!next_is_digit()) {
        return false;
      }
      value = value * 10 + (text_.front() - '0');
      text_.remove_prefix(1);
    }
    return least <= value && value <= most;
  }
  // Any number of digits, at least one, as milliseconds.
  bool fraction(int& ms) {
    int place = 100;
    ms = 0;
    if (!next_is_digit()) {
      return false;
    }
    while (next_is_digit()) {
      ms += (text_.front() - '0') * place;
      place /= 10;
      text_.remove_prefix(1);
    }
    return true;
  }

 private:
  std::string_view text_;
};

bool read_offset(cursor& at, int& minutes) {
  minutes = 0;
  if (at.done() || at.take_one_of("Zz")) {
    return true;
  }
  const bool west = at.take('-');
  if (!west && !at.take('+')) {
    return false;
  }
  int hour = 0;
  int minute = 0;
  if (!at.number(2, 0, 23, hour)) {
    return false;
  }
  if (!at.done() && (at.take(':'), !at.number(2, 0, 59, minute))) {
    return false;
  }
  minutes = (hour * 60 + minute) * (west ? -1 : 1);
  return true;
}

std::optional<std::int64_t> read_iso8601(std::string_view text) {
  cursor at(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, ms = 0, offset_minutes = 0;
  if (!at.number(4, 0, 9999, year) || !at.take('-') || !at.number(2, 1, 12, month) || !at.take('-') ||
      !at.number(2, 1, 31, day)) {
    return std::nullopt;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) {
    return std::nullopt;
  }
  if (!at.done()) {
    if (!at.take_one_of("Tt ") || !at.number(2, 0, 23, hour) || !at.take(':') || !at.number(2, 0, 59, minute)) {
      return std::nullopt;
    }
    if (at.take(':') && (!at.number(2, 0, 59, second) || (at.take_one_of(".,") && !at.fraction(ms)))) {
      return std::nullopt;
    }
    if (!read_offset(at, offset_minutes)) {
      return std::nullopt;
    }
  }
  if (!at.done()) {
    return std::nullopt;
  }
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  return days * milliseconds_per_day + ((hour * 60 + minute - offset_minutes) * 60 + second) * milliseconds_per_second +
         ms;
}

}  // namespace

std::int64_t now_ms() {
  using namespace std::chrono;
  return duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count();
}

std::string format_iso8601(std::int64_t ms) {
  if (ms < year_0_ms || ms > last_ms) {
    throw error(errc::invalid_argument, "the time " + std::to_string(ms) + " ms is outside the years 0 to 9999");
  }
  using namespace std::chrono;
  const sys_time<milliseconds> time{milliseconds(ms)};
  const sys_days day = floor<days>(time);
  const year_month_day date(day);
  const hh_mm_ss clock(time - day);
  std::array<char, 64> text;
  const int length =
      std::snprintf(text.data(), text.size(), "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", int(date.year()),
                    unsigned(date.month()), unsigned(date.day()), int(clock.hours().count()),
                    int(clock.minutes().count()), int(clock.seconds().count()), int(clock.subseconds().count()));
  return {text.data(), static_cast<std::size_t>(length)};
}

std::int64_t parse_iso8601(std::string_view text) {
  const auto ms = read_iso8601(text);
  if (!ms) {
    throw error(
        errc::invalid_argument,
        "time " + shown(text) + " is not ISO 8601 such as 2026-03-01T09:30:00Z or 2026-03-01T09:30:00.125+01:00");
  }
  return *ms;
}

std::int64_t timestamp_from_number(std::int64_t n) {
  if (n < 0 || n >= first_microseconds) {
    refuse_number(std::to_string(n), n > 0);
  }
  return n < first_milliseconds ? n * milliseconds_per_second : n;
}

std::int64_t timestamp_from_number(double n) {
  if (!(n >= 0) || n >= static_cast<double>(first_microseconds)) {
    std::array<char, 32> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), n).ptr;
    refuse_number(std::string(digits.data(), end), n > 0);
  }
  // Seconds with a fraction round to the nearest millisecond: 0.289 * 1000 is 288.99... in a double.
  return std::llround(n < static_cast<double>(first_milliseconds) ? n * 1000 : std::floor(n));
}

std::int64_t parse_timestamp(std::string_view text) {
  std::int64_t whole = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), whole);
  const auto rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (failure == std::errc::result_out_of_range) {
    refuse_number(shown(text), text.front() != '-');
  }
  if (failure == std::errc() && rest.empty()) {
    return timestamp_from_number(whole);
  }
  if (failure == std::errc() && rest.front() == '.' && text.front() != '-') {
    // From the digits, not through a double: the same text gives the same millisecond everywhere.
    int ms = 0;
    cursor fraction(rest.substr(1));
    if (!fraction.fraction(ms) || !fraction.done()) {
      refuse_number(shown(text), false);
    }
    const std::int64_t from_whole = timestamp_from_number(whole);
    return whole < first_milliseconds ? from_whole + ms : from_whole;
  }
  const auto ms = read_iso8601(text);
  if (!ms || *ms < 0) {
    throw error(errc::invalid_argument,
                "timestamp " + shown(text) +
                    (ms ? " is before 1970"
                        : " is neither seconds or milliseconds since 1970 nor ISO 8601 such as 2026-03-01T09:30:00Z"));
  }
  if (*ms >= first_microseconds) {
    throw error(errc::invalid_argument, "timestamp " + shown(text) + " is after the year 5138, the last one");
  }
  return *ms;
}

}  // namespace eunomia::core
