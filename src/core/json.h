#pragma once

#include <array>
#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/json_value.h"
#include "core/json_writer.h"
#include "core/strong_id.h"

namespace eunomia::core {

// JSON to and from structs that Boost.Describe knows:
//
//   struct weighting { double half_life_days = 0; std::map<std::string, double> event_types; };
//   BOOST_DESCRIBE_STRUCT(weighting, (), (half_life_days, event_types))
//   auto w = read_json<weighting>(text, {.missing = json_missing::keep_default});
//   std::string text = write_json(w);
//
// A member may be a bool, an integer, a float or double, a std::string, an enum of BOOST_DESCRIBE_ENUM (as its names),
// a strong_id (as its number), a described struct, a std::vector, std::array or std::map<std::string, T> of these, a
// std::optional or std::unique_ptr of one (null or missing: empty; empty is not written), or a json_value: any JSON,
// kept as it is. Integers are range-checked; 3.0 and 3e2 are integers, 3.5 is not. A float or double takes any number
// that rounds to a finite one.
//
// This header is light on purpose (the parser is in json.cpp): include it freely.

enum class json_unknown {
  ignore,  // a member that the struct does not have is skipped
  refuse   // it is an error that lists the known ones
};
enum class json_missing {
  refuse,       // every member that is not optional must be there
  keep_default  // a missing member keeps the value that its struct's initializer gives
};

struct json_options {
  json_unknown unknown = json_unknown::ignore;
  json_missing missing = json_missing::refuse;
  json_limits limits = {};
  std::size_t max_elements = SIZE_MAX;  // of an array that is read into a vector
};

namespace json_detail {

template <class T>
inline constexpr bool is_described_struct = boost::describe::has_describe_members<T>::value;
template <class T>
inline constexpr bool is_described_enum = boost::describe::has_describe_enumerators<T>::value;

template <class T>
struct is_optional : std::false_type {};
template <class T>
struct is_optional<std::optional<T>> : std::true_type {};
template <class T>
struct is_optional<std::unique_ptr<T>> : std::true_type {};

template <class T>
using members_of = boost::describe::describe_members<T, boost::describe::mod_public | boost::describe::mod_inherited>;

template <class T>
inline constexpr bool always_false = false;

// The names of a described struct or enum, in the order of the description.
template <class T>
std::vector<std::string_view> names_of() {
  std::vector<std::string_view> names;
  if constexpr (std::is_enum_v<T>) {
    boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto d) { names.push_back(d.name); });
  } else {
    boost::mp11::mp_for_each<members_of<T>>([&](auto d) { names.push_back(d.name); });
  }
  return names;
}

struct reader {
  const json_options& options;

  void read(const json_path&, const json_value& from, json_value& to) const { to = from; }
  void read(const json_path& path, const json_value& from, std::string& to) const { to = read_string(path, from); }

  template <class T>
  requires std::is_arithmetic_v<T>
  void read(const json_path& path, const json_value& from, T& to) const {
    if constexpr (std::is_same_v<T, bool>) {
      to = read_boolean(path, from);
    } else if constexpr (std::is_same_v<T, float>) {
      to = read_float(path, from);
    } else if constexpr (std::is_same_v<T, double>) {
      to = read_double(path, from);
    } else if constexpr (std::is_integral_v<T> && std::is_signed_v<T>) {
      to = static_cast<T>(read_signed(path, from, std::numeric_limits<T>::min(), std::numeric_limits<T>::max()));
    } else if constexpr (std::is_integral_v<T>) {
      to = static_cast<T>(read_unsigned(path, from, std::numeric_limits<T>::max()));
    } else {
      static_assert(always_false<T>, "this arithmetic type has no JSON form here");
    }
  }

  template <class Tag, class Value>
  void read(const json_path& path, const json_value& from, strong_id<Tag, Value>& to) const {
    Value value{};
    read(path, from, value);
    to = strong_id<Tag, Value>(value);
  }

  template <class T>
  void read(const json_path& path, const json_value& from, std::optional<T>& to) const {
    if (from.type() == json_value::kind::null) {
      to.reset();
    } else {
      read(path, from, to.emplace());
    }
  }

  template <class T>
  void read(const json_path& path, const json_value& from, std::unique_ptr<T>& to) const {
    if (from.type() == json_value::kind::null) {
      to.reset();
    } else {
      to = std::make_unique<T>();
      read(path, from, *to);
    }
  }

  template <class T>
  void read(const json_path& path, const json_value& from, std::vector<T>& to) const {
    require(path, json_value::kind::array, from);
    if (from.elements().size() > options.max_elements) {
      refuse(path, "at most " + std::to_string(options.max_elements) + " elements (max_elements)", from);
    }
    to.clear();
    to.reserve(from.elements().size());
    for (std::size_t i = 0; i < from.elements().size(); ++i) {
      T element{};  // not in place: vector<bool> has no references
      read(json_path(path, i), from.elements()[i], element);
      to.push_back(std::move(element));
    }
  }

  template <class T, std::size_t Size>
  void read(const json_path& path, const json_value& from, std::array<T, Size>& to) const {
    if (from.type() != json_value::kind::array || from.elements().size() != Size) {
      refuse(path, "an array of " + std::to_string(Size) + " elements", from);
    }
    for (std::size_t i = 0; i < Size; ++i) {
      read(json_path(path, i), from.elements()[i], to[i]);
    }
  }

  template <class T, class Compare>
  void read(const json_path& path, const json_value& from, std::map<std::string, T, Compare>& to) const {
    require(path, json_value::kind::object, from);
    to.clear();
    for (std::size_t i = 0; i < from.elements().size(); ++i) {
      read(json_path(path, from.names()[i]), from.elements()[i], to[from.names()[i]]);
    }
  }

  template <class T>
  requires is_described_enum<T>
  void read(const json_path& path, const json_value& from, T& to) const {
    bool found = false;
    if (from.type() == json_value::kind::string) {
      boost::mp11::mp_for_each<boost::describe::describe_enumerators<T>>([&](auto d) {
        if (!found && from.text() == d.name) {
          to = d.value;
          found = true;
        }
      });
    }
    if (!found) {
      refuse_name(path, names_of<T>(), from);
    }
  }

  template <class T>
  requires is_described_struct<T>
  void read(const json_path& path, const json_value& from, T& to) const {
    require(path, json_value::kind::object, from);
    std::size_t known = 0;
    boost::mp11::mp_for_each<members_of<T>>([&](auto d) {
      auto& member = to.*d.pointer;
      const json_path here(path, d.name);
      if (const json_value* value = from.find(d.name)) {
        ++known;
        read(here, *value, member);
      } else if (!is_optional<std::remove_cvref_t<decltype(member)>>::value &&
                 options.missing == json_missing::refuse) {
        refuse_missing(here);
      }
    });
    if (options.unknown == json_unknown::refuse && known < from.elements().size()) {
      const auto names = names_of<T>();
      for (const std::string& name : from.names()) {
        bool is_known = false;
        for (const std::string_view candidate : names) {
          is_known = is_known || candidate == name;
        }
        if (!is_known) {
          refuse_unknown(json_path(path, name), names);
        }
      }
    }
  }
};

template <class T>
bool is_absent(const T& value) {
  if constexpr (is_optional<T>::value) {
    return !value;
  } else {
    return false;
  }
}

inline void write(json_writer& out, const json_value& value) {
  out.value(value);
}
inline void write(json_writer& out, std::string_view value) {
  out.string(value);
}
inline void write(json_writer& out, const std::string& value) {
  out.string(value);
}
inline void write(json_writer& out, const char* value) {
  out.string(value);
}

// Two phases of name look-up need all of these declared before any is used by another.
template <class T>
requires std::is_arithmetic_v<T>
void write(json_writer& out, T value);
template <class Tag, class Value>
void write(json_writer& out, strong_id<Tag, Value> id);
template <class T>
void write(json_writer& out, const std::optional<T>& value);
template <class T>
void write(json_writer& out, const std::unique_ptr<T>& value);
template <class T>
void write(json_writer& out, const std::vector<T>& values);
template <class T, std::size_t Size>
void write(json_writer& out, const std::array<T, Size>& values);
template <class T, class Compare>
void write(json_writer& out, const std::map<std::string, T, Compare>& values);
template <class T>
requires is_described_enum<T>
void write(json_writer& out, const T& value);
template <class T>
requires is_described_struct<T>
void write(json_writer& out, const T& value);

template <class T>
requires std::is_arithmetic_v<T>
void write(json_writer& out, T value) {
  if constexpr (std::is_same_v<T, bool>) {
    out.boolean(value);
  } else if constexpr (std::is_floating_point_v<T>) {
    out.number(value);
  } else if constexpr (std::is_signed_v<T>) {
    out.number(static_cast<std::int64_t>(value));
  } else {
    out.number(static_cast<std::uint64_t>(value));
  }
}

template <class Tag, class Value>
void write(json_writer& out, strong_id<Tag, Value> id) {
  write(out, id.value());
}

template <class T>
void write(json_writer& out, const std::optional<T>& value) {
  value ? write(out, *value) : out.null();
}

template <class T>
void write(json_writer& out, const std::unique_ptr<T>& value) {
  value ? write(out, *value) : out.null();
}

template <class T>
void write(json_writer& out, const std::vector<T>& values) {
  out.begin_array();
  for (const T& value : values) {
    write(out, value);
  }
  out.end_array();
}

template <class T, std::size_t Size>
void write(json_writer& out, const std::array<T, Size>& values) {
  out.begin_array();
  for (const T& value : values) {
    write(out, value);
  }
  out.end_array();
}

template <class T, class Compare>
void write(json_writer& out, const std::map<std::string, T, Compare>& values) {
  out.begin_object();
  for (const auto& [name, value] : values) {
    out.name(name);
    write(out, value);
  }
  out.end_object();
}

template <class T>
requires is_described_enum<T>
void write(json_writer& out, const T& value) {
  const char* name = boost::describe::enum_to_string(value, nullptr);
  if (name == nullptr) {
    refuse_unnamed_enumerator(static_cast<std::int64_t>(value));
  }
  out.string(name);
}

template <class T>
requires is_described_struct<T>
void write(json_writer& out, const T& value) {
  out.begin_object();
  boost::mp11::mp_for_each<members_of<T>>([&](auto d) {
    const auto& member = value.*d.pointer;
    if (!is_absent(member)) {
      out.name(d.name);
      write(out, member);
    }
  });
  out.end_object();
}

}  // namespace json_detail

// Converts a tree that parse_json gave. Throws errc::invalid_argument naming the path:
//   $.weighting.half_life_days: expected a number, found "x"
template <class T>
T read_json(const json_value& value, const json_options& options = {}) {
  T result{};
  json_detail::reader{options}.read(json_path(), value, result);
  return result;
}

// The same from text; throws also what parse_json throws.
template <class T>
T read_json(std::string_view text, const json_options& options = {}) {
  return read_json<T>(parse_json(text, options.limits), options);
}

// Throws errc::invalid_argument naming the path of a NaN or infinity. indentation: spaces a level; 0: one line.
template <class T>
std::string write_json(const T& value, std::size_t indentation = 0) {
  json_writer out(indentation);
  json_detail::write(out, value);
  return std::move(out).text();
}

// Writes a struct as the next value of a document that is written piece by piece.
template <class T>
void write_json(json_writer& out, const T& value) {
  json_detail::write(out, value);
}

}  // namespace eunomia::core
