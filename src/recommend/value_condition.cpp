#include "recommend/value_condition.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "recommend/import_reader.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;

bool holds_numbers(metadata_type type) {
  return type == metadata_type::integer || type == metadata_type::number;
}

bool is_order(comparison how) {
  return how != comparison::equal && how != comparison::not_equal;
}

// Calls with each part of a category until one is what is sought.
template <class Sought>
bool any_part(std::string_view list, const Sought& sought) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find('|', begin), list.size());
    if (sought(list.substr(begin, end - begin))) {
      return true;
    }
    begin = end + 1;
  }
  return false;
}

bool ordered(comparison how, double a, double b) {
  switch (how) {
    case comparison::less: return a < b;
    case comparison::less_or_equal: return a <= b;
    case comparison::greater: return a > b;
    case comparison::greater_or_equal: return a >= b;
    default: return false;
  }
}

double wanted_number(std::string_view place, const metadata_column& column, const std::string& text) {
  const auto number = number_of(text);
  if (!number) {
    throw error(errc::invalid_argument,
                fmt::format("{}: column {} holds numbers, and \"{}\" is none", place, column.name, text),
                fmt::format("{}: column {} holds numbers, and the value is none", place, column.name));
  }
  return *number;
}

}  // namespace

value_condition::value_condition(std::string_view place, const metadata_column& column, comparison how,
                                 std::vector<std::string> wanted)
    : type_(column.type), how_(how) {
  if (is_order(how) && !holds_numbers(type_)) {
    throw error(errc::invalid_argument,
                fmt::format("{}: column {} holds words, which = and != compare; declare it as number to order it",
                            place, column.name));
  }
  if (is_order(how) && wanted.size() > 1) {
    throw error(errc::invalid_argument, fmt::format("{}: column {} is compared with one value, and {} are given", place,
                                                    column.name, wanted.size()));
  }
  if (!holds_numbers(type_)) {
    words_ = std::move(wanted);
    return;
  }
  for (const std::string& text : wanted) {
    numbers_.push_back(wanted_number(place, column, text));
  }
}

bool value_condition::holds(const std::optional<std::string>& found) const {
  if (holds_numbers(type_)) {
    return holds_for_number(found);
  }
  const bool equal = found && equals_any(*found);
  return equal == (how_ == comparison::equal);
}

bool value_condition::holds_for_number(const std::optional<std::string>& found) const {
  const auto value = found ? number_of(*found) : std::nullopt;
  if (is_order(how_)) {
    return value && !numbers_.empty() && ordered(how_, *value, numbers_.front());
  }
  const bool equal = value && std::ranges::find(numbers_, *value) != numbers_.end();
  return equal == (how_ == comparison::equal);
}

bool value_condition::equals_any(std::string_view found) const {
  const auto is_wanted = [&](std::string_view part) { return std::ranges::find(words_, part) != words_.end(); };
  return type_ == metadata_type::category ? any_part(found, is_wanted) : is_wanted(found);
}

std::vector<std::string> parts_of(metadata_type type, std::string_view value) {
  if (type != metadata_type::category) {
    return {std::string(value)};
  }
  std::vector<std::string> parts;
  any_part(value, [&](std::string_view part) {
    parts.emplace_back(part);
    return false;
  });
  return parts;
}

}  // namespace eunomia::recommend
