#include "recommend/avro_schema.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/json_value.h"
#include "recommend/import_reader.h"
#include "store/table/record_reader.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;
using core::json_path;
using core::json_value;
namespace json = core::json_detail;

struct named_subject {
  std::string_view name;
  schema_subject subject;
};
// The guide writes the last one in both ways.
constexpr std::array<named_subject, 6> subjects = {{{"Interactions", schema_subject::interactions},
                                                    {"Items", schema_subject::items},
                                                    {"Users", schema_subject::users},
                                                    {"Actions", schema_subject::actions},
                                                    {"ActionInteractions", schema_subject::action_interactions},
                                                    {"Action_Interactions", schema_subject::action_interactions}}};

struct named_type {
  std::string_view name;
  avro_type type;
};
constexpr std::array<named_type, 6> types = {{{"float", avro_type::float32},
                                              {"double", avro_type::float64},
                                              {"int", avro_type::int32},
                                              {"long", avro_type::int64},
                                              {"string", avro_type::string},
                                              {"boolean", avro_type::boolean}}};
constexpr std::string_view known_types = "float, double, int, long, string or boolean, or [\"null\", one of these]";

// A field whose name means something to Personalize.
struct reserved_field {
  schema_subject of;
  std::string_view name;
  avro_type type;
  bool required;
  bool nullable;
};
using enum schema_subject;
constexpr std::array<reserved_field, 23> reserved_fields = {
    {{interactions, "USER_ID", avro_type::string, true, false},
     {interactions, "ITEM_ID", avro_type::string, true, false},
     {interactions, "TIMESTAMP", avro_type::int64, true, false},
     {interactions, "EVENT_TYPE", avro_type::string, false, false},
     {interactions, "EVENT_VALUE", avro_type::float32, false, true},
     {interactions, "IMPRESSION", avro_type::string, false, true},
     {interactions, "RECOMMENDATION_ID", avro_type::string, false, true},
     {interactions, "EVENT_ATTRIBUTION_SOURCE", avro_type::string, false, true},
     {users, "USER_ID", avro_type::string, true, false},
     {items, "ITEM_ID", avro_type::string, true, false},
     {items, "CREATION_TIMESTAMP", avro_type::int64, false, false},
     {actions, "ACTION_ID", avro_type::string, true, false},
     {actions, "CREATION_TIMESTAMP", avro_type::int64, false, false},
     {actions, "VALUE", avro_type::int64, false, true},
     {actions, "TYPE", avro_type::string, false, true},
     {actions, "EXPIRATION_TIMESTAMP", avro_type::int64, false, true},
     {actions, "REPEAT_FREQUENCY", avro_type::int64, false, true},
     {action_interactions, "USER_ID", avro_type::string, true, false},
     {action_interactions, "ACTION_ID", avro_type::string, true, false},
     {action_interactions, "EVENT_TYPE", avro_type::string, true, false},
     {action_interactions, "TIMESTAMP", avro_type::int64, true, false},
     {action_interactions, "IMPRESSION", avro_type::string, false, true},
     {action_interactions, "RECOMMENDATION_ID", avro_type::string, false, true}}};

const reserved_field* reserved(schema_subject of, std::string_view name) {
  const auto found = std::ranges::find_if(reserved_fields,
                                          [&](const reserved_field& one) { return one.of == of && one.name == name; });
  return found == reserved_fields.end() ? nullptr : &*found;
}

bool needs_metadata(schema_subject subject) {
  return subject == items || subject == users || subject == actions;
}

std::string_view name_of(avro_type type) {
  return std::ranges::find(types, type, &named_type::type)->name;
}

[[noreturn]] void refuse(const json_path& path, std::string_view fault) {
  throw error(errc::invalid_argument, fmt::format("schema: {}: {}", path.to_string(), fault));
}

const json_value& member(const json_path& path, const json_value& in, std::string_view name, json_value::kind kind) {
  const json_value* found = in.find(name);
  const json_path place(path, name);
  if (found == nullptr) {
    refuse(path, fmt::format("has no member \"{}\"", name));
  }
  json::require(place, kind, *found);
  return *found;
}

// An attribute of a field, false where it is not given.
bool attribute(const json_path& path, const json_value& in, std::string_view name) {
  const json_value* found = in.find(name);
  return found != nullptr && json::read_boolean(json_path(path, name), *found);
}

avro_type type_named(const json_path& path, const json_value& value) {
  const auto found = std::ranges::find_if(types, [&](const named_type& one) {
    return value.type() == json_value::kind::string && one.name == value.text();
  });
  if (found == types.end()) {
    json::refuse(path, known_types, value);
  }
  return found->type;
}

void read_type(const json_path& path, const json_value& value, schema_field& into) {
  if (value.type() != json_value::kind::array) {
    into.type = type_named(path, value);
    return;
  }
  std::optional<avro_type> type;
  for (std::size_t i = 0; i < value.elements().size(); ++i) {
    const json_value& one = value.elements()[i];
    if (one.type() == json_value::kind::string && one.text() == "null") {
      into.nullable = true;
    } else if (!type) {
      type = type_named(json_path(path, i), one);
    } else {
      refuse(path, "a union holds null and one type");
    }
  }
  if (!type) {
    refuse(path, fmt::format("expected {}", known_types));
  }
  into.type = *type;
}

std::string read_field_name(const json_path& path, const json_value& in) {
  const std::string& name = member(path, in, "name", json_value::kind::string).text();
  const bool plain = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
  });
  if (!plain) {
    refuse(json_path(path, "name"), fmt::format("expected letters, digits and '_', got {}", store::table::shown(name)));
  }
  return upper(name);
}

void check_reserved(const json_path& path, const schema_field& field, const reserved_field& known) {
  if (field.type != known.type) {
    refuse(path, fmt::format("{} is a {}, not a {}", field.name, name_of(known.type), name_of(field.type)));
  }
  if (field.nullable && !known.nullable) {
    refuse(path, fmt::format("{} may not be null", field.name));
  }
  const bool may_be_categorical = known.of == actions && known.name == "TYPE";
  if ((field.categorical && !may_be_categorical) || field.textual) {
    refuse(path, fmt::format("{} is reserved, and neither categorical nor textual", field.name));
  }
}

schema_field read_field(const json_path& path, const json_value& in, schema_subject of) {
  json::require(path, json_value::kind::object, in);
  schema_field made;
  made.name = read_field_name(path, in);
  const json_value* type = in.find("type");
  if (type == nullptr) {
    refuse(path, "has no member \"type\"");
  }
  read_type(json_path(path, "type"), *type, made);
  made.categorical = attribute(path, in, "categorical");
  made.textual = attribute(path, in, "textual");
  if ((made.categorical || made.textual) && made.type != avro_type::string) {
    refuse(path, "only a string is categorical or textual");
  }
  if (made.textual && (made.categorical || of != items)) {
    refuse(path, "textual is for words of items that are not categorical");
  }
  if (const reserved_field* known = reserved(of, made.name)) {
    check_reserved(path, made, *known);
  }
  return made;
}

// A name without what camelCase does away with.
std::string folded(std::string_view name) {
  std::string made = upper(name);
  std::erase(made, '_');
  return made;
}

void check_fields(const json_path& path, const avro_schema& schema) {
  std::set<std::string> names;
  std::size_t metadata = 0;
  for (std::size_t i = 0; i < schema.fields.size(); ++i) {
    const schema_field& field = schema.fields[i];
    if (!names.insert(folded(field.name)).second) {
      refuse(json_path(path, i), fmt::format("{} is there already, when case and '_' are left out", field.name));
    }
    metadata += reserved(schema.subject, field.name) == nullptr ? 1 : 0;
  }
  for (const reserved_field& one : reserved_fields) {
    if (one.of == schema.subject && one.required &&
        std::ranges::find(schema.fields, one.name, &schema_field::name) == schema.fields.end()) {
      refuse(path,
             fmt::format("{} need the field {} of type {}", name_of(schema.subject), one.name, name_of(one.type)));
    }
  }
  if (metadata == 0 && needs_metadata(schema.subject)) {
    refuse(path, fmt::format("{} need at least one metadata field", name_of(schema.subject)));
  }
}

// What a dataset of the house has by itself.
bool is_fixed(schema_subject of, std::string_view name) {
  constexpr std::array<std::string_view, 7> fixed = {"USER_ID",    "ITEM_ID",     "ACTION_ID", "TIMESTAMP",
                                                     "EVENT_TYPE", "EVENT_VALUE", "IMPRESSION"};
  return reserved(of, name) != nullptr && std::ranges::find(fixed, name) != fixed.end();
}

metadata_type metadata_type_of(const schema_field& field) {
  switch (field.type) {
    case avro_type::float32:
    case avro_type::float64: return metadata_type::number;
    case avro_type::int32:
    case avro_type::int64: return metadata_type::integer;
    case avro_type::string: return field.categorical ? metadata_type::category : metadata_type::text;
    case avro_type::boolean: return metadata_type::text;
  }
  return metadata_type::text;
}

// The value as text, or nothing when it is not of the type.
std::optional<std::string> text_of(const json_value& value, avro_type type) {
  const auto is = [&](json_value::kind kind) { return value.type() == kind; };
  switch (type) {
    case avro_type::string: return is(json_value::kind::string) ? std::optional(value.text()) : std::nullopt;
    case avro_type::boolean:
      return is(json_value::kind::boolean) ? std::optional(std::string(value.boolean() ? "true" : "false"))
                                           : std::nullopt;
    case avro_type::int32:
    case avro_type::int64: {
      const auto number = is(json_value::kind::number) ? integer_of(value.text()) : std::nullopt;
      const bool small = number && *number >= std::numeric_limits<std::int32_t>::min() &&
                         *number <= std::numeric_limits<std::int32_t>::max();
      return number && (small || type == avro_type::int64) ? std::optional(value.text()) : std::nullopt;
    }
    case avro_type::float32:
    case avro_type::float64: {
      const auto number = is(json_value::kind::number) ? number_of(value.text()) : std::nullopt;
      return number && (type == avro_type::float64 || std::isfinite(static_cast<float>(*number)))
                 ? std::optional(value.text())
                 : std::nullopt;
    }
  }
  return std::nullopt;
}

json_value read_object(std::string_view text, std::string_view place) {
  json_value document;
  try {
    document = core::parse_json(text);
  } catch (const error& problem) {
    throw error(problem.code(), fmt::format("{}: {}", place, problem.what()),
                fmt::format("{}: {}", place, problem.kept_message()));
  }
  if (document.type() != json_value::kind::object) {
    throw error(errc::invalid_argument, fmt::format("{}: expected a JSON object", place));
  }
  return document;
}

}  // namespace

std::string_view name_of(schema_subject subject) noexcept {
  return std::ranges::find(subjects, subject, &named_subject::subject)->name;
}

avro_schema avro_schema::parse(std::string_view text) {
  const json_value document = core::parse_json(text, {.max_bytes = max_schema_bytes, .max_depth = 8});
  const json_path root;
  json::require(root, json_value::kind::object, document);
  if (member(root, document, "type", json_value::kind::string).text() != "record") {
    refuse(json_path(root, "type"), "expected \"record\"");
  }
  const std::string& name = member(root, document, "name", json_value::kind::string).text();
  const auto found = std::ranges::find(subjects, name, &named_subject::name);
  if (found == subjects.end()) {
    refuse(json_path(root, "name"), fmt::format("expected Interactions, Items, Users, Actions or ActionInteractions, "
                                                "got {}",
                                                store::table::shown(name)));
  }
  avro_schema made{found->subject, {}};
  const json_path path(root, "fields");
  const auto& fields = member(root, document, "fields", json_value::kind::array).elements();
  if (fields.size() > max_schema_fields) {
    refuse(path, fmt::format("{} fields, more than max_schema_fields = {}", fields.size(), max_schema_fields));
  }
  for (std::size_t i = 0; i < fields.size(); ++i) {
    made.fields.push_back(read_field(json_path(path, i), fields[i], made.subject));
  }
  check_fields(path, made);
  return made;
}

std::vector<metadata_column> avro_schema::columns() const {
  std::vector<metadata_column> made;
  for (const schema_field& field : fields) {
    if (!is_fixed(subject, field.name)) {
      made.push_back({field.name, metadata_type_of(field)});
    }
  }
  return made;
}

void avro_schema::check_header(std::span<const std::string> names) const {
  std::set<std::string> there;
  std::ranges::transform(names, std::inserter(there, there.end()), [](const std::string& name) { return upper(name); });
  std::vector<std::string> missing;
  for (const schema_field& field : fields) {
    if (!there.contains(field.name)) {
      missing.push_back(field.name);
    }
  }
  if (!missing.empty()) {
    throw error(errc::invalid_argument,
                fmt::format("Input CSV is missing the following columns: [{}]", fmt::join(missing, ", ")));
  }
}

std::map<std::string, std::string> avro_schema::read_properties(std::string_view json, std::string_view place) const {
  const json_value document = read_object(json, place);
  const auto refuse_value = [&](std::string_view name, const std::string& fault) {
    throw error(errc::invalid_argument, fmt::format("{}.{}: {}", place, name, fault));
  };
  std::map<std::string, std::string> values;
  std::set<std::string> given;
  for (std::size_t i = 0; i < document.names().size(); ++i) {
    const std::string& name = document.names()[i];
    const auto field = std::ranges::find_if(fields, [&](const schema_field& one) {
      return folded(one.name) == folded(name) && !is_fixed(subject, one.name);
    });
    if (field == fields.end()) {
      throw error(errc::invalid_argument, fmt::format("{}: the schema of {} has no metadata field {}", place,
                                                      name_of(subject), store::table::shown(name)));
    }
    const std::string member = camel_case(field->name);
    if (!given.insert(field->name).second) {
      refuse_value(member, "is given twice");
    }
    const json_value& value = document.elements()[i];
    if (value.type() == json_value::kind::null) {
      if (!field->nullable) {
        refuse_value(member, "may not be null");
      }
      continue;
    }
    auto text = text_of(value, field->type);
    if (!text) {
      refuse_value(member, fmt::format("is no {}", name_of(field->type)));
    }
    values.emplace(field->name, std::move(*text));
  }
  for (const schema_field& field : fields) {
    if (needs_metadata(subject) && !field.nullable && !is_fixed(subject, field.name) && !given.contains(field.name)) {
      refuse_value(camel_case(field.name), "is missing, and the schema does not let it be null");
    }
  }
  return values;
}

std::string camel_case(std::string_view name) {
  std::string made;
  bool capital = false;
  for (const char c : name) {
    if (c == '_') {
      capital = !made.empty();
      continue;
    }
    const bool letter = c >= 'A' && c <= 'Z';
    made += letter && !capital ? static_cast<char>(c - 'A' + 'a') : c;
    capital = false;
  }
  return made;
}

}  // namespace eunomia::recommend
