#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "core/subject_handle.h"
#include "store/sql/value.h"

namespace eunomia::subject {

// Calls what with a store::sql::int64_list for some thousand handles at a time: {int64s:people} of a statement.
template <class Call>
void in_runs(std::span<const core::subject_handle> people, Call what) {
  constexpr std::size_t at_a_time = 4096;
  std::vector<std::int64_t> some;
  for (std::size_t first = 0; first < people.size(); first += at_a_time) {
    some.clear();
    for (const core::subject_handle who : people.subspan(first, std::min(at_a_time, people.size() - first))) {
      some.push_back(static_cast<std::int64_t>(who.value()));
    }
    what(store::sql::int64_list(some));
  }
}

}  // namespace eunomia::subject
