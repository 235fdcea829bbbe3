#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "store/sql/database.h"

// What differs between the engines' SQL, in one place.
namespace eunomia::store::sql {

// A statement as an engine wants it.
struct translated {
  std::string sql;                      // placeholders replaced, comments removed, parameters still as :name
  std::vector<std::string> parameters;  // the names, each once, in order of first occurrence
};

// errc::internal for an unknown placeholder or an unclosed quote.
translated translate(std::string_view sql, engine speaks);

// The statements of a script, split at the semicolons outside quotes and comments; empty ones left out.
std::vector<std::string> split_statements(std::string_view script);

// A list as the one text parameter behind {int64s:} and {texts:}: a JSON array for SQLite's json_each, an array literal
// for PostgreSQL's unnest.
std::string list_literal(int64_list values, engine speaks);
std::string list_literal(text_list values, engine speaks);
// PostgreSQL's array literal of doubles, every bit kept.
std::string real_array_literal(std::span<const double> values);

// A database URL that may be shown: no password, neither before the host nor among the options.
std::string without_password(std::string_view url);

}  // namespace eunomia::store::sql
