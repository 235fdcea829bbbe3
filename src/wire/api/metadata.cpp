// Items and people, put one by one: durable, and in the next answer, when they are answered.
#include "recommend/metadata_record.h"

#include "core/error.h"
#include "wire/api/api.h"

namespace eunomia::wire::api {

namespace {

using http::method;
using http::role;

constexpr std::uint64_t put_body_limit = std::uint64_t{16} << 20;

struct put_row {
  std::string id;
  std::map<std::string, std::string> values;
};
BOOST_DESCRIBE_STRUCT(put_row, (), (id, values))
core::json_notes notes_of(const put_row*) {
  return {{"id", {.text = "An ITEM_ID or USER_ID", .shortest = 1}},
          {"values", {.text = "Declared columns, as text; what is left out is not known any more"}}};
}

struct put_body {
  std::vector<put_row> rows;
};
BOOST_DESCRIBE_STRUCT(put_body, (), (rows))
core::json_notes notes_of(const put_body*) {
  return {{"rows", {.longest = recommend::max_records_per_put, .shortest = 1}}};
}

struct put_rows {
  std::uint64_t stored = 0;
  std::uint64_t not_admitted = 0;
};
BOOST_DESCRIBE_STRUCT(put_rows, (), (stored, not_admitted))

void add(route_table& table, const services& to, recommend::data_kind kind, std::string summary) {
  const std::string name(name_of(kind));
  table.body<put_body, put_rows>(
      {method::put, "/api/v1/datasets/{dataset}/" + name, http::access::roles(role::service, role::engineer),
       "datasets", std::move(summary), 200, put_body_limit},
      [to, kind](const put_body& body, const http::request& in) {
        std::vector<recommend::metadata_record> rows;
        rows.reserve(body.rows.size());
        for (const put_row& one : body.rows) {
          rows.push_back({one.id, one.values});
        }
        const auto report = to.datasets.open(in.path_parameter("dataset")).put(kind, rows);
        return put_rows{report.stored, report.not_admitted};
      });
}

}  // namespace

void add_metadata(route_table& table, const services& to) {
  add(table, to, recommend::data_kind::items, "Put items, each in the place of what was known of it");
  add(table, to, recommend::data_kind::users, "Put what is known of people, each in the place of what was");
}

}  // namespace eunomia::wire::api
