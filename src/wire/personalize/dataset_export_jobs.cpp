// Export jobs: the rows of a dataset as a file in the object store.
#include <fmt/format.h>

#include <fstream>

#include "core/error.h"
#include "core/file.h"
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
constexpr std::size_t copied_bytes = std::size_t{1} << 20U;

s3_location destination_of(const json_value& shown) {
  return place_in(shown, "jobOutput", "s3DataDestination");
}

bool is_of_actions(recommend::schema_subject type) {
  return type == recommend::schema_subject::actions || type == recommend::schema_subject::action_interactions;
}

// Actions are items of ours, and what clients import has to have the column's name of theirs.
void name_actions(const std::filesystem::path& from, const std::filesystem::path& into) {
  constexpr std::string_view ours = "ITEM_ID";
  std::ifstream in(from, std::ios::binary);
  std::string header;
  std::getline(in, header);
  const std::size_t at = header.find(ours);
  if (at == std::string::npos) {
    throw core::error(core::errc::internal, "an export of actions has no column ITEM_ID");
  }
  core::atomic_file out(into);
  out.write(header.replace(at, ours.size(), "ACTION_ID") + "\n");
  std::string piece(copied_bytes, '\0');
  while (in.read(piece.data(), static_cast<std::streamsize>(piece.size())) || in.gcount() > 0) {
    out.write(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount())));
  }
  out.commit();
}

void export_rows(const house& in, resource& of, core::job& job) {
  const resource dataset = in.made.find(resource_kind::dataset, of.parent);
  const auto type = *dataset_type_named(required_text(dataset.shown, "datasetType"));
  const table_of_ours where = table_of(group_of(in, dataset), type);
  const s3_location to = in_folder(destination_of(of.shown), of.name + ".csv");
  const job_folder folder(in);
  const std::filesystem::path file = folder / "rows.csv";
  // Whoever may read the bucket is who is handed the rows.
  const std::string outside = in.files.outside(to.bucket);
  in.datasets.open(where.dataset)
      .export_to(where.kind, file, in.purpose,
                 fmt::format("readers of {} (export job {})",
                             outside.empty() ? fmt::format("s3://{}", to.bucket) : outside, of.name),
                 job);
  if (!is_of_actions(type)) {
    in.files.put(to.bucket, to.key, file, "text/csv");
    return;
  }
  const std::filesystem::path renamed = folder / "actions.csv";
  name_actions(file, renamed);
  in.files.put(to.bucket, to.key, renamed, "text/csv");
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
