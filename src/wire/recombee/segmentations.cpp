// Segmentations of items: made, changed, listed, deleted; and their segments.
#include <fmt/format.h>

#include "core/error.h"
#include "wire/recombee/candidates.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;
using core::json_value;

constexpr auto kind = definition_kind::segmentation;
constexpr std::size_t longest_text = 1'024;

// The parameters of an object that are kept, as they were given.
void keep(const call& of, json_value& into, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names) {
    if (const auto text = of.given.text(name)) {
      if (text->size() > (name == "title" || name == "description" ? longest_text : max_reql_bytes)) {
        refuse_parameter(name, "is too long");
      }
      into.append(std::string(name), of_text(*text));
    }
  }
}

void check(const call& of, const json_value& body) {
  const parameters given(body);
  const database_schema schema(of.db(), candidates_are::items);
  if (const auto property = given.text("propertyName");
      property && database::find_property(of.db().item_properties(), *property) == nullptr) {
    refuse_parameter("propertyName", "there is no such property of items; add it first");
  }
  for (const std::string_view reql_text : {"expression", "filter"}) {
    if (const auto text = given.text(reql_text)) {
      reql::compile(*text, schema);
    }
  }
}

definition require_segmentation(const call& of, std::string_view type = {}) {
  const std::string& id = of.named("segmentationId");
  auto found = of.in.made.find(of.db().name(), kind, "", id);
  if (!found || (!type.empty() && parameters(found->body).text("segmentationType") != type)) {
    throw core::error(errc::not_found,
                      fmt::format("There is no segmentation {}{}{}", type, type.empty() ? "" : " ", id.substr(0, 64)));
  }
  return *std::move(found);
}

json_value shown_segmentation(const definition& one) {
  json_value body = json_value::of_object();
  body.append("segmentationId", of_text(one.id));
  for (std::size_t i = 0; i < one.body.names().size(); ++i) {
    body.append(one.body.names()[i], one.body.elements()[i]);
  }
  return body;
}

reply create(call& of, std::string_view type, std::string_view by) {
  definition made{kind, "", of.named("segmentationId")};
  check_id("segmentationId", made.id);
  if (of.given.required_text("sourceType") != "items") {
    refuse_parameter("sourceType", "is items: segments are of items here");
  }
  made.body.append("segmentationType", of_text(type));
  made.body.append("sourceType", of_text("items"));
  if (!by.empty()) {
    of.given.required_text(by);
  }
  keep(of, made.body, {"propertyName", "expression", "title", "description"});
  check(of, made.body);
  of.in.made.add(of.db().name(), made);
  return {201, ok()};
}

// What is given takes the place of what there is.
definition changed(const call& of, definition one, std::initializer_list<std::string_view> names) {
  json_value body = json_value::of_object();
  for (std::size_t i = 0; i < one.body.names().size(); ++i) {
    const std::string& name = one.body.names()[i];
    if (std::find(names.begin(), names.end(), name) == names.end() || of.given.find(name) == nullptr) {
      body.append(name, one.body.elements()[i]);
    }
  }
  keep(of, body, names);
  check(of, body);
  one.body = std::move(body);
  return one;
}

reply update(call& of, std::string_view type, std::string_view by) {
  of.in.made.put(of.db().name(), by.empty()
                                     ? changed(of, require_segmentation(of, type), {"title", "description"})
                                     : changed(of, require_segmentation(of, type), {by, "title", "description"}));
  return {};
}

reply get(call& of) {
  return {200, shown_segmentation(require_segmentation(of))};
}

reply list(call& of) {
  const auto source = of.given.required_text("sourceType");
  json_value all = json_value::of_array();
  for (const definition& one : of.in.made.list(of.db().name(), kind)) {
    if (parameters(one.body).text("sourceType") == source) {
      all.append(shown_segmentation(one));
    }
  }
  json_value answer = json_value::of_object();
  answer.append("segmentations", std::move(all));
  return {200, std::move(answer)};
}

reply remove(call& of) {
  of.in.made.remove(of.db().name(), kind, "", require_segmentation(of).id);
  return {};
}

definition require_segment(const call& of) {
  const std::string segmentation = require_segmentation(of, "manual-reql").id;
  auto found = of.in.made.find(of.db().name(), definition_kind::segment, segmentation, of.named("segmentId"));
  if (!found) {
    throw core::error(errc::not_found, fmt::format("There is no segment {} in segmentation {}",
                                                   of.named("segmentId").substr(0, 64), segmentation));
  }
  return *std::move(found);
}

reply add_segment(call& of) {
  definition made{definition_kind::segment, require_segmentation(of, "manual-reql").id, of.named("segmentId")};
  check_id("segmentId", made.id);
  of.given.required_text("filter");
  keep(of, made.body, {"filter", "title"});
  check(of, made.body);
  of.in.made.add(of.db().name(), made);
  return {201, ok()};
}

reply update_segment(call& of) {
  of.in.made.put(of.db().name(), changed(of, require_segment(of), {"filter", "title"}));
  return {};
}

reply delete_segment(call& of) {
  const definition one = require_segment(of);
  of.in.made.remove(of.db().name(), definition_kind::segment, one.parent, one.id);
  return {};
}

}  // namespace

void add_segmentations(std::vector<operation>& to) {
  using http::method;
  struct type_of_segmentation {
    std::string_view path;
    std::string_view type;
    std::string_view by;
  };
  for (const auto& one : {type_of_segmentation{"property-based", "property", "propertyName"},
                          type_of_segmentation{"manual-reql", "manual-reql", ""},
                          type_of_segmentation{"auto-reql", "auto-reql", "expression"}}) {
    const std::string path = fmt::format("/segmentations/{}/{{segmentationId}}", one.path);
    add_operation(to, method::put, path, builders(), [one](call& of) { return create(of, one.type, one.by); });
    add_operation(to, method::post, path, builders(), [one](call& of) { return update(of, one.type, one.by); });
  }
  add_operation(to, method::get, "/segmentations/list/", callers(), list);
  add_operation(to, method::get, "/segmentations/list/{segmentationId}", callers(), get);
  add_operation(to, method::delete_, "/segmentations/{segmentationId}", builders(), remove);
  const char* const segment = "/segmentations/manual-reql/{segmentationId}/segments/{segmentId}";
  add_operation(to, method::put, segment, builders(), add_segment);
  add_operation(to, method::post, segment, builders(), update_segment);
  add_operation(to, method::delete_, segment, builders(), delete_segment);
}

}  // namespace eunomia::wire::recombee
