#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "backup/manifest.h"
#include "core/job.h"
#include "subject/vault/master_key.h"

namespace eunomia::backup {

// Where a backup goes.
struct target {
  std::filesystem::path data;  // the data directory: absent, empty, or with keys/ only
  std::string database;        // the URL of an empty PostgreSQL database; empty: SQLite in the data directory
  std::filesystem::path keys;  // the folder of keyring and ledger; empty: keys/ in the data directory
  subject::master_key_source master_key;  // no file: master.key in the folder of keys
  bool without_ledger = false;            // a ledger that is missing, or ends before the backup, does not stop it
};

struct restored {
  manifest from;
  std::uint64_t ledger_people = 0;  // in the ledger of erasures, from before and after the backup
};

// Brings a backup back, in this order: every byte of it is verified; the keyring is that of the backup, signed it, and
// opens it;
// the ledger of erasures is there and no older than the backup. Then keys, blobs and, in one transaction, every row and
// the note that the ledger is to be replayed (subject/erasure/restores.h). What opens the directory next replays it
// before it does anything else.
//
// Killed at any moment, the directory opens for nobody (check_restored) until restore was run again to its end, with
// the same or another backup. Throws errc::failed_precondition, saying what to do: something is in the way, another
// keyring, a destroyed epoch, no ledger; errc::corrupt, naming the file.
restored restore(const std::filesystem::path& folder, const target& to, core::job& job);

// Throws errc::failed_precondition while a restore into the data directory has not ended.
void check_restored(const std::filesystem::path& data);
// What says so: a file of the data directory.
inline constexpr std::string_view restoring_name = "restoring";

}  // namespace eunomia::backup
