#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "core/subject_handle.h"
#include "recommend/answer.h"
#include "recommend/interactions.h"
#include "recommend/model.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

struct affinity {
  core::subject_handle who;
  float score = 0;
};

// For each set of items the people whose mean score of its items is the highest, best first, of equals the smaller
// handle; only of items that the scorer has and scores for them, and at most count people. The people are those of the
// events, folded in from them as the weighting says; items of the events that the scorer does not know say nothing. The
// same lists at any number of threads.
std::vector<std::vector<affinity>> people_drawn_to(std::span<const item_set> items, std::size_t count,
                                                   const scorer& answers, const weighting& how,
                                                   const interactions& events, const training_context& context);

}  // namespace eunomia::recommend
