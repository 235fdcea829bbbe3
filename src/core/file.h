#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "core/digest.h"

namespace eunomia::core {

// Throws core::error for a failed system call: "cannot write /data/model: No space left on device; ...". A full disk, a
// quota or a file size limit is errc::resource_exhausted; a missing file errc::not_found; a missing right
// errc::permission_denied; a broken device errc::unavailable; the rest errc::failed_precondition.
[[noreturn]] void throw_system_error(int error_number, std::string_view action, const std::filesystem::path& path);

// Owns a file descriptor.
class file_descriptor {
 public:
  file_descriptor() = default;
  explicit file_descriptor(int number) noexcept : number_(number) {}
  ~file_descriptor() { reset(); }
  file_descriptor(file_descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept;

  int get() const noexcept { return number_; }
  explicit operator bool() const noexcept { return number_ >= 0; }
  void reset() noexcept;

 private:
  int number_ = -1;
};

// open(2) with O_CLOEXEC, retried when a signal interrupts it. Throws as throw_system_error does.
file_descriptor open_file(const std::filesystem::path& path, int flags, unsigned mode = 0600);

// Writes a file so that its name leads to the old content or to all of the new, whatever happens, also over a crash or
// a power cut: the bytes go to a temporary file in the same folder (readable by its owner only), commit() makes them
// durable and renames the file over the target. Without commit() nothing is left. A target that is a symbolic link is
// itself replaced.
class atomic_file {
 public:
  // expected_bytes: reserved on the disk at once, so that a disk too small is found before the work is done; 0:
  // unknown.
  explicit atomic_file(std::filesystem::path target, std::uint64_t expected_bytes = 0);
  ~atomic_file();
  atomic_file(const atomic_file&) = delete;
  atomic_file& operator=(const atomic_file&) = delete;

  // Appends. Small pieces are gathered into blocks of block_bytes; the system is asked to start writing every
  // write_back_bytes, so that the fsync of a file of gigabytes finds little left to do.
  void write(bytes_view data);
  void write(std::string_view text) { write(as_bytes(text)); }
  // Replaces bytes that were written before: offset + data.size() <= size().
  void write_at(std::uint64_t offset, bytes_view data);
  // The bytes written so far.
  std::uint64_t size() const noexcept { return flushed_ + buffered_; }

  // For a library that writes the content itself, from offset 0, instead of write(); it must have written and closed
  // all before commit(). Valid until then.
  int descriptor() const noexcept { return file_.get(); }

  // Acknowledged only after this returns. Call once; nothing may be written after it. On an exception the old file, if
  // any, is still there.
  void commit();

  static constexpr std::size_t block_bytes = std::size_t{1} << 20;
  static constexpr std::uint64_t write_back_bytes = std::uint64_t{64} << 20;

 private:
  void flush();
  void write_through(bytes_view data);

  std::filesystem::path target_;
  std::filesystem::path temporary_;
  file_descriptor file_;
  std::unique_ptr<std::byte[]> buffer_;
  std::size_t buffered_ = 0;
  std::uint64_t flushed_ = 0;
  std::uint64_t written_back_ = 0;
  bool reserved_ = false;
  bool finished_ = false;
};

// atomic_file for content that is at hand.
void write_file(const std::filesystem::path& target, bytes_view content);
inline void write_file(const std::filesystem::path& target, std::string_view content) {
  write_file(target, as_bytes(content));
}

// A whole file as a string, also from a pipe. Throws errc::resource_exhausted when it is longer than the limit.
inline constexpr std::uint64_t default_read_limit = std::uint64_t{64} << 20;
std::string read_file(const std::filesystem::path& path, std::uint64_t limit_bytes = default_read_limit);

// A regular file in memory, read-only. It must not be shortened while it is mapped (that is what atomic_file is for):
// reading a page that is gone ends the process.
class mapped_file {
 public:
  // Throws errc::not_found, or errc::invalid_argument for what is not a regular file.
  static std::shared_ptr<const mapped_file> open(const std::filesystem::path& path);
  ~mapped_file();
  mapped_file(const mapped_file&) = delete;
  mapped_file& operator=(const mapped_file&) = delete;

  const std::filesystem::path& path() const noexcept { return path_; }
  bytes_view bytes() const noexcept { return bytes_; }
  // Asks the system to read all of it ahead.
  void will_need() const noexcept;

 private:
  mapped_file(std::filesystem::path path, bytes_view bytes) : path_(std::move(path)), bytes_(bytes) {}
  std::filesystem::path path_;
  bytes_view bytes_;
};

// Makes the content of a file durable that was written by other means than atomic_file.
void fsync_file(const std::filesystem::path& file);
// Makes the names in a directory durable: after a file in it was created, renamed or removed.
void fsync_directory(const std::filesystem::path& directory);

// Removes what a killed process left of its atomic_files in a directory (not below it) and gives their number. Files
// that a living process still writes are left alone, whichever process it is.
std::size_t sweep_temporaries(const std::filesystem::path& directory);

// The one process that may use a data directory: holds a lock on the file "lock" in it until destroyed or the process
// ends, however it ends.
class file_lock {
 public:
  // Creates the directory if need be. Throws errc::unavailable naming the directory and the holder's process id.
  explicit file_lock(const std::filesystem::path& directory);

 private:
  file_descriptor file_;
};

}  // namespace eunomia::core
