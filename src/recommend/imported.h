#pragma once

#include <string_view>

#include "recommend/family.h"
#include "recommend/portable_model.h"

namespace eunomia::recommend {

// Models that came from elsewhere (portable_file.h), without the rows that they learned from: they answer, and are
// opaque to forgetting. Whom they were made from is not known here, so that nobody can be taken out of them: they go
// when somebody removes them, or a version that was trained here takes their place.
inline constexpr std::string_view imported_family_name = "imported";

// A family that trains nothing: train() and complete() throw errc::invalid_argument. Not among families().
const family& imported_family();

// Throws as scorer_of().
std::unique_ptr<model> make_imported(portable_model from);

}  // namespace eunomia::recommend
