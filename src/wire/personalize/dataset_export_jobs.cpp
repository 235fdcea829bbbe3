// Export jobs: the rows of a dataset as a file in the object store.
#include <fmt/format.h>

#include "wire/personalize/dataset_groups.h"
#include "wire/personalize/descriptions.h"
#include "wire/personalize/file_jobs.h"
#include "wire/personalize/json_members.h"
#include "wire/personalize/operations.h"
#include "wire/personalize/works.h"

namespace eunomia::wire::personalize {

namespace {

using core::json_value;

constexpr auto kind = resource_kind::dataset_export_job;

s3_location destination_of(const json_value& shown) {
  return place_in(shown, "jobOutput", "s3DataDestination");
}

void export_rows(const house& in, resource& of, core::job& job) {
  const resource dataset = in.made.find(resource_kind::dataset, of.parent);
  const auto type = *dataset_type_named(required_text(dataset.shown, "datasetType"));
  const table_of_ours where = table_of(group_of(in, dataset), type);
  const s3_location to = in_folder(destination_of(of.shown), of.name + ".csv");
  const job_folder folder(in);
  const std::filesystem::path file = folder / "rows.csv";
  // Whoever may read the bucket is who is handed the rows.
  in.datasets.open(where.dataset)
      .export_to(where.kind, file, in.purpose, fmt::format("readers of s3://{} (export job {})", to.bucket, of.name),
                 job);
  in.files.put(to.bucket, to.key, file, "text/csv");
}

json_value create(const house& in, const json_value& input) {
  const resource dataset = in.made.find(resource_kind::dataset, required_text(input, "datasetArn"));
  destination_of(input);
  resource made = resource_asked_for(in, kind, input, dataset.arn);
  // Rows are one table here, however they came.
  made.shown = with(made.shown, "ingestionMode", text_of(input, "ingestionMode").value_or("ALL"));
  return begin(in, made, input);
}

}  // namespace

void add_dataset_export_jobs(aws::json_service& to, const house& in) {
  in.work.add(kind, "files", [in](resource& of, core::job& job) { export_rows(in, of, job); });
  to.add<json_value, json_value>("CreateDatasetExportJob", builders(),
                                 [in](const json_value& input, const http::request&) { return create(in, input); });
  add_views(to, in, kind);
}

}  // namespace eunomia::wire::personalize
