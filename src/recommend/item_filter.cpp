#include "recommend/item_filter.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "core/error.h"

namespace eunomia::recommend {

namespace {

using comparison = item_condition::comparison;

std::optional<double> number_of(std::string_view text) {
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  return failure == std::errc() && end == text.data() + text.size() ? std::optional(value) : std::nullopt;
}

bool has_part(std::string_view list, std::string_view wanted) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find('|', begin), list.size());
    if (list.substr(begin, end - begin) == wanted) {
      return true;
    }
    begin = end + 1;
  }
  return false;
}

template <class Value>
bool holds(comparison how, const Value& a, const Value& b) {
  switch (how) {
    case comparison::equal: return a == b;
    case comparison::not_equal: return a != b;
    case comparison::less: return a < b;
    case comparison::less_or_equal: return a <= b;
    case comparison::greater: return a > b;
    case comparison::greater_or_equal: return a >= b;
  }
  return false;
}

bool meets_number(const item_condition& condition, double wanted, const std::optional<std::string>& found) {
  const auto value = found ? number_of(*found) : std::nullopt;
  return value ? holds(condition.how, *value, wanted) : condition.how == comparison::not_equal;
}

bool meets_words(const item_condition& condition, bool parts, const std::optional<std::string>& found) {
  const bool equal = found && (parts ? has_part(*found, condition.value) : *found == condition.value);
  return equal == (condition.how == comparison::equal);
}

void apply(const item_condition& condition, const item_metadata& metadata, item_set& remaining) {
  const std::size_t column = metadata.column_named(condition.column);
  const metadata_type type = metadata.columns[column].type;
  const auto& values = metadata.values[column];
  const bool numbers = type == metadata_type::integer || type == metadata_type::number;
  const bool ordered = condition.how != comparison::equal && condition.how != comparison::not_equal;
  const auto wanted = number_of(condition.value);
  if (numbers && !wanted) {
    throw core::error(core::errc::invalid_argument,
                      "column " + condition.column + " holds numbers, and \"" + condition.value + "\" is none");
  }
  if (!numbers && ordered) {
    throw core::error(
        core::errc::invalid_argument,
        "column " + condition.column + " holds words, which = and != compare; declare it as number to order it");
  }
  for (item_position item = 0; item < remaining.size(); ++item) {
    if (numbers ? !meets_number(condition, *wanted, values[item])
                : !meets_words(condition, type == metadata_type::category, values[item])) {
      remaining.erase(item);
    }
  }
}

}  // namespace

item_condition item_condition::parse(std::string_view text) {
  struct sign {
    std::string_view text;
    comparison how;
  };
  constexpr std::array<sign, 6> signs = {{{"!=", comparison::not_equal},
                                          {"<=", comparison::less_or_equal},
                                          {">=", comparison::greater_or_equal},
                                          {"=", comparison::equal},
                                          {"<", comparison::less},
                                          {">", comparison::greater}}};
  const std::size_t at = text.find_first_of("!<>=");
  if (at != std::string_view::npos && at > 0) {
    for (const sign& s : signs) {
      if (text.substr(at).starts_with(s.text)) {
        return {std::string(text.substr(0, at)), s.how, std::string(text.substr(at + s.text.size()))};
      }
    }
  }
  throw core::error(core::errc::invalid_argument, "condition \"" + std::string(text) +
                                                      "\": expected a column, one of = != < <= > >=, and a value, such "
                                                      "as PRICE<=20");
}

item_set items_that_meet(const std::vector<item_condition>& conditions, const item_metadata& metadata,
                         std::uint32_t items) {
  item_set remaining(items, true);
  for (const item_condition& condition : conditions) {
    apply(condition, metadata, remaining);
  }
  return remaining;
}

}  // namespace eunomia::recommend
