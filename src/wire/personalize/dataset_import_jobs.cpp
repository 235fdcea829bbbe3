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

void import_all(const house& in, recommend::dataset& into, recommend::data_kind what,
                const std::vector<fs::path>& files, const recommend::import_options& options, core::job& job) {
  for (int left = most_attempts;; --left) {
    try {
      recommend::import_files(into, what, files, options, in.work_pool, job);
      return;
    } catch (const core::error& problem) {
      // Somebody was forgotten, or the table rewritten, while it ran: nothing is imported, and the next attempt may be.
      const bool may_do = problem.code() == errc::failed_precondition || problem.code() == errc::unavailable;
      if (!may_do || left == 0) {
        throw;
      }
    }
  }
}

void import(const house& in, resource& job_resource, core::job& job) {
  const resource dataset = in.made.find(resource_kind::dataset, job_resource.parent);
  const auto type = *dataset_type_named(required_text(dataset.shown, "datasetType"));
  const auto schema = schema_of(in, dataset);
  const s3_location from =
      s3_location::parse(required_text(*member_of(job_resource.shown, "dataSource"), "dataLocation"));
  const bool replaces = text_of(job_resource.shown, "importMode") != "INCREMENTAL";
  const auto options = options_for(type, replaces);
  const table_of_ours where = table_of(group_of(in, dataset), type);
  recommend::dataset into = in.datasets.open(where.dataset);
  const job_folder folder(in);
  std::vector<fetched_file> files;
  std::vector<fs::path> copies;
  for (const std::string& key : files_at(in, from)) {
    job.check();
    files.push_back(fetch(in, {from.bucket, key}, folder / std::to_string(files.size())));
    copies.push_back(files.back().copy);
  }
  read_as_origins(files, [&] {
    for (const fs::path& file : copies) {
      schema->check_header(recommend::open_records(file, options)->header());
    }
    import_all(in, into, where.kind, copies, options, job);
  });
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
