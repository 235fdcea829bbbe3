// Datasets: their tables and columns, imports by upload or from a folder that the administrator allowed.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <system_error>

#include "core/error.h"
#include "core/file.h"
#include "recommend/import.h"
#include "recommend/on_record.h"
#include "wire/api/api.h"
#include "wire/api/files.h"
#include "wire/api/jobs.h"
#include "wire/api/people.h"

namespace eunomia::wire::api {

namespace {

using core::errc;
using core::error;
using http::method;
using http::role;

constexpr std::uint64_t upload_limit = std::uint64_t{64} << 30;

struct column_view {
  std::string name;
  std::string type = "text";
};
BOOST_DESCRIBE_STRUCT(column_view, (), (name, type))
core::json_notes notes_of(const column_view*) {
  return {{"name", {.shortest = 1}}, {"type", {.text = "integer, number, text or category (names joined by |)"}}};
}

struct new_dataset {
  std::string name;
  std::vector<column_view> interactions;
  std::vector<column_view> items;
  std::vector<column_view> users;
  std::vector<std::string> purposes = {"recommendation"};
};
BOOST_DESCRIBE_STRUCT(new_dataset, (), (name, interactions, items, users, purposes))
core::json_notes notes_of(const new_dataset*) {
  return {{"name", {.text = "1 to 63 of a-z, A-Z, 0-9, - and _", .longest = 63, .shortest = 1}},
          {"interactions", {.text = "Columns beside USER_ID, ITEM_ID, TIMESTAMP, EVENT_TYPE, EVENT_VALUE, IMPRESSION"}},
          {"items", {.text = "Columns beside ITEM_ID"}},
          {"users", {.text = "Columns beside USER_ID"}},
          {"purposes",
           {.text = "What it is collected for; each is defined", .longest = subject::max_purposes, .shortest = 1}}};
}

struct dataset_purpose {
  std::string purpose;
};
BOOST_DESCRIBE_STRUCT(dataset_purpose, (), (purpose))
core::json_notes notes_of(const dataset_purpose*) {
  return {{"purpose",
           {.text = "A decision says that it is compatible with what the data was collected for", .shortest = 1}}};
}

struct dataset_counts {
  std::uint64_t interactions = 0;
  std::uint64_t items = 0;
  std::uint64_t users = 0;
  std::uint64_t bytes = 0;
};
BOOST_DESCRIBE_STRUCT(dataset_counts, (), (interactions, items, users, bytes))

struct dataset_view {
  std::string name;
  std::vector<column_view> interactions;
  std::vector<column_view> items;
  std::vector<column_view> users;
  std::vector<std::string> purposes;
  dataset_counts counts;
};
BOOST_DESCRIBE_STRUCT(dataset_view, (), (name, interactions, items, users, purposes, counts))

struct dataset_list {
  std::vector<dataset_view> datasets;
};
BOOST_DESCRIBE_STRUCT(dataset_list, (), (datasets))

// How a file is imported, by upload.
struct import_query {
  std::string kind = "interactions";
  std::map<std::string, std::string> columns;
  std::vector<column_view> declare;
  std::string undeclared = "refuse";
  std::string delimiter;
  bool allow_future = false;
  bool again = false;
};
BOOST_DESCRIBE_STRUCT(import_query, (), (kind, columns, declare, undeclared, delimiter, allow_future, again))

// The same by path.
struct import_body : import_query {
  std::string path;
};
BOOST_DESCRIBE_STRUCT(import_body, (import_query), (path))

core::json_notes notes_of(const import_query*) {
  return {{"kind", {.text = "interactions, items or users"}},
          {"columns", {.text = "Our column to the file's: {\"USER_ID\": \"customer_id\"}"}},
          {"declare", {.text = "Columns to declare with the import"}},
          {"undeclared", {.text = "What becomes of columns that are not declared: refuse, ignore or declare"}},
          {"delimiter", {.text = "Comma, semicolon or tab; empty: the first line tells", .longest = 1}},
          {"allow_future", {.text = "Take timestamps more than a day ahead"}},
          {"again", {.text = "Import a file whose bytes were imported before"}}};
}
core::json_notes notes_of(const import_body* body) {
  auto notes = notes_of(static_cast<const import_query*>(body));
  notes["path"] = {.text = "A file on the server, in a folder that --allow-import-from names", .shortest = 1};
  return notes;
}

struct export_query {
  std::string kind = "interactions";
  std::string format = "csv";
  std::string recipient;
};
BOOST_DESCRIBE_STRUCT(export_query, (), (kind, format, recipient))
core::json_notes notes_of(const export_query*) {
  return {
      {"kind", {.text = "interactions, items or users"}},
      {"format", {.text = "csv, csv.gz or parquet"}},
      {"recipient",
       {.text = "Who is handed rows about people: on record, told to them and to be told of erasures (GDPR Art. 15, "
                "19). Absent: the label of the token",
        .longest = recommend::max_recipient_bytes}}};
}

std::vector<column_view> columns_of(const std::vector<recommend::metadata_column>& columns) {
  std::vector<column_view> views;
  views.reserve(columns.size());
  for (const auto& c : columns) {
    views.push_back({c.name, std::string(recommend::name_of(c.type))});
  }
  return views;
}

std::vector<recommend::metadata_column> columns_of(const std::vector<column_view>& views) {
  std::vector<recommend::metadata_column> columns;
  columns.reserve(views.size());
  for (const column_view& c : views) {
    columns.push_back(recommend::metadata_column::parse(c.name + ":" + c.type));
  }
  return columns;
}

dataset_view view_of(const recommend::dataset& set) {
  const auto& description = set.description();
  const auto counts = set.statistics();
  dataset_view view{description.name,
                    columns_of(description.interactions),
                    columns_of(description.items),
                    columns_of(description.users),
                    {},
                    {counts.interactions, counts.items, counts.users, counts.bytes}};
  for (const core::purpose& why : description.purposes) {
    view.purposes.push_back(why.name());
  }
  return view;
}

recommend::undeclared_columns undeclared_named(std::string_view name) {
  if (name == "refuse") {
    return recommend::undeclared_columns::refuse;
  }
  if (name == "ignore") {
    return recommend::undeclared_columns::ignore;
  }
  if (name == "declare") {
    return recommend::undeclared_columns::declare;
  }
  throw error(errc::invalid_argument, fmt::format("undeclared is refuse, ignore or declare, not \"{}\"", name));
}

recommend::import_order order_of(const import_query& wanted, const std::string& dataset) {
  recommend::import_order order;
  order.dataset = dataset;
  order.kind = recommend::data_kind_named(wanted.kind);
  order.options.columns = wanted.columns;
  order.options.declare = columns_of(wanted.declare);
  order.options.undeclared = undeclared_named(wanted.undeclared);
  if (wanted.delimiter.size() > 1) {
    throw error(errc::invalid_argument, "delimiter is one character: a comma, a semicolon or a tab");
  }
  order.options.delimiter = wanted.delimiter.empty() ? '\0' : wanted.delimiter.front();
  order.options.allow_future = wanted.allow_future;
  order.options.again = wanted.again;
  return order;
}

// The file, when it lies in a folder that is allowed; links are followed first.
std::filesystem::path allowed_file(const std::string& path, const std::vector<std::filesystem::path>& roots) {
  std::error_code problem;
  const auto real = std::filesystem::canonical(path, problem);
  const bool allowed = !problem && std::any_of(roots.begin(), roots.end(), [&](const std::filesystem::path& root) {
    return std::mismatch(root.begin(), root.end(), real.begin(), real.end()).first == root.end();
  });
  // The same answer for what is absent and for what is not allowed: nobody learns which files the server has.
  if (!allowed || !std::filesystem::is_regular_file(real)) {
    throw error(errc::permission_denied,
                fmt::format("path: there is no such file in a folder that may be imported from ({}); start the server "
                            "with --allow-import-from FOLDER, or upload the file",
                            roots.empty() ? "none is allowed" : fmt::format("{} allowed", roots.size())));
  }
  return real;
}

job_view import_path(const import_body& wanted, const std::string& dataset, const services& to) {
  auto order = order_of(wanted, dataset);
  order.file = allowed_file(wanted.path, to.import_roots);
  return wire::api::view_of(to.background.import(order));
}

// The upload becomes the job's own file.
job_view import_upload(const http::request& in, const services& to) {
  auto order = order_of(route_table::read_query<import_query>(in), in.path_parameter("dataset"));
  to.datasets.open(order.dataset);
  order.file = new_file(to, "upload");
  order.owned = true;
  // What is answered is durable, the file as well as its job.
  core::fsync_file(in.body_file);
  std::filesystem::rename(in.body_file, order.file);
  core::fsync_directory(to.files);
  return wire::api::view_of(to.background.import(order));
}

http::response export_file(const http::request& in, const services& to) {
  const auto wanted = route_table::read_query<export_query>(in);
  if (wanted.format != "csv" && wanted.format != "csv.gz" && wanted.format != "parquet") {
    throw error(errc::invalid_argument, fmt::format("format is csv, csv.gz or parquet, not \"{}\"", wanted.format));
  }
  const auto kind = recommend::data_kind_named(wanted.kind);
  const auto from = to.datasets.open(in.path_parameter("dataset"));
  http::response out{.content_type = "application/octet-stream"};
  out.file = new_file(to, wanted.format);
  out.remove_file = true;
  core::job quiet;
  const std::string recipient = wanted.recipient.empty() ? caller_of(in).text() : wanted.recipient;
  const std::uint64_t rows = from.export_to(kind, out.file, to.purpose, recipient, quiet);
  out.headers = {{"Eunomia-Rows", std::to_string(rows)},
                 {"Content-Disposition", fmt::format("attachment; filename=\"{}-{}.{}\"", from.description().name,
                                                     recommend::name_of(kind), wanted.format)}};
  return out;
}

}  // namespace

void add_datasets(route_table& table, const services& to) {
  const auto who = http::access::roles(role::engineer);
  recommend::datasets& datasets = to.datasets;
  table.query<nothing, dataset_list>({method::get, "/api/v1/datasets", who, "datasets", "All datasets"},
                                     [&datasets](const nothing&, const http::request&) {
                                       dataset_list list;
                                       for (const auto& description : datasets.list()) {
                                         list.datasets.push_back(view_of(datasets.open(description.name)));
                                       }
                                       return list;
                                     });
  table.body<new_dataset, dataset_view>(
      {method::post, "/api/v1/datasets", who, "datasets", "A new, empty dataset", 201},
      [&datasets](const new_dataset& wanted, const http::request&) {
        recommend::dataset_description description;
        description.name = wanted.name;
        description.interactions = columns_of(wanted.interactions);
        description.items = columns_of(wanted.items);
        description.users = columns_of(wanted.users);
        description.purposes.clear();
        for (const std::string& why : wanted.purposes) {
          description.purposes.emplace_back(why);
        }
        return view_of(datasets.create(description));
      });
  table.query<nothing, dataset_view>({method::get, "/api/v1/datasets/{dataset}", who, "datasets", "One dataset"},
                                     [&datasets](const nothing&, const http::request& in) {
                                       return view_of(datasets.open(in.path_parameter("dataset")));
                                     });
  table.query<nothing, nothing>(
      {method::delete_, "/api/v1/datasets/{dataset}", who, "datasets",
       "Remove a dataset that no recommender learns from"},
      [to](const nothing&, const http::request& in) {
        auto gone = to.datasets.open(in.path_parameter("dataset"));
        for (const auto& r : to.recommenders.list()) {
          if (r.dataset == gone.description().name) {
            throw error(
                errc::failed_precondition,
                fmt::format("recommender \"{}\" learns from dataset \"{}\"; remove it first", r.name, r.dataset));
          }
        }
        gone.drop();
        to.answering.changed(gone.description().name);
        return nothing{};
      });
  table.body<dataset_purpose, dataset_view>(
      {method::post, "/api/v1/datasets/{dataset}/purposes", http::access::roles(role::privacy_officer), "datasets",
       "Use a dataset for a further purpose, which a decision allows"},
      [to](const dataset_purpose& wanted, const http::request& in) {
        auto set = to.datasets.open(in.path_parameter("dataset"));
        recommend::allow_on_record(set, to.audit, core::purpose(wanted.purpose), caller_of(in));
        to.answering.changed(set.description().name);
        return view_of(set);
      });
  table.body<import_body, job_view>({method::post, "/api/v1/datasets/{dataset}/imports", who, "datasets",
                                     "Import a file that the server can read", 202},
                                    [to](const import_body& wanted, const http::request& in) {
                                      return import_path(wanted, in.path_parameter("dataset"), to);
                                    });
  const operation upload{method::post,
                         "/api/v1/datasets/{dataset}/uploads",
                         who,
                         "datasets",
                         "Import the body: CSV, gzip or not, or Parquet",
                         202,
                         upload_limit};
  http::route route{.verb = upload.verb, .path = upload.path, .who = upload.who, .run = [to](http::request& in) {
                      return route_table::answer_of(import_upload(in, to), 202);
                    }};
  route.body = {http::body_policy::kind::file, upload.body_limit};
  table.raw<import_query, job_view>(upload, "application/octet-stream", R"({"type":"string","format":"binary"})",
                                    std::move(route));
  const operation download{method::get, "/api/v1/datasets/{dataset}/export", who, "datasets",
                           "The rows as a file, as import takes them; Eunomia-Rows says how many"};
  table.raw<export_query, core::json_value>(download, {}, {},
                                            {.verb = download.verb,
                                             .path = download.path,
                                             .who = download.who,
                                             .run = [to](http::request& in) { return export_file(in, to); }},
                                            "application/octet-stream");
}

}  // namespace eunomia::wire::api
