#include "core/json_value.h"

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <charconv>
#include <cmath>
#include <limits>
#include <optional>

#include "core/error.h"
#include "core/json_writer.h"

// Boost.JSON reads the text; its events build our own tree. Its own tree would lose what is needed here: it rounds
// some doubles by a last bit in version 1.81, keeps the last of two members of one name, and costs two seconds of
// compilation wherever its header is seen.

namespace eunomia::core {

json_value json_value::of_boolean(bool value) {
  json_value result(kind::boolean);
  result.boolean_ = value;
  return result;
}

json_value json_value::of_number(std::string text) {
  json_value result(kind::number);
  result.text_ = std::move(text);
  return result;
}

json_value json_value::of_string(std::string text) {
  json_value result(kind::string);
  result.text_ = std::move(text);
  return result;
}

const json_value* json_value::find(std::string_view name) const noexcept {
  const auto at = std::find(names_.begin(), names_.end(), name);
  return at == names_.end() ? nullptr : &elements_[static_cast<std::size_t>(at - names_.begin())];
}

void json_value::append(std::string name, json_value member) {
  names_.push_back(std::move(name));
  elements_.push_back(std::move(member));
}

std::string json_path::to_string() const {
  if (parent == nullptr) {
    return "$";
  }
  if (member.data() == nullptr) {
    return parent->to_string() + "[" + std::to_string(index) + "]";
  }
  const bool plain = !member.empty() && std::all_of(member.begin(), member.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (plain) {
    return parent->to_string() + "." + std::string(member);
  }
  json_writer quoted;
  quoted.string(member);
  return parent->to_string() + "[" + quoted.text() + "]";
}

namespace {

constexpr std::size_t unlimited = std::numeric_limits<std::size_t>::max();

// Receives the parser's events. Throwing from them is allowed.
class tree_builder {
 public:
  static constexpr std::size_t max_object_size = unlimited;
  static constexpr std::size_t max_array_size = unlimited;
  static constexpr std::size_t max_key_size = unlimited;
  static constexpr std::size_t max_string_size = unlimited;

  using string_view = boost::json::string_view;
  using error_code = boost::json::error_code;

  explicit tree_builder(std::size_t max_values) : max_values_(max_values) {}

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code&) { return open(json_value::of_object()); }
  bool on_object_end(std::size_t, error_code&) {
    refuse_duplicates(open_.back().value);
    return close();
  }
  bool on_array_begin(error_code&) { return open(json_value::of_array()); }
  bool on_array_end(std::size_t, error_code&) { return close(); }
  bool on_key_part(string_view part, std::size_t, error_code&) { return gather(part); }
  bool on_key(string_view part, std::size_t, error_code&) {
    gather(part);
    open_.back().name = std::exchange(text_, {});
    return true;
  }
  bool on_string_part(string_view part, std::size_t, error_code&) { return gather(part); }
  bool on_string(string_view part, std::size_t, error_code&) {
    gather(part);
    return add(json_value::of_string(std::exchange(text_, {})));
  }
  bool on_number_part(string_view part, error_code&) { return gather(part); }
  bool on_int64(std::int64_t, string_view part, error_code&) { return on_number(part); }
  bool on_uint64(std::uint64_t, string_view part, error_code&) { return on_number(part); }
  bool on_double(double, string_view part, error_code&) { return on_number(part); }
  bool on_bool(bool value, error_code&) { return add(json_value::of_boolean(value)); }
  bool on_null(error_code&) { return add(json_value()); }
  bool on_comment_part(string_view, error_code&) { return true; }
  bool on_comment(string_view, error_code&) { return true; }

  json_value take() && { return std::move(root_); }

 private:
  struct container {
    json_value value;
    std::string name;  // of the member that comes next
  };

  bool gather(string_view part) {
    text_.append(part.data(), part.size());
    return true;
  }

  bool on_number(string_view part) {
    gather(part);
    return add(json_value::of_number(std::exchange(text_, {})));
  }

  bool open(json_value empty) {
    open_.push_back({std::move(empty), {}});
    return true;
  }

  bool close() {
    json_value whole = std::move(open_.back().value);
    open_.pop_back();
    return add(std::move(whole));
  }

  bool add(json_value value) {
    if (++values_ > max_values_) {
      throw error(errc::invalid_argument, path_of(open_.size()) + ": the text holds more than max_values = " +
                                              std::to_string(max_values_) + " values; send less at once");
    }
    if (open_.empty()) {
      root_ = std::move(value);
    } else if (open_.back().value.type() == json_value::kind::array) {
      open_.back().value.append(std::move(value));
    } else {
      open_.back().value.append(std::move(open_.back().name), std::move(value));
    }
    return true;
  }

  void refuse_duplicates(const json_value& object) const {
    std::vector<std::string_view> names(object.names().begin(), object.names().end());
    std::sort(names.begin(), names.end());
    const auto twice = std::adjacent_find(names.begin(), names.end());
    if (twice != names.end()) {
      throw error(errc::invalid_argument, path_of(open_.size() - 1) + ": the member \"" + std::string(*twice) +
                                              "\" appears twice in one object; keep one of them");
    }
  }

  std::string path_of(std::size_t depth) const { return path_of(depth, 0, json_path()); }
  std::string path_of(std::size_t depth, std::size_t level, const json_path& path) const {
    if (level == depth) {
      return path.to_string();
    }
    const container& at = open_[level];
    return at.value.type() == json_value::kind::array
               ? path_of(depth, level + 1, json_path(path, at.value.elements().size()))
               : path_of(depth, level + 1, json_path(path, at.name));
  }

  std::string text_;
  std::vector<container> open_;
  json_value root_;
  std::size_t values_ = 0;
  const std::size_t max_values_;
};

[[noreturn]] void refuse_syntax(std::string_view text, std::size_t at, const std::string& what) {
  at = std::min(at, text.size());
  const std::string_view before = text.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  throw error(errc::invalid_argument,
              "JSON, line " + std::to_string(line) + ", column " + std::to_string(at - line_begin + 1) + ": " + what);
}

std::string describe(const json_value& value) {
  constexpr std::size_t longest = 60;
  switch (value.type()) {
    case json_value::kind::null: return "null";
    case json_value::kind::boolean: return value.boolean() ? "true" : "false";
    case json_value::kind::array: return "an array";
    case json_value::kind::object: return "an object";
    case json_value::kind::number: return value.text().substr(0, longest);
    case json_value::kind::string: break;
  }
  json_writer quoted;
  quoted.string(value.text().size() <= longest ? value.text() : value.text().substr(0, longest) + "...");
  return quoted.text();
}

std::string listed(const std::vector<std::string_view>& names) {
  std::string list;
  for (const std::string_view name : names) {
    list += (list.empty() ? "\"" : ", \"") + std::string(name) + "\"";
  }
  return list;
}

// The value of an integer written with a fraction or an exponent, such as 3.0 or 3e2, when a double holds it exactly.
std::optional<std::int64_t> whole_number(const std::string& text) {
  constexpr double exact = 9007199254740992;  // 2^53
  double value = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (failure != std::errc() || std::trunc(value) != value || std::abs(value) > exact) {
    return std::nullopt;
  }
  return static_cast<std::int64_t>(value);
}

template <class Integer>
Integer read_integer(const json_path& path, const json_value& value, Integer least, Integer most) {
  const std::string expected = "an integer from " + std::to_string(least) + " to " + std::to_string(most);
  if (value.type() != json_value::kind::number) {
    json_detail::refuse(path, expected, value);
  }
  const std::string& text = value.text();
  Integer result = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (failure != std::errc() || end != text.data() + text.size()) {
    const auto whole = whole_number(text);
    if (!whole || std::cmp_less(*whole, least) || std::cmp_greater(*whole, most)) {
      json_detail::refuse(path, expected, value);
    }
    return static_cast<Integer>(*whole);
  }
  if (result < least || result > most) {
    json_detail::refuse(path, expected, value);
  }
  return result;
}

template <class Real>
Real read_real(const json_path& path, const json_value& value) {
  if (value.type() != json_value::kind::number) {
    json_detail::refuse(path, "a number", value);
  }
  Real result = 0;
  const std::string& text = value.text();
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), result);
  if (failure != std::errc() || !std::isfinite(result)) {
    json_detail::refuse(
        path, sizeof(Real) == 4 ? "a number in the range of a float" : "a number in the range of a double", value);
  }
  return result;
}

}  // namespace

json_value parse_json(std::string_view text, const json_limits& limits) {
  if (text.size() > limits.max_bytes) {
    throw error(errc::invalid_argument, "JSON of " + std::to_string(text.size()) + " bytes: the limit is " +
                                            std::to_string(limits.max_bytes) + " bytes; send less at once");
  }
  boost::json::parse_options options;
  options.max_depth = limits.max_depth;
  boost::json::basic_parser<tree_builder> parser(options, limits.max_values);
  boost::json::error_code failure;
  std::size_t read = parser.write_some(false, text.data(), text.size(), failure);
  if (failure == boost::json::error::too_deep) {
    refuse_syntax(text, read, "nested more than " + std::to_string(limits.max_depth) + " levels deep, the limit");
  }
  if (failure == boost::json::error::incomplete) {
    refuse_syntax(text, text.size(), "the text ends in the middle");
  }
  if (failure) {
    refuse_syntax(text, read, failure.message());
  }
  if (read < text.size()) {
    refuse_syntax(text, read, "more text after the end of the document");
  }
  return std::move(parser.handler()).take();
}

namespace json_detail {

void refuse(const json_path& path, std::string_view expected, const json_value& found) {
  throw error(errc::invalid_argument,
              path.to_string() + ": expected " + std::string(expected) + ", found " + describe(found));
}

void refuse_missing(const json_path& path) {
  throw error(errc::invalid_argument, path.to_string() + ": missing");
}

void refuse_unknown(const json_path& path, const std::vector<std::string_view>& known) {
  throw error(errc::invalid_argument,
              path.to_string() + ": unknown; known here: " + (known.empty() ? "nothing" : listed(known)));
}

void refuse_name(const json_path& path, const std::vector<std::string_view>& names, const json_value& found) {
  refuse(path, "one of " + listed(names), found);
}

void refuse_unnamed_enumerator(std::int64_t value) {
  throw error(errc::internal, "the enumerator " + std::to_string(value) + " has no name to write as JSON");
}

void require(const json_path& path, json_value::kind kind, const json_value& found) {
  if (found.type() != kind) {
    refuse(path, kind == json_value::kind::array ? "an array" : "an object", found);
  }
}

bool read_boolean(const json_path& path, const json_value& value) {
  if (value.type() != json_value::kind::boolean) {
    refuse(path, "true or false", value);
  }
  return value.boolean();
}

std::int64_t read_signed(const json_path& path, const json_value& value, std::int64_t least, std::int64_t most) {
  return read_integer(path, value, least, most);
}

std::uint64_t read_unsigned(const json_path& path, const json_value& value, std::uint64_t most) {
  return read_integer(path, value, std::uint64_t{0}, most);
}

double read_double(const json_path& path, const json_value& value) {
  return read_real<double>(path, value);
}

float read_float(const json_path& path, const json_value& value) {
  return read_real<float>(path, value);
}

const std::string& read_string(const json_path& path, const json_value& value) {
  if (value.type() != json_value::kind::string) {
    refuse(path, "a string", value);
  }
  return value.text();
}

}  // namespace json_detail

}  // namespace eunomia::core
