#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "recommend/dataset.h"
#include "wire/recombee/definitions.h"
#include "wire/recombee/reql_value.h"

// Properties of items and users: columns of a dataset's metadata, with Recombee's names and types.
namespace eunomia::wire::recombee {

enum class property_type { integer, real, string, boolean, timestamp, set, image, image_list };
std::string_view name_of(property_type type);  // "imageList"
// Throws errc::invalid_argument with the types there are.
property_type property_type_named(std::string_view name);

struct property {
  std::string name;  // as the client chose it: 'Parental-Advisory'
  property_type type = property_type::string;
  std::string column;  // of the dataset: "PARENTAL_ADVISORY"
};

inline constexpr std::size_t max_properties = 200;  // of items, and of users
inline constexpr std::string_view item_id_property = "itemId";
inline constexpr std::string_view user_id_property = "userId";

// 1 to 63 of a-z, A-Z, 0-9 and _ : -, and none of the names that every item and user has. Throws
// errc::invalid_argument.
void check_property_name(std::string_view name);

// What a column is that becomes a property of the type.
recommend::metadata_type column_type_of(property_type type);
// A name for a new property's column that none of those taken has.
std::string free_column(std::string_view property_name, const std::vector<recommend::metadata_column>& taken);

// The properties of a table: those that clients added, and the other columns of the dataset, which somebody else
// declared, under their own names; without the retired.
std::vector<property> properties_of(const std::vector<definition>& added, const std::vector<definition>& retired,
                                    const std::vector<recommend::metadata_column>& columns);

// A value as the column rests: text; empty for null. Throws errc::invalid_argument, naming the property.
std::string stored_of(const property& of, const core::json_value& given);
// What text of the column means: null where it is empty, but for a set, which is empty then. What is not of the type is
// null.
reql_value value_of(const property& of, std::string_view stored);
// As Recombee shows it; null for a set that is empty.
core::json_value shown(const property& of, const reql_value& value);
// What an expression made.
core::json_value shown(const reql_value& value);

}  // namespace eunomia::wire::recombee
