#include "core/file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::core {

namespace {

namespace fs = std::filesystem;

// A temporary file is ".eunomia-" + 16 hexadecimal digits + ".tmp": nothing of the target's name, which may already be
// as long as a name can be. While it is written it is locked, which tells it from what a killed process left.
constexpr std::string_view temporary_prefix = ".eunomia-";
constexpr std::string_view temporary_suffix = ".tmp";
constexpr std::size_t temporary_digits = 16;

bool is_temporary(std::string_view name) {
  return name.size() == temporary_prefix.size() + temporary_digits + temporary_suffix.size() &&
         name.starts_with(temporary_prefix) && name.ends_with(temporary_suffix);
}

std::string temporary_name() {
  std::array<std::byte, temporary_digits / 2> random;
  if (::getrandom(random.data(), random.size(), 0) != static_cast<ssize_t>(random.size())) {
    throw_system_error(errno, "get random bytes for a temporary file beside", "a file");
  }
  return std::string(temporary_prefix) + to_hex(random) + std::string(temporary_suffix);
}

fs::path folder_of(const fs::path& file) {
  return file.has_parent_path() ? file.parent_path() : fs::path(".");
}

// EINTR means "again" for every call here.
template <class Call>
auto retried(Call&& call) {
  auto result = call();
  while (result < 0 && errno == EINTR) {
    result = call();
  }
  return result;
}

errc code_of(int error_number) {
  switch (error_number) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
    case EMFILE:
    case ENFILE:
    case ENOMEM: return errc::resource_exhausted;
    case ENOENT: return errc::not_found;
    case EEXIST: return errc::already_exists;
    case EACCES:
    case EPERM:
    case EROFS: return errc::permission_denied;
    case EISDIR:
    case ENOTDIR:
    case ENAMETOOLONG:
    case ELOOP:
    case EINVAL: return errc::invalid_argument;
    case EIO:
    case EAGAIN:
    case ESTALE: return errc::unavailable;
    default: return errc::failed_precondition;
  }
}

std::string_view remedy_of(int error_number) {
  switch (error_number) {
    case ENOSPC: return "free space on that disk or choose another place";
    case EDQUOT: return "raise the quota of this user or choose another place";
    case EFBIG: return "the file is larger than the file system or the limit of this process (ulimit -f) allows";
    case EMFILE:
    case ENFILE: return "raise the number of open files (ulimit -n)";
    case EACCES:
    case EPERM: return "give this user the right to it";
    case EROFS: return "the file system is mounted read-only";
    case EIO: return "the disk may be failing; look at the kernel's log";
    default: return {};
  }
}

}  // namespace

void throw_system_error(int error_number, std::string_view action, const fs::path& path) {
  std::string message =
      "cannot " + std::string(action) + " " + path.string() + ": " + std::generic_category().message(error_number);
  if (const auto remedy = remedy_of(error_number); !remedy.empty()) {
    message.append("; ").append(remedy);
  }
  throw error(code_of(error_number), message);
}

file_descriptor& file_descriptor::operator=(file_descriptor&& other) noexcept {
  if (this != &other) {
    reset();
    number_ = std::exchange(other.number_, -1);
  }
  return *this;
}

void file_descriptor::reset() noexcept {
  if (number_ >= 0) {
    ::close(number_);
    number_ = -1;
  }
}

file_descriptor open_file(const fs::path& path, int flags, unsigned mode) {
  file_descriptor file(retried([&] { return ::open(path.c_str(), flags | O_CLOEXEC, mode); }));
  if (!file) {
    throw_system_error(errno, (flags & O_ACCMODE) == O_RDONLY ? "open" : "open for writing", path);
  }
  return file;
}

atomic_file::atomic_file(fs::path target, std::uint64_t expected_bytes)
    : target_(std::move(target)), temporary_(folder_of(target_) / temporary_name()) {
  struct stat existing {};
  if (::stat(target_.c_str(), &existing) == 0 && !S_ISREG(existing.st_mode)) {
    throw error(errc::invalid_argument, target_.string() + " exists and is not a regular file; name another");
  }
  file_ =
      file_descriptor(retried([&] { return ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0600); }));
  if (!file_) {
    throw_system_error(errno, "write", target_);
  }
  // From here on the destructor does not run if this throws.
  try {
    // Not every file system can lock; the lock only tells sweep_temporaries to keep away.
    retried([&] { return ::flock(file_.get(), LOCK_EX | LOCK_NB); });
    if (expected_bytes > 0) {
      const int result = retried([&] { return ::fallocate(file_.get(), 0, 0, static_cast<off_t>(expected_bytes)); });
      if (result != 0 && errno != EOPNOTSUPP && errno != ENOSYS) {
        throw_system_error(errno, "reserve " + std::to_string(expected_bytes) + " bytes for", target_);
      }
      reserved_ = result == 0;
    }
    buffer_ = std::make_unique_for_overwrite<std::byte[]>(block_bytes);
  } catch (...) {
    ::unlink(temporary_.c_str());
    throw;
  }
}

atomic_file::~atomic_file() {
  if (!finished_) {
    ::unlink(temporary_.c_str());
  }
}

void atomic_file::write(bytes_view data) {
  assert(!finished_);
  if (data.empty()) {
    return;  // without handing its null to memcpy
  }
  if (buffered_ > 0) {
    const std::size_t part = std::min(data.size(), block_bytes - buffered_);
    std::memcpy(buffer_.get() + buffered_, data.data(), part);
    buffered_ += part;
    data = data.subspan(part);
    if (buffered_ == block_bytes) {
      flush();
    }
  }
  const std::size_t whole_blocks = data.size() / block_bytes * block_bytes;
  write_through(data.first(whole_blocks));
  data = data.subspan(whole_blocks);
  if (!data.empty()) {
    std::memcpy(buffer_.get() + buffered_, data.data(), data.size());
    buffered_ += data.size();
  }
}

void atomic_file::flush() {
  write_through({buffer_.get(), buffered_});
  buffered_ = 0;
}

void atomic_file::write_through(bytes_view data) {
  while (!data.empty()) {
    const auto written = retried([&] { return ::write(file_.get(), data.data(), data.size()); });
    if (written < 0) {
      throw_system_error(errno, "write", target_);
    }
    flushed_ += static_cast<std::uint64_t>(written);
    data = data.subspan(static_cast<std::size_t>(written));
  }
  if (flushed_ - written_back_ >= write_back_bytes) {
    // Advice: a failure shows again at fsync.
    ::sync_file_range(file_.get(), static_cast<off_t>(written_back_), static_cast<off_t>(flushed_ - written_back_),
                      SYNC_FILE_RANGE_WRITE);
    written_back_ = flushed_;
  }
}

void atomic_file::write_at(std::uint64_t offset, bytes_view data) {
  assert(!finished_ && offset <= size() && data.size() <= size() - offset);
  flush();
  while (!data.empty()) {
    const auto written =
        retried([&] { return ::pwrite(file_.get(), data.data(), data.size(), static_cast<off_t>(offset)); });
    if (written < 0) {
      throw_system_error(errno, "write", target_);
    }
    offset += static_cast<std::uint64_t>(written);
    data = data.subspan(static_cast<std::size_t>(written));
  }
}

void atomic_file::commit() {
  assert(!finished_);
  flush();
  if (reserved_ && retried([&] { return ::ftruncate(file_.get(), static_cast<off_t>(flushed_)); }) != 0) {
    throw_system_error(errno, "write", target_);
  }
  if (retried([&] { return ::fsync(file_.get()); }) != 0) {
    throw_system_error(errno, "make durable", target_);
  }
  if (::rename(temporary_.c_str(), target_.c_str()) != 0) {
    throw_system_error(errno, "replace", target_);
  }
  finished_ = true;
  file_.reset();
  buffer_.reset();
  fsync_directory(folder_of(target_));
}

void write_file(const fs::path& target, bytes_view content) {
  atomic_file file(target);
  file.write(content);
  file.commit();
}

std::string read_file(const fs::path& path, std::uint64_t limit_bytes) {
  const file_descriptor file = open_file(path, O_RDONLY);
  std::string content;
  struct stat about {};
  if (::fstat(file.get(), &about) == 0 && S_ISREG(about.st_mode)) {
    content.reserve(std::min<std::uint64_t>(static_cast<std::uint64_t>(about.st_size), limit_bytes) + 1);
  }
  constexpr std::size_t piece = std::size_t{256} << 10;
  while (true) {
    const std::size_t before = content.size();
    content.resize(before + piece);
    const auto got = retried([&] { return ::read(file.get(), content.data() + before, piece); });
    if (got < 0) {
      throw_system_error(errno, "read", path);
    }
    content.resize(before + static_cast<std::size_t>(got));
    if (content.size() > limit_bytes) {
      throw error(errc::resource_exhausted,
                  path.string() + " is longer than the limit of " + std::to_string(limit_bytes) + " bytes");
    }
    if (got == 0) {
      return content;
    }
  }
}

std::shared_ptr<const mapped_file> mapped_file::open(const fs::path& path) {
  // O_NONBLOCK: a pipe of that name must not keep us waiting for a writer.
  const file_descriptor file = open_file(path, O_RDONLY | O_NONBLOCK);
  struct stat about {};
  if (::fstat(file.get(), &about) != 0) {
    throw_system_error(errno, "open", path);
  }
  if (!S_ISREG(about.st_mode)) {
    throw error(errc::invalid_argument, path.string() + " is not a regular file");
  }
  const auto size = static_cast<std::size_t>(about.st_size);
  const std::byte* start = nullptr;
  if (size > 0) {
    void* mapping = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, file.get(), 0);
    if (mapping == MAP_FAILED) {
      throw_system_error(errno, "map into memory", path);
    }
    start = static_cast<const std::byte*>(mapping);
  }
  try {
    return std::shared_ptr<const mapped_file>(new mapped_file(path, {start, size}));
  } catch (...) {
    if (size > 0) {
      ::munmap(const_cast<std::byte*>(start), size);
    }
    throw;
  }
}

mapped_file::~mapped_file() {
  if (!bytes_.empty()) {
    ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  }
}

void mapped_file::will_need() const noexcept {
  if (!bytes_.empty()) {
    ::madvise(const_cast<std::byte*>(bytes_.data()), bytes_.size(), MADV_WILLNEED);
  }
}

void fsync_file(const fs::path& file) {
  const file_descriptor opened = open_file(file, O_RDONLY);
  if (retried([&] { return ::fsync(opened.get()); }) != 0) {
    throw_system_error(errno, "make durable", file);
  }
}

void fsync_directory(const fs::path& directory) {
  const file_descriptor folder = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (retried([&] { return ::fsync(folder.get()); }) != 0 && errno != EINVAL) {  // EINVAL: cannot be asked to here
    throw_system_error(errno, "make durable", directory);
  }
}

std::size_t sweep_temporaries(const fs::path& directory) {
  std::error_code failure;
  fs::directory_iterator entries(directory, failure);
  if (failure) {
    throw_system_error(failure.value(), "list", directory);
  }
  std::size_t removed = 0;
  for (const fs::directory_entry& entry : entries) {
    if (!is_temporary(entry.path().filename().string())) {
      continue;
    }
    const file_descriptor file(::open(entry.path().c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
    if (file && ::flock(file.get(), LOCK_EX | LOCK_NB) == 0 && ::unlink(entry.path().c_str()) == 0) {
      ++removed;
    }
  }
  return removed;
}

file_lock::file_lock(const fs::path& directory) {
  std::error_code failure;
  fs::create_directories(directory, failure);
  if (failure) {
    throw_system_error(failure.value(), "create", directory);
  }
  const fs::path path = directory / "lock";
  file_ = open_file(path, O_RDWR | O_CREAT);
  if (retried([&] { return ::flock(file_.get(), LOCK_EX | LOCK_NB); }) != 0) {
    if (errno != EWOULDBLOCK) {
      throw_system_error(errno, "lock", path);
    }
    std::array<char, 32> digits{};
    const auto got = ::pread(file_.get(), digits.data(), digits.size() - 1, 0);
    std::string holder(digits.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
    holder.erase(std::find_if_not(holder.begin(), holder.end(), [](char c) { return c >= '0' && c <= '9'; }),
                 holder.end());
    throw error(errc::unavailable, directory.string() + " is in use by another process" +
                                       (holder.empty() ? "" : " (process id " + holder + ")") +
                                       "; stop it or choose another data directory");
  }
  const std::string holder = std::to_string(::getpid()) + "\n";
  if (::ftruncate(file_.get(), 0) != 0 ||
      ::pwrite(file_.get(), holder.data(), holder.size(), 0) != static_cast<ssize_t>(holder.size())) {
    throw_system_error(errno, "write", path);
  }
}

}  // namespace eunomia::core
