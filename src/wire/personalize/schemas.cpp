// Schemas: what the columns of a dataset are.
#include <fmt/format.h>

#include "core/error.h"
#include "recommend/avro_schema.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"

namespace eunomia::wire::personalize {

namespace {

using core::json_value;
namespace sql = store::sql;

// Datasets name their schema, and go on with it.
void refuse_while_used(const house& in, const std::string& arn) {
  std::string token;
  do {
    const resource_page page = in.made.list(resource_kind::dataset, std::nullopt, max_page, token);
    for (const resource& one : page.items) {
      if (text_of(one.shown, "schemaArn") == arn) {
        throw core::error(core::errc::failed_precondition,
                          fmt::format("Schema {} is used by dataset {}; delete that first", arn, one.arn));
      }
    }
    token = page.next_token;
  } while (!token.empty());
}

}  // namespace

void add_schemas(aws::json_service& to, const house& in) {
  constexpr auto kind = resource_kind::schema;
  to.add<json_value, json_value>("CreateSchema", builders(), [in](const json_value& input, const http::request&) {
    recommend::avro_schema::parse(required_text(input, "schema"));
    return make(in, resource_asked_for(in, kind, input), input);
  });
  to.add<json_value, json_value>("DeleteSchema", builders(), [in](const json_value& input, const http::request&) {
    const resource one = in.made.find(kind, required_text(input, "schemaArn"));
    refuse_while_used(in, one.arn);
    in.known.change([&](sql::transaction& change) { resources::remove(change, one.arn); });
    return nothing_to_say();
  });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
