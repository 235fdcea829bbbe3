#include "wire/recombee/segments_of_items.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "wire/recombee/candidates.h"

namespace eunomia::wire::recombee {

namespace {

constexpr std::size_t max_segment_bytes = 255;

// The segment, or segments, that a value names.
std::vector<std::string> names_in(const reql_value& value) {
  std::vector<std::string> names;
  const auto add = [&](const reql_value& one) {
    if (one.text() != nullptr && !one.text()->empty() && one.text()->size() <= max_segment_bytes) {
      names.push_back(*one.text());
    } else if (one.integer() != nullptr) {
      names.push_back(std::to_string(*one.integer()));
    } else if (one.boolean() != nullptr) {
      names.emplace_back(*one.boolean() ? "true" : "false");
    }
  };
  if (value.collection() == nullptr) {
    add(value);
  } else {
    std::ranges::for_each(value.collection()->elements, add);
  }
  return names;
}

definition segmentation_for(const call& of, const std::string& scenario) {
  const auto all = of.in.made.list(of.db().name(), definition_kind::segmentation);
  for (const definition& one : all) {
    if (one.id == scenario) {
      return one;
    }
  }
  if (all.size() != 1) {
    refuse_parameter("scenario", all.empty()
                                     ? "there is no segmentation; create one first"
                                     : "there are several segmentations; name the scenario as the one that is meant");
  }
  return all.front();
}

}  // namespace

segments_of_items::segments_of_items(const call& of, const std::string& scenario) {
  const definition found = segmentation_for(of, scenario);
  name_ = found.id;
  const parameters body(found.body);
  const std::string type = body.required_text("segmentationType");
  if (type == "property") {
    by_property(of, body.required_text("propertyName"));
  } else if (type == "manual-reql") {
    by_filters(of);
  } else {
    by_expression(of, body.required_text("expression"));
  }
}

void segments_of_items::add(const std::string& segment, const std::string& item) {
  items_[segment].insert(item);
  segments_[item].push_back(segment);
}

void segments_of_items::by_property(const call& of, const std::string& property_name) {
  const auto& properties = of.db().item_properties();
  const property* const one = database::find_property(properties, property_name);
  if (one == nullptr) {
    refuse_parameter("propertyName", fmt::format("there is no property \"{}\" any more", property_name));
  }
  const auto slot = static_cast<std::size_t>(one - properties.data());
  const database::reading catalogue(of.db());
  for (const auto& [id, known] : catalogue.all()) {
    for (const std::string& segment : names_in(known[slot])) {
      add(segment, id);
    }
  }
}

void segments_of_items::by_filters(const call& of) {
  const database_schema schema(of.db(), candidates_are::items);
  std::map<std::string, reql> filters;
  for (const definition& one : of.in.made.list(of.db().name(), definition_kind::segment, name_)) {
    filters.emplace(one.id, reql::compile(parameters(one.body).required_text("filter"), schema));
  }
  const database::reading catalogue(of.db());
  const question_context nobody;
  question_facts facts(of, catalogue, nobody);
  reql_budget budget;
  for (const auto& [id, known] : catalogue.all()) {
    facts.look_at(id, &known);
    for (const auto& [segment, filter] : filters) {
      if (filter.allows(facts, budget)) {
        add(segment, id);
      }
    }
  }
}

void segments_of_items::by_expression(const call& of, const std::string& expression) {
  const reql compiled = reql::compile(expression, database_schema(of.db(), candidates_are::items));
  const database::reading catalogue(of.db());
  const question_context nobody;
  question_facts facts(of, catalogue, nobody);
  reql_budget budget;
  for (const auto& [id, known] : catalogue.all()) {
    facts.look_at(id, &known);
    for (const std::string& segment : names_in(compiled.evaluate(facts, budget))) {
      add(segment, id);
    }
  }
}

std::set<std::string> segments_of_items::items_in(const std::string& segment) const {
  const auto found = items_.find(segment);
  return found == items_.end() ? std::set<std::string>() : found->second;
}

const std::vector<std::string>* segments_of_items::segments_of(std::string_view item) const {
  const auto found = segments_.find(item);
  return found == segments_.end() ? nullptr : &found->second;
}

}  // namespace eunomia::wire::recombee
