#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "store/sql/database.h"
#include "subject/audit/audit_log.h"
#include "subject/custody/custodian.h"
#include "subject/directory.h"
#include "subject/erasure/ledger_file.h"
#include "subject/purpose/purposes.h"
#include "subject/vault/vault.h"

namespace eunomia::subject {

// What an erasure reaches. All outlive it.
struct erasure_house {
  store::sql::database& sql;
  vault& keys;
  durable_directory& people;
  subject::purposes& purposes;
  audit_log& audit;
  ledger_file& ledger;
  const custodians& all;
  std::filesystem::path data;  // every file below it is read
  // Folders of it where bytes of a person may pass by, of somebody new with an old name: "uploads/". A find there is
  // remarked upon, and is no obstacle.
  std::vector<std::string> passing;
};

}  // namespace eunomia::subject
