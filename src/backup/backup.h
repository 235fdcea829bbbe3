#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "backup/manifest.h"
#include "core/job.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"
#include "subject/erasure/ledger_file.h"
#include "subject/vault/keyring.h"

namespace eunomia::backup {

// What is backed up, open and in use.
struct source {
  store::sql::database& database;
  store::blob_store& blobs;
  const subject::keyring& keys;
  const subject::ledger_file& ledger;
  // The blobs that a snapshot names.
  std::function<std::vector<store::blob_ref>(store::sql::connection&)> named_blobs;
  std::string version;  // of this program
};

struct report {
  std::string folder;
  std::string created_at;  // when its snapshot was taken
  std::uint64_t files = 0;
  std::uint64_t bytes = 0;
  std::uint64_t rows = 0;  // of the database
};
BOOST_DESCRIBE_STRUCT(report, (), (folder, created_at, files, bytes, rows))
report report_of(const manifest& of, const std::filesystem::path& folder);

// Makes a backup of one moment while others read and write: one snapshot of the database, and every blob that this very
// snapshot names, which a hold keeps readable (blob_store.h) though it may be replaced meanwhile. A writer is never
// waited for; an erasure that removes a file which is being copied is finished once it is.
//
// folder: is made; or empty; or what a killed attempt left, which is removed first. Throws errc::already_exists when it
// holds a backup, errc::failed_precondition when it holds something else; errc::corrupt naming a blob that is damaged.
// What throws leaves no files, a kill a folder without a manifest: never one that looks whole.
manifest make_backup(const source& of, const std::filesystem::path& folder, core::job& job);

}  // namespace eunomia::backup
