// Trained versions as files of an open format: out of the house, and into it (docs/models.md).
#include <fmt/format.h>

#include "core/time.h"
#include "recommend/imported.h"
#include "recommend/on_record.h"
#include "recommend/portable_file.h"
#include "wire/api/api.h"
#include "wire/api/files.h"
#include "wire/api/people.h"
#include "wire/api/values.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;

struct model_export_query {
  std::string recipient;
  std::string purpose;
};
BOOST_DESCRIBE_STRUCT(model_export_query, (), (recipient, purpose))
core::json_notes notes_of(const model_export_query*) {
  return {{"recipient",
           {.text = "Who is handed the model: on record, and to be told of erasures (GDPR Art. 19). Absent: the label "
                    "of the token",
            .longest = recommend::max_recipient_bytes}},
          {"purpose", {.text = "What for: on record", .longest = recommend::max_recipient_bytes, .shortest = 1}}};
}

struct model_import_query {
  std::string origin;
};
BOOST_DESCRIBE_STRUCT(model_import_query, (), (origin))
core::json_notes notes_of(const model_import_query*) {
  return {{"origin", {.text = "Where it is from. Absent: as the file says", .longest = recommend::max_origin_bytes}}};
}

struct imported_view {
  std::int64_t version = 0;
  std::string family;
  std::string trained_as;
  std::string origin;
  std::string forgets;
  bool serving = false;
  std::uint64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(imported_view, (), (version, family, trained_as, origin, forgets, serving, bytes))

struct imported_parameters {
  std::string trained_as;
  std::string origin;
};
BOOST_DESCRIBE_STRUCT(imported_parameters, (), (trained_as, origin))

struct handed_to {
  std::int64_t version = 0;
  std::string recipient;
  std::string purpose;
  std::string at;
};
BOOST_DESCRIBE_STRUCT(handed_to, (), (version, recipient, purpose, at))
struct handed_list {
  std::vector<handed_to> recipients;
};
BOOST_DESCRIBE_STRUCT(handed_list, (), (recipients))

http::response export_model(const http::request& in, const services& to) {
  const auto wanted = route_table::read_query<model_export_query>(in);
  const std::int64_t version = number_in_path(in.path_parameter("version"), "version");
  http::response out{.content_type = "application/zip"};
  out.file = new_file(to, "model.zip");
  out.remove_file = true;
  recommend::model_disclosure whom;
  whom.recipient = wanted.recipient.empty() ? caller_of(in).text() : wanted.recipient;
  whom.purpose = wanted.purpose;
  const auto left = recommend::export_on_record(to.recommenders, to.audit, in.path_parameter("recommender"), version,
                                                whom, out.file, caller_of(in));
  out.headers = {{"Content-Disposition", fmt::format("attachment; filename=\"{}-{}.npz\"", left.name, left.version)}};
  return out;
}

imported_view import_model(const http::request& in, const services& to) {
  const auto wanted = route_table::read_query<model_import_query>(in);
  core::job quiet;
  const auto came =
      recommend::import_on_record(to.recommenders, to.audit, in.path_parameter("recommender"), in.body_file,
                                  wanted.origin, caller_of(in), to.background.context(quiet));
  to.answering.drop_replaced();
  if (to.model_imported) {
    to.model_imported();
  }
  const auto said =
      core::read_json<imported_parameters>(came.parameters, {.missing = core::json_missing::keep_default});
  return {came.version,
          came.family,
          said.trained_as,
          said.origin,
          std::string(name_of(recommend::imported_family().forgets())),
          came.serving,
          came.file.size};
}

}  // namespace

void add_model_files(route_table& table, const services& to) {
  const auto who = http::access::roles(role::engineer);
  const operation download{method::get, "/api/v1/recommenders/{recommender}/versions/{version}/model", who,
                           "recommenders",
                           "A version in an open format, without rows of people; who is handed it is on record"};
  table.raw<model_export_query, core::json_value>(download, {}, {},
                                                  {.verb = download.verb,
                                                   .path = download.path,
                                                   .who = download.who,
                                                   .run = [to](http::request& in) { return export_model(in, to); }},
                                                  "application/zip");
  const operation upload{method::post,
                         "/api/v1/recommenders/{recommender}/versions",
                         who,
                         "recommenders",
                         "A model of that format becomes the next version: opaque, nobody can be taken out of it",
                         201,
                         recommend::max_portable_bytes};
  http::route route{.verb = upload.verb, .path = upload.path, .who = upload.who, .run = [to](http::request& in) {
                      return route_table::answer_of(import_model(in, to), 201);
                    }};
  route.body = {http::body_policy::kind::file, upload.body_limit};
  table.raw<model_import_query, imported_view>(upload, "application/octet-stream",
                                               R"({"type":"string","format":"binary"})", std::move(route));
  table.query<nothing, handed_list>(
      {method::get, "/api/v1/recommenders/{recommender}/recipients", who, "recommenders",
       "Whom versions were handed, newest first"},
      [to](const nothing&, const http::request& in) {
        handed_list list;
        for (const auto& one :
             to.recommenders.disclosures(to.recommenders.find(in.path_parameter("recommender")).name)) {
          list.recipients.push_back({one.version, one.recipient, one.purpose, core::format_iso8601(one.at)});
        }
        return list;
      });
}

}  // namespace eunomia::wire::api
