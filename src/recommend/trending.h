#pragma once

#include "recommend/family.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// Popularity of late: each person's newest interaction with an item weighs 2^(-age / half-life) (exponential decay, as
// in Cormode, Shkapenyuk, Srivastava, Xu: Forward decay, ICDE 2009), rounded to whole quanta of 1/64 so that sums are
// integers and forgetting is a subtraction, exact. Interactions older than seven half-lives round to nothing; items
// with none younger are no candidates. Ages are counted from weighting.as_of, by default the time of the newest event,
// which stays with the model: training it again without some people needs its parameters().
struct trending_parameters {
  static constexpr double default_half_life_days = 7;

  trending_parameters() { weighting.half_life_days = default_half_life_days; }
  recommend::weighting weighting;
};
BOOST_DESCRIBE_STRUCT(trending_parameters, (), (weighting))
void check(const trending_parameters& parameters);

const family& trending_family();

}  // namespace eunomia::recommend
