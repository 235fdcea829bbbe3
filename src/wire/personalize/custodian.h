#pragma once

#include <memory>

#include "store/sql/database.h"
#include "subject/custody/custodian.h"
#include "subject/vault/vault.h"

namespace eunomia::wire::personalize {

// The tables of resources, which are about nobody, and what waits of visitors. Both must outlive it.
std::unique_ptr<subject::custodian> make_custodian(store::sql::database& sql, const subject::vault& keys);

}  // namespace eunomia::wire::personalize
