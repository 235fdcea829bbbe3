#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/data_keys.h"
#include "core/job.h"
#include "core/seal.h"
#include "core/subject_handle.h"
#include "store/sql/database.h"
#include "subject/audit/pseudonym.h"
#include "subject/vault/keyring.h"
#include "subject/vault/master_key.h"

// A key for each person. Whatever is free-form and personal rests sealed with the key of the person whom it is about;
// the key rests in SQL, wrapped with the key of an epoch, which rests outside (keyring.h). Who erases somebody destroys
// their key with the rest, and with the next epoch the copies of it that nobody reaches: in a log, a replica, a backup.
namespace eunomia::subject {

using core::data_keys;

// A 128-bit name of a person that only their data key makes: the audit log's. Once the key is destroyed
// nothing leads from one to the other.
pseudonym pseudonym_of(const core::secret_key& data_key);

struct rolled_keys {
  std::int64_t epoch = 0;               // now current
  std::uint64_t rewrapped = 0;          // data keys
  std::vector<std::int64_t> destroyed;  // epochs
};
BOOST_DESCRIBE_STRUCT(rolled_keys, (), (epoch, rewrapped, destroyed))

// What else belongs to a roll, such as entries in the audit log. Each may be called again when its transaction is
// repeated.
struct roll_notes {
  // In the transaction from which on new keys are wrapped with the epoch.
  std::function<void(store::sql::transaction& in, std::int64_t epoch)> began = {};
  // In a transaction right after epochs were destroyed in the keyring: a kill in between leaves it out.
  std::function<void(store::sql::transaction& in, std::span<const std::int64_t> epochs)> destroyed = {};
};

// Any thread. One process has a database and its keyring.
class vault final : public core::data_key_source {
 public:
  // Brings the schema up to date, and binds the database to the keyring when it is new. The database must outlive the
  // vault. Throws errc::failed_precondition when the database was sealed with another keyring.
  vault(store::sql::database& in, std::unique_ptr<keyring> keys);
  ~vault() override;

  // What an identifier is found by in a table: HMAC-SHA256 with a key of this database, its first 144 bits in base64.
  // Without that key, which is wrapped as those of people are, nobody can try out whether an identifier is there.
  std::string lookup_of(std::string_view space, std::string_view raw) const;

  // A key of this database for something that belongs to no person, by the name of its use: the same before and after
  // rolls, and where a backup was restored.
  core::secret_key key_for(std::string_view use) const;

  // The keys of those who have one.
  data_keys keys_of(store::sql::connection& in, std::span<const core::subject_handle> people) const;
  data_keys keys_of(std::span<const core::subject_handle> people) const override;
  // As they rest in their rows.
  std::vector<std::string> wrapped_keys_of(store::sql::connection& in,
                                           std::span<const core::subject_handle> people) const;
  // The keys, made for those who have none by fresh; people: each once.
  using key_maker = std::function<core::secret_key(core::subject_handle)>;
  data_keys make_keys(
      store::sql::transaction& in, std::span<const core::subject_handle> people,
      const key_maker& fresh = [](core::subject_handle) { return core::secret_key::random(); });
  // Within the caller's transaction; the number of keys. The bytes leave the database file with the commit, its log
  // with database::checkpoint_truncate, and become useless elsewhere when the epoch is destroyed.
  std::uint64_t destroy_keys(store::sql::transaction& in, std::span<const core::subject_handle> people);

  // Begins a new epoch, wraps every data key with it, and destroys the epochs that were retired at least grace_ms ago:
  // what was copied while one was current can be opened that long. Killed at any moment, the next call ends it;
  // cancelled, too. Writers go on meanwhile.
  rolled_keys roll(std::int64_t now, std::int64_t grace_ms, core::job& job, const roll_notes& also = {});
  // Wraps every data key with the keyring's newest epoch, where the database is behind it: as one is that was restored
  // from a backup. Nothing is destroyed. The number of keys that were wrapped anew.
  std::uint64_t enter_newest(core::job& job);
  // Ends a roll that was interrupted, and destroys what is due, without a new epoch.
  rolled_keys finish_rolling(std::int64_t now, std::int64_t grace_ms, core::job& job, const roll_notes& also = {});
  const keyring& keys() const { return *keys_; }
  keyring& keys() { return *keys_; }

 private:
  struct wrapped_keys;

  std::int64_t current_epoch(store::sql::connection& in) const;
  void enter_epoch(std::int64_t epoch, core::job& job, const roll_notes& also);
  std::uint64_t rewrap_all(std::int64_t epoch, core::job& job);
  std::uint64_t rewrap(std::int64_t epoch, const wrapped_keys& old, core::job& job);
  std::vector<std::int64_t> destroy_retired(std::int64_t now, std::int64_t grace_ms, core::job& job);

  store::sql::database& database_;
  const std::unique_ptr<keyring> keys_;
  std::unique_ptr<core::secret_key> lookup_key_;
  std::mutex rolling_;
};

// The vault of a database, with the keyring of a folder. Without a source the master key is the folder's file
// "master.key". A database that has no vault yet gets one, and the folder a keyring and that file; else both must be
// there. Throws as read_master_key, keyring and vault do.
std::unique_ptr<vault> open_vault(store::sql::database& in, const std::filesystem::path& folder,
                                  master_key_source source = {});

// The epochs without whose keys a snapshot of a database cannot be opened, ascending.
std::vector<std::int64_t> epochs_needed(store::sql::connection& in);
// The id of the keyring that a database was sealed with; empty when it is new.
std::string keyring_of(store::sql::connection& in);
// Those of some people who are there, which is: have a key.
std::vector<core::subject_handle> who_are_there(store::sql::connection& in,
                                                std::span<const core::subject_handle> people);

// Payloads: where names the place, "table.column" and the row if need be, so that sealed bytes moved elsewhere do not
// open. As base64, because SQL text is what both engines keep alike.
std::string seal_text(const core::secret_key& data_key, std::string_view plain, std::string_view where);
// Throws errc::corrupt.
std::string unseal_text(const core::secret_key& data_key, std::string_view sealed, std::string_view where);

}  // namespace eunomia::subject
