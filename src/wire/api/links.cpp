// That an identifier of another space names somebody who is known. Identifiers are in bodies, and leave in no answer.
#include "wire/api/links.h"

#include "wire/api/api.h"
#include "wire/api/people.h"

namespace eunomia::wire::api {

core::json_notes notes_of(const new_link*) {
  core::json_note of_identifier = note_of_space();
  of_identifier.text = "The id space of identifier: what it is, such as email or annotator";
  return {{"user", {.text = "Somebody who is known: a USER_ID", .shortest = 1}},
          {"user_space", note_of_space()},
          {"space", of_identifier},
          {"identifier",
           {.text = "What they are to be known by as well, byte by byte; it may name nobody else", .shortest = 1}}};
}

core::json_notes notes_of(const link_view*) {
  return {{"linked", {.text = "false: it named them already"}},
          {"identifiers", {.text = "How many they have now, by space"}}};
}

link_view link(const new_link& wanted, std::string_view user_space, const subject::durable_directory& people,
               subject::rights_desk& desk, const subject::actor& by) {
  const auto who = somebody(wanted.user, space_of(wanted.user_space, user_space), people);
  link_view view;
  view.linked = desk.link(who, wanted.space, wanted.identifier, by);
  for (const auto& one : people.known_by(who)) {
    ++view.identifiers[one.space];
  }
  return view;
}

core::json_notes notes_of(const link_pair*) {
  return {{"user", {.text = "A USER_ID; who is not known is left out", .shortest = 1}},
          {"identifier", {.text = "What they are to be known by as well; it may name nobody else", .shortest = 1}}};
}

core::json_notes notes_of(const new_links*) {
  core::json_note of_identifier = note_of_space();
  of_identifier.text = "The id space of every identifier";
  return {{"user_space", note_of_space()},
          {"space", of_identifier},
          {"links", {.text = "All of them or none", .longest = subject::rights_desk::max_links, .shortest = 1}}};
}

core::json_notes notes_of(const links_view*) {
  return {{"known", {.text = "How many of the users are somebody"}},
          {"linked", {.text = "Of these, who were not known so before"}}};
}

namespace {

links_view link_all(const new_links& wanted, std::string_view user_space, const subject::durable_directory& people,
                    subject::rights_desk& desk, const subject::actor& by) {
  std::vector<std::string_view> users;
  users.reserve(wanted.links.size());
  for (const link_pair& one : wanted.links) {
    users.push_back(one.user);
  }
  const auto handles = people.find_all(space_of(wanted.user_space, user_space), users);
  std::vector<subject::rights_desk::new_identifier> links;
  for (std::size_t i = 0; i < handles.size(); ++i) {
    if (handles[i] != core::subject_handle()) {
      links.push_back({handles[i], wanted.links[i].identifier});
    }
  }
  return {links.size(), desk.link_all(links, wanted.space, by)};
}

}  // namespace

void add_links(route_table& table, const services& to) {
  table.body<new_link, link_view>(
      {http::method::post, "/api/v1/subjects/links", http::access::roles(http::role::privacy_officer), "people",
       "Somebody is known by one more identifier; whoever asks by any of them is that person"},
      [to](const new_link& wanted, const http::request& in) {
        return link(wanted, to.user_space, to.people, to.desk, caller_of(in));
      });
  table.body<new_links, links_view>(
      {http::method::post, "/api/v1/subjects/links/batch", http::access::roles(http::role::privacy_officer), "people",
       "Many people are known by one more identifier each, of one space: all of them or none"},
      [to](const new_links& wanted, const http::request& in) {
        return link_all(wanted, to.user_space, to.people, to.desk, caller_of(in));
      });
}

}  // namespace eunomia::wire::api
