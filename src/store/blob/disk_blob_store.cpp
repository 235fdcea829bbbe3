#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <map>
#include <mutex>
#include <optional>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "store/blob/blob_store.h"

// A blob is the file of its key below the folder: atomic_file writes it beside its final name, makes it durable, and
// renames it. Names that begin with '.' are no keys: temporaries, and ".scratch", where other engines write.
namespace eunomia::store {

namespace fs = std::filesystem;

namespace {

constexpr std::size_t read_block_bytes = std::size_t{1} << 20;
constexpr mode_t folder_mode = 0700;
constexpr auto look_interval = std::chrono::milliseconds(50);

core::error not_found(std::string_view key) {
  return {core::errc::not_found, fmt::format("blob \"{}\" does not exist", key)};
}

core::error corrupt(std::string_view key, std::string_view why) {
  return {core::errc::corrupt,
          fmt::format("blob \"{}\" is not what was written: {}; restore it from a backup", key, why)};
}

// The size of a regular file, or nothing.
std::optional<std::uint64_t> size_of(const fs::path& path) {
  struct stat found = {};
  if (::stat(path.c_str(), &found) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) {
      return std::nullopt;
    }
    core::throw_system_error(errno, "look at", path);
  }
  return S_ISREG(found.st_mode) ? std::optional(static_cast<std::uint64_t>(found.st_size)) : std::nullopt;
}

// Creates what is missing between root and folder; each new name is durable when it returns.
void create_folders(const fs::path& root, const fs::path& folder) {
  if (folder == root || fs::is_directory(folder)) {
    return;
  }
  create_folders(root, folder.parent_path());
  if (::mkdir(folder.c_str(), folder_mode) != 0 && errno != EEXIST) {
    core::throw_system_error(errno, "create", folder);
  }
  core::fsync_directory(folder.parent_path());
}

// Calls take for each block of the file in turn.
template <class Take>
void read_blocks(const core::file_descriptor& file, const fs::path& path, Take take) {
  std::vector<std::byte> block(read_block_bytes);
  for (;;) {
    const ssize_t got = ::read(file.get(), block.data(), block.size());
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got < 0) {
      core::throw_system_error(errno, "read", path);
    }
    if (got == 0) {
      return;
    }
    take(core::bytes_view(block.data(), static_cast<std::size_t>(got)));
  }
}

// The keys that are being written, one writer each.
class keys_on_their_way {
 public:
  void begin(std::string_view key) {
    const std::lock_guard lock(mutex_);
    if (!keys_.emplace(key).second) {
      throw core::error(core::errc::already_exists, fmt::format("blob \"{}\" is being written already", key));
    }
  }
  void end(std::string_view key) noexcept {
    const std::lock_guard lock(mutex_);
    keys_.erase(keys_.find(key));
  }
  bool none() {
    const std::lock_guard lock(mutex_);
    return keys_.empty();
  }

 private:
  std::mutex mutex_;
  std::set<std::string, std::less<>> keys_;
};

// Holds a key from create() to the end of its writer.
class claim {
 public:
  claim(keys_on_their_way& on, std::string key) : on_(on), key_(std::move(key)) { on_.begin(key_); }
  ~claim() { on_.end(key_); }
  claim(const claim&) = delete;
  claim& operator=(const claim&) = delete;
  const std::string& key() const { return key_; }

 private:
  keys_on_their_way& on_;
  std::string key_;
};

// What was removed while somebody had a hold: renamed into the scratch folder, and unlinked when nobody has.
class removed_blobs {
 public:
  explicit removed_blobs(fs::path scratch) : scratch_(std::move(scratch)) {}

  void begin_hold() {
    const std::lock_guard lock(mutex_);
    ++holds_;
  }
  void end_hold() noexcept {
    const std::lock_guard lock(mutex_);
    if (--holds_ == 0) {
      for (const auto& [key, file] : kept_) {
        ::unlink(file.c_str());
      }
      kept_.clear();
      gone_.notify_all();
    }
  }

  // False when nobody holds anything: the caller unlinks.
  bool keep(std::string_view key, const fs::path& path) {
    const std::lock_guard lock(mutex_);
    if (holds_ == 0) {
      return false;
    }
    const fs::path there = scratch_ / fmt::format("removed-{}", ++number_);
    if (::rename(path.c_str(), there.c_str()) == 0) {
      kept_.insert_or_assign(std::string(key), there);
    } else if (errno != ENOENT && errno != ENOTDIR) {
      core::throw_system_error(errno, "remove", path);
    }
    return true;
  }

  core::file_descriptor open(std::string_view key, const fs::path& path) {
    const std::lock_guard lock(mutex_);
    const auto kept = kept_.find(key);
    return core::open_file(kept != kept_.end() ? kept->second : path, O_RDONLY);
  }

  void wait_until_gone(const core::job& job) {
    std::unique_lock lock(mutex_);
    while (!kept_.empty()) {
      job.check();
      gone_.wait_for(lock, look_interval);
    }
  }

 private:
  const fs::path scratch_;
  std::mutex mutex_;
  std::condition_variable gone_;
  std::size_t holds_ = 0;
  std::uint64_t number_ = 0;
  std::map<std::string, fs::path, std::less<>> kept_;
};

class disk_hold final : public blob_hold {
 public:
  disk_hold(removed_blobs& removed, const fs::path& folder) : removed_(removed), folder_(folder) {
    removed_.begin_hold();
  }
  ~disk_hold() override { removed_.end_hold(); }
  disk_hold(const disk_hold&) = delete;
  disk_hold& operator=(const disk_hold&) = delete;

  core::file_descriptor open(const blob_ref& blob) override {
    check_blob_key(blob.key);
    try {
      return removed_.open(blob.key, folder_ / blob.key);
    } catch (const core::error& problem) {
      throw problem.code() == core::errc::not_found ? not_found(blob.key) : problem;
    }
  }

 private:
  removed_blobs& removed_;
  const fs::path& folder_;
};

class disk_writer final : public blob_writer {
 public:
  disk_writer(std::unique_ptr<claim> held, fs::path target)
      : claim_(std::move(held)), file_(std::in_place, std::move(target)) {}

  void write(core::bytes_view bytes) override {
    if (!file_) {
      throw core::error(core::errc::failed_precondition,
                        fmt::format("blob \"{}\" was committed or given up already", claim_->key()));
    }
    try {
      file_->write(bytes);
    } catch (...) {
      file_.reset();  // frees the disk at once
      throw;
    }
    hasher_.update(bytes);
    size_ += bytes.size();
  }

  blob_ref commit() override {
    write({});
    try {
      file_->commit();
    } catch (...) {
      file_.reset();
      throw;
    }
    file_.reset();
    return {claim_->key(), size_, hasher_.finish()};
  }

 private:
  std::unique_ptr<claim> claim_;
  std::optional<core::atomic_file> file_;
  core::xxh3_hasher hasher_;
  std::uint64_t size_ = 0;
};

class disk_blob_store final : public blob_store {
 public:
  explicit disk_blob_store(const fs::path& folder)
      : folder_(fs::absolute(folder)), scratch_(folder_ / ".scratch"), removed_(scratch_) {
    make_folder(folder_);
    tidy(folder_);
    fs::remove_all(scratch_);
    make_folder(scratch_);
  }

  std::unique_ptr<blob_writer> create(std::string_view key, overwrite mode) override {
    auto held = claimed(key, mode);
    fs::path target = path_of(key);
    return std::make_unique<disk_writer>(std::move(held), std::move(target));
  }

  blob_ref adopt(const fs::path& file, std::string_view key, overwrite mode) override {
    const auto held = claimed(key, mode);
    const fs::path target = path_of(key);
    const core::file_descriptor open = core::open_file(file, O_RDONLY);
    core::xxh3_hasher hasher;
    std::uint64_t size = 0;
    read_blocks(open, file, [&](core::bytes_view block) {
      hasher.update(block);
      size += block.size();
    });
    if (::fsync(open.get()) != 0) {
      core::throw_system_error(errno, "write", file);
    }
    if (::rename(file.c_str(), target.c_str()) != 0) {
      core::throw_system_error(errno, "write", target);
    }
    core::fsync_directory(target.parent_path());
    return {std::string(key), size, hasher.finish()};
  }

  fs::path scratch_path(std::string_view suffix) override {
    return scratch_ / fmt::format("{}{}", ++scratch_number_, suffix);
  }

  std::vector<std::byte> read(const blob_ref& blob) override {
    if (blob.size > max_blob_read_bytes) {
      throw core::error(core::errc::resource_exhausted,
                        fmt::format("blob \"{}\" has {} bytes, more than max_blob_read_bytes = {}", blob.key, blob.size,
                                    max_blob_read_bytes));
    }
    std::vector<std::byte> content;
    content.reserve(blob.size);
    check(blob, [&](core::bytes_view block) { content.insert(content.end(), block.begin(), block.end()); });
    return content;
  }

  void verify(const blob_ref& blob) override {
    check(blob, [](core::bytes_view) {});
  }

  fs::path local_path(const blob_ref& blob) override {
    fs::path path = existing(blob);
    return path;
  }

  bool exists(std::string_view key) override {
    check_blob_key(key);
    return size_of(folder_ / key).has_value();
  }

  void remove(std::string_view key) override {
    check_blob_key(key);
    const fs::path path = folder_ / key;
    if (!removed_.keep(key, path) && ::unlink(path.c_str()) != 0) {
      if (errno == ENOENT || errno == ENOTDIR) {
        return;
      }
      core::throw_system_error(errno, "remove", path);
    }
    if (fs::is_directory(path.parent_path())) {
      core::fsync_directory(path.parent_path());
    }
  }

  std::unique_ptr<blob_hold> hold() override { return std::make_unique<disk_hold>(removed_, folder_); }
  void wait_for_removed(const core::job& job) override { removed_.wait_until_gone(job); }

  std::vector<blob_entry> list(std::string_view prefix) override {
    std::vector<blob_entry> found;
    // The folders that the prefix names in full narrow the walk.
    const std::size_t slash = prefix.rfind('/');
    const fs::path from = slash == std::string_view::npos ? folder_ : folder_ / prefix.substr(0, slash);
    if (slash != std::string_view::npos) {
      check_blob_key(prefix.substr(0, slash));
    }
    if (fs::is_directory(from)) {
      walk(from, [&](const fs::path& path) {
        std::string key = path.lexically_relative(folder_).generic_string();
        if (key.starts_with(prefix)) {
          if (const auto size = size_of(path)) {
            found.push_back({std::move(key), *size});
          }
        }
      });
    }
    std::ranges::sort(found, {}, &blob_entry::key);
    return found;
  }

  std::size_t sweep(std::string_view prefix, const std::function<bool(std::string_view key)>& keep) override {
    if (!writing_.none()) {
      throw core::error(core::errc::failed_precondition, "a blob store is swept before anything is written to it");
    }
    std::size_t removed = 0;
    for (const blob_entry& entry : list(prefix)) {
      if (!keep(entry.key)) {
        remove(entry.key);
        ++removed;
      }
    }
    return removed;
  }

 private:
  static void make_folder(const fs::path& folder) {
    if (!fs::is_directory(folder)) {
      if (::mkdir(folder.c_str(), folder_mode) != 0 && errno != EEXIST) {
        core::throw_system_error(errno, "create", folder);
      }
      core::fsync_directory(folder.parent_path());
    }
  }

  // Removes what killed writers left, and folders that hold nothing; true when nothing is left.
  bool tidy(const fs::path& folder) {
    core::sweep_temporaries(folder);
    bool empty = true;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      const bool gone = entry.symlink_status().type() == fs::file_type::directory && entry.path() != scratch_ &&
                        tidy(entry.path()) && fs::remove(entry.path());
      empty = gone && empty;
    }
    return empty;
  }

  template <class Visit>
  static void walk(const fs::path& folder, const Visit& visit) {
    for (const fs::directory_entry& entry : fs::directory_iterator(folder)) {
      if (entry.path().filename().native().starts_with('.')) {
        continue;
      }
      if (entry.symlink_status().type() == fs::file_type::directory) {
        walk(entry.path(), visit);
      } else {
        visit(entry.path());
      }
    }
  }

  std::unique_ptr<claim> claimed(std::string_view key, overwrite mode) {
    check_blob_key(key);
    auto held = std::make_unique<claim>(writing_, std::string(key));
    if (mode == overwrite::no && size_of(folder_ / key)) {
      throw core::error(core::errc::already_exists, fmt::format("blob \"{}\" exists already", key));
    }
    return held;
  }

  // Where the key's blob goes, its folders made.
  fs::path path_of(std::string_view key) {
    fs::path path = folder_ / key;
    create_folders(folder_, path.parent_path());
    return path;
  }

  // The path of a blob that exists and has the size it should have.
  fs::path existing(const blob_ref& blob) {
    check_blob_key(blob.key);
    fs::path path = folder_ / blob.key;
    const auto size = size_of(path);
    if (!size) {
      throw not_found(blob.key);
    }
    if (*size != blob.size) {
      throw corrupt(blob.key, fmt::format("{} bytes instead of {}", *size, blob.size));
    }
    return path;
  }

  template <class Take>
  void check(const blob_ref& blob, Take take) {
    const fs::path path = existing(blob);
    core::xxh3_hasher hasher;
    read_blocks(core::open_file(path, O_RDONLY), path, [&](core::bytes_view block) {
      hasher.update(block);
      take(block);
    });
    if (hasher.finish() != blob.digest) {
      throw corrupt(blob.key, "its digest differs");
    }
  }

  const fs::path folder_;
  const fs::path scratch_;
  removed_blobs removed_;
  std::atomic<std::uint64_t> scratch_number_ = 0;
  keys_on_their_way writing_;
};

}  // namespace

std::unique_ptr<blob_store> open_disk_blob_store(const fs::path& folder) {
  try {
    return std::make_unique<disk_blob_store>(folder);
  } catch (const fs::filesystem_error& problem) {
    core::throw_system_error(problem.code().value(), "open", folder);
  }
}

}  // namespace eunomia::store
