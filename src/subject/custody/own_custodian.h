#pragma once

#include <memory>

#include "store/sql/database.h"
#include "subject/audit/audit_log.h"
#include "subject/custody/custodian.h"
#include "subject/directory.h"
#include "subject/purpose/purposes.h"
#include "subject/vault/vault.h"

namespace eunomia::subject {

// Of what this room holds itself; all must outlive it.
std::unique_ptr<custodian> make_subject_custodian(store::sql::database& in, const durable_directory& people,
                                                  const vault& keys, const purposes& choices, const audit_log& log);

}  // namespace eunomia::subject
