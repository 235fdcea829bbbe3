#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

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

// Many at once, of one space.
struct link_pair {
  std::string user;
  std::string identifier;
};
BOOST_DESCRIBE_STRUCT(link_pair, (), (user, identifier))
core::json_notes notes_of(const link_pair*);

struct new_links {
  std::optional<std::string> user_space;  // of each user
  std::string space;                      // of each identifier
  std::vector<link_pair> links;
};
BOOST_DESCRIBE_STRUCT(new_links, (), (user_space, space, links))
core::json_notes notes_of(const new_links*);

struct links_view {
  std::uint64_t known = 0;   // users that are somebody
  std::uint64_t linked = 0;  // of these, who were not known so before
};
BOOST_DESCRIBE_STRUCT(links_view, (), (known, linked))
core::json_notes notes_of(const links_view*);

// errc::not_found for somebody who is not known; throws as subject::rights_desk::link.
link_view link(const new_link& wanted, std::string_view user_space, const subject::durable_directory& people,
               subject::rights_desk& desk, const subject::actor& by);

}  // namespace eunomia::wire::api
