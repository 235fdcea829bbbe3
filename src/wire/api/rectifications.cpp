// What is held of somebody put right.
#include "wire/api/rectifications.h"

#include <fmt/format.h>

#include "core/error.h"
#include "wire/api/api.h"
#include "wire/api/people.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

namespace {

using core::errc;
using core::error;

recommend::rectification rows_of(const rectification_body& wanted) {
  recommend::rectification rows{wanted.profile, {}};
  for (std::size_t i = 0; i < wanted.wrong_interactions.size(); ++i) {
    const wrong_interaction_body& one = wanted.wrong_interactions[i];
    rows.wrong.push_back(
        {one.item_id, time_of(one.timestamp, fmt::format("wrong_interactions[{}].timestamp", i)), one.event_type});
  }
  return rows;
}

}  // namespace

core::json_notes notes_of(const wrong_interaction_body*) {
  return {{"item_id", {.shortest = 1}},
          {"timestamp", {.text = "As the archive has it: ISO 8601, or seconds or milliseconds since 1970"}},
          {"event_type", {.text = "Only what is of this type; absent or empty: whatever happened with the item then"}}};
}

core::json_notes notes_of(const rectification_body*) {
  return {
      {"user", {.text = "A USER_ID", .shortest = 1}},
      {"space", note_of_space()},
      {"dataset", {.text = "Where the profile and the interactions are; may be absent without them"}},
      {"profile", {.text = "Columns of users as they should be, as text; empty: nothing is known"}},
      {"wrong_interactions",
       {.text = "What did not happen. What did instead is recorded as an event",
        .longest = recommend::max_wrong_interactions}},
      {"right_user",
       {.text = "The identifier of that space that they should be known by, when user is wrong; empty: it is right"}}};
}

request_view rectify(const rectification_body& wanted, std::string_view user_space, const subject::directory& people,
                     const recommend::rectifying& rows, subject::rights_desk& desk, const subject::actor& by,
                     const subject::custody_context& with) {
  const bool of_rows = !wanted.profile.empty() || !wanted.wrong_interactions.empty();
  if (!of_rows && wanted.right_user.empty()) {
    throw error(errc::invalid_argument,
                "nothing to correct: give profile or wrong_interactions, with their dataset, or right_user");
  }
  const recommend::rectification right = rows_of(wanted);
  if (of_rows) {
    rows.check(wanted.dataset, right);
  }
  const std::string_view space = space_of(wanted.space, user_space);
  const auto who = somebody(wanted.user, space, people);
  std::optional<subject::right_identifier> identifier;
  if (!wanted.right_user.empty()) {
    if (const auto known = people.find(space, wanted.right_user); known && *known != who) {
      throw error(errc::already_exists, "right_user: somebody else is known by it already");
    }
    identifier = {std::string(space), wanted.user, wanted.right_user};
  }
  return view_of(desk.rectify(
      who, by,
      [&] {
        return of_rows ? rows.carry_out(wanted.dataset, who, right, with) : std::vector<subject::certificate_step>();
      },
      identifier));
}

void add_rectifications(route_table& table, const services& to) {
  operation rectification{
      http::method::post, "/api/v1/subjects/rectifications", http::access::roles(http::role::privacy_officer), "people",
      "Put right what is held of somebody (Art. 16): profile, interactions, identifier; models forget "
      "them until they learn what is right"};
  rectification.body_limit = std::uint64_t{16} << 20;
  table.body<rectification_body, request_view>(rectification, [to](const rectification_body& wanted,
                                                                   const http::request& in) {
    const rights_place one;
    core::job quiet;
    return rectify(wanted, to.user_space, to.people, to.rectifying, to.desk, caller_of(in), {to.forget_pool, quiet});
  });
}

}  // namespace eunomia::wire::api
