#include "recommend/history.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/error.h"

namespace eunomia::recommend {

void check(const history_weighting& how, std::string_view who) {
  if (!(how.older_weight >= 0 && how.older_weight <= 1)) {
    throw core::error(core::errc::invalid_argument, std::string(who) + ": history.older_weight must be 0 to 1, got " +
                                                        std::to_string(how.older_weight));
  }
  if (!(how.basket_hours >= 0 && std::isfinite(how.basket_hours))) {
    throw core::error(
        core::errc::invalid_argument,
        std::string(who) + ": history.basket_hours must be 0 or more, got " + std::to_string(how.basket_hours));
  }
}

std::vector<preference> weigh(std::span<const preference> history, const history_weighting& how) {
  std::vector<preference> result(history.begin(), history.end());
  if (how.older_weight == 1) {
    return result;
  }
  std::int64_t newest = std::numeric_limits<std::int64_t>::min();
  for (const preference& p : history) {
    newest = std::max(newest, p.time);
  }
  // In double: a basket of any length stays clear of the ends of the time scale.
  const double begin = static_cast<double>(newest) - how.basket_hours * 3'600'000;
  for (preference& p : result) {
    if (static_cast<double>(p.time) < begin) {
      p.weight *= static_cast<float>(how.older_weight);
    }
  }
  std::erase_if(result, [](const preference& p) { return p.weight == 0; });
  return result;
}

}  // namespace eunomia::recommend
