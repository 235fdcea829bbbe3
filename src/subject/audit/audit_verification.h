#pragma once

#include <span>

#include "core/job.h"
#include "core/sign.h"
#include "store/sql/database.h"
#include "subject/audit/audit_log.h"

// Holding the log against its own hashes and signatures, in constant memory.
namespace eunomia::subject::audit_verification {

// See audit_log::verify.
audit_report verify(store::sql::connection& in, std::span<const core::public_key> keys,
                    std::span<const audit_anchor> anchors, core::job& job);

// The head, after everything between it and the newest checkpoint of that key was found to follow from the checkpoint:
// what may be signed next. Throws errc::corrupt as verify does.
audit_position verified_head(store::sql::connection& in, const core::public_key& key);

}  // namespace eunomia::subject::audit_verification
