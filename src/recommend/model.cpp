#include "recommend/model.h"

namespace eunomia::recommend {

std::vector<feature_value> scorer::features_of(std::span<const std::string>) const {
  return {};
}

std::string_view name_of(forgetting_level level) noexcept {
  switch (level) {
    case forgetting_level::exact: return "exact";
    case forgetting_level::exact_up_to_rounding: return "exact up to rounding";
    case forgetting_level::converged: return "converged";
    case forgetting_level::opaque: return "opaque: imported without rows, to be replaced by one that is trained here";
  }
  return "unknown";
}

}  // namespace eunomia::recommend
