// Import jobs: files of the object store become rows of a dataset.
#include <fmt/format.h>

#include "core/error.h"
#include "recommend/import.h"
#include "recommend/import_reader.h"
#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/file_jobs.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/s3_location.h"
#include "wire/personalize/works.h"

namespace eunomia::wire::personalize {

namespace {

using core::errc;
using core::json_value;
using recommend::schema_subject;
namespace fs = std::filesystem;

constexpr auto kind = resource_kind::dataset_import_job;
constexpr int most_attempts = 5;

// Copies of the files at a place, and where they are from.
struct fetched_files {
  std::vector<fs::path> copies;
  std::vector<s3_location> origins;
};

fetched_files fetch(const house& in, const s3_location& from, const job_folder& into, core::job& job) {
  fetched_files files;
  for (const std::string& key : files_at(in, from)) {
    job.check();
    files.copies.push_back(into / std::to_string(files.copies.size()));
    files.origins.push_back({from.bucket, key});
    in.files.fetch(from.bucket, key, files.copies.back());
  }
  return files;
}

// The message of an error with the file that the client knows in the place of our copy of it.
std::string as_the_client_knows_it(std::string message, const fetched_files& files) {
  for (std::size_t i = 0; i < files.copies.size(); ++i) {
    const std::string copy = files.copies[i].string() + ":";
    for (std::size_t at = message.find(copy); at != std::string::npos; at = message.find(copy, at)) {
      const std::string origin = files.origins[i].text() + ":";
      message.replace(at, copy.size(), origin);
      at += origin.size();
    }
  }
  return message;
}

recommend::import_options options_for(schema_subject type, bool replaces) {
  recommend::import_options options;
  options.undeclared = recommend::undeclared_columns::ignore;
  options.again = true;
  options.replace = replaces;
  if (type == schema_subject::actions || type == schema_subject::action_interactions) {
    options.columns = {{"ITEM_ID", "ACTION_ID"}};
  }
  return options;
}

void import(const house& in, resource& job_resource, core::job& job) {
  const resource dataset = in.made.find(resource_kind::dataset, job_resource.parent);
  const auto type = *dataset_type_named(required_text(dataset.shown, "datasetType"));
  const auto schema = schema_of(in, dataset);
  const s3_location from =
      s3_location::parse(required_text(*member_of(job_resource.shown, "dataSource"), "dataLocation"));
  const job_folder folder(in);
  const fetched_files files = fetch(in, from, folder, job);
  const bool replaces = text_of(job_resource.shown, "importMode") != "INCREMENTAL";
  const auto options = options_for(type, replaces);
  for (const fs::path& file : files.copies) {
    schema.check_header(recommend::open_records(file, options)->header());
  }
  const table_of_ours where = table_of(group_of(in, dataset), type);
  recommend::dataset into = in.datasets.open(where.dataset);
  for (int left = most_attempts;; --left) {
    try {
      recommend::import_files(into, where.kind, files.copies, options, in.work_pool, job);
      break;
    } catch (const core::error& problem) {
      // Somebody was forgotten, or the table rewritten, while it ran: nothing is imported, and the next attempt may be.
      const bool may_do = problem.code() == errc::failed_precondition || problem.code() == errc::unavailable;
      if (!may_do || left == 0) {
        throw core::error(problem.code(), as_the_client_knows_it(problem.what(), files),
                          as_the_client_knows_it(std::string(problem.kept_message()), files));
      }
    }
  }
  in.answering.changed(where.dataset);
  in.answering.warm_up(job, where.dataset);
}

json_value create(const house& in, const json_value& input) {
  const resource dataset = in.made.find(resource_kind::dataset, required_text(input, "datasetArn"));
  const json_value& source = *member_of(input, "dataSource");
  const auto location = text_of(source, "dataLocation");
  if (!location) {
    throw core::error(errc::invalid_argument, "dataSource.dataLocation is missing: s3://bucket/key");
  }
  s3_location::parse(*location);
  resource made = resource_asked_for(in, kind, input, dataset.arn);
  if (!text_of(input, "importMode")) {
    made.shown = with(made.shown, "importMode", "FULL");
  }
  return begin(in, made, input);
}

}  // namespace

void add_dataset_import_jobs(aws::json_service& to, const house& in) {
  in.work.add(kind, "data", [in](resource& of, core::job& job) { import(in, of, job); });
  to.add<json_value, json_value>("CreateDatasetImportJob", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
