// Datasets: the tables of a group, and what their columns are.
#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"
#include "wire/personalize/dataset_groups.h"
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

constexpr auto kind = resource_kind::dataset;

resource read_schema(const house& in, const std::string& arn, schema_subject type) {
  resource schema = in.made.find(resource_kind::schema, arn);
  const auto parsed = recommend::avro_schema::parse(required_text(schema.shown, "schema"));
  if (parsed.subject != type) {
    throw core::error(errc::invalid_argument, fmt::format("schema {} is of {}, not of a dataset of type {}", arn,
                                                          recommend::name_of(parsed.subject), type_name(type)));
  }
  return schema;
}

// Columns that it has stay; one that it has with another type cannot be.
void declare_columns(const house& in, const table_of_ours& where, const recommend::avro_schema& schema) {
  recommend::dataset_description wanted;
  wanted.name = where.dataset;
  wanted.purposes = {in.purpose};
  recommend::dataset ours = [&] {
    try {
      return in.datasets.open(where.dataset);
    } catch (const core::error& problem) {
      if (problem.code() != errc::not_found) {
        throw;
      }
      return in.datasets.create(wanted);
    }
  }();
  for (const recommend::metadata_column& column : schema.columns()) {
    const auto& there = ours.description().columns_of(where.kind);
    const auto same = std::ranges::find(there, column.name, &recommend::metadata_column::name);
    if (same == there.end()) {
      ours.declare(where.kind, column);
    } else if (same->type != column.type) {
      throw core::error(errc::invalid_argument,
                        fmt::format("{} is of type {} here, and the schema says {}; give it another name", column.name,
                                    recommend::name_of(same->type), recommend::name_of(column.type)));
    }
  }
  in.answering.changed(where.dataset);
}

json_value create(const house& in, const json_value& input) {
  const std::string type_asked = required_text(input, "datasetType");
  const auto type = dataset_type_named(type_asked);
  if (!type) {
    throw core::error(
        errc::invalid_argument,
        fmt::format("datasetType: {} is none of Interactions, Items, Users, Actions, Action_Interactions", type_asked));
  }
  const resource group = in.made.find(resource_kind::dataset_group, required_text(input, "datasetGroupArn"));
  const resource schema = read_schema(in, required_text(input, "schemaArn"), *type);
  resource made = resource_asked_for(in, kind, input, group.arn);
  made.arn = in.arns.arn_of(kind, fmt::format("{}/{}", group.name, type_name(*type)));
  made.shown = with(made.shown, "datasetType", type_name(*type));
  refuse_taken(in, made);
  declare_columns(in, table_of(group, *type), recommend::avro_schema::parse(required_text(schema.shown, "schema")));
  return make(in, made, input);
}

json_value update(const house& in, const json_value& input) {
  resource one = in.made.find(kind, required_text(input, "datasetArn"));
  const auto type = *dataset_type_named(required_text(one.shown, "datasetType"));
  const std::string schema_arn = required_text(input, "schemaArn");
  const resource schema = read_schema(in, schema_arn, type);
  declare_columns(in, table_of(group_of(in, one), type),
                  recommend::avro_schema::parse(required_text(schema.shown, "schema")));
  one.shown = with(one.shown, "schemaArn", schema_arn);
  one.shown = with(one.shown, "latestDatasetUpdate",
                   with(with(object_of("schemaArn", schema_arn), "status", "ACTIVE"), "creationDateTime",
                        of_moment(one.created_at)));
  in.known.change([&](sql::transaction& change) { resources::update(change, one); });
  return arn_answer(kind, one.arn);
}

void clear_rows(const house& in, const resource& one) {
  const auto type = *dataset_type_named(required_text(one.shown, "datasetType"));
  const table_of_ours where = table_of(group_of(in, one), type);
  core::job quiet;
  in.datasets.open(where.dataset).clear(where.kind, in.work_pool, quiet);
  in.answering.changed(where.dataset);
}

}  // namespace

void add_datasets(aws::json_service& to, const house& in) {
  in.leaving.add(
      kind,
      [](sql::transaction& change, const resource& one) {
        resources::remove_history(change, resource_kind::dataset_import_job, one.arn);
        resources::remove_history(change, resource_kind::dataset_export_job, one.arn);
      },
      [in](const resource& one) { clear_rows(in, one); });
  to.add<json_value, json_value>("CreateDataset", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  to.add<json_value, json_value>("UpdateDataset", builders(),
                                 [in](const json_value& input, const http::request&) { return update(in, input); });
  to.add<json_value, json_value>("DeleteDataset", builders(), [in](const json_value& input, const http::request&) {
    in.leaving.carry_out(in.made.find(kind, required_text(input, "datasetArn")));
    return nothing_to_say();
  });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
