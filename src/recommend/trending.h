#pragma once

#include "recommend/family.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// Popularity of late. For each item and day (UTC) the people whose newest interaction with it was on that day are
// counted, by the strength of their interaction, in integers. On the day D of a request an item scores
//
//   sum over its days d <= D of count(d) * 2^(-(D - d) / half_life_days)
//
// (exponential decay: Cormode, Shkapenyuk, Srivastava, Xu: Forward decay, ICDE 2009). D is the day of person.now, else
// of the newest event of their history, else of the newest event that the model learned from, and no earlier or later
// than the days it learned from; items with nothing up to that day are no candidates. The same ranking for everybody
// who asks on a day. Forgetting takes counts out: exact.
struct trending_parameters {
  double half_life_days = 7;  // 0.01 to 100000
  recommend::weighting weighting;
};
BOOST_DESCRIBE_STRUCT(trending_parameters, (), (half_life_days, weighting))
void check(const trending_parameters& parameters);

const family& trending_family();

}  // namespace eunomia::recommend
