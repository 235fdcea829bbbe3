#pragma once

#include "recommend/family.h"
#include "recommend/preferences.h"

namespace eunomia::recommend {

// Popularity of late, or what gains it. For each item and period of time (days, UTC) the people whose newest
// interaction with it was in that period are counted, by the strength of their interaction, in integers. In the period
// P of a request an item's popularity of late is
//
//   late(i) = sum over its periods p <= P of count(p) * 2^(-(P - p) period_hours / 24 / half_life_days)
//
// (exponential decay: Cormode, Shkapenyuk, Srivastava, Xu: Forward decay, ICDE 2009), which is its score. With a
// baseline_half_life_days it is counted a second time by that one, base(i), and the score is how much more an item has
// of late than its share of the baseline, in standard deviations of a count, with one person as a prior:
//
//   expected(i) = base(i) * sum of late / sum of base,   score(i) = (late(i) - expected(i)) / sqrt(expected(i) + 1)
//
// (significance of a trend over a decayed mean: Schubert, Weiler, Kriegel: SigniTrend, KDD 2014; shares instead of
// rates, so that a period that has just begun, or a night, lets nothing fall). What is popular as ever scores about 0.
//
// P is the period of person.now, else of the newest event of their history, else of the newest event that the model
// learned from, and no earlier or later than those it learned from; items with nothing up to that period are no
// candidates. The same ranking for everybody who asks in a period. Forgetting takes counts out: exact.
struct trending_parameters {
  double half_life_days = 7;           // 0.01 to 100000
  double baseline_half_life_days = 0;  // 0: none; else above half_life_days, up to 100000
  double period_hours = 24;            // 0.25 to 8760
  recommend::weighting weighting;
};
BOOST_DESCRIBE_STRUCT(trending_parameters, (), (half_life_days, baseline_half_life_days, period_hours, weighting))
void check(const trending_parameters& parameters);

const family& trending_family();

}  // namespace eunomia::recommend
