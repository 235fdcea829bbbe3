#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/json_value.h"
#include "recommend/dataset.h"

namespace eunomia::wire::personalize {

// Of which columns of metadata is learned, of items (or actions) and users; nothing where of all.
struct learned_columns {
  std::optional<std::vector<std::string>> items;
  std::optional<std::vector<std::string>> users;
};

// By the member trainingDataConfig of a solutionConfig or recommenderConfig: includedDatasetColumns, or all but
// excludedDatasetColumns. Throws errc::invalid_argument, naming the member, for a dataset's type that there is not, one
// that is in both maps, a column that the dataset does not have, an identifier, and an EVENT_TYPE or EVENT_VALUE that
// is left out while eventType or eventsConfig go by it.
learned_columns learned_columns_in(const core::json_value& config, std::string_view event_type,
                                   const recommend::dataset_description& from);

}  // namespace eunomia::wire::personalize
