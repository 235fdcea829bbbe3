// The catalogue: items and their values.
#include <fmt/format.h>

#include "core/error.h"
#include "wire/recombee/candidates.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;
using core::json_value;

constexpr std::size_t max_listed = 1'000'000;
constexpr std::string_view cascade_member = "!cascadeCreate";

std::string id_in(const call& of) {
  return of.named("itemId");
}

// What an item's columns are now, as they rest.
std::map<std::string, std::string> stored_now(const call& of, const std::string& id) {
  if (const auto* const pending = of.writes.item(id)) {
    return *pending;
  }
  std::map<std::string, std::string> stored;
  const database::reading catalogue(of.db());
  if (const auto* const known = catalogue.find(id)) {
    const auto& properties = of.db().item_properties();
    for (std::size_t i = 0; i < properties.size(); ++i) {
      if (auto text = stored_of(properties[i], shown(properties[i], (*known)[i])); !text.empty()) {
        stored.emplace(properties[i].column, std::move(text));
      }
    }
  }
  return stored;
}

// Puts values in the place of those that an object names.
void change(std::map<std::string, std::string>& stored, const std::vector<property>& properties,
            const json_value& values) {
  for (std::size_t i = 0; i < values.names().size(); ++i) {
    const std::string& name = values.names()[i];
    if (name == cascade_member) {
      continue;
    }
    const property* const one = database::find_property(properties, name);
    if (one == nullptr) {
      constexpr std::size_t shown_characters = 64;
      refuse_parameter(name.substr(0, shown_characters), "there is no such property; add it first");
    }
    stored[one->column] = stored_of(*one, values.elements()[i]);
  }
}

reply add_item(call& of) {
  const std::string id = id_in(of);
  check_id("itemId", id);
  of.writes.begin();
  if (has_item(of, id)) {
    throw core::error(errc::already_exists, fmt::format("Item {} already exists in database {}", id, of.db().name()));
  }
  of.writes.put_item(id, {});
  return {201, ok()};
}

reply set_values(call& of) {
  const std::string id = id_in(of);
  of.writes.begin();
  if (!has_item(of, id)) {
    if (!of.given.flag(cascade_member).value_or(false)) {
      require_item(of, id);
    }
    check_id("itemId", id);
  }
  auto stored = stored_now(of, id);
  change(stored, of.db().item_properties(), of.given.all());
  of.writes.put_item(id, std::move(stored));
  return {};
}

reply get_values(call& of) {
  const std::string id = id_in(of);
  require_item(of, id);
  const database::reading catalogue(of.db());
  return {200, shown_values(of.db().item_properties(), catalogue.find(id), std::nullopt)};
}

reply delete_item(call& of) {
  const std::string id = id_in(of);
  of.writes.begin();
  require_item(of, id);
  of.db().remove_item(id);
  for (const definition& one : of.in.made.list(of.db().name(), definition_kind::series_item)) {
    if (parameters(one.body).text("itemId") == id) {
      of.in.made.remove(of.db().name(), definition_kind::series_item, one.parent, one.id);
    }
  }
  return {};
}

// The ids of the items that a filter allows, by id.
std::vector<std::string> filtered(const call& of, const std::optional<std::string>& filter) {
  std::vector<std::string> ids;
  std::optional<reql> compiled;
  if (filter) {
    compiled = reql::compile(*filter, database_schema(of.db(), candidates_are::items));
  }
  const database::reading catalogue(of.db());
  const question_context nobody;
  question_facts facts(of, catalogue, nobody);
  reql_budget budget;
  for (const auto& [id, known] : catalogue.all()) {
    facts.look_at(id, &known);
    if (!compiled || compiled->allows(facts, budget)) {
      ids.push_back(id);
    }
  }
  return ids;
}

reply list_items(call& of) {
  const auto count = of.given.count("count", max_listed);
  const std::size_t offset = of.given.count("offset", max_listed).value_or(0);
  const bool with_values = of.given.flag("returnProperties").value_or(false);
  const auto included = of.given.list("includedProperties");
  check_included(of.db().item_properties(), included);
  json_value list = json_value::of_array();
  const auto ids = filtered(of, of.given.text("filter"));
  const database::reading catalogue(of.db());
  for (std::size_t i = offset; i < ids.size() && (!count || i - offset < *count); ++i) {
    if (!with_values) {
      list.append(of_text(ids[i]));
      continue;
    }
    json_value one = shown_values(of.db().item_properties(), catalogue.find(ids[i]), included);
    one.append(std::string(item_id_property), of_text(ids[i]));
    list.append(std::move(one));
  }
  return {200, std::move(list)};
}

json_value ids_answer(const std::vector<std::string>& ids) {
  json_value list = json_value::of_array();
  for (const std::string& id : ids) {
    list.append(of_text(id));
  }
  json_value answer = json_value::of_object();
  answer.append("itemIds", std::move(list));
  answer.append("count", of_integer(static_cast<std::int64_t>(ids.size())));
  return answer;
}

reply delete_more(call& of) {
  const std::string filter = of.given.required_text("filter");
  of.writes.begin();
  const auto ids = filtered(of, filter);
  for (const std::string& id : ids) {
    of.db().remove_item(id);
  }
  return {200, ids_answer(ids)};
}

reply update_more(call& of) {
  const std::string filter = of.given.required_text("filter");
  const json_value* const changes = of.given.find("changes");
  if (changes == nullptr || changes->type() != json_value::kind::object) {
    refuse_parameter("changes", "is an object of the values to set");
  }
  of.writes.begin();
  const auto ids = filtered(of, filter);
  for (const std::string& id : ids) {
    auto stored = stored_now(of, id);
    change(stored, of.db().item_properties(), *changes);
    of.writes.put_item(id, std::move(stored));
  }
  return {200, ids_answer(ids)};
}

}  // namespace

void add_items(std::vector<operation>& to) {
  using http::method;
  add_operation(to, method::get, "/items/list/", callers(), list_items);
  add_operation(to, method::put, "/items/{itemId}", callers(), add_item, true);
  add_operation(to, method::post, "/items/{itemId}", callers(), set_values, true);
  add_operation(to, method::get, "/items/{itemId}", callers(), get_values);
  add_operation(to, method::delete_, "/items/{itemId}", builders(), delete_item);
  add_operation(to, method::delete_, "/more-items/", builders(), delete_more);
  add_operation(to, method::post, "/more-items/", builders(), update_more);
}

}  // namespace eunomia::wire::recombee
