#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

// The values of ReQL, the Recombee Query Language: null, booleans, whole numbers and doubles, strings, sets and arrays
// of these. Timestamps are doubles, seconds since 1970.
namespace eunomia::wire::recombee {

class reql_value;

// The elements of a set, ascending and each once, or of an array, as they stand.
struct reql_collection {
  bool is_set = true;
  std::vector<reql_value> elements;
};

class reql_value {
 public:
  reql_value() = default;  // null
  explicit reql_value(bool value) : held_(value) {}
  explicit reql_value(std::int64_t value) : held_(value) {}
  explicit reql_value(double value) : held_(value) {}
  explicit reql_value(std::string value) : held_(std::move(value)) {}
  // In any order, with repetitions.
  static reql_value set_of(std::vector<reql_value> elements);
  static reql_value array_of(std::vector<reql_value> elements);

  bool is_null() const { return std::holds_alternative<std::monostate>(held_); }
  bool is_number() const {
    return std::holds_alternative<std::int64_t>(held_) || std::holds_alternative<double>(held_);
  }
  const bool* boolean() const { return std::get_if<bool>(&held_); }
  const std::int64_t* integer() const { return std::get_if<std::int64_t>(&held_); }
  const std::string* text() const { return std::get_if<std::string>(&held_); }
  // Of a set or an array, else null.
  const reql_collection* collection() const;
  bool is_set() const { return collection() != nullptr && collection()->is_set; }
  // Of a whole number or a double.
  std::optional<double> number() const;

  // What `not`, `and`, `or` and `if` take it for: false for null, false, 0, NaN, "" and what is empty.
  bool truth() const;
  // "null", "a boolean", "a number", "a string", "a set", "an array"
  std::string_view kind() const;

  // Whether they are equal as == has it: 2 equals 2.0, values of different kinds never do.
  bool equals(const reql_value& other) const;
  // An order of all values, by kind first, for sets.
  std::strong_ordering order(const reql_value& other) const;
  // Of a set or an array.
  bool contains(const reql_value& element) const;

 private:
  std::variant<std::monostate, bool, std::int64_t, double, std::string, std::shared_ptr<const reql_collection>> held_;
};

}  // namespace eunomia::wire::recombee
