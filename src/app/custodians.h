#pragma once

#include "app/data_directory.h"
#include "subject/custody/custodian.h"

namespace eunomia::app {

// The custodians of every room, over an open data directory, which must outlive them. What the rooms below subject/
// store (manifests, jobs) and the folders of the data directory are declared here.
subject::custodians make_custodians(data_directory& data);

}  // namespace eunomia::app
