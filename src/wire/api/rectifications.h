#pragma once

#include <boost/describe.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json.h"
#include "core/json_schema.h"
#include "core/json_value.h"
#include "recommend/rectifying.h"
#include "subject/rights/desk.h"
#include "wire/api/requests.h"

// Rectification (Art. 16), as the API and the command line ask for it.
namespace eunomia::wire::api {

struct wrong_interaction_body {
  std::string item_id;
  core::json_value timestamp;
  std::string event_type = {};
};
BOOST_DESCRIBE_STRUCT(wrong_interaction_body, (), (item_id, timestamp, event_type))
core::json_notes notes_of(const wrong_interaction_body*);

struct rectification_body {
  std::string user;
  std::string dataset;
  std::map<std::string, std::string> profile;
  std::vector<wrong_interaction_body> wrong_interactions;
  std::string right_user;
  std::optional<std::string> space;  // of user and right_user
};
BOOST_DESCRIBE_STRUCT(rectification_body, (), (user, dataset, profile, wrong_interactions, right_user, space))
core::json_notes notes_of(const rectification_body*);

// Checks everything before the request is made. Throws errc::invalid_argument for one that corrects nothing;
// errc::not_found for nobody, or no such dataset; errc::already_exists when right_user names somebody else.
request_view rectify(const rectification_body& wanted, std::string_view user_space, const subject::directory& people,
                     const recommend::rectifying& rows, subject::rights_desk& desk, const subject::actor& by,
                     const subject::custody_context& with);

}  // namespace eunomia::wire::api
