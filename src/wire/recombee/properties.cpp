#include "wire/recombee/properties.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "core/json_writer.h"
#include "subject/directory.h"
#include "wire/http/text.h"
#include "wire/recombee/parameters.h"

namespace eunomia::wire::recombee {

namespace {

using core::json_value;
using recommend::metadata_type;

constexpr std::array<std::string_view, 8> type_names = {"int",       "double", "string", "boolean",
                                                        "timestamp", "set",    "image",  "imageList"};
constexpr std::string_view image_scheme = "http";

// Elements of a set stand between '|' in a category; what would break that is written with a backslash.
std::string escaped(std::string_view element) {
  std::string text;
  for (const char c : element) {
    text += c == '|' ? "\\p" : c == '\\' ? "\\\\" : std::string(1, c);
  }
  return element.empty() ? "\\e" : text;
}

std::string unescaped(std::string_view element) {
  std::string text;
  for (std::size_t i = 0; i < element.size(); ++i) {
    if (element[i] != '\\' || i + 1 == element.size()) {
      text += element[i];
    } else {
      const char c = element[++i];
      text += c == 'p' ? "|" : c == 'e' ? "" : c == '\\' ? "\\" : std::string{'\\', c};
    }
  }
  return text;
}

std::vector<std::string> strings_in(const property& of, const json_value& given) {
  if (given.type() != json_value::kind::array) {
    refuse_parameter(of.name, fmt::format("a {} is a list of strings", name_of(of.type)));
  }
  std::vector<std::string> all;
  for (const json_value& one : given.elements()) {
    if (one.type() != json_value::kind::string) {
      refuse_parameter(of.name, fmt::format("a {} is a list of strings", name_of(of.type)));
    }
    all.push_back(one.text());
  }
  return all;
}

void check_image(const property& of, std::string_view url) {
  if (!url.starts_with(image_scheme)) {
    refuse_parameter(of.name, "an image is the URL of one, http:// or https://");
  }
}

const std::string& string_in(const property& of, const json_value& given) {
  if (given.type() != json_value::kind::string) {
    refuse_parameter(of.name, fmt::format("a {} is a string", name_of(of.type)));
  }
  return given.text();
}

std::string number_in(const property& of, const json_value& given) {
  const bool whole = of.type == property_type::integer;
  double value = 0;
  const std::string& digits = given.text();
  const char* const last = digits.data() + digits.size();
  if (given.type() == json_value::kind::number && std::from_chars(digits.data(), last, value).ptr == last &&
      std::isfinite(value)) {
    std::int64_t exact = 0;
    if (whole && std::from_chars(digits.data(), last, exact).ptr == last) {
      return std::to_string(exact);
    }
    constexpr double most = 9.0e18;
    if (whole && value == std::floor(value) && std::abs(value) < most) {
      return std::to_string(static_cast<std::int64_t>(value));
    }
    if (!whole) {
      return fmt::format("{}", value);
    }
  }
  refuse_parameter(of.name, whole ? "an int is a whole number" : "a double is a number");
}

std::string text_of(const property& of, const json_value& given) {
  switch (of.type) {
    case property_type::integer:
    case property_type::real: return number_in(of, given);
    case property_type::boolean:
      if (given.type() != json_value::kind::boolean) {
        refuse_parameter(of.name, "a boolean is true or false");
      }
      return given.boolean() ? "true" : "false";
    case property_type::timestamp: return fmt::format("{}", static_cast<double>(moment_of(of.name, given)) / 1000);
    case property_type::image: check_image(of, string_in(of, given)); return given.text();
    case property_type::string: return string_in(of, given);
    case property_type::set: {
      std::set<std::string> elements;
      for (const std::string& one : strings_in(of, given)) {
        elements.insert(escaped(one));
      }
      return fmt::format("{}", fmt::join(elements, "|"));
    }
    case property_type::image_list: {
      for (const std::string& one : strings_in(of, given)) {
        check_image(of, one);
      }
      core::json_writer out;
      out.value(given);
      return given.elements().empty() ? "" : std::move(out).text();
    }
  }
  return "";
}

template <class Number>
reql_value number_of(std::string_view stored) {
  Number value = 0;
  const char* const first = stored.data();
  const char* const last = first + stored.size();
  return std::from_chars(first, last, value).ptr == last ? reql_value(value) : reql_value();
}

reql_value list_in(std::string_view stored) {
  std::vector<reql_value> all;
  try {
    for (const std::string& one : core::read_json<std::vector<std::string>>(core::parse_json(stored))) {
      all.emplace_back(one);
    }
  } catch (const core::error&) {
    return {};
  }
  return reql_value::array_of(std::move(all));
}

reql_value set_in(std::string_view stored) {
  std::vector<reql_value> all;
  for (std::size_t begin = 0; begin <= stored.size() && !stored.empty();) {
    const std::size_t end = std::min(stored.find('|', begin), stored.size());
    all.emplace_back(unescaped(stored.substr(begin, end - begin)));
    begin = end + 1;
  }
  return reql_value::set_of(std::move(all));
}

property_type type_of_column(metadata_type type) {
  switch (type) {
    case metadata_type::integer: return property_type::integer;
    case metadata_type::number: return property_type::real;
    case metadata_type::text: return property_type::string;
    case metadata_type::category: break;
  }
  return property_type::set;
}

}  // namespace

std::string_view name_of(property_type type) {
  return type_names[static_cast<std::size_t>(type)];
}

property_type property_type_named(std::string_view name) {
  const auto found = std::ranges::find(type_names, name);
  if (found == type_names.end()) {
    refuse_parameter("type", fmt::format("is one of {}", fmt::join(type_names, ", ")));
  }
  return static_cast<property_type>(found - type_names.begin());
}

void check_property_name(std::string_view name) {
  constexpr std::size_t longest_name = 63;
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("_:-").find(c) != std::string_view::npos;
  };
  if (name.empty() || name.size() > longest_name || !std::all_of(name.begin(), name.end(), allowed)) {
    refuse_parameter("propertyName", fmt::format("is 1 to {} of a-z, A-Z, 0-9 and _ : -", longest_name));
  }
  if (name == item_id_property || name == user_id_property) {
    refuse_parameter("propertyName", fmt::format("{} is there already, of every item and user", name));
  }
}

metadata_type column_type_of(property_type type) {
  switch (type) {
    case property_type::integer: return metadata_type::integer;
    case property_type::real:
    case property_type::timestamp: return metadata_type::number;
    case property_type::boolean:
    case property_type::set: return metadata_type::category;
    case property_type::string:
    case property_type::image:
    case property_type::image_list: break;
  }
  return metadata_type::text;
}

std::string free_column(std::string_view property_name, const std::vector<recommend::metadata_column>& taken) {
  std::string name;
  for (const char c : property_name) {
    const char upper = http::upper(c);
    name += (upper >= 'A' && upper <= 'Z') || (upper >= '0' && upper <= '9') ? upper : '_';
  }
  const auto is_taken = [&](const std::string& text) {
    constexpr std::array<std::string_view, 5> fixed = {"ITEM_ID", "USER_ID", "IMPORTED_AT", "SUBJECT", "SEALED_VALUES"};
    return std::ranges::find(taken, text, &recommend::metadata_column::name) != taken.end() ||
           std::ranges::find(fixed, text) != fixed.end();
  };
  std::string free = name;
  for (int number = 2; is_taken(free); ++number) {
    free = fmt::format("{}_{}", name, number);
  }
  return free;
}

std::vector<property> properties_of(const std::vector<definition>& added, const std::vector<definition>& retired,
                                    const std::vector<recommend::metadata_column>& columns) {
  std::vector<property> all;
  std::set<std::string> hidden;
  for (const definition& one : retired) {
    hidden.insert(one.id);
  }
  for (const definition& one : added) {
    const parameters body(one.body);
    if (std::ranges::find(columns, body.required_text("column"), &recommend::metadata_column::name) == columns.end()) {
      continue;  // of a dataset that was dropped
    }
    all.push_back({one.id, property_type_named(body.required_text("type")), body.required_text("column")});
    hidden.insert(all.back().column);
  }
  for (const auto& column : columns) {
    const bool named_so = std::ranges::find(all, column.name, &property::name) != all.end();
    if (!hidden.contains(column.name) && !named_so) {
      all.push_back({column.name, type_of_column(column.type), column.name});
    }
  }
  std::ranges::sort(all, {}, &property::name);
  return all;
}

std::string stored_of(const property& of, const json_value& given) {
  if (given.type() == json_value::kind::null) {
    return "";
  }
  std::string text = text_of(of, given);
  if (text.size() > subject::max_identifier_bytes) {
    refuse_parameter(of.name, fmt::format("has {} bytes, more than max_identifier_bytes = {}", text.size(),
                                          subject::max_identifier_bytes));
  }
  if (text.find('\0') != std::string::npos) {
    refuse_parameter(of.name, "holds U+0000");
  }
  return text;
}

reql_value value_of(const property& of, std::string_view stored) {
  if (of.type == property_type::set) {
    return set_in(stored);
  }
  if (stored.empty()) {
    return {};
  }
  switch (of.type) {
    case property_type::integer: return number_of<std::int64_t>(stored);
    case property_type::real:
    case property_type::timestamp: return number_of<double>(stored);
    case property_type::boolean: return reql_value(stored == "true" || stored == "1");
    case property_type::image_list: return list_in(stored);
    case property_type::string:
    case property_type::image:
    case property_type::set: break;
  }
  return reql_value(std::string(stored));
}

json_value shown(const reql_value& value) {
  if (const bool* const flag = value.boolean()) {
    return json_value::of_boolean(*flag);
  }
  if (const auto* const whole = value.integer()) {
    return of_integer(*whole);
  }
  if (const auto number = value.number()) {
    return of_real(*number);
  }
  if (const std::string* const text = value.text()) {
    return of_text(*text);
  }
  if (value.collection() == nullptr) {
    return {};
  }
  json_value list = json_value::of_array();
  for (const reql_value& one : value.collection()->elements) {
    list.append(shown(one));
  }
  return list;
}

json_value shown(const property& of, const reql_value& value) {
  const bool nothing =
      of.type == property_type::set && value.collection() != nullptr && value.collection()->elements.empty();
  return nothing ? json_value() : shown(value);
}

}  // namespace eunomia::wire::recombee
