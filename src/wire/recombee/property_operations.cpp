// Properties of items and of users: added, listed, deleted.
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "core/job.h"
#include "wire/recombee/call.h"

namespace eunomia::wire::recombee {

namespace {

using core::errc;
using core::json_value;
using recommend::data_kind;

const std::vector<property>& properties_of(const call& of, data_kind kind) {
  return kind == data_kind::items ? of.db().item_properties() : of.db().user_properties();
}

definition_kind definition_of(data_kind kind) {
  return kind == data_kind::items ? definition_kind::item_property : definition_kind::user_property;
}

const property& named_property(const call& of, data_kind kind) {
  const std::string& name = of.named("propertyName");
  const property* const found = database::find_property(properties_of(of, kind), name);
  if (found == nullptr) {
    constexpr std::size_t shown_characters = 64;
    throw core::error(errc::not_found, fmt::format("{} of database {} have no property \"{}\"", name_of(kind),
                                                   of.db().name(), name.substr(0, shown_characters)));
  }
  return *found;
}

json_value shown_property(const property& one) {
  json_value body = json_value::of_object();
  body.append("name", of_text(one.name));
  body.append("type", of_text(name_of(one.type)));
  return body;
}

void columns_changed(const call& of) {
  of.in.answering.changed(of.db().name());
  of.in.open.changed(of.db().name());
}

reply add(call& of, data_kind kind) {
  const std::string& name = of.named("propertyName");
  check_property_name(name);
  const property_type type = property_type_named(of.given.required_text("type"));
  of.writes.begin();
  const auto& there = properties_of(of, kind);
  if (database::find_property(there, name) != nullptr) {
    throw core::error(errc::already_exists,
                      fmt::format("{} of database {} have a property {} already", name_of(kind), of.db().name(), name));
  }
  if (there.size() >= max_properties) {
    throw core::error(errc::resource_exhausted, fmt::format("{} of database {} have max_properties = {}; delete one",
                                                            name_of(kind), of.db().name(), max_properties));
  }
  recommend::dataset rows = of.in.datasets.open(of.db().name());
  definition made{definition_of(kind), "", name};
  const std::string column = free_column(name, rows.description().columns_of(kind));
  made.body.append("type", of_text(name_of(type)));
  made.body.append("column", of_text(column));
  for (const std::string_view also : {"role", "metadata"}) {
    if (const json_value* const given = of.given.find(also)) {
      made.body.append(std::string(also), *given);
    }
  }
  rows.declare(kind, {column, column_type_of(type)});
  of.in.made.put(of.db().name(), made);
  columns_changed(of);
  return {201, ok()};
}

// Rows that still have a value in the column are put again without it: a property of people that is deleted is not to
// rest anywhere.
void take_out(const call& of, data_kind kind, const std::string& column) {
  core::job quiet;
  const recommend::dataset& rows = of.db().rows();
  std::vector<recommend::metadata_record> changed;
  const auto put = [&](std::size_t at_least) {
    if (!changed.empty() && changed.size() >= at_least) {
      rows.put(kind, changed);
      changed.clear();
    }
  };
  const auto take = [&](const std::string& id, std::map<std::string, std::string> values) {
    if (values.erase(column) > 0) {
      changed.push_back({id, std::move(values)});
      put(recommend::max_records_per_put);
    }
  };
  if (kind == data_kind::users) {
    const auto profiles = rows.profiles(of.in.purpose, of.in.work_pool, quiet);
    for (const auto& [who, values] : profiles) {
      if (const auto id = of.in.people.identifier_of(of.in.user_space, who)) {
        take(*id, values);
      }
    }
  } else {
    const recommend::catalogue all(rows.item_ids());
    const auto known = rows.load_item_metadata(all, of.in.work_pool, quiet);
    for (recommend::item_position item = 0; item < all.size(); ++item) {
      std::map<std::string, std::string> values;
      for (std::size_t c = 0; c < known.columns.size(); ++c) {
        if (const auto& value = known.values[c][item]) {
          values.emplace(known.columns[c].name, *value);
        }
      }
      take(all.id(item), std::move(values));
    }
  }
  put(1);
  rows.settle(of.in.work_pool, quiet);
}

reply remove(call& of, data_kind kind) {
  of.writes.begin();
  const property one = named_property(of, kind);
  of.in.made.put(of.db().name(), {definition_kind::retired_column, std::string(name_of(kind)), one.column});
  of.in.made.remove(of.db().name(), definition_of(kind), "", one.name);
  take_out(of, kind, one.column);
  columns_changed(of);
  return {};
}

reply list(call& of, data_kind kind) {
  json_value all = json_value::of_array();
  for (const property& one : properties_of(of, kind)) {
    all.append(shown_property(one));
  }
  return {200, std::move(all)};
}

}  // namespace

void add_properties(std::vector<operation>& to) {
  using http::method;
  for (const data_kind kind : {data_kind::items, data_kind::users}) {
    const std::string path = fmt::format("/{}/properties/{{propertyName}}", name_of(kind));
    add_operation(to, method::get, fmt::format("/{}/properties/list/", name_of(kind)), callers(),
                  [kind](call& of) { return list(of, kind); });
    add_operation(to, method::put, path, builders(), [kind](call& of) { return add(of, kind); });
    add_operation(to, method::delete_, path, builders(), [kind](call& of) { return remove(of, kind); });
    add_operation(to, method::get, path, callers(), [kind](call& of) {
      return reply{200, shown_property(named_property(of, kind))};
    });
  }
}

}  // namespace eunomia::wire::recombee
