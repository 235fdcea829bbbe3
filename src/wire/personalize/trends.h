#pragma once

#include "core/json_value.h"
#include "wire/personalize/house.h"
#include "wire/personalize/recipes.h"

// Recipes that find what is trending: how long the windows are that they compare, and how they stay up to date.
namespace eunomia::wire::personalize {

bool finds_trends(const recipe& of);

// The length of a window: trend_discovery_frequency of a solutionConfig's featureTransformationParameters, AWS's two
// hours where it says none. Throws errc::invalid_argument for one that AWS does not know, and for another parameter.
double trend_window_hours(const recipe& of, const core::json_value& solution_config);

// Parameters of the family "trending", with such windows: what happened in the last ones is compared with what happened
// in the dozen before.
core::json_value with_trend_windows(core::json_value parameters, double hours);

// Versions that campaigns answer with are trained anew in their place, each once in its window where events came since,
// as AWS's are without a training of their own.
void renew_trends(const house& in, std::int64_t now);

}  // namespace eunomia::wire::personalize
