#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/subject_handle.h"
#include "recommend/model_file.h"

namespace eunomia::recommend {

// What a model learned of one person and one item: a pair of its preferences, with the item's identifier.
struct learned_preference {
  std::string item;
  float weight = 0;       // in units, see preferences
  std::int64_t time = 0;  // UTC ms, of the newest event
};

// The rows that a model file of any family holds of one person, by the catalogue's order; nothing when it holds none.
// Reads these rows and the catalogue only: no model is built. Throws errc::corrupt as model_file does.
std::vector<learned_preference> learned_from(const model_file& file, core::subject_handle who);

}  // namespace eunomia::recommend
