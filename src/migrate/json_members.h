#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "core/json_value.h"

// Members of AWS's answers and inputs. A member that is null counts as one that is not there.
namespace eunomia::migrate {

// Null when it is not there, or the value is no object.
inline const core::json_value* member_of(const core::json_value& object, std::string_view name) {
  if (object.type() != core::json_value::kind::object) {
    return nullptr;
  }
  const core::json_value* const found = object.find(name);
  return found == nullptr || found->type() == core::json_value::kind::null ? nullptr : found;
}

// Empty when it is not there, or no text.
inline std::string text_of(const core::json_value& object, std::string_view name) {
  const core::json_value* const found = member_of(object, name);
  return found != nullptr && found->type() == core::json_value::kind::string ? found->text() : std::string();
}

inline bool flag_of(const core::json_value& object, std::string_view name) {
  const core::json_value* const found = member_of(object, name);
  return found != nullptr && found->type() == core::json_value::kind::boolean && found->boolean();
}

inline core::json_value object_of(std::string_view name, std::string_view text) {
  core::json_value made = core::json_value::of_object();
  made.append(std::string(name), core::json_value::of_string(std::string(text)));
  return made;
}

// With a further member; the name is new.
inline core::json_value with(core::json_value object, std::string_view name, core::json_value value) {
  object.append(std::string(name), std::move(value));
  return object;
}
inline core::json_value with(core::json_value object, std::string_view name, std::string_view text) {
  return with(std::move(object), name, core::json_value::of_string(std::string(text)));
}

}  // namespace eunomia::migrate
