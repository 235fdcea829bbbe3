#pragma once

#include <memory>

#include "recommend/dataset.h"
#include "subject/custody/custodian.h"

namespace eunomia::recommend {

// What this room holds of whom: the tables of every dataset there is, what waits in SQL, models and their dictionaries,
// histories in memory. The datasets must outlive it.
std::unique_ptr<subject::custodian> make_custodian(const datasets& data);

}  // namespace eunomia::recommend
