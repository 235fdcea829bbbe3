#include "subject/vault/keyring.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/json.h"
#include "core/time.h"

// The file is JSON:
//
//   {"format": 1, "id": 32 hexadecimal digits, "signing_seed": sealed,
//    "epochs": [{"number": 1, "began_at": ms, "retired_at": ms, "destroyed_at": ms, "key": sealed}, ...]}
//
// where sealed is the base64 of core::seal(master key, the 32 bytes, "eunomia keyring ID signing_seed" or "eunomia
// keyring ID epoch 1"); the key of a destroyed epoch is "". It is replaced whole, and what it replaces is overwritten
// with zeros.
namespace eunomia::subject {

namespace fs = std::filesystem;

namespace {

constexpr std::int64_t format = 1;
constexpr std::size_t id_bytes = 16;

struct epoch_in_file {
  std::int64_t number = 0;
  std::int64_t began_at = 0;
  std::int64_t retired_at = 0;
  std::int64_t destroyed_at = 0;
  std::string key;
};
BOOST_DESCRIBE_STRUCT(epoch_in_file, (), (number, began_at, retired_at, destroyed_at, key))

struct keyring_file {
  std::int64_t format = 0;
  std::string id;
  std::string signing_seed;
  std::vector<epoch_in_file> epochs;
};
BOOST_DESCRIBE_STRUCT(keyring_file, (), (format, id, signing_seed, epochs))

std::string place_of_seed(std::string_view id) {
  return fmt::format("eunomia keyring {} signing_seed", id);
}

std::string place_of(std::string_view id, std::int64_t epoch) {
  return fmt::format("eunomia keyring {} epoch {}", id, epoch);
}

std::string sealed_key(const core::secret_key& master, const core::secret_key& key, std::string_view place) {
  return core::to_base64(core::seal(master, key.reveal(), core::as_bytes(place)));
}

core::secret_key opened_key(const core::secret_key& master, std::string_view sealed, std::string_view place) {
  auto bytes = core::unseal(master, core::from_base64(sealed), core::as_bytes(place));
  auto key = core::secret_key::from_bytes(bytes);
  core::wipe(bytes);
  return key;
}

core::secret_key no_key() {
  return core::secret_key::from_bytes(std::array<std::byte, core::secret_key::size>{});
}

// Zeros over the content of a file that has no name any more.
void overwrite(const core::file_descriptor& file, const fs::path& path) {
  struct stat found = {};
  if (::fstat(file.get(), &found) != 0) {
    core::throw_system_error(errno, "cannot overwrite the old", path);
  }
  const std::string zeros(static_cast<std::size_t>(found.st_size), '\0');
  if (::pwrite(file.get(), zeros.data(), zeros.size(), 0) != static_cast<ssize_t>(zeros.size()) ||
      ::fsync(file.get()) != 0) {
    core::throw_system_error(errno, "cannot overwrite the old", path);
  }
}

}  // namespace

keyring::keyring(fs::path folder, const core::secret_key& master, std::string_view master_name, bool may_create)
    : folder_(std::move(folder)), signing_seed_(no_key()), master_(master.clone()) {
  if (fs::exists(folder_)) {
    core::sweep_temporaries(folder_);
  }
  if (exists(folder_)) {
    read(core::read_file(folder_ / file_name), master_name);
  } else if (may_create) {
    create();
  } else {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{} is missing, and without it nothing in the database can be unsealed; put the file "
                                  "back from where it is kept beside the backups",
                                  (folder_ / file_name).string()));
  }
}

bool keyring::exists(const fs::path& folder) {
  return fs::exists(folder / file_name);
}

void keyring::create() {
  std::array<std::byte, id_bytes> random = {};
  core::random_bytes(random);
  id_ = core::to_hex(random);
  signing_seed_ = core::secret_key::random();
  epochs_.push_back({{1, core::now_ms(), 0, 0}, core::secret_key::random()});
  fs::create_directories(folder_);
  fs::permissions(folder_, fs::perms::owner_all);
  save(master_, epochs_);
}

void keyring::read(std::string_view text, std::string_view master_name) {
  const std::string file = (folder_ / file_name).string();
  keyring_file found;
  try {
    found = core::read_json<keyring_file>(text);
    if (found.format != format || found.epochs.empty() || found.epochs.size() > max_epochs) {
      throw core::error(core::errc::corrupt, fmt::format("format {} or number of epochs unknown", found.format));
    }
  } catch (const core::error& problem) {
    throw core::error(core::errc::corrupt, fmt::format("{} is damaged: {}", file, problem.what()));
  }
  id_ = found.id;
  try {
    signing_seed_ = opened_key(master_, found.signing_seed, place_of_seed(id_));
  } catch (const core::error&) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("{} does not open {}: give the master key that it was made with", master_name, file));
  }
  for (const epoch_in_file& epoch : found.epochs) {
    const key_epoch when{epoch.number, epoch.began_at, epoch.retired_at, epoch.destroyed_at};
    const bool in_order = epoch.number == static_cast<std::int64_t>(epochs_.size()) + 1;
    try {
      if (!in_order) {
        throw core::error(core::errc::corrupt, "out of order");
      }
      epochs_.push_back(
          {when, epoch.destroyed_at != 0 ? no_key() : opened_key(master_, epoch.key, place_of(id_, epoch.number))});
    } catch (const core::error& problem) {
      throw core::error(core::errc::corrupt,
                        fmt::format("{} is damaged: epoch {}: {}", file, epoch.number, problem.what()));
    }
  }
}

std::string keyring::write(const core::secret_key& master, const std::vector<kept_epoch>& epochs) const {
  keyring_file file{format, id_, sealed_key(master, signing_seed_, place_of_seed(id_)), {}};
  for (const kept_epoch& epoch : epochs) {
    const key_epoch& when = epoch.when;
    file.epochs.push_back({when.number, when.began_at, when.retired_at, when.destroyed_at,
                           when.destroyed_at != 0 ? "" : sealed_key(master, epoch.key, place_of(id_, when.number))});
  }
  return core::write_json(file, 2) + "\n";
}

void keyring::save(const core::secret_key& master, const std::vector<kept_epoch>& epochs) const {
  const fs::path path = folder_ / file_name;
  core::file_descriptor old;
  if (exists(folder_)) {
    old = core::open_file(path, O_RDWR);
  }
  core::write_file(path, write(master, epochs));
  if (old) {
    overwrite(old, path);
  }
}

key_epoch keyring::newest() const {
  const std::lock_guard lock(mutex_);
  return epochs_.back().when;
}

std::vector<key_epoch> keyring::epochs() const {
  const std::lock_guard lock(mutex_);
  std::vector<key_epoch> all;
  all.reserve(epochs_.size());
  for (const kept_epoch& epoch : epochs_) {
    all.push_back(epoch.when);
  }
  return all;
}

core::secret_key keyring::key_of(std::int64_t epoch) const {
  const std::lock_guard lock(mutex_);
  if (epoch < 1 || epoch > static_cast<std::int64_t>(epochs_.size())) {
    throw core::error(core::errc::not_found, fmt::format("{} has no key of epoch {}: it is older than the database",
                                                         (folder_ / file_name).string(), epoch));
  }
  const kept_epoch& found = epochs_[static_cast<std::size_t>(epoch) - 1];
  if (found.when.destroyed_at != 0) {
    throw core::error(core::errc::not_found,
                      fmt::format("the key of epoch {} was destroyed at {}; what was wrapped with it cannot be opened "
                                  "any more",
                                  epoch, core::format_iso8601(found.when.destroyed_at)));
  }
  return found.key.clone();
}

// Keys are copied only on purpose, so vectors of them cannot be.
std::vector<keyring::kept_epoch> keyring::copy_of(const std::vector<kept_epoch>& epochs) {
  std::vector<kept_epoch> copy;
  copy.reserve(epochs.size() + 1);
  for (const kept_epoch& epoch : epochs) {
    copy.push_back({epoch.when, epoch.key.clone()});
  }
  return copy;
}

std::int64_t keyring::begin_epoch(std::int64_t now) {
  const std::lock_guard lock(mutex_);
  if (epochs_.size() >= max_epochs) {
    throw core::error(core::errc::resource_exhausted,
                      fmt::format("{} has max_epochs = {} epochs", (folder_ / file_name).string(), max_epochs));
  }
  std::vector<kept_epoch> next = copy_of(epochs_);
  next.back().when.retired_at = now;
  next.push_back({{next.back().when.number + 1, now, 0, 0}, core::secret_key::random()});
  save(master_, next);
  epochs_ = std::move(next);
  return epochs_.back().when.number;
}

void keyring::destroy(std::int64_t epoch, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  if (epoch < 1 || epoch >= static_cast<std::int64_t>(epochs_.size())) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("epoch {} is current or unknown; only a retired one can be destroyed", epoch));
  }
  std::vector<kept_epoch> next = copy_of(epochs_);
  kept_epoch& gone = next[static_cast<std::size_t>(epoch) - 1];
  if (gone.when.destroyed_at != 0) {
    return;
  }
  gone = {gone.when, no_key()};
  gone.when.destroyed_at = now;
  save(master_, next);
  epochs_ = std::move(next);
}

void keyring::reseal(const core::secret_key& master) {
  const std::lock_guard lock(mutex_);
  save(master, epochs_);
  master_ = master.clone();
}

}  // namespace eunomia::subject
