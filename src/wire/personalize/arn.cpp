#include "wire/personalize/arn.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "core/error.h"

namespace eunomia::wire::personalize {

namespace {

using named_kind = std::pair<resource_kind, std::string_view>;

constexpr std::array<named_kind, 15> kinds = {{{resource_kind::batch_inference_job, "batch-inference-job"},
                                               {resource_kind::batch_segment_job, "batch-segment-job"},
                                               {resource_kind::campaign, "campaign"},
                                               {resource_kind::data_deletion_job, "data-deletion-job"},
                                               {resource_kind::dataset, "dataset"},
                                               {resource_kind::dataset_export_job, "dataset-export-job"},
                                               {resource_kind::dataset_group, "dataset-group"},
                                               {resource_kind::dataset_import_job, "dataset-import-job"},
                                               {resource_kind::event_tracker, "event-tracker"},
                                               {resource_kind::filter, "filter"},
                                               {resource_kind::metric_attribution, "metric-attribution"},
                                               {resource_kind::recommender, "recommender"},
                                               {resource_kind::schema, "schema"},
                                               {resource_kind::solution, "solution"},
                                               {resource_kind::solution_version, "solution-version"}}};

constexpr std::string_view service = "personalize";

// The text up to the next separator, taken off with it; nothing when there is none.
std::optional<std::string_view> take(std::string_view& text, char separator) {
  const std::size_t end = text.find(separator);
  if (end == std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view part = text.substr(0, end);
  text.remove_prefix(end + 1);
  return part;
}

}  // namespace

std::string_view name_of(resource_kind kind) noexcept {
  const auto* const found = std::ranges::find(kinds, kind, &named_kind::first);
  return found == kinds.end() ? std::string_view() : found->second;
}

resource_kind resource_kind_named(std::string_view name) {
  const auto* const found = std::ranges::find(kinds, name, &named_kind::second);
  if (found == kinds.end()) {
    throw core::error(core::errc::corrupt, fmt::format("there is no kind of resource \"{}\"", name));
  }
  return found->first;
}

std::string words_for(resource_kind kind) {
  std::string words(name_of(kind));
  std::ranges::replace(words, '-', ' ');
  return words;
}

std::string arn_maker::arn_of(resource_kind kind, std::string_view path) const {
  const resource_kind shown = kind == resource_kind::solution_version ? resource_kind::solution : kind;
  return fmt::format("arn:aws:{}:{}:{}:{}/{}", service, region, account, name_of(shown), path);
}

std::optional<arn_parts> parse_arn(std::string_view arn) {
  const auto scheme = take(arn, ':');
  const auto partition = take(arn, ':');
  const auto of = take(arn, ':');
  const auto region = take(arn, ':');
  const auto account = take(arn, ':');
  const auto kind = take(arn, '/');
  if (!kind || scheme != "arn" || !partition->starts_with("aws") || of != service || !region || !account ||
      arn.empty()) {
    return std::nullopt;
  }
  const auto* const found = std::ranges::find(kinds, *kind, &named_kind::second);
  if (found == kinds.end() || found->first == resource_kind::solution_version) {
    return std::nullopt;
  }
  const bool is_version = found->first == resource_kind::solution && arn.find('/') != std::string_view::npos;
  return arn_parts{is_version ? resource_kind::solution_version : found->first, arn};
}

}  // namespace eunomia::wire::personalize
