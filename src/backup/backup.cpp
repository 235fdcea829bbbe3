#include "backup/backup.h"

#include <fcntl.h>
#include <fmt/format.h>

#include "backup/copying.h"
#include "core/error.h"
#include "core/hash.h"
#include "core/log.h"
#include "core/time.h"
#include "store/sql/dump.h"
#include "subject/vault/vault.h"

namespace eunomia::backup {

namespace fs = std::filesystem;
namespace sql = store::sql;

namespace {

using core::errc;
using core::error;

void empty_folder(const fs::path& folder) {
  fs::remove(folder / manifest_name);  // first: without it nobody takes the rest for a backup
  for (const auto& entry : fs::directory_iterator(folder)) {
    // Last: while it is there, the folder is known to be ours.
    if (entry.path().filename() != unfinished_name) {
      fs::remove_all(entry.path());
    }
  }
  fs::remove(folder / unfinished_name);
}

void prepare(const fs::path& folder) {
  make_private_folder(folder);
  if (fs::exists(folder / manifest_name)) {
    throw error(errc::already_exists, fmt::format("{} holds a backup already; name another folder", folder.string()));
  }
  if (fs::exists(folder / unfinished_name)) {
    empty_folder(folder);
  }
  core::sweep_temporaries(folder);  // of a backup that was killed while it wrote its first file
  if (!fs::is_empty(folder)) {
    throw error(errc::failed_precondition,
                fmt::format("{} is not empty; name a folder that is, or none", folder.string()));
  }
  core::write_file(folder / unfinished_name, "the backup in this folder is being made, or was never finished\n");
}

struct snapshot {
  sql::dump_report report;
  std::vector<store::blob_ref> blobs;
  std::vector<std::int64_t> epochs;
  kept_file database;
};

// Everything that SQL says at one moment.
snapshot take_snapshot(const source& of, const fs::path& folder, core::job& job) {
  const fs::path path = folder / database_name;
  return of.database.read([&](sql::connection& in) {
    snapshot now;
    core::atomic_file file(path);
    core::blake2b_hasher digest;
    now.report = sql::dump(
        of.database, in,
        [&](core::bytes_view bytes) {
          file.write(bytes);
          digest.update(bytes);
        },
        job);
    now.blobs = of.named_blobs(in);
    now.epochs = subject::epochs_needed(in);
    now.database = {std::string(database_name), file.size(), core::to_hex(digest.finish())};
    file.commit();
    return now;
  });
}

kept_file copy_blob(store::blob_hold& from, const store::blob_ref& blob, const fs::path& folder,
                    const std::function<void(std::uint64_t done)>& told) {
  kept_file kept{std::string(blobs_prefix) + blob.key, blob.size, {}};
  const copied_file copied = copy(from.open(blob), blob.key, folder / kept.path, told);
  if (copied.size != blob.size || copied.content != blob.digest) {
    throw error(errc::corrupt, fmt::format("blob \"{}\" is not what was written, and cannot be backed up", blob.key));
  }
  kept.digest = core::to_hex(copied.digest);
  return kept;
}

manifest write(const source& of, const fs::path& folder, core::job& job) {
  manifest made;
  made.eunomia = of.version;
  made.keyring = of.keys.id();
  // Before the snapshot: whoever is erased between the two is in the ledger in any case.
  made.ledger_sequence = of.ledger.sequence();
  const auto hold = of.blobs.hold();
  made.created_at = core::format_iso8601(core::now_ms());
  snapshot now = take_snapshot(of, folder, job);
  made.epochs = std::move(now.epochs);
  made.schema = std::move(now.report.schema);
  made.tables = now.report.tables;
  made.rows = now.report.rows;
  made.files.push_back(std::move(now.database));
  if (now.blobs.size() >= max_files) {
    throw error(errc::resource_exhausted,
                fmt::format("{} blobs are more than max_files = {} of a backup", now.blobs.size(), max_files));
  }
  std::uint64_t total = 0;
  for (const store::blob_ref& blob : now.blobs) {
    total += blob.size;
  }
  std::uint64_t before = 0;
  for (const store::blob_ref& blob : now.blobs) {
    made.files.push_back(copy_blob(*hold, blob, folder, [&](std::uint64_t done) {
      job.check();
      job.report("files", before + done, total);
    }));
    before += blob.size;
  }
  make_durable(folder);
  write_manifest(folder, made, core::signing_key(of.keys.signing_seed()));
  return made;
}

}  // namespace

report report_of(const manifest& of, const fs::path& folder) {
  return {folder.string(), of.created_at, of.files.size(), bytes_of(of), of.rows};
}

manifest make_backup(const source& of, const fs::path& folder, core::job& job) {
  prepare(folder);
  try {
    write(of, folder, job);
  } catch (...) {
    try {
      empty_folder(folder);
    } catch (const fs::filesystem_error& problem) {
      core::log::warning("an unfinished backup could not be removed", {{"why", problem.code().message()}});
    }
    throw;
  }
  std::error_code ignored;  // what it says is no longer so
  fs::remove(folder / unfinished_name, ignored);
  return read_manifest(folder);
}

}  // namespace eunomia::backup
