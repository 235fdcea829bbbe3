#pragma once

#include <string_view>

#include "recommend/family.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// How many people an item has, by the strength of their interactions: the sum over people of the pair's weight. The
// same ranking for everybody; items that nobody has are no candidates. Cremonesi, Koren, Turrin: Performance of
// recommender algorithms on top-N recommendation tasks (RecSys 2010), "TopPop". Sums are integers (quanta), so that
// forgetting is a subtraction, exact.
struct popularity_parameters {
  recommend::weighting weighting;
};
BOOST_DESCRIBE_STRUCT(popularity_parameters, (), (weighting))
void check(const popularity_parameters& parameters);

const family& popularity_family();

}  // namespace eunomia::recommend
