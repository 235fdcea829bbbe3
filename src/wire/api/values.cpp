#include "wire/api/values.h"

#include <fmt/format.h>

#include <charconv>

#include "core/error.h"

namespace eunomia::wire::api {

std::int64_t number_in_path(std::string_view text, std::string_view what) {
  std::int64_t number = 0;
  const char* const begin = text.data();
  const char* const last = begin + text.size();
  const auto [end, problem] = std::from_chars(begin, last, number);
  if (problem != std::errc() || end != last || number < 0) {
    throw core::error(core::errc::not_found,
                      fmt::format("there is no {} of that number; numbers are 1, 2, 3, …", what));
  }
  return number;
}

std::int64_t time_of(const core::json_value& given, std::string_view place) {
  try {
    if (given.type() == core::json_value::kind::number || given.type() == core::json_value::kind::string) {
      return core::parse_timestamp(given.text());
    }
  } catch (const core::error& problem) {
    throw core::error(problem.code(), fmt::format("{}: {}", place, problem.what()));
  }
  throw core::error(core::errc::invalid_argument, fmt::format("{}: expected a number or text in ISO 8601", place));
}

}  // namespace eunomia::wire::api
