#include "wire/recombee/parameters.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>

#include "core/error.h"
#include "core/time.h"

namespace eunomia::wire::recombee {

namespace {

using core::json_value;

std::optional<double> number_in(std::string_view text) {
  double value = 0;
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  return fault == std::errc() && end == text.data() + text.size() && std::isfinite(value) ? std::optional(value)
                                                                                          : std::nullopt;
}

}  // namespace

void refuse_parameter(std::string_view name, std::string_view fault) {
  throw core::error(core::errc::invalid_argument, fmt::format("{}: {}", name, fault));
}

parameters::parameters(json_value given) : given_(std::move(given)) {
  if (given_.type() == json_value::kind::null) {
    given_ = json_value::of_object();
  }
  if (given_.type() != json_value::kind::object) {
    throw core::error(core::errc::invalid_argument, "the body is a JSON object of the request's parameters");
  }
}

const json_value* parameters::find(std::string_view name) const {
  const json_value* const found = given_.find(name);
  return found == nullptr || found->type() == json_value::kind::null ? nullptr : found;
}

std::optional<std::string> parameters::text(std::string_view name) const {
  const json_value* const found = find(name);
  if (found == nullptr) {
    return std::nullopt;
  }
  // Ids are written as numbers by some.
  if (found->type() != json_value::kind::string && found->type() != json_value::kind::number) {
    refuse_parameter(name, "is no string");
  }
  return found->text();
}

std::optional<double> parameters::number(std::string_view name, double least, double most) const {
  const json_value* const found = find(name);
  if (found == nullptr) {
    return std::nullopt;
  }
  const auto value = found->type() == json_value::kind::number || found->type() == json_value::kind::string
                         ? number_in(found->text())
                         : std::nullopt;
  if (!value || *value < least || *value > most) {
    refuse_parameter(name, fmt::format("is a number from {} to {}", least, most));
  }
  return value;
}

std::optional<std::size_t> parameters::count(std::string_view name, std::size_t most) const {
  const auto value = number(name, 0, static_cast<double>(most));
  if (value && *value != std::floor(*value)) {
    refuse_parameter(name, "is a whole number");
  }
  return value ? std::optional(static_cast<std::size_t>(*value)) : std::nullopt;
}

std::optional<bool> parameters::flag(std::string_view name) const {
  const json_value* const found = find(name);
  if (found == nullptr) {
    return std::nullopt;
  }
  if (found->type() == json_value::kind::boolean) {
    return found->boolean();
  }
  const std::string& text = found->text();
  if (text == "true" || text == "True" || text == "1") {
    return true;
  }
  if (text == "false" || text == "False" || text == "0") {
    return false;
  }
  refuse_parameter(name, "is true or false");
}

std::optional<std::vector<std::string>> parameters::list(std::string_view name) const {
  const json_value* const found = find(name);
  if (found == nullptr) {
    return std::nullopt;
  }
  std::vector<std::string> all;
  if (found->type() == json_value::kind::array) {
    for (const json_value& one : found->elements()) {
      if (one.type() != json_value::kind::string) {
        refuse_parameter(name, "is a list of strings");
      }
      all.push_back(one.text());
    }
    return all;
  }
  if (found->type() != json_value::kind::string) {
    refuse_parameter(name, "is a list of strings");
  }
  const std::string& text = found->text();
  for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    all.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return all;
}

std::int64_t moment_of(std::string_view name, const json_value& given) {
  constexpr double latest_s = 1e11;
  if (given.type() != json_value::kind::number && given.type() != json_value::kind::string) {
    refuse_parameter(name, "is seconds since 1970, or a time as ISO 8601 has it");
  }
  if (const auto seconds = number_in(given.text())) {
    if (*seconds < 0 || *seconds >= latest_s) {
      refuse_parameter(name, "is seconds since 1970, from 0 on");
    }
    return static_cast<std::int64_t>(std::llround(*seconds * 1000));
  }
  try {
    return core::parse_timestamp(given.text());
  } catch (const core::error&) {
    refuse_parameter(name, "is seconds since 1970, or a time from then on as ISO 8601 has it");
  }
}

std::optional<std::int64_t> parameters::moment(std::string_view name) const {
  const json_value* const found = find(name);
  return found == nullptr ? std::nullopt : std::optional(moment_of(name, *found));
}

std::map<std::string, std::string> parameters::texts(std::string_view name) const {
  std::map<std::string, std::string> all;
  const json_value* const found = find(name);
  if (found == nullptr) {
    return all;
  }
  if (found->type() != json_value::kind::object) {
    refuse_parameter(name, "is an object of strings");
  }
  for (std::size_t i = 0; i < found->names().size(); ++i) {
    if (found->elements()[i].type() != json_value::kind::string) {
      refuse_parameter(name, "is an object of strings");
    }
    all.emplace(found->names()[i], found->elements()[i].text());
  }
  return all;
}

std::string parameters::required_text(std::string_view name) const {
  auto found = text(name);
  if (!found) {
    refuse_parameter(name, "is missing");
  }
  return *std::move(found);
}

json_value ok() {
  return json_value::of_string("ok");
}

json_value of_text(std::string_view text) {
  return json_value::of_string(std::string(text));
}

json_value of_real(double value) {
  return std::isfinite(value) ? json_value::of_number(fmt::format("{}", value)) : json_value();
}

json_value of_integer(std::int64_t value) {
  return json_value::of_number(std::to_string(value));
}

json_value of_moment(std::int64_t ms) {
  return json_value::of_number(
      fmt::format("{}.{:03}", ms / core::milliseconds_per_second, ms % core::milliseconds_per_second));
}

void check_id(std::string_view what, std::string_view id) {
  constexpr std::size_t longest_id = 255;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_:@.-").find(c) != std::string_view::npos;
  };
  if (id.empty() || id.size() > longest_id || !std::all_of(id.begin(), id.end(), allowed)) {
    refuse_parameter(what, fmt::format("an id is 1 to {} of a-z, A-Z, 0-9 and _ : @ . -", longest_id));
  }
}

}  // namespace eunomia::wire::recombee
