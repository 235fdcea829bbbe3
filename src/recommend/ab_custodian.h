#pragma once

#include <memory>

#include "recommend/ab_tests.h"
#include "recommend/dataset.h"
#include "subject/custody/custodian.h"

namespace eunomia::recommend {

// Of who came under which A/B test. All outlive it.
std::unique_ptr<subject::custodian> make_ab_custodian(store::sql::database& in, ab_tests& kept, const datasets& data);

}  // namespace eunomia::recommend
