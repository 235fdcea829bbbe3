#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace eunomia::core {

struct json_limits {
  std::size_t max_bytes = std::size_t{64} << 20;  // of the text
  std::size_t max_depth = 64;                     // of arrays and objects inside each other
  std::size_t max_values = SIZE_MAX;              // arrays and objects included; each takes about 100 bytes of memory
};

// A JSON document as a tree. Numbers keep the text they came with, so that no digit is lost before somebody asks for a
// type. Most code reads structs with read_json (core/json.h) and never sees this.
class json_value {
 public:
  enum class kind : unsigned char { null, boolean, number, string, array, object };

  json_value() = default;  // null
  static json_value of_boolean(bool value);
  static json_value of_number(std::string text);  // text must be a JSON number
  static json_value of_string(std::string text);
  static json_value of_array() { return json_value(kind::array); }
  static json_value of_object() { return json_value(kind::object); }

  kind type() const noexcept { return kind_; }
  bool boolean() const noexcept { return boolean_; }
  // Of a string its content, of a number its digits.
  const std::string& text() const noexcept { return text_; }

  // The elements of an array, or the values of an object's members, in the order of the text.
  const std::vector<json_value>& elements() const noexcept { return elements_; }
  // The names of an object's members: names()[i] belongs to elements()[i]. Names are distinct.
  const std::vector<std::string>& names() const noexcept { return names_; }
  // A member of an object, or nullptr.
  const json_value* find(std::string_view name) const noexcept;

  void append(json_value element) { elements_.push_back(std::move(element)); }
  // The caller sees to it that the name is new.
  void append(std::string name, json_value member);

  friend bool operator==(const json_value&, const json_value&) = default;

 private:
  explicit json_value(kind type) : kind_(type) {}

  kind kind_ = kind::null;
  bool boolean_ = false;
  std::string text_;
  std::vector<json_value> elements_;
  std::vector<std::string> names_;
};

// Parses one JSON document (RFC 8259, UTF-8, nothing after it but white space). Throws errc::invalid_argument naming
// line and column for a syntax error, a string that is not UTF-8 or a member that appears twice in one object, and the
// limit for a text that is too long or too deep.
json_value parse_json(std::string_view text, const json_limits& limits = {});

// Where in a document a value is: "$.weighting.half_lives[2]". Lives on the stack of a reader, one link a level.
struct json_path {
  const json_path* parent = nullptr;
  std::string_view member;  // of an object; empty data pointer: an element of an array
  std::size_t index = 0;

  json_path() = default;
  json_path(const json_path& parent_, std::string_view member_) : parent(&parent_), member(member_) {}
  json_path(const json_path& parent_, std::size_t index_) : parent(&parent_), index(index_) {}
  std::string to_string() const;
};

// The conversions of read_json that need no template. Each throws errc::invalid_argument naming the path, what was
// expected and what was found.
namespace json_detail {

[[noreturn]] void refuse(const json_path& path, std::string_view expected, const json_value& found);
[[noreturn]] void refuse_missing(const json_path& path);
[[noreturn]] void refuse_unknown(const json_path& path, const std::vector<std::string_view>& known);
[[noreturn]] void refuse_name(const json_path& path, const std::vector<std::string_view>& names,
                              const json_value& found);
[[noreturn]] void refuse_unnamed_enumerator(std::int64_t value);
void require(const json_path& path, json_value::kind kind, const json_value& found);
bool read_boolean(const json_path& path, const json_value& value);
std::int64_t read_signed(const json_path& path, const json_value& value, std::int64_t least, std::int64_t most);
std::uint64_t read_unsigned(const json_path& path, const json_value& value, std::uint64_t most);
double read_double(const json_path& path, const json_value& value);
float read_float(const json_path& path, const json_value& value);
const std::string& read_string(const json_path& path, const json_value& value);

}  // namespace json_detail

}  // namespace eunomia::core
