#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace eunomia::wire::personalize {

// The kinds of things that Personalize gives a name to, as they stand in an ARN.
enum class resource_kind {
  batch_inference_job,
  batch_segment_job,
  campaign,
  data_deletion_job,
  dataset,
  dataset_export_job,
  dataset_group,
  dataset_import_job,
  event_tracker,
  filter,
  metric_attribution,
  recommender,
  schema,
  solution,
  solution_version
};

// As it stands in an ARN and in the table: "dataset-group"; of a solution's version "solution-version", whose ARN
// begins like its solution's.
std::string_view name_of(resource_kind kind) noexcept;
// Throws errc::corrupt: names come from our own table.
resource_kind resource_kind_named(std::string_view name);
// As AWS's messages say it: "dataset group".
std::string words_for(resource_kind kind);

// arn:aws:personalize:<region>:<account>:<kind>/<path>. What AWS tells apart by account and region is one house here:
// both are of the server's configuration, and an ARN of others names nothing.
struct arn_maker {
  std::string region = "eu-central-1";
  std::string account = "000000000000";

  // path: "shop"; of a dataset "shop/INTERACTIONS", of a solution's version "sims/1f2e3d4c".
  std::string arn_of(resource_kind kind, std::string_view path) const;
};

// The kind and the path of an ARN of Personalize, of whatever region and account; nothing for another text. Recipes and
// what else AWS makes itself have none of the kinds above.
struct arn_parts {
  resource_kind kind;
  std::string_view path;
};
std::optional<arn_parts> parse_arn(std::string_view arn);

}  // namespace eunomia::wire::personalize
