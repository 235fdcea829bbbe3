#include "recommend/model.h"

#include <algorithm>

namespace eunomia::recommend {

std::vector<feature_value> scorer::features_of(std::span<const std::string>) const {
  return {};
}

void scorer::likeness(item_position item, std::span<const item_position> others, std::span<float> likenesses) const {
  std::vector<float> known(items().size());
  for (const scored_item& one : similar(item, known.size())) {
    known[one.item] = std::max(0.0F, one.score);
  }
  for (std::size_t i = 0; i < others.size(); ++i) {
    likenesses[i] = known[others[i]];
  }
}

std::string_view name_of(forgetting_level level) noexcept {
  switch (level) {
    case forgetting_level::exact: return "exact";
    case forgetting_level::exact_up_to_rounding: return "exact up to rounding";
    case forgetting_level::converged: return "converged";
  }
  return "unknown";
}

}  // namespace eunomia::recommend
