#pragma once

#include <cstdint>
#include <span>
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

// How many of some people a model file of any family holds rows of, and how many pairs these are.
struct rows_learned {
  std::uint64_t people = 0;
  std::uint64_t pairs = 0;
};
// people: ascending, each once. Reads where rows begin only. Throws errc::corrupt as model_file does.
rows_learned count_learned(const model_file& file, std::span<const core::subject_handle> people);

// The rows that a model file of any family holds of one person, by the catalogue's order; nothing when it holds none.
// Reads these rows and the catalogue only: no model is built. Throws errc::corrupt as model_file does.
std::vector<learned_preference> learned_from(const model_file& file, core::subject_handle who);

}  // namespace eunomia::recommend
