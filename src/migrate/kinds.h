#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace eunomia::migrate {

// What clients of Personalize make and a migration recreates, each after those that it names.
enum class kind : std::uint8_t {
  schema,
  dataset_group,
  dataset,
  filter,
  event_tracker,
  solution,
  campaign,
  recommender,
  metric_attribution
};

// How the operations of Personalize call one.
struct spelling {
  kind is;
  std::string_view words;   // "dataset group", for people
  std::string_view pascal;  // "DatasetGroup": of Create…, Describe…, List…s
  std::string_view camel;   // "datasetGroup": of …Arn and of the answer
  std::string_view listed;  // "datasetGroups": the member of the list
  bool tagged;              // it may have tags
  // What Create takes as Describe answers it, beside the name and the ARNs of other things.
  std::span<const std::string_view> copied;
};

// In the order in which they are made.
std::span<const spelling> spellings();
const spelling& spelling_of(kind is);

}  // namespace eunomia::migrate
