#include "wire/api/table.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "core/error.h"

namespace eunomia::wire::api {

namespace {

constexpr std::array all_roles = {http::role::administrator, http::role::privacy_officer, http::role::engineer,
                                  http::role::annotator, http::role::service};

std::string lower(std::string_view text) {
  std::string result(text);
  std::transform(result.begin(), result.end(), result.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return result;
}

std::string media_type(std::string_view content_type) {
  std::string type = lower(content_type.substr(0, content_type.find(';')));
  type.erase(type.find_last_not_of(" \t") + 1);
  return type;
}

void schema_member(core::json_writer& out, std::string_view name, std::string_view schema) {
  out.name(name);
  out.value(core::parse_json(schema));
}

void string_member(core::json_writer& out, std::string_view name, std::string_view value) {
  out.name(name);
  out.string(value);
}

void content(core::json_writer& out, std::string_view type, std::string_view schema) {
  out.name("content");
  out.begin_object();
  out.name(type);
  out.begin_object();
  schema_member(out, "schema", schema);
  out.end_object();
  out.end_object();
}

void parameter(core::json_writer& out, std::string_view name, std::string_view in, std::string_view schema,
               bool scalar = true) {
  out.begin_object();
  string_member(out, "name", name);
  string_member(out, "in", in);
  out.name("required");
  out.boolean(in == "path");
  if (scalar) {
    schema_member(out, "schema", schema);
  } else {
    content(out, "application/json", schema);
  }
  out.end_object();
}

std::vector<std::string> names_in(std::string_view path) {
  std::vector<std::string> names;
  for (std::size_t open = path.find('{'); open != std::string_view::npos; open = path.find('{', open + 1)) {
    names.emplace_back(path.substr(open + 1, path.find('}', open) - open - 1));
  }
  return names;
}

std::string roles_of(const http::access& who) {
  if (who.is_open()) {
    return "Anybody.";
  }
  std::string names;
  for (const http::role r : all_roles) {
    if (who.allows(r)) {
      names += (names.empty() ? "" : ", ") + std::string(http::name_of(r));
    }
  }
  return "Roles: " + names + ".";
}

// "recommenders_name_train_post"
std::string operation_id(const operation& about) {
  std::string id;
  for (const char c : about.path.substr(std::string_view("/api/v1").size())) {
    if (c == '/' || c == '.') {
      id += id.empty() ? "" : "_";
    } else if (c != '{' && c != '}') {
      id += c;
    }
  }
  return id + (id.empty() ? "" : "_") + lower(http::name_of(about.verb));
}

}  // namespace

http::response error_response(const http::request& head, const http::failure& why) {
  http::response out;
  out.status = why.status;
  out.body = core::write_json(error_body{{why.code, why.message, head.id}});
  return out;
}

route_table::route_table() {
  core::json_writer ignored;
  schemas_.write<error_body>(ignored, core::json_direction::answer);
}

std::optional<http::response> route_table::refuse_other_than_json(const http::request& in) {
  const auto given = in.header_named("Content-Type");
  if (!given || media_type(*given) == "application/json") {
    return std::nullopt;
  }
  return error_response(
      in, {415, "unsupported_media_type", "the body must be JSON: send it with Content-Type: application/json"});
}

void route_table::append_parameter(core::json_value& object, const http::parameter& given, bool text) {
  if (object.find(given.name) != nullptr) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("the query parameter \"{}\" is given twice", given.name.substr(0, 64)));
  }
  core::json_value value = core::json_value::of_string(given.value);
  if (!text) {
    try {
      value = core::parse_json(given.value);  // true, 25, 0.5
    } catch (const core::error&) {
      value = core::json_value::of_string(given.value);  // refused by the type, with its name
    }
  }
  object.append(given.name, std::move(value));
}

void route_table::document(const operation& about, std::string_view content_type, std::string_view body_schema,
                           std::vector<parameter_note> query, std::string answer_schema, std::string_view answer_type) {
  documented_.push_back({about, std::string(content_type), std::string(body_schema), std::move(query),
                         std::move(answer_schema), std::string(answer_type)});
}

void route_table::add(const operation& about, http::body_policy body, http::route::handler run) {
  routes_.push_back({.verb = about.verb, .path = about.path, .who = about.who, .run = std::move(run), .body = body});
}

std::string route_table::openapi(std::string_view version) const {
  core::json_writer out;
  out.begin_object();
  string_member(out, "openapi", "3.1.0");
  out.name("info");
  out.begin_object();
  string_member(out, "title", "Eunomia");
  string_member(out, "version", version);
  string_member(out, "description",
                "Eunomia's own API: datasets, recommenders, recommendations, events, people, jobs and tokens.");
  out.name("license");
  out.begin_object();
  string_member(out, "name", "Apache-2.0");
  string_member(out, "identifier", "Apache-2.0");
  out.end_object();
  out.end_object();
  out.name("security");
  out.begin_array();
  out.begin_object();
  out.name("token");
  out.begin_array();
  out.end_array();
  out.end_object();
  out.end_array();

  std::map<std::string, std::vector<const documented*>> by_path;
  for (const documented& one : documented_) {
    by_path[one.about.path].push_back(&one);
  }
  out.name("paths");
  out.begin_object();
  for (const auto& [path, operations] : by_path) {
    out.name(path);
    out.begin_object();
    for (const documented* one : operations) {
      write_operation(out, *one);
    }
    out.end_object();
  }
  out.end_object();

  out.name("components");
  out.begin_object();
  out.name("securitySchemes");
  out.begin_object();
  out.name("token");
  out.begin_object();
  string_member(out, "type", "http");
  string_member(out, "scheme", "bearer");
  out.end_object();
  out.end_object();
  out.name("schemas");
  out.begin_object();
  for (const auto& [name, schema] : schemas_.structs()) {
    schema_member(out, name, schema);
  }
  out.end_object();
  out.end_object();
  out.end_object();
  return std::move(out).text();
}

void route_table::write_operation(core::json_writer& out, const documented& one) {
  const operation& about = one.about;
  out.name(lower(http::name_of(about.verb)));
  out.begin_object();
  string_member(out, "operationId", operation_id(about));
  string_member(out, "summary", about.summary);
  string_member(out, "description", roles_of(about.who));
  out.name("tags");
  out.begin_array();
  out.string(about.tag);
  out.end_array();
  out.name("parameters");
  out.begin_array();
  for (const std::string& name : names_in(about.path)) {
    parameter(out, name, "path", R"({"type":"string","minLength":1})");
  }
  for (const parameter_note& p : one.query) {
    parameter(out, p.name, "query", p.schema, p.scalar);
  }
  out.end_array();
  if (!one.content_type.empty()) {
    out.name("requestBody");
    out.begin_object();
    out.name("required");
    out.boolean(true);
    content(out, one.content_type, one.body_schema);
    out.end_object();
  }
  out.name("responses");
  out.begin_object();
  out.name(one.answer_schema.empty() ? "204" : std::to_string(about.status));
  out.begin_object();
  string_member(out, "description", one.answer_schema.empty() ? "Done" : about.summary);
  if (!one.answer_schema.empty()) {
    content(out, one.answer_type, one.answer_type == "application/json" ? one.answer_schema : R"({"type":"string"})");
  }
  out.end_object();
  out.name("default");
  out.begin_object();
  string_member(out, "description", "An error: what is wrong, where, and what to do");
  content(out, "application/json", R"({"$ref":"#/components/schemas/error_body_answer"})");
  out.end_object();
  out.end_object();
  out.end_object();
}

}  // namespace eunomia::wire::api
