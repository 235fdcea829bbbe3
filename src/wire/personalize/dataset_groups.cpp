#include "wire/personalize/dataset_groups.h"

#include <fmt/format.h>

#include <array>

#include "core/error.h"
#include "core/hash.h"
#include "wire/http/text.h"
#include "wire/personalize/deletions.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
using recommend::schema_subject;
namespace sql = store::sql;

struct named_type {
  std::string_view name;
  schema_subject type;
};
constexpr std::array<named_type, 5> types = {{{"INTERACTIONS", schema_subject::interactions},
                                              {"ITEMS", schema_subject::items},
                                              {"USERS", schema_subject::users},
                                              {"ACTIONS", schema_subject::actions},
                                              {"ACTION_INTERACTIONS", schema_subject::action_interactions}}};

constexpr std::string_view dataset_member = "dataset";
constexpr std::string_view actions_suffix = "--actions";
constexpr std::size_t longest_dataset_name = 63;

std::string actions_of(const resource& group) {
  std::string name = dataset_of(group);
  if (name.size() + actions_suffix.size() > longest_dataset_name) {
    // Others may begin as it does.
    const std::string mark = "-" + core::to_hex(core::blake2b(name)).substr(0, 8);
    name = name.substr(0, longest_dataset_name - actions_suffix.size() - mark.size()) + mark;
  }
  return name + std::string(actions_suffix);
}

void drop_if_there(const house& in, const std::string& name) {
  try {
    in.datasets.open(name).drop();
    in.answering.changed(name);
  } catch (const core::error& problem) {
    if (problem.code() != errc::not_found) {
      throw;
    }
  }
}

// A new one, or one of that name in which nothing is: as a kill leaves between it and its group.
recommend::dataset empty_dataset(const house& in, const std::string& name) {
  recommend::dataset_description wanted;
  wanted.name = name;
  wanted.purposes = {in.purpose};
  try {
    return in.datasets.create(wanted);
  } catch (const core::error& problem) {
    if (problem.code() != errc::already_exists) {
      throw;
    }
  }
  recommend::dataset there = in.datasets.open(name);
  const auto holds = there.statistics();
  if (holds.interactions + holds.items + holds.users > 0) {
    throw core::error(
        errc::already_exists,
        fmt::format("There is a dataset \"{}\" with rows in it already, which no client of Personalize made; "
                    "give the group another name",
                    name));
  }
  return there;
}

json_value create(const house& in, const json_value& input) {
  resource made = resource_asked_for(in, resource_kind::dataset_group, input);
  if (made.name.ends_with(actions_suffix)) {
    throw core::error(errc::invalid_argument,
                      fmt::format("name: \"{}\" ends with {}, as the actions of other groups do; give it another name",
                                  made.name, actions_suffix));
  }
  made.ours = object_of(dataset_member, made.name);
  const std::lock_guard nobody_else_makes(in.making);
  refuse_taken(in, made);
  recommend::dataset ours = empty_dataset(in, made.name);
  try {
    json_value answer = make(in, made, input);
    const auto domain = text_of(input, "domain");
    return domain ? with(std::move(answer), "domain", *domain) : answer;
  } catch (...) {
    ours.drop();
    throw;
  }
}

}  // namespace

std::optional<schema_subject> dataset_type_named(std::string_view name) {
  for (const named_type& one : types) {
    if (http::equal_ignoring_case(one.name, name)) {
      return one.type;
    }
  }
  return std::nullopt;
}

std::string_view type_name(schema_subject type) {
  for (const named_type& one : types) {
    if (one.type == type) {
      return one.name;
    }
  }
  return {};
}

std::string dataset_of(const resource& group) {
  return required_text(group.ours, dataset_member);
}

table_of_ours table_of(const resource& group, schema_subject type) {
  using recommend::data_kind;
  switch (type) {
    case schema_subject::interactions: return {dataset_of(group), data_kind::interactions};
    case schema_subject::items: return {dataset_of(group), data_kind::items};
    case schema_subject::users: return {dataset_of(group), data_kind::users};
    case schema_subject::actions: return {actions_of(group), data_kind::items};
    case schema_subject::action_interactions: break;
  }
  return {actions_of(group), data_kind::interactions};
}

resource group_of(const house& in, const resource& one) {
  const auto arn = text_of(one.shown, "datasetGroupArn");
  return *in.known.find(resource_kind::dataset_group, arn ? *arn : one.parent);
}

std::optional<resource> dataset_of_type(const house& in, const resource& group, schema_subject type) {
  try {
    resource found =
        *in.known.find(resource_kind::dataset,
                       in.arns.arn_of(resource_kind::dataset, fmt::format("{}/{}", group.name, type_name(type))));
    return found.status == deletion_in_progress ? std::nullopt : std::optional(std::move(found));
  } catch (const core::error& problem) {
    if (problem.code() != errc::not_found) {
      throw;
    }
    return std::nullopt;
  }
}

std::shared_ptr<const recommend::avro_schema> schema_of(const house& in, const resource& dataset) {
  return in.known.schema(required_text(dataset.shown, "schemaArn"));
}

void add_dataset_groups(aws::json_service& to, const house& in) {
  constexpr auto kind = resource_kind::dataset_group;
  // What belongs to it must be gone first: then nothing learns from its rows any more.
  in.leaving.add(
      kind,
      [](sql::transaction& change, const resource& group) {
        resources::remove_history(change, resource_kind::data_deletion_job, group.arn);
      },
      [in](const resource& group) {
        drop_if_there(in, dataset_of(group));
        drop_if_there(in, actions_of(group));
      });
  to.add<json_value, json_value>("CreateDatasetGroup", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  to.add<json_value, json_value>("DeleteDatasetGroup", builders(), [in](const json_value& input, const http::request&) {
    in.leaving.carry_out(in.made.find(kind, required_text(input, "datasetGroupArn")));
    return nothing_to_say();
  });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
