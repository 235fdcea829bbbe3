#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/json_schema.h"
#include "subject/directory.h"
#include "subject/rights/desk.h"

// Several identifiers that are one person, as the API and the command line say so.
namespace eunomia::wire::api {

struct new_link {
  std::string user;
  std::optional<std::string> user_space;  // of user
  std::string space;                      // of identifier
  std::string identifier;
};
BOOST_DESCRIBE_STRUCT(new_link, (), (user, user_space, space, identifier))
core::json_notes notes_of(const new_link*);

struct link_view {
  bool linked = false;                               // else it named them already
  std::map<std::string, std::uint64_t> identifiers;  // how many they have now, by space
};
BOOST_DESCRIBE_STRUCT(link_view, (), (linked, identifiers))
core::json_notes notes_of(const link_view*);

// errc::not_found for somebody who is not known; throws as subject::rights_desk::link.
link_view link(const new_link& wanted, std::string_view user_space, const subject::durable_directory& people,
               subject::rights_desk& desk, const subject::actor& by);

}  // namespace eunomia::wire::api
