// What people ask for: erasure at once in what answers, then everywhere; how far each request is; its certificate.
#include "wire/api/requests.h"

#include <fmt/format.h>

#include "core/error.h"
#include "core/time.h"
#include "subject/erasure/dismissed_finds.h"
#include "wire/api/api.h"
#include "wire/api/page.h"
#include "wire/api/people.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;

request_view erase(const people_to_erase& wanted, const http::request& in, const services& to) {
  if (wanted.users.empty() || wanted.users.size() > max_people_of_an_erasure) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("users: 1 to {} at once, got {}", max_people_of_an_erasure, wanted.users.size()));
  }
  const rights_place one;
  const auto gone = to.erasures.people_named(space_of(wanted.space, to.user_space), wanted.users);
  core::job quiet;
  const auto begun = to.erasures.begin(gone, caller_of(in), {to.forget_pool, quiet});
  to.background.look_soon();
  return view_of(begun, to.erasures);
}

struct certificate_query {
  subject::certificate_edition which = subject::certificate_edition::newest;
};
BOOST_DESCRIBE_STRUCT(certificate_query, (), (which))
core::json_notes notes_of(const certificate_query*) {
  return {
      {"which",
       {.text = "An erasure that left something for later (a step has an \"until\") is certified anew once that has "
                "come true"}}};
}

std::int64_t id_of(const http::request& in) {
  return number_in_path(in.path_parameter("request"), "request");
}

}  // namespace

core::json_notes notes_of(const people_to_erase*) {
  return {{"users",
           {.text = "USER_IDs, or identifiers of a space: whoever is named leaves under all of theirs",
            .longest = max_people_of_an_erasure,
            .shortest = 1}},
          {"space", note_of_space()}};
}

core::json_notes notes_of(const new_dismissal*) {
  return {{"file",
           {.text = "The file that obstacle names, below the data directory; a folder of it ends in \"/\"",
            .longest = subject::max_dismissed_file_bytes,
            .shortest = 1}},
          {"reason",
           {.text = "Why what was found there is not theirs; without an identifier of theirs, as it stays",
            .longest = subject::max_dismissal_reason_bytes,
            .shortest = 1}}};
}

core::json_notes notes_of(const request_view*) {
  return {{"state", {.text = "\"under_way\", then \"completed\""}},
          {"steps", {.text = "What was found and, where there is a level, what was done"}},
          {"obstacle", {.text = "Why the last attempt to complete it failed; it is tried again"}},
          {"progress",
           {.text = "Of an erasure under way: waiting, looking, erasing (done and total count custodians), verifying "
                    "(bytes of files), certifying"}},
          {"dismissed", {.text = "Where a find was judged not to be theirs, by whom and why"}}};
}

request_view view_of(const subject::rights_request& request) {
  return {request.id,
          request.right,
          request.completed_at == 0 ? "under_way" : "completed",
          request.people,
          request.requested_by,
          core::format_iso8601(request.requested_at),
          core::format_iso8601(request.deadline),
          moment(request.completed_at),
          request.steps,
          request.attempts,
          request.obstacle.empty() ? std::nullopt : std::optional(request.obstacle),
          {},
          request.dismissed.empty() ? std::nullopt : std::optional(request.dismissed)};
}

request_view view_of(const subject::rights_request& request, const subject::erasures& all) {
  request_view view = view_of(request);
  view.progress = all.progress_of(request);
  return view;
}

void add_requests(route_table& table, const services& to) {
  const auto who = http::access::roles(role::privacy_officer);
  operation begin{
      method::post,
      "/api/v1/subjects/erasures",
      who,
      "people",
      "Erase people (Art. 17): from what answers at once, from the disk in the background; watch the request",
      202};
  begin.body_limit = std::uint64_t{16} << 20;
  table.body<people_to_erase, request_view>(
      begin, [to](const people_to_erase& wanted, const http::request& in) { return erase(wanted, in, to); });
  table.query<page_before, request_list>(
      {method::get, "/api/v1/subjects/requests", who, "people", "What people asked for, newest first"},
      [to](const page_before& page, const http::request&) {
        request_list list;
        for (const auto& request : to.erasures.list(page.before, page.count)) {
          list.requests.push_back(view_of(request, to.erasures));
        }
        return list;
      });
  table.query<nothing, request_view>(
      {method::get, "/api/v1/subjects/requests/{request}", who, "people", "How far a request is"},
      [to](const nothing&, const http::request& in) { return view_of(to.erasures.find(id_of(in)), to.erasures); });
  table.body<new_dismissal, request_view>(
      {method::post, "/api/v1/subjects/requests/{request}/dismissals", who, "people",
       "What an erasure waits for in a file is not theirs but part of something else; it is tried again at once"},
      [to](const new_dismissal& said, const http::request& in) {
        const auto request = to.erasures.dismiss_find(id_of(in), said.file, said.reason, caller_of(in));
        to.background.look_soon();
        return view_of(request, to.erasures);
      });
  const operation certificate{method::get, "/api/v1/subjects/requests/{request}/certificate", who, "people",
                              "The signed proof of what was done, for eunomia certificate verify"};
  http::route route{
      .verb = certificate.verb, .path = certificate.path, .who = certificate.who, .run = [to](http::request& in) {
        http::response out;
        out.body = to.erasures.certificate_of(id_of(in), route_table::read_query<certificate_query>(in).which);
        return out;
      }};
  table.raw<certificate_query, core::json_value>(certificate, {}, {}, std::move(route));
}

}  // namespace eunomia::wire::api
