#pragma once

#include <memory>

#include "recommend/dataset.h"
#include "recommend/model_registry.h"
#include "subject/custody/custodian.h"

namespace eunomia::recommend {

// Of every dataset, its tables included, and of the trained models; both must outlive it.
std::unique_ptr<subject::custodian> make_custodian(datasets& data, model_registry& models);

}  // namespace eunomia::recommend
