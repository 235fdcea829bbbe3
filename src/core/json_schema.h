#pragma once

#include <array>
#include <boost/describe.hpp>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "core/json.h"

namespace eunomia::core {

// JSON Schema (2020-12) of the structs that json.h reads and writes, from the same description: so a document that
// promises what an API answers cannot drift from what it writes.
//
// What the type alone does not say is said by an overload that argument-dependent look-up finds:
//
//   struct page { std::uint32_t count = 25; };
//   BOOST_DESCRIBE_STRUCT(page, (), (count))
//   inline json_notes notes_of(const page*) { return {{"count", {.text = "How many", .most = 1000}}}; }
struct json_note {
  std::string_view text = {};                  // description
  std::optional<double> least = {};            // minimum of a number
  std::optional<double> most = {};             // maximum
  std::optional<std::uint64_t> longest = {};   // maxLength of a string, maxItems of an array
  std::optional<std::uint64_t> shortest = {};  // minLength or minItems
  std::string_view pattern = {};               // of a string
  std::string_view example = {};               // JSON
};
using json_notes = std::map<std::string_view, json_note>;

namespace json_detail {

template <class T>
concept has_notes = requires {
  notes_of(static_cast<const T*>(nullptr));
};

template <class T>
json_notes notes() {
  if constexpr (has_notes<T>) {
    return notes_of(static_cast<const T*>(nullptr));
  } else {
    return {};
  }
}

template <class T>
struct element_of {};
template <class T>
struct element_of<std::vector<T>> {
  using type = T;
};
template <class T, std::size_t Size>
struct element_of<std::array<T, Size>> {
  using type = T;
};
template <class T>
concept is_list = requires {
  typename element_of<T>::type;
};

template <class T>
struct mapped_of {};
template <class T, class Compare>
struct mapped_of<std::map<std::string, T, Compare>> {
  using type = T;
};
template <class T>
concept is_map = requires {
  typename mapped_of<T>::type;
};

template <class T>
struct held_of {};
template <class T>
struct held_of<std::optional<T>> {
  using type = T;
};
template <class T>
struct held_of<std::unique_ptr<T>> {
  using type = T;
};

// The name of a type without its namespaces: "recommender_view".
std::string_view short_name(std::string_view qualified);
template <class T>
constexpr std::string_view qualified_name() {
  // "... [with T = eunomia::wire::api::page; std::string_view = ...]"
  std::string_view text = __PRETTY_FUNCTION__;
  text.remove_prefix(text.find("T = ") + 4);
  return text.substr(0, text.find_first_of(";]"));
}

}  // namespace json_detail

// Whether a member may be left out: what a request says and what an answer says differ where a struct's initializers
// give defaults.
enum class json_direction { request, answer };

// Writes schemas, and gathers those of structs under their names, for "#/components/schemas/...".
class json_schemas {
 public:
  // In a request every member may be missing (it keeps its default) unless its initial value is empty text, an empty
  // list or zero and notes_of gives it shortest or least above that; and no other member is taken.
  // In an answer all members are there but for optional ones.
  template <class T>
  void write(json_writer& out, json_direction way, const json_note& note = {}) {
    using namespace json_detail;
    if constexpr (is_optional<T>::value) {
      write<typename held_of<T>::type>(out, way, note);
    } else if constexpr (is_described_struct<T>) {
      const std::string name = name_of<T>(way);
      if (!written_.contains(name)) {
        written_[name];  // found by what refers to itself
        written_[name] = document_of<T>(way);
      }
      out.begin_object();
      out.name("$ref");
      out.string("#/components/schemas/" + name);
      out.end_object();
    } else {
      out.begin_object();
      describe<T>(out, way, note);
      out.end_object();
    }
  }

  // By name: the schema of each struct that was met.
  const std::map<std::string, std::string>& structs() const { return written_; }

 private:
  template <class T>
  static std::string name_of(json_direction way) {
    return std::string(json_detail::short_name(json_detail::qualified_name<T>())) +
           (way == json_direction::request ? "" : "_answer");
  }

  template <class T>
  void describe(json_writer& out, json_direction way, const json_note& note) {
    using namespace json_detail;
    if constexpr (std::is_same_v<T, json_value>) {
      // any JSON
    } else if constexpr (std::is_same_v<T, bool>) {
      type(out, "boolean");
    } else if constexpr (std::is_integral_v<T>) {
      type(out, "integer");
      bounds(out, note, std::is_unsigned_v<T> ? std::optional<double>(0) : std::nullopt);
      if constexpr (sizeof(T) == 8) {
        member(out, "format", "int64");
      }
    } else if constexpr (std::is_floating_point_v<T>) {
      type(out, "number");
      bounds(out, note, std::nullopt);
    } else if constexpr (std::is_enum_v<T>) {
      type(out, "string");
      out.name("enum");
      out.begin_array();
      for (const std::string_view name : names_of<T>()) {
        out.string(name);
      }
      out.end_array();
    } else if constexpr (std::is_same_v<T, std::string>) {
      type(out, "string");
      lengths(out, note, "minLength", "maxLength");
      if (!note.pattern.empty()) {
        member(out, "pattern", note.pattern);
      }
    } else if constexpr (is_list<T>) {
      type(out, "array");
      lengths(out, note, "minItems", "maxItems");
      out.name("items");
      write<typename element_of<T>::type>(out, way);
    } else {
      static_assert(is_map<T>, "this type has no JSON form here");
      type(out, "object");
      out.name("additionalProperties");
      write<typename mapped_of<T>::type>(out, way);
    }
    common(out, note);
  }

  template <class T>
  std::string document_of(json_direction way) {
    using namespace json_detail;
    json_writer out;
    const json_notes said = notes<T>();
    const auto note_of = [&](std::string_view name) {
      const auto found = said.find(name);
      return found == said.end() ? json_note{} : found->second;
    };
    out.begin_object();
    type(out, "object");
    out.name("properties");
    out.begin_object();
    std::vector<std::string_view> required;
    boost::mp11::mp_for_each<members_of<T>>([&](auto d) {
      using member_type = std::remove_cvref_t<decltype(std::declval<T&>().*d.pointer)>;
      const json_note note = note_of(d.name);
      out.name(d.name);
      write<member_type>(out, way, note);
      const bool must = way == json_direction::answer
                            ? !is_optional<member_type>::value
                            : !is_optional<member_type>::value && note.shortest.value_or(0) > 0;
      if (must) {
        required.push_back(d.name);
      }
    });
    out.end_object();
    if (!required.empty()) {
      out.name("required");
      out.begin_array();
      for (const std::string_view name : required) {
        out.string(name);
      }
      out.end_array();
    }
    out.name("additionalProperties");
    out.boolean(false);
    out.end_object();
    return std::move(out).text();
  }

  static void type(json_writer& out, std::string_view name) { member(out, "type", name); }
  static void member(json_writer& out, std::string_view name, std::string_view value);
  static void bounds(json_writer& out, const json_note& note, std::optional<double> least);
  static void lengths(json_writer& out, const json_note& note, std::string_view shortest, std::string_view longest);
  static void common(json_writer& out, const json_note& note);

  std::map<std::string, std::string> written_;
};

}  // namespace eunomia::core
