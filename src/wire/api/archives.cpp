// What is held of somebody, handed over as a file. Neither the file's name nor the answer's head says of whom.
#include "wire/api/archives.h"

#include <fmt/format.h>

#include "subject/rights/archive.h"
#include "wire/api/api.h"
#include "wire/api/files.h"
#include "wire/api/people.h"

namespace eunomia::wire::api {

namespace {

http::response archive_file(const archive_question& asked, const http::request& in, const services& to) {
  const auto who = somebody(asked.user, space_of(asked.space, to.user_space), to.people);
  http::response out{.content_type = "application/zip"};
  out.file = new_file(to, "zip");
  out.remove_file = true;
  core::job quiet;
  const auto scope = asked.portable ? subject::archive_scope::portability : subject::archive_scope::access;
  const auto granted = to.desk.grant_archive(who, scope, out.file, caller_of(in), {to.forget_pool, quiet});
  const subject::archive_report& made = granted.archive;
  out.headers = {{archive_request_header, std::to_string(granted.request.id)},
                 {archive_rows_header, std::to_string(made.rows)},
                 {archive_parts_header, std::to_string(made.parts)},
                 {"Content-Disposition", "attachment; filename=\"archive.zip\""},
                 {"Cache-Control", "no-store"}};
  return out;
}

}  // namespace

core::json_notes notes_of(const archive_question*) {
  return {{"user", {.text = "A USER_ID", .shortest = 1}},
          {"space", note_of_space()},
          {"portable",
           {.text = "Only what the person provided and what was observed of them, to take elsewhere (GDPR Art. 20); "
                    "else everything (Art. 15)"}}};
}

void add_archives(route_table& table, const services& to) {
  table.file<archive_question>(
      {http::method::post, "/api/v1/subjects/archive", http::access::roles(http::role::privacy_officer), "people",
       "Everything that is held of somebody, as a ZIP file of CSV, JSON and a page that explains it"},
      "application/zip",
      [to](const archive_question& asked, const http::request& in) { return archive_file(asked, in, to); });
}

}  // namespace eunomia::wire::api
