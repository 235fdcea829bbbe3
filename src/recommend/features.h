#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "core/subject_handle.h"

namespace eunomia::recommend {

// One feature of an item or a person: a position in the feature names, and its value (1 for a category).
struct feature_value {
  std::uint32_t feature;
  float value;
};

// Side features, a sparse matrix in rows (CSR): [catalogue items x features] or [subjects x features].
struct feature_matrix {
  std::vector<std::string> names;              // "CATEGORY=shoes", "COUNTRY=Finland", "DESCRIPTION~lamp", "PRICE"
  std::vector<std::uint64_t> row_begin = {0};  // rows + 1
  std::vector<feature_value> values;

  std::uint32_t rows() const { return static_cast<std::uint32_t>(row_begin.size() - 1); }
  std::span<const feature_value> row(std::uint32_t r) const {
    return {values.data() + row_begin[r], values.data() + row_begin[r + 1]};
  }
};

// What may be known beside the interactions; either part may be empty (no rows).
struct side_features {
  feature_matrix items;                             // row = item_position
  feature_matrix users;                             // row i is of user_subjects[i]
  std::vector<core::subject_handle> user_subjects;  // ascending
};

}  // namespace eunomia::recommend
