#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"

// The parameters of a request, by name: members of its body, or of its query as text. A batch sends those of a query
// with their JSON types, so that a number may come as 5 or "5", a flag as true or "true", a list as ["a"] or "a,b". One
// that is null counts as one that is not there.
namespace eunomia::wire::recombee {

class parameters {
 public:
  // An object. Throws errc::invalid_argument for other JSON.
  explicit parameters(core::json_value given);

  const core::json_value& all() const { return given_; }
  // Null when it is not there.
  const core::json_value* find(std::string_view name) const;

  // Each: nothing when it is not there; errc::invalid_argument naming it when it is of another type or out of bounds.
  std::optional<std::string> text(std::string_view name) const;
  std::optional<double> number(std::string_view name, double least, double most) const;
  std::optional<std::size_t> count(std::string_view name, std::size_t most) const;
  std::optional<bool> flag(std::string_view name) const;
  std::optional<std::vector<std::string>> list(std::string_view name) const;
  // UTC ms: seconds since 1970 with or without a fraction, or ISO 8601.
  std::optional<std::int64_t> moment(std::string_view name) const;
  std::map<std::string, std::string> texts(std::string_view name) const;

  // Of what must be there.
  std::string required_text(std::string_view name) const;

 private:
  core::json_value given_;
};

[[noreturn]] void refuse_parameter(std::string_view name, std::string_view fault);

// The same of a value that stands elsewhere. Throws errc::invalid_argument beginning with the name.
std::int64_t moment_of(std::string_view name, const core::json_value& given);

// "ok", as Recombee answers what changed something.
core::json_value ok();
core::json_value of_text(std::string_view text);
core::json_value of_real(double value);
core::json_value of_integer(std::int64_t value);
// A moment, UTC ms, as Recombee shows it: seconds since 1970.
core::json_value of_moment(std::int64_t ms);

// An id as Recombee takes it: 1 to 255 of a-z, A-Z, 0-9 and _ : @ . -. Throws errc::invalid_argument.
void check_id(std::string_view what, std::string_view id);

}  // namespace eunomia::wire::recombee
