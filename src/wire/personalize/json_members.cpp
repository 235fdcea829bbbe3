#include "wire/personalize/json_members.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>

#include "core/error.h"
#include "core/time.h"

namespace eunomia::wire::personalize {

using core::json_value;

const json_value* member_of(const json_value& object, std::string_view name) {
  const json_value* const found = object.find(name);
  return found == nullptr || found->type() == json_value::kind::null ? nullptr : found;
}

std::optional<std::string> text_of(const json_value& object, std::string_view name) {
  const json_value* const found = member_of(object, name);
  return found != nullptr && found->type() == json_value::kind::string ? std::optional(found->text()) : std::nullopt;
}

std::optional<double> number_of(const json_value& object, std::string_view name) {
  const json_value* const found = member_of(object, name);
  if (found == nullptr || found->type() != json_value::kind::number) {
    return std::nullopt;
  }
  const std::string& digits = found->text();
  double value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return fault == std::errc() ? std::optional(value) : std::nullopt;
}

std::optional<bool> flag_of(const json_value& object, std::string_view name) {
  const json_value* const found = member_of(object, name);
  return found != nullptr && found->type() == json_value::kind::boolean ? std::optional(found->boolean())
                                                                        : std::nullopt;
}

std::string required_text(const json_value& object, std::string_view name) {
  auto found = text_of(object, name);
  if (!found) {
    throw core::error(core::errc::internal, fmt::format("an object lacks the text \"{}\"", name));
  }
  return *std::move(found);
}

json_value without(const json_value& object, std::string_view name) {
  json_value rest = json_value::of_object();
  for (std::size_t i = 0; i < object.names().size(); ++i) {
    if (object.names()[i] != name) {
      rest.append(object.names()[i], object.elements()[i]);
    }
  }
  return rest;
}

json_value with(json_value object, std::string_view name, json_value value) {
  json_value changed = object.find(name) == nullptr ? std::move(object) : without(object, name);
  changed.append(std::string(name), std::move(value));
  return changed;
}

json_value with(json_value object, std::string_view name, std::string_view text) {
  return with(std::move(object), name, json_value::of_string(std::string(text)));
}

json_value object_of(std::string_view name, std::string_view text) {
  return with(json_value::of_object(), name, text);
}

json_value of_integer(std::int64_t value) {
  return json_value::of_number(std::to_string(value));
}

json_value of_real(float value) {
  return json_value::of_number(fmt::format("{}", value));
}

json_value of_real(double value) {
  return json_value::of_number(fmt::format("{}", value));
}

json_value of_texts(std::span<const std::string> texts) {
  json_value list = json_value::of_array();
  for (const std::string& text : texts) {
    list.append(json_value::of_string(text));
  }
  return list;
}

json_value of_moment(std::int64_t ms) {
  return json_value::of_number(
      fmt::format("{}.{:03}", ms / core::milliseconds_per_second, ms % core::milliseconds_per_second));
}

}  // namespace eunomia::wire::personalize
