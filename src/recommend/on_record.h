#pragma once

#include "core/purpose.h"
#include "recommend/dataset.h"
#include "subject/audit/audit_log.h"

namespace eunomia::recommend {

// As dataset::add_purpose, with the entry "purpose.allowed" in the audit log, in the transaction of the change: who did
// it, the dataset, the purpose and the decision that allows it. All outlive the call.
void allow_on_record(dataset& in, subject::audit_log& log, const core::purpose& added, const subject::actor& by);

}  // namespace eunomia::recommend
