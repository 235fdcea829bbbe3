#pragma once

#include <boost/describe.hpp>
#include <span>
#include <string_view>
#include <vector>

#include "recommend/preferences.h"

namespace eunomia::recommend {

// How much of somebody's history counts when they are answered: what they did last says more of what they want now
// than what they did a year ago. The newest basket keeps its weights, everything older is scaled. A family's parameter
// "history"; the defaults leave every weight as it is.
struct history_weighting {
  double older_weight = 1;  // factor, 0 to 1, of what is not in the newest basket; at 0 that is left out
  double basket_hours = 0;  // the newest basket: all events at most this long before the newest one
  friend bool operator==(const history_weighting&, const history_weighting&) = default;
};
BOOST_DESCRIBE_STRUCT(history_weighting, (), (older_weight, basket_hours))

// Throws errc::invalid_argument, the message starting with who, for a factor outside 0 to 1 or a negative or
// non-finite time.
void check(const history_weighting& how, std::string_view who);

// The history with its weights scaled, in the same order.
std::vector<preference> weigh(std::span<const preference> history, const history_weighting& how);

}  // namespace eunomia::recommend
