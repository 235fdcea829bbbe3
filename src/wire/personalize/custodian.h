#pragma once

#include <memory>
#include <string_view>

#include "store/sql/database.h"
#include "subject/custody/custodian.h"
#include "subject/vault/vault.h"

namespace eunomia::wire::personalize {

// The tables of resources, which are about nobody, and what waits of visitors, whose sessions are names in the space of
// users. sql and keys must outlive it.
std::unique_ptr<subject::custodian> make_custodian(store::sql::database& sql, const subject::vault& keys,
                                                   std::string_view user_space);

}  // namespace eunomia::wire::personalize
