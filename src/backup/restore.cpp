#include "backup/restore.h"

#include <fcntl.h>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

#include "backup/copying.h"
#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/log.h"
#include "core/seal.h"
#include "core/time.h"
#include "store/sql/database.h"
#include "store/sql/dump.h"
#include "subject/audit/audit_log.h"
#include "subject/erasure/ledger_file.h"
#include "subject/erasure/restores.h"
#include "subject/vault/keyring.h"

// The file "restoring" stands in the data directory from before the first byte to after the last. It names the restore,
// and the row of the database that comes with the rows of the backup names it too: so a restore that was killed behind
// its one transaction finds that only the file is left to remove, and one that was killed before finds an empty
// database.
namespace eunomia::backup {

namespace fs = std::filesystem;
namespace sql = store::sql;

namespace {

using core::errc;
using core::error;

constexpr std::size_t id_bytes = 16;
constexpr std::string_view master_key_name = "master.key";
// What may lie in a data directory that counts as empty.
constexpr std::array<std::string_view, 2> may_be_there = {"lock", "keys"};

struct restoring_file {
  std::string id;
  std::string backup_digest;  // of the manifest
};
BOOST_DESCRIBE_STRUCT(restoring_file, (), (id, backup_digest))

struct restored_details {
  std::string made_at;                // the backup
  std::uint64_t ledger_sequence = 0;  // of the ledger of erasures that is replayed over it
};
BOOST_DESCRIBE_STRUCT(restored_details, (), (made_at, ledger_sequence))

bool whole(const fs::path& file) {
  return fs::is_regular_file(file);
}

std::optional<restoring_file> read_restoring(const fs::path& data) {
  const fs::path path = data / restoring_name;
  if (!whole(path)) {
    return std::nullopt;
  }
  return core::read_json<restoring_file>(core::read_file(path));
}

void check_empty(const fs::path& data) {
  if (!fs::exists(data)) {
    return;
  }
  for (const auto& entry : fs::directory_iterator(data)) {
    const std::string name = entry.path().filename().string();
    if (std::ranges::find(may_be_there, name) == may_be_there.end()) {
      throw error(errc::failed_precondition,
                  fmt::format("{} is not empty: it has {}; move everything but keys/ away, or restore into another "
                              "directory",
                              data.string(), name));
    }
  }
}

// Where keyring and ledger lie before the restore. A restore that was killed may have copied them already.
fs::path folder_of_keys(const target& to, bool again) {
  fs::path own = to.data / "keys";
  if (to.keys.empty() || fs::weakly_canonical(to.keys) == fs::weakly_canonical(own)) {
    return own;
  }
  if (!again && subject::keyring::exists(own)) {
    throw error(errc::failed_precondition,
                fmt::format("{} holds a keyring already; leave out --keys, or move that folder away", own.string()));
  }
  return subject::keyring::exists(own) ? own : to.keys;
}

void check_keyring(const manifest& from, const subject::keyring& keys, const fs::path& folder) {
  if (keys.id() != from.keyring) {
    throw error(errc::failed_precondition,
                fmt::format("the keyring in {} is {}, and the backup was sealed with {}; give the folder of that one "
                            "with --keys",
                            folder.string(), keys.id(), from.keyring));
  }
  // A dump is statements that are run: it is as trusted as who made it.
  if (from.signed_by != core::signing_key(keys.signing_seed()).public_half().text()) {
    throw error(
        errc::corrupt,
        fmt::format("{} is not signed by this installation: somebody altered the backup; use another", manifest_name));
  }
  for (const std::int64_t epoch : from.epochs) {
    try {
      keys.key_of(epoch);
    } catch (const error& problem) {
      throw error(
          errc::failed_precondition,
          fmt::format("{}: this backup cannot be opened any more, as is intended; use a newer one", problem.what()));
    }
  }
}

// How many people its ledger names.
std::uint64_t check_ledger(const manifest& from, const fs::path& keys, bool may_do_without) {
  const std::string remedy = fmt::format(
      "put the newest copy of {} there, or say --without-ledger: then people who were erased after the backup was made "
      "are back, and it is for you to erase them again",
      (keys / subject::ledger_file::file_name).string());
  if (!subject::ledger_file::exists(keys)) {
    if (!may_do_without) {
      throw error(errc::failed_precondition, fmt::format("the ledger of erasures is missing; {}", remedy));
    }
    core::log::warning("restoring without a ledger of erasures: who was erased after the backup was made is back");
    return 0;
  }
  const subject::ledger_file ledger(keys, from.keyring);
  if (ledger.sequence() < from.ledger_sequence) {
    const std::string older = fmt::format("the ledger of erasures ends at record {}, before the backup's {}",
                                          ledger.sequence(), from.ledger_sequence);
    if (!may_do_without) {
      throw error(errc::failed_precondition, fmt::format("{}: it is an older copy; {}", older, remedy));
    }
    core::log::warning("restoring with an older ledger of erasures: who was erased since is back",
                       {{"ledger", ledger.sequence()}, {"backup", from.ledger_sequence}});
  }
  return ledger.size();
}

// The keyring last: with it all three are there.
void copy_keys(const fs::path& from, const fs::path& to) {
  if (from == to) {
    return;
  }
  make_private_folder(to);
  for (const std::string_view name : {subject::ledger_file::file_name, master_key_name, subject::keyring::file_name}) {
    // A ledger only grows: one that is shorter does not take the place of another.
    const bool shorter = name == subject::ledger_file::file_name && fs::exists(to / name) && fs::exists(from / name) &&
                         fs::file_size(from / name) <= fs::file_size(to / name);
    if (fs::exists(from / name) && !shorter) {
      core::write_file(to / name, core::read_file(from / name, UINT64_MAX));
    }
  }
}

void remove_leftovers(const fs::path& data) {
  fs::remove_all(data / "blobs");
  for (const std::string_view name : {"eunomia.db", "eunomia.db-wal", "eunomia.db-shm"}) {
    fs::remove(data / name);
  }
}

void copy_blobs(const manifest& from, const fs::path& folder, const fs::path& data, core::job& job) {
  const std::uint64_t total = bytes_of(from);
  std::uint64_t before = 0;
  make_private_folder(data / "blobs");
  for (const kept_file& file : from.files) {
    if (file.path == database_name) {
      continue;
    }
    const fs::path path = folder / file.path;
    const copied_file copied = copy(core::open_file(path, O_RDONLY), path, data / file.path, [&](std::uint64_t done) {
      job.check();
      job.report("files", before + done, total);
    });
    check_copy(copied, file, path);  // again: between the two looks somebody may have written to it
    before += file.size;
  }
}

void load(const manifest& from, const fs::path& folder, const std::string& id, sql::database& into,
          const fs::path& keys, core::job& job) {
  const auto dumped = core::mapped_file::open(folder / database_name);
  subject::ledger_file ledger(keys, from.keyring);
  const subject::restore_record record{id, core::parse_iso8601(from.created_at), core::now_ms(), 0, 0};
  into.write([&](sql::transaction& in) {
    sql::load(in, dumped->bytes(), subject::restore_migrations(), job);
    subject::begin_replay(in, record, ledger);
    // The log goes on where the backup was made: from here on it is another one than that of the house it is of.
    if (sql::has_table(in, "audit_entry")) {
      const restored_details details{from.created_at, ledger.sequence()};
      subject::audit_log::append_to(in, {.action = "backup.restored", .details = core::write_json(details)});
    }
  });
}

std::string random_id() {
  std::array<std::byte, id_bytes> random = {};
  core::random_bytes(random);
  return core::to_hex(random);
}

std::string database_of(const target& to) {
  return to.database.empty() ? (to.data / "eunomia.db").string() : to.database;
}

// Whether an attempt before this one, with the same backup, was killed behind its transaction. Else the database that
// was named must be empty.
bool was_loaded(const manifest& from, const target& to, const std::optional<restoring_file>& before) {
  if (to.database.empty() && !fs::exists(database_of(to))) {
    return false;
  }
  const auto database = sql::database::open(database_of(to));
  return database->read([&](sql::connection& in) {
    if (before && before->backup_digest == from.digest && subject::was_loaded(in, before->id)) {
      return true;
    }
    if (!to.database.empty() && !sql::is_empty(in)) {
      throw error(errc::failed_precondition,
                  fmt::format("database \"{}\" is not empty; name an empty one", database->name()));
    }
    return false;
  });
}

void end(const fs::path& data) {
  fs::remove(data / restoring_name);
  core::fsync_directory(data);
}

}  // namespace

void check_restored(const fs::path& data) {
  if (whole(data / restoring_name)) {
    throw error(errc::failed_precondition,
                fmt::format("a restore into {} has not ended; run eunomia restore again", data.string()));
  }
}

restored restore(const fs::path& folder, const target& to, core::job& job) {
  restored result{verify(folder, job), 0};
  const manifest& from = result.from;
  const core::file_lock lock(to.data);
  const auto before = read_restoring(to.data);
  if (!before) {
    core::sweep_temporaries(to.data);  // of a restore that was killed while it wrote its first file
    check_empty(to.data);
  }
  const fs::path keys = folder_of_keys(to, before.has_value());
  subject::master_key_source source = to.master_key;
  if (source.file.empty()) {
    source.file = keys / master_key_name;
  }
  {
    const subject::keyring ring(keys, subject::read_master_key(source, false), source.name(), false);
    check_keyring(from, ring, keys);
  }
  result.ledger_people = check_ledger(from, keys, to.without_ledger);
  if (was_loaded(from, to, before)) {
    end(to.data);
    return result;
  }
  remove_leftovers(to.data);
  const restoring_file now{random_id(), from.digest};
  core::write_file(to.data / restoring_name, core::write_json(now));
  copy_keys(keys, to.data / "keys");
  copy_blobs(from, folder, to.data, job);
  make_durable(to.data);
  {
    const auto database = sql::database::open(database_of(to));
    load(from, folder, now.id, *database, to.data / "keys", job);
    database->checkpoint_truncate();
  }
  end(to.data);
  return result;
}

}  // namespace eunomia::backup
