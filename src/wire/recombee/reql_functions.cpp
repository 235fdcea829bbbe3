#include "wire/recombee/reql_functions.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <clocale>
#include <cmath>
#include <ctime>
#include <cwctype>
#include <limits>
#include <numbers>

#include "core/error.h"
#include "core/time.h"

namespace eunomia::wire::recombee {

namespace {

using arguments = std::span<const reql_value>;

constexpr std::size_t any_number = std::numeric_limits<std::size_t>::max();

[[noreturn]] void refuse(const reql_call& call, std::string_view takes, const reql_value& got) {
  refuse_reql(call.at, fmt::format("takes {}, and got {}", takes, got.kind()));
}

double number_of(const reql_call& call, const reql_value& value) {
  const auto number = value.number();
  if (!number) {
    refuse(call, "a number", value);
  }
  return *number;
}

const std::string& text_of(const reql_call& call, const reql_value& value) {
  if (value.text() == nullptr) {
    refuse(call, "a string", value);
  }
  return *value.text();
}

// Whole where it is, and no greater than a whole number can be.
reql_value whole(double value) {
  constexpr double most = 9.2e18;
  return std::abs(value) < most ? reql_value(static_cast<std::int64_t>(value)) : reql_value(value);
}

// The elements of the one set or array that is given, or what is given.
arguments values_of(arguments given) {
  return given.size() == 1 && given[0].collection() != nullptr ? arguments(given[0].collection()->elements) : given;
}

reql_value extreme(const reql_call& call, arguments given, reql_operator wanted) {
  const arguments values = values_of(given);
  call.budget.spend(values.size());
  reql_value best;
  for (const reql_value& one : values) {
    if (one.is_null()) {
      return {};
    }
    if (best.is_null() || reql_compare(call, wanted, one, best).truth()) {
      best = one;
    }
  }
  return best;
}

reql_value average(const reql_call& call, arguments given) {
  const arguments values = values_of(given);
  call.budget.spend(values.size());
  double sum = 0;
  for (const reql_value& one : values) {
    if (one.is_null()) {
      return {};
    }
    sum += number_of(call, one);
  }
  return values.empty() ? reql_value() : reql_value(sum / static_cast<double>(values.size()));
}

template <double (*Function)(double)>
reql_value rounded(const reql_call& call, arguments given) {
  return whole(Function(number_of(call, given[0])));
}

reql_value absolute(const reql_call& call, arguments given) {
  const double value = number_of(call, given[0]);
  return given[0].integer() != nullptr ? whole(std::abs(value)) : reql_value(std::abs(value));
}

reql_value logarithm(const reql_call& call, arguments given) {
  const double value = number_of(call, given[0]);
  return reql_value(given.size() == 1 ? std::log10(value) : std::log(value) / std::log(number_of(call, given[1])));
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(
      std::count_if(text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

reql_value size(const reql_call& call, arguments given) {
  if (given[0].collection() != nullptr) {
    return reql_value(static_cast<std::int64_t>(given[0].collection()->elements.size()));
  }
  return reql_value(static_cast<std::int64_t>(characters(text_of(call, given[0]))));
}

reql_value reduce(const reql_call& call, arguments given) {
  const std::string& how = text_of(call, given[0]);
  if (given[1].collection() == nullptr) {
    refuse(call, "a set", given[1]);
  }
  reql_value sum = given.size() == 3 ? given[2] : reql_value();
  bool begun = given.size() == 3;
  for (const reql_value& one : given[1].collection()->elements) {
    call.budget.spend(1);
    if (!begun) {
      sum = one;
      begun = true;
    } else if (how == "and" || how == "or") {
      sum = reql_value(how == "and" ? sum.truth() && one.truth() : sum.truth() || one.truth());
    } else if (how == "+" || how == "*" || how == "&") {
      sum = reql_arithmetic(call,
                            how == "+"   ? reql_operator::add
                            : how == "*" ? reql_operator::multiply
                                         : reql_operator::intersect,
                            sum, one);
    } else {
      refuse_reql(call.at, "reduce takes one of \"+\", \"*\", \"&\", \"and\", \"or\"");
    }
  }
  return sum;
}

std::string changed_case(std::string_view text, wint_t (*change)(wint_t, locale_t)) {
  static const locale_t unicode = newlocale(LC_CTYPE_MASK, "C.UTF-8", nullptr);
  std::string made;
  for (std::size_t i = 0; i < text.size();) {
    const auto first = static_cast<unsigned char>(text[i]);
    const std::size_t bytes = first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4;
    wint_t code = bytes == 1 ? first : first & (0xFFU >> (bytes + 1));
    for (std::size_t k = 1; k < bytes && i + k < text.size(); ++k) {
      code = code << 6U | (static_cast<unsigned char>(text[i + k]) & 0x3FU);
    }
    i += bytes;
    code = unicode == nullptr ? code : change(code, unicode);
    if (code < 0x80) {
      made += static_cast<char>(code);
    } else if (code < 0x800) {
      made += {static_cast<char>(0xC0U | code >> 6U), static_cast<char>(0x80U | (code & 0x3FU))};
    } else if (code < 0x10000) {
      made += {static_cast<char>(0xE0U | code >> 12U), static_cast<char>(0x80U | (code >> 6U & 0x3FU)),
               static_cast<char>(0x80U | (code & 0x3FU))};
    } else {
      made += {static_cast<char>(0xF0U | code >> 18U), static_cast<char>(0x80U | (code >> 12U & 0x3FU)),
               static_cast<char>(0x80U | (code >> 6U & 0x3FU)), static_cast<char>(0x80U | (code & 0x3FU))};
    }
  }
  return made;
}

reql_value split(const reql_call& call, arguments given) {
  const std::string& text = text_of(call, given[0]);
  const std::string& by = text_of(call, given[1]);
  if (by.empty()) {
    refuse_reql(call.at, "split takes a separator that is not empty");
  }
  std::vector<reql_value> parts;
  std::size_t begin = 0;
  for (std::size_t end = text.find(by); end != std::string::npos; end = text.find(by, begin)) {
    parts.emplace_back(text.substr(begin, end - begin));
    begin = end + by.size();
  }
  parts.emplace_back(text.substr(begin));
  return collected(call, false, std::move(parts));
}

reql_value to_number(const reql_call& call, arguments given) {
  if (given[0].is_number()) {
    return given[0];
  }
  if (const bool* const flag = given[0].boolean()) {
    return reql_value(std::int64_t{*flag ? 1 : 0});
  }
  const std::string& text = text_of(call, given[0]);
  const char* const last = text.data() + text.size();
  if (std::int64_t integer = 0; std::from_chars(text.data(), last, integer).ptr == last && !text.empty()) {
    return reql_value(integer);
  }
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), last, value);
  return fault == std::errc() && end == last && std::isfinite(value) ? reql_value(value) : reql_value();
}

std::string shown(const reql_value& value) {
  if (const bool* const flag = value.boolean()) {
    return *flag ? "true" : "false";
  }
  if (value.is_number()) {
    return value.integer() != nullptr ? std::to_string(*value.integer()) : fmt::format("{}", *value.number());
  }
  if (value.text() != nullptr) {
    return *value.text();
  }
  if (value.collection() == nullptr) {
    return "null";
  }
  std::string all = value.is_set() ? "{" : "[";
  for (const reql_value& one : value.collection()->elements) {
    all += all.size() > 1 ? ", " : "";
    all += one.text() != nullptr ? '"' + *one.text() + '"' : shown(one);
  }
  return all + (value.is_set() ? "}" : "]");
}

constexpr double longest_time_s = 253'402'300'799;  // the end of the year 9999

reql_value to_string(const reql_call& call, arguments given) {
  if (given.size() == 1) {
    return text_value(call, shown(given[0]));
  }
  const double seconds = number_of(call, given[0]);
  const std::string& format = text_of(call, given[1]);
  constexpr std::size_t longest_format = 64;
  if (format.size() > longest_format || format.find('\0') != std::string::npos ||
      !(seconds >= 0 && seconds <= longest_time_s)) {
    refuse_reql(call.at, "takes a moment from 1970 to 9999, and a format of at most 64 characters");
  }
  const auto moment = static_cast<std::time_t>(seconds);
  std::tm parts{};
  gmtime_r(&moment, &parts);
  std::array<char, 2048> made{};
  const std::size_t written = std::strftime(made.data(), made.size(), format.c_str(), &parts);
  return text_value(call, std::string(made.data(), written));
}

reql_value to_timestamp(const reql_call& call, arguments given) {
  if (given[0].is_number()) {
    return reql_value(*given[0].number());
  }
  try {
    return reql_value(static_cast<double>(core::parse_iso8601(text_of(call, given[0]))) / 1000);
  } catch (const core::error&) {
    if (given[0].text() == nullptr) {
      throw;
    }
    return {};  // as number("Recombee") is
  }
}

// A place: "50.08,14.44", or an array of two numbers. Degrees.
std::optional<std::pair<double, double>> place_of(const reql_call& call, const reql_value& value) {
  if (value.collection() != nullptr && !value.is_set() && value.collection()->elements.size() == 2) {
    return std::pair(number_of(call, value.collection()->elements[0]),
                     number_of(call, value.collection()->elements[1]));
  }
  const std::string& text = text_of(call, value);
  const char* const last = text.data() + text.size();
  double latitude = 0;
  double longitude = 0;
  auto [end, fault] = std::from_chars(text.data(), last, latitude);
  while (end != last && (*end == ' ' || *end == ',')) {
    ++end;
  }
  const auto [end_of_all, fault_of_second] = std::from_chars(end, last, longitude);
  if (fault != std::errc() || fault_of_second != std::errc() || end_of_all != last) {
    return std::nullopt;
  }
  return std::pair(latitude, longitude);
}

// Haversine, on a sphere of the earth's mean radius. Metres.
reql_value earth_distance(const reql_call& call, arguments given) {
  constexpr double earth_radius_m = 6'371'008.8;
  constexpr double radians = std::numbers::pi / 180;
  std::optional<std::pair<double, double>> from;
  std::optional<std::pair<double, double>> to;
  if (given.size() == 4) {
    from = std::pair(number_of(call, given[0]), number_of(call, given[1]));
    to = std::pair(number_of(call, given[2]), number_of(call, given[3]));
  } else if (given.size() == 2) {
    from = place_of(call, given[0]);
    to = place_of(call, given[1]);
  } else {
    refuse_reql(call.at, "earth_distance takes two places, or latitude and longitude of both");
  }
  if (!from || !to) {
    return {};
  }
  const double north = std::sin((to->first - from->first) * radians / 2);
  const double east = std::sin((to->second - from->second) * radians / 2);
  const double h = north * north + std::cos(from->first * radians) * std::cos(to->first * radians) * east * east;
  return reql_value(2 * earth_radius_m * std::asin(std::min(1.0, std::sqrt(h))));
}

constexpr std::array<reql_function, 22> functions = {{
    {"now", 0, 0, false, [](const reql_call& call, arguments) { return reql_value(call.facts.now()); }},
    {"random", 0, 0, false, [](const reql_call& call, arguments) { return reql_value(call.facts.random()); }},
    {"size", 1, 1, false, size},
    {"reduce", 2, 3, false, reduce},
    {"max", 1, any_number, false,
     [](const reql_call& call, arguments given) { return extreme(call, given, reql_operator::greater); }},
    {"min", 1, any_number, false,
     [](const reql_call& call, arguments given) { return extreme(call, given, reql_operator::less); }},
    {"avg", 1, any_number, false, average},
    {"round", 1, 1, false, rounded<std::round>},
    {"floor", 1, 1, false, rounded<std::floor>},
    {"ceil", 1, 1, false, rounded<std::ceil>},
    {"abs", 1, 1, false, absolute},
    {"sqrt", 1, 1, false,
     [](const reql_call& call, arguments given) { return reql_value(std::sqrt(number_of(call, given[0]))); }},
    {"pow", 2, 2, false,
     [](const reql_call& call, arguments given) {
       return reql_value(std::pow(number_of(call, given[0]), number_of(call, given[1])));
     }},
    {"log", 1, 2, false, logarithm},
    {"upper", 1, 1, false,
     [](const reql_call& call, arguments given) { return text_value(call, upper_case(text_of(call, given[0]))); }},
    {"lower", 1, 1, false,
     [](const reql_call& call, arguments given) { return text_value(call, lower_case(text_of(call, given[0]))); }},
    {"split", 2, 2, false, split},
    {"boolean", 1, 1, true, [](const reql_call&, arguments given) { return reql_value(given[0].truth()); }},
    {"number", 1, 1, false, to_number},
    {"string", 1, 2, false, to_string},
    {"timestamp", 1, 1, false, to_timestamp},
    {"earth_distance", 2, 4, false, earth_distance},
}};

}  // namespace

std::string upper_case(std::string_view text) {
  return changed_case(text, towupper_l);
}

std::string lower_case(std::string_view text) {
  return changed_case(text, towlower_l);
}

std::span<const reql_function> reql_functions() {
  return functions;
}

}  // namespace eunomia::wire::recombee
