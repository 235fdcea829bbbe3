#pragma once

#include <memory>

#include "subject/custody/custodian.h"
#include "subject/decision/automated_decisions.h"

namespace eunomia::subject {

// Of decisions that programs made, and of their reviews; both must outlive it.
std::unique_ptr<custodian> make_decision_custodian(store::sql::database& in, automated_decisions& kept);

}  // namespace eunomia::subject
