#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "core/json_value.h"

// Members of inputs, which were held against AWS's service model before anybody reads them here, and of what resources
// keep. A member that is null counts as one that is not there.
namespace eunomia::wire::personalize {

// Null when it is not there.
const core::json_value* member_of(const core::json_value& object, std::string_view name);

// Each: nothing when it is not there, or not of the type.
std::optional<std::string> text_of(const core::json_value& object, std::string_view name);
std::optional<double> number_of(const core::json_value& object, std::string_view name);
std::optional<bool> flag_of(const core::json_value& object, std::string_view name);
// Of what must be there. Throws errc::internal.
std::string required_text(const core::json_value& object, std::string_view name);

// The object with a member, in the place of another of that name.
core::json_value with(core::json_value object, std::string_view name, core::json_value value);
core::json_value with(core::json_value object, std::string_view name, std::string_view text);
core::json_value without(const core::json_value& object, std::string_view name);
core::json_value object_of(std::string_view name, std::string_view text);

core::json_value of_integer(std::int64_t value);
core::json_value of_real(double value);
core::json_value of_real(float value);  // in the fewest digits that are this float
core::json_value of_texts(std::span<const std::string> texts);
// A moment, UTC ms, as AWS's JSON has it: seconds since 1970.
core::json_value of_moment(std::int64_t ms);

}  // namespace eunomia::wire::personalize
