#pragma once

#include <memory>

#include "subject/custody/custodian.h"

namespace eunomia::wire::access {

// What is held of those who call the server.
std::unique_ptr<subject::custodian> make_custodian();

}  // namespace eunomia::wire::access
