#pragma once

#include <algorithm>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

#include "core/subject_handle.h"

namespace eunomia::core {

// Ascending, each once: how lists of people are passed where they are searched or merged.
inline void sort_and_unite(std::vector<subject_handle>& people) {
  std::sort(people.begin(), people.end());
  people.erase(std::unique(people.begin(), people.end()), people.end());
}

// Takes the others out. Both ascending, each once.
inline void leave_out(std::vector<subject_handle>& people, std::span<const subject_handle> others) {
  std::vector<subject_handle> left;
  std::set_difference(people.begin(), people.end(), others.begin(), others.end(), std::back_inserter(left));
  people = std::move(left);
}

}  // namespace eunomia::core
