#pragma once

#include <algorithm>
#include <vector>

#include "core/subject_handle.h"

namespace eunomia::core {

// Ascending, each once: how lists of people are passed where they are searched or merged.
inline void sort_and_unite(std::vector<subject_handle>& people) {
  std::sort(people.begin(), people.end());
  people.erase(std::unique(people.begin(), people.end()), people.end());
}

}  // namespace eunomia::core
