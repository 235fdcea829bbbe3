#pragma once

#include <memory>

#include "subject/custody/custodian.h"

namespace eunomia::app {

// The custodians of every room: those that hold something of people, and what the rooms below subject/ store
// (manifests, jobs), the folders of the data directory and tokens, which are declared here.
subject::custodians make_custodians(std::unique_ptr<subject::custodian> of_people,
                                    std::unique_ptr<subject::custodian> of_decisions,
                                    std::unique_ptr<subject::custodian> of_recommendations,
                                    std::unique_ptr<subject::custodian> of_ab_tests,
                                    std::unique_ptr<subject::custodian> of_objects,
                                    std::unique_ptr<subject::custodian> of_visitors);

}  // namespace eunomia::app
