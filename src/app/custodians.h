#pragma once

#include "recommend/custodian.h"
#include "subject/custody/custodian.h"

namespace eunomia::app {

// The custodians of every room, over what they keep, which must outlive them. What the rooms below subject/
// store (manifests, jobs) and the folders of the data directory are declared here.
subject::custodians make_custodians(recommend::datasets& data, recommend::recommenders& all,
                                    const recommend::custodian_options& with);

}  // namespace eunomia::app
