#pragma once

#include <cstddef>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "recommend/dataset.h"

// The schemas of Amazon Personalize, flat Avro records in JSON, as what they say of a dataset's columns:
//
//   {"type": "record", "name": "Items", "namespace": "com.amazonaws.personalize.schema", "version": "1.0",
//    "fields": [{"name": "ITEM_ID", "type": "string"},
//               {"name": "GENRES", "type": ["null", "string"], "categorical": true}]}
//
// A field is of type float, double, int, long, string or boolean, or a union of one of these with null.
namespace eunomia::recommend {

inline constexpr std::size_t max_schema_bytes = 20'000;  // of the JSON, as in Personalize
inline constexpr std::size_t max_schema_fields = 500;

// What a schema describes: its name says it.
enum class schema_subject { interactions, items, users, actions, action_interactions };
std::string_view name_of(schema_subject subject) noexcept;  // "ActionInteractions"

enum class avro_type { float32, float64, int32, int64, string, boolean };

struct schema_field {
  std::string name;  // in upper case
  avro_type type = avro_type::string;
  bool nullable = false;
  bool categorical = false;  // several values are separated by '|'
  bool textual = false;      // words, of items only
};

struct avro_schema {
  schema_subject subject = schema_subject::interactions;
  std::vector<schema_field> fields;

  // Throws errc::invalid_argument with the place ("$.fields[2].type") for what is no schema of Personalize: a required
  // field that is missing or of another type, a reserved one of another type, names that are equal without case and '_'
  // (which would have one name in the properties of an event), metadata missing where it is needed.
  static avro_schema parse(std::string_view text);

  // The columns to be declared of a dataset: all that it does not have by itself. A boolean is text.
  std::vector<metadata_column> columns() const;

  // Throws errc::invalid_argument as Personalize says it for fields that a file's first line lacks. Names are compared
  // without case; what the schema does not have is no fault.
  void check_header(std::span<const std::string> names) const;

  // The values in the properties of an event, an item or a user, a JSON object whose names are the fields' in camelCase
  // ({"numberOfDownloads": 3} for NUMBER_OF_DOWNLOADS), as text by the fields' names; those that are null are left out.
  // Throws errc::invalid_argument, beginning with the place ("events[3].properties"), for what the schema does not
  // have, a value of another type, and, but of interactions, a field that is missing and may not be null; never with
  // the value.
  std::map<std::string, std::string> read_properties(std::string_view json, std::string_view place) const;
};

// "NUMBER_OF_DOWNLOADS" -> "numberOfDownloads".
std::string camel_case(std::string_view name);

}  // namespace eunomia::recommend
