#include "migrate/blueprint.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>
#include <set>

#include "core/error.h"
#include "core/json.h"
#include "migrate/json_members.h"

namespace eunomia::migrate {

namespace {

using core::json_value;

// Numbers by their value: 1, 1.0 and 1e0 are one.
std::string shortest(const std::string& digits) {
  double value = 0;
  const auto [end, fault] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return fault == std::errc() && end == digits.data() + digits.size() ? fmt::format("{}", value) : digits;
}

bool says_nothing(const json_value& value) {
  switch (value.type()) {
    case json_value::kind::null: return true;
    case json_value::kind::boolean: return !value.boolean();  // of Personalize's flags every default is false
    case json_value::kind::array:
    case json_value::kind::object: return value.elements().empty();
    default: return false;
  }
}

json_value in_one_form(const json_value& value) {
  switch (value.type()) {
    case json_value::kind::number: return json_value::of_string(shortest(value.text()));
    case json_value::kind::array: {
      json_value made = json_value::of_array();
      for (const json_value& each : value.elements()) {
        made.append(in_one_form(each));
      }
      return made;
    }
    case json_value::kind::object: {
      std::map<std::string, json_value> members;
      for (std::size_t i = 0; i < value.names().size(); ++i) {
        json_value inner = in_one_form(value.elements()[i]);
        if (!says_nothing(inner)) {
          members.emplace(value.names()[i], std::move(inner));
        }
      }
      json_value made = json_value::of_object();
      for (auto& [name, inner] : members) {
        made.append(name, std::move(inner));
      }
      return made;
    }
    default: return value;
  }
}

// The text of a schema is JSON itself, and may be indented otherwise. In an Avro schema false and nothing differ from
// what they are elsewhere, so that it stays as it is but for its form.
json_value schema_in_one_form(const std::string& text) {
  try {
    return in_one_form(core::parse_json(text));
  } catch (const core::error&) {
    return json_value::of_string(text);
  }
}

std::string identity_in(const inventory& of, const std::string& arn) {
  const thing* const found = of.find_arn(arn);
  return found == nullptr ? arn : found->identity();
}

json_value tags_of(const std::vector<tag>& tags) {
  json_value all = json_value::of_array();
  for (const tag& each : tags) {
    all.append(with(object_of("tagKey", each.key), "tagValue", each.value));
  }
  return all;
}

}  // namespace

json_value comparable(const thing& one, const inventory& of) {
  json_value made = json_value::of_object();
  for (const std::string_view name : spelling_of(one.is).copied) {
    const json_value* const value = member_of(one.described, name);
    if (value == nullptr) {
      continue;
    }
    if (name == "schema") {
      made.append(std::string(name), schema_in_one_form(value->text()));
    } else if (name == "datasetType") {
      made.append(std::string(name), json_value::of_string(one.dataset_type()));
    } else {
      made.append(std::string(name), *value);
    }
  }
  if (one.is == kind::dataset) {
    made.append("schema", json_value::of_string(identity_in(of, text_of(one.described, "schemaArn"))));
    made.append("name", json_value::of_string(one.name));
  }
  if (one.is == kind::event_tracker) {
    made.append("name", json_value::of_string(one.name));
  }
  if (one.is == kind::campaign) {
    const std::string solution = solution_arn_of(text_of(one.described, "solutionVersionArn"));
    made.append("solution", json_value::of_string(identity_in(of, solution)));
  }
  if (!one.group.empty()) {
    made.append("datasetGroup", json_value::of_string(one.group));
  }
  if (spelling_of(one.is).tagged) {
    made.append("tags", tags_of(one.tags));
  }
  return in_one_form(made);
}

std::vector<std::string> differences(const thing& source, const inventory& of_source, const thing& here,
                                     const inventory& of_here) {
  const json_value there = comparable(source, of_source);
  const json_value ours = comparable(here, of_here);
  std::set<std::string> names(there.names().begin(), there.names().end());
  names.insert(ours.names().begin(), ours.names().end());
  std::vector<std::string> differing;
  for (const std::string& name : names) {
    const json_value* const a = there.find(name);
    const json_value* const b = ours.find(name);
    if (a == nullptr || b == nullptr || !(*a == *b)) {
      differing.push_back(name);
    }
  }
  return differing;
}

json_value creation_of(const thing& source, const arn_lookup& arn_here) {
  json_value input = object_of("name", source.name);
  for (const std::string_view name : spelling_of(source.is).copied) {
    if (const json_value* const value = member_of(source.described, name)) {
      input.append(std::string(name), *value);
    }
  }
  // A solution that says nothing is from before there was automatic training, which is on here unless told otherwise.
  if (source.is == kind::solution && member_of(source.described, "performAutoTraining") == nullptr) {
    input.append("performAutoTraining", json_value::of_boolean(false));
  }
  const bool of_a_group = source.is != kind::schema && source.is != kind::dataset_group && source.is != kind::campaign;
  if (of_a_group) {
    input = with(std::move(input), "datasetGroupArn", arn_here(text_of(source.described, "datasetGroupArn")));
  }
  if (source.is == kind::dataset) {
    input = with(std::move(input), "schemaArn", arn_here(text_of(source.described, "schemaArn")));
  }
  if (!source.tags.empty()) {
    input = with(std::move(input), "tags", tags_of(source.tags));
  }
  return input;
}

}  // namespace eunomia::migrate
