#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"
#include "core/file.h"
#include "core/job.h"

namespace eunomia::store {

// What a manifest keeps of a blob: enough to find it and to know that it is what was written.
struct blob_ref {
  std::string key;
  std::uint64_t size = 0;
  core::digest128 digest;  // XXH3-128: finds damage, not forgery; core::to_hex and from_hex write it
  friend bool operator==(const blob_ref&, const blob_ref&) = default;
};

struct blob_entry {
  std::string key;
  std::uint64_t size = 0;
  friend bool operator==(const blob_entry&, const blob_entry&) = default;
};

inline constexpr std::size_t max_blob_key_bytes = 512;
inline constexpr std::size_t max_blob_key_part_bytes = 200;
// The most bytes that read() brings into memory; larger blobs are read through local_path().
inline constexpr std::uint64_t max_blob_read_bytes = std::uint64_t(1) << 30;

// errc::invalid_argument unless key is one or more parts joined by '/', each 1 to max_blob_key_part_bytes long, of
// letters, digits and -_.=+@~, not beginning with '.'; max_blob_key_bytes altogether. Keys hold no personal data.
void check_blob_key(std::string_view key);

// A blob on its way in. Destroyed before commit(), it leaves nothing. For one thread.
class blob_writer {
 public:
  virtual ~blob_writer() = default;
  // errc::resource_exhausted when the disk is full, and the blob is given up.
  virtual void write(core::bytes_view bytes) = 0;
  // Makes the blob durable, then visible under its key, the whole of it at once; returns when both are so. Call once.
  virtual blob_ref commit() = 0;
};

enum class overwrite { no, yes };

// While it lives, blobs that are removed can still be opened through it: for who copies what one snapshot of a manifest
// names. Take it before the snapshot. Their bytes rest in the store until the last hold is gone; what a kill leaves of
// them is removed when the store is next opened. It must not outlive the store. Any thread.
class blob_hold {
 public:
  virtual ~blob_hold() = default;
  // To read, from the beginning. errc::not_found.
  virtual core::file_descriptor open(const blob_ref& blob) = 0;
};

// Immutable contents under keys such as "tables/interactions-1/07/000000000012.parquet": on a local disk now, on S3
// behind the same interface later. Safe from any number of threads.
class blob_store {
 public:
  virtual ~blob_store() = default;

  // errc::already_exists when the key exists and is not to be overwritten, or is being written by somebody else.
  virtual std::unique_ptr<blob_writer> create(std::string_view key, overwrite mode = overwrite::no) = 0;

  // Writes a blob that is in memory.
  blob_ref put(std::string_view key, core::bytes_view bytes, overwrite mode = overwrite::no);

  // Takes over a file that another engine wrote into scratch_path(), as commit() would: the file is gone afterwards.
  virtual blob_ref adopt(const std::filesystem::path& file, std::string_view key, overwrite mode = overwrite::no) = 0;
  // A path for a temporary file on the same device that nobody else uses; the folder exists, the file does not. What is
  // left there is removed when the store is next opened. The suffix, ".parquet", is for engines that look at it.
  virtual std::filesystem::path scratch_path(std::string_view suffix) = 0;

  // The whole content, its size and digest compared. errc::not_found, corrupt (names the key), resource_exhausted above
  // max_blob_read_bytes.
  virtual std::vector<std::byte> read(const blob_ref& blob) = 0;
  // Reads it all and compares size and digest: errc::not_found, corrupt.
  virtual void verify(const blob_ref& blob) = 0;
  // A file with the blob's content, for engines that read files; it must not be changed. errc::not_found, and corrupt
  // when the size differs; the digest is not looked at: verify() does.
  virtual std::filesystem::path local_path(const blob_ref& blob) = 0;
  virtual bool exists(std::string_view key) = 0;

  // Durable when it returns; removing what is absent is fine. While somebody has a hold, the bytes stay for them: see
  // wait_for_removed().
  virtual void remove(std::string_view key) = 0;

  virtual std::unique_ptr<blob_hold> hold() = 0;
  // Returns once nothing that was removed rests in the store any more: before anybody claims that bytes are gone.
  // Throws errc::cancelled.
  virtual void wait_for_removed(const core::job& job) = 0;

  // All blobs whose key begins with the prefix (empty: all), in byte order of the keys.
  virtual std::vector<blob_entry> list(std::string_view prefix) = 0;

  // Removes the blobs whose key begins with the prefix and that keep() does not claim: what a crash left between
  // writing a blob and naming it in a manifest. Call it before anything is written: errc::failed_precondition while a
  // blob is on its way in. The number removed.
  virtual std::size_t sweep(std::string_view prefix, const std::function<bool(std::string_view key)>& keep) = 0;
};

// Opens, and creates where absent, a store in a folder that this process alone uses (core::file_lock on the data
// directory): what a killed process left half-written is removed. errc::permission_denied, unavailable,
// resource_exhausted.
std::unique_ptr<blob_store> open_disk_blob_store(const std::filesystem::path& folder);

}  // namespace eunomia::store
