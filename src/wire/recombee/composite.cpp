// Composite recommendations: a source for somebody, and what goes with it. Two of the other requests, one after the
// other: a segment and its items where the scenario has a segmentation, else an item and items like it.
#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "core/error.h"
#include "wire/recombee/call.h"

namespace eunomia::wire::recombee {

namespace {

using core::json_value;

// One of the two requests.
struct stage {
  std::string path;  // of an operation
  std::map<std::string, std::string> names;
  json_value given = json_value::of_object();
};

void append(json_value& to, std::string_view name, const json_value& value) {
  if (to.find(name) == nullptr) {
    to.append(std::string(name), value);
  }
}

// What a stage's settings say, and what the request says of both.
json_value parameters_for(const call& of, std::string_view settings) {
  json_value given = json_value::of_object();
  if (const json_value* const own = of.given.find(settings)) {
    if (own->type() != json_value::kind::object) {
      refuse_parameter(settings, "is an object of parameters");
    }
    given = *own;
  }
  for (const std::string_view shared : {"scenario", "cascadeCreate", "logic", "searchQuery"}) {
    if (const json_value* const value = of.given.find(shared)) {
      append(given, shared, *value);
    }
  }
  if (const auto user = of.given.text("userId")) {
    append(given, "targetUserId", of_text(*user));
  }
  return given;
}

reply run(const call& of, const std::vector<operation>& parts, const stage& one) {
  const auto found = std::ranges::find_if(
      parts, [&](const operation& part) { return part.verb == http::method::post && part.path == one.path; });
  if (found == parts.end()) {
    throw core::error(core::errc::internal, fmt::format("there is no operation {}", one.path));
  }
  call as_client{of.in, of.of, one.names, parameters(one.given), of.who, of.writes, of.shown_to};
  return found->run(as_client);
}

stage source_of(const call& of, bool segments) {
  const std::string_view what = segments ? "item-segments" : "items";
  stage source{{}, {}, parameters_for(of, "sourceSettings")};
  append(source.given, "count", of_integer(1));
  const auto user = of.given.text("userId");
  if (const auto segment = of.given.text("segmentId"); segment && segments) {
    append(source.given, "contextSegmentId", of_text(*segment));
    source.path = "/recomms/item-segments/item-segments/";
  } else if (const auto item = of.given.text("itemId")) {
    source.path = fmt::format("/recomms/items/{{itemId}}/{}/", what);
    source.names = {{"itemId", *item}};
  } else if (user) {
    source.path =
        fmt::format("/{}/users/{{userId}}/{}/", of.given.find("searchQuery") == nullptr ? "recomms" : "search", what);
    source.names = {{"userId", *user}};
  } else {
    refuse_parameter("userId", "is missing: say for which user, item or segment");
  }
  return source;
}

stage result_of(const call& of, bool segments, const std::string& source) {
  stage result{{}, {}, parameters_for(of, "resultSettings")};
  if (const json_value* const count = of.given.find("count")) {
    append(result.given, "count", *count);
  }
  if (segments) {
    append(result.given, "contextSegmentId", of_text(source));
    result.path = "/recomms/item-segments/items/";
  } else {
    result.path = "/recomms/items/{itemId}/items/";
    result.names = {{"itemId", source}};
  }
  return result;
}

reply composite(const call& of, const std::vector<operation>& parts) {
  const std::string scenario = of.given.required_text("scenario");
  const auto segmentations = of.in.made.list(of.db().name(), definition_kind::segmentation);
  const bool segments =
      segmentations.size() == 1 || std::ranges::find(segmentations, scenario, &definition::id) != segmentations.end();
  reply first = run(of, parts, source_of(of, segments));
  const json_value* const recomms = first.body.find("recomms");
  if (first.status != 200 || recomms == nullptr || recomms->elements().empty()) {
    append(first.body, "source", {});
    return first;
  }
  const json_value& source = recomms->elements().front();
  reply second = run(of, parts, result_of(of, segments, source.find("id")->text()));
  append(second.body, "source", source);
  return second;
}

}  // namespace

void add_composite(std::vector<operation>& to) {
  auto parts = std::make_shared<std::vector<operation>>();
  add_recommendations(*parts);
  add_segment_recommendations(*parts);
  add_search(*parts);
  add_operation(to, http::method::post, "/recomms/composite/", callers(),
                [parts = std::move(parts)](call& of) { return composite(of, *parts); });
}

}  // namespace eunomia::wire::recombee
