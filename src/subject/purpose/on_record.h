#pragma once

#include "subject/audit/audit_log.h"
#include "subject/purpose/purposes.h"

// What the controller decides about purposes, each with its entry in the audit log in the transaction of the change:
// who did it, the purpose and its version, and no text that anybody wrote. All outlive the call.
namespace eunomia::subject {

// As purposes::define and redefine: "purpose.defined", "purpose.redefined".
purpose_definition define_on_record(purposes& all, audit_log& log, const purpose_definition& wanted, const actor& by);
purpose_definition redefine_on_record(purposes& all, audit_log& log, const purpose_definition& wanted, const actor& by);

// As purposes::record_decision: "purpose.decided".
compatibility_decision decide_on_record(purposes& all, audit_log& log, const compatibility_decision& wanted,
                                        const actor& by);

}  // namespace eunomia::subject
