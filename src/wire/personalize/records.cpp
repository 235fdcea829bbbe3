// Items, users and actions put into datasets one by one.
#include <fmt/format.h>

#include "core/error.h"
#include "recommend/avro_schema.h"
#include "recommend/metadata_record.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
using recommend::schema_subject;

// What an operation puts: its list, the member that names one, and the dataset it is for.
struct put_operation {
  std::string_view name;
  std::string_view list;
  std::string_view id;
  schema_subject type;
};

json_value put(const house& in, const put_operation& what, const json_value& input) {
  const auto dataset = in.known.find(resource_kind::dataset, required_text(input, "datasetArn"));
  if (dataset_type_named(required_text(dataset->shown, "datasetType")) != what.type) {
    throw core::error(errc::invalid_argument,
                      fmt::format("datasetArn: {} is no dataset of {}", dataset->arn, type_name(what.type)));
  }
  if (dataset->status == deletion_in_progress) {
    throw core::error(errc::not_found, fmt::format("datasetArn: {} is being deleted", dataset->arn));
  }
  const auto schema = schema_of(in, *dataset);
  std::vector<recommend::metadata_record> rows;
  const auto& given = member_of(input, what.list)->elements();
  rows.reserve(given.size());
  for (std::size_t i = 0; i < given.size(); ++i) {
    rows.push_back(
        {required_text(given[i], what.id), schema->read_properties(text_of(given[i], "properties").value_or("{}"),
                                                                   fmt::format("{}[{}].properties", what.list, i))});
  }
  const table_of_ours where = table_of(group_of(in, *dataset), what.type);
  in.datasets.open(where.dataset).put(where.kind, rows);
  return nothing_to_say();
}

}  // namespace

void add_records(aws::json_service& to, const house& in) {
  for (const put_operation& what : {put_operation{"PutItems", "items", "itemId", schema_subject::items},
                                    put_operation{"PutUsers", "users", "userId", schema_subject::users},
                                    put_operation{"PutActions", "actions", "actionId", schema_subject::actions}}) {
    to.add<json_value, json_value>(what.name, callers(), [in, what](const json_value& input, const http::request&) {
      return put(in, what, input);
    });
  }
}

}  // namespace eunomia::wire::personalize
