#pragma once

#include <boost/describe.hpp>
#include <optional>
#include <string>

#include "core/json_schema.h"

// The access archive, as the API and the command line ask for it.
namespace eunomia::wire::api {

// Whose archive. The identifier is in the body: addresses are logged by who stands in between.
struct archive_question {
  std::string user;
  bool portable = false;
  std::optional<std::string> space;  // of user
};
BOOST_DESCRIBE_STRUCT(archive_question, (), (user, portable, space))
core::json_notes notes_of(const archive_question*);

// Of the answer: how many rows the archive has.
inline constexpr const char* archive_rows_header = "Eunomia-Rows";
// And in how many parts.
inline constexpr const char* archive_parts_header = "Eunomia-Parts";
// And which request it grants.
inline constexpr const char* archive_request_header = "Eunomia-Request";

}  // namespace eunomia::wire::api
