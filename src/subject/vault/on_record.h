#pragma once

#include <cstdint>

#include "core/job.h"
#include "subject/audit/audit_log.h"
#include "subject/vault/vault.h"

namespace eunomia::subject {

struct roll_order {
  bool begin_epoch = true;  // false: vault::finish_rolling
  std::int64_t now_ms = 0;
  std::int64_t grace_ms = 0;
};

// Rolls the keys of people, with entries in the audit log: "keys.rolled" in the transaction that begins the epoch, and
// "keys.destroyed" right after earlier ones were.
rolled_keys roll_on_record(vault& keys, audit_log& log, const roll_order& wanted, const actor& by, core::job& job);

// As keyring::reseal, with the entry "keys.resealed" right after: which key it is now, nobody is told.
void reseal_on_record(vault& keys, store::sql::database& in, audit_log& log, const core::secret_key& master,
                      const actor& by);

}  // namespace eunomia::subject
