// Series: items, and series, in an order.
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "wire/recombee/call.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;
using core::json_value;

constexpr double latest = 1e15;

bool has_series(const call& of, const std::string& id) {
  return of.in.made.find(of.db().name(), definition_kind::series, "", id).has_value();
}

const std::string& require_series(const call& of) {
  const std::string& id = of.named("seriesId");
  if (!has_series(of, id)) {
    throw core::error(errc::not_found,
                      fmt::format("Series \"{}\" does not exist in database {}", id.substr(0, 64), of.db().name()));
  }
  return id;
}

reply add(call& of) {
  const std::string& id = of.named("seriesId");
  check_id("seriesId", id);
  of.in.made.add(of.db().name(), {definition_kind::series, "", id});
  if (of.given.flag("cascadeCreate").value_or(false)) {
    ensure_item(of, id);
  }
  return {201, ok()};
}

reply remove(call& of) {
  const std::string id = require_series(of);
  of.in.made.remove(of.db().name(), definition_kind::series, "", id);
  if (of.given.flag("cascadeDelete").value_or(false) && has_item(of, id)) {
    of.db().remove_item(id);
  }
  return {};
}

reply list(call& of) {
  json_value all = json_value::of_array();
  for (const definition& one : of.in.made.list(of.db().name(), definition_kind::series)) {
    all.append(of_text(one.id));
  }
  return {200, std::move(all)};
}

reply list_items(call& of) {
  std::vector<definition> all = of.in.made.list(of.db().name(), definition_kind::series_item, require_series(of));
  std::ranges::stable_sort(
      all, {}, [](const definition& one) { return parameters(one.body).number("time", -latest, latest).value_or(0); });
  json_value list = json_value::of_array();
  for (definition& one : all) {
    list.append(std::move(one.body));
  }
  return {200, std::move(list)};
}

std::string key_of(std::string_view type, std::string_view id) {
  return fmt::format("{}:{}", type, id);
}

reply insert(call& of) {
  const std::string series = of.named("seriesId");
  const bool cascade = of.given.flag("cascadeCreate").value_or(false);
  const std::string type = of.given.required_text("itemType");
  const std::string id = of.given.required_text("itemId");
  const auto time = of.given.number("time", -latest, latest);
  if (!time) {
    refuse_parameter("time", "is missing: a number that says where in the series it stands");
  }
  if (type != "item" && type != "series") {
    refuse_parameter("itemType", "is item or series");
  }
  check_id("itemId", id);
  if (!has_series(of, series)) {
    if (!cascade) {
      require_series(of);
    }
    check_id("seriesId", series);
    of.in.made.add(of.db().name(), {definition_kind::series, "", series});
  }
  if (type == "item") {
    ensure_item(of, id);
  } else if (!has_series(of, id)) {
    if (!cascade) {
      throw core::error(errc::not_found,
                        fmt::format("Series \"{}\" does not exist in database {}", id, of.db().name()));
    }
    of.in.made.add(of.db().name(), {definition_kind::series, "", id});
  }
  definition made{definition_kind::series_item, series, key_of(type, id)};
  made.body.append("itemType", of_text(type));
  made.body.append("itemId", of_text(id));
  made.body.append("time", of_real(*time));
  of.in.made.add(of.db().name(), made);
  return {};
}

reply take_out(call& of) {
  const std::string series = require_series(of);
  const std::string key = key_of(of.given.required_text("itemType"), of.given.required_text("itemId"));
  if (!of.in.made.remove(of.db().name(), definition_kind::series_item, series, key)) {
    throw core::error(errc::not_found, fmt::format("It is not in series {}", series));
  }
  return {};
}

}  // namespace

void add_series(std::vector<operation>& to) {
  using http::method;
  add_operation(to, method::get, "/series/list/", callers(), list);
  add_operation(to, method::put, "/series/{seriesId}", callers(), add);
  add_operation(to, method::delete_, "/series/{seriesId}", builders(), remove);
  add_operation(to, method::get, "/series/{seriesId}/items/", callers(), list_items);
  add_operation(to, method::post, "/series/{seriesId}/items/", callers(), insert);
  add_operation(to, method::delete_, "/series/{seriesId}/items/", callers(), take_out);
}

}  // namespace eunomia::wire::recombee
