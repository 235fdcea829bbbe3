#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "store/sql/database.h"
#include "subject/erasure/ledger_file.h"

// What a database knows of backups that were restored into it. The row comes with the transaction that loads the rows
// of the backup, and says that the ledger of erasures is still to be replayed: whoever opens the database does that
// before anything is answered.
namespace eunomia::subject {

struct restore_record {
  std::string id;                // of this restore, random
  std::int64_t backup_at = 0;    // when the backup was made, UTC ms
  std::int64_t restored_at = 0;  // UTC ms
  std::int64_t replayed_at = 0;  // 0: the ledger is still to be replayed
  std::uint64_t erased = 0;      // people of the ledger who were in the backup
};

std::span<const store::sql::migration> restore_migrations();

// Whether this restore's rows were loaded. The database may have no tables at all.
bool was_loaded(store::sql::connection& in, std::string_view id);

// For the transaction that has just loaded a backup: keeps the row, and lets handles continue above all that were given
// since the backup.
void begin_replay(store::sql::transaction& in, const restore_record& restored, ledger_file& ledger);

// The restore whose ledger is still to be replayed, if any.
std::optional<restore_record> replay_pending(store::sql::connection& in);
// The ledger was replayed, and so many people erased again.
void complete_replay(store::sql::transaction& in, std::string_view id, std::uint64_t erased, std::int64_t now_ms);

}  // namespace eunomia::subject
