#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <filesystem>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "core/seal.h"

// The keys that must not rest in the database, in a folder of their own: a backup of the database, a replica or an old
// copy of its files leads to nobody's data without them.
namespace eunomia::subject {

// A key that wraps the data keys of subjects, from when it was made until it is destroyed. One epoch is current; an
// earlier one is retired, and only unwraps.
struct key_epoch {
  std::int64_t number = 0;        // 1, 2, 3, ...
  std::int64_t began_at = 0;      // UTC ms
  std::int64_t retired_at = 0;    // 0: it is current
  std::int64_t destroyed_at = 0;  // 0: it is not
};
BOOST_DESCRIBE_STRUCT(key_epoch, (), (number, began_at, retired_at, destroyed_at))

// The file "keyring" of a folder: one key for each epoch and the seed that certificates are signed with, each sealed
// with the master key. Any thread; one process.
class keyring {
 public:
  static constexpr std::string_view file_name = "keyring";
  static constexpr std::size_t max_epochs = 10'000;

  // Opens the keyring of a folder, or makes one with its first epoch when the folder has none and may_create says so.
  // Throws errc::failed_precondition, saying what to do: there is none, or the master key, called master_name in the
  // message, is not the one that sealed it; errc::corrupt when the file is damaged.
  keyring(std::filesystem::path folder, const core::secret_key& master, std::string_view master_name, bool may_create);
  static bool exists(const std::filesystem::path& folder);

  // Random, and the same for the life of the keyring: what was wrapped with one keyring says so.
  const std::string& id() const { return id_; }

  key_epoch newest() const;
  std::vector<key_epoch> epochs() const;  // oldest first, the destroyed too
  // The key of an epoch. Throws errc::not_found, saying when it was destroyed.
  core::secret_key key_of(std::int64_t epoch) const;

  // Makes the key of the next epoch, durably; the one before is retired.
  std::int64_t begin_epoch(std::int64_t now);
  // Overwrites the key of a retired epoch: what it wrapped cannot be unwrapped any more, wherever a copy lies. The old
  // file's blocks are overwritten as far as the file system lets a program do that: one that copies on write, and a
  // flash drive's own spare blocks, may keep them until they are used again. Throws errc::failed_precondition for the
  // current one. Nothing to do when it was destroyed before.
  void destroy(std::int64_t epoch, std::int64_t now);

  // Seals everything with another master key, durably; the file of before is overwritten as destroy() says.
  void reseal(const core::secret_key& master);

  // The seed of the key that signs certificates and the audit log.
  core::secret_key signing_seed() const { return signing_seed_.clone(); }

 private:
  struct kept_epoch {
    key_epoch when;
    core::secret_key key;  // zeros when destroyed
  };

  static std::vector<kept_epoch> copy_of(const std::vector<kept_epoch>& epochs);
  void create();
  void read(std::string_view text, std::string_view master_name);
  void save(const core::secret_key& master, const std::vector<kept_epoch>& epochs) const;
  std::string write(const core::secret_key& master, const std::vector<kept_epoch>& epochs) const;

  const std::filesystem::path folder_;
  std::string id_;
  core::secret_key signing_seed_;

  mutable std::mutex mutex_;  // of what follows, and of the file
  core::secret_key master_;
  std::vector<kept_epoch> epochs_;
};

}  // namespace eunomia::subject
