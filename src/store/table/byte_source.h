#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>

#include "core/digest.h"

namespace eunomia::store::table {

// The bytes of a file from first to last, decompressed when it begins as gzip does (RFC 1952), several members too.
// Pipes are fine. For one thread.
class byte_source {
 public:
  // Throws as core::open_file does.
  explicit byte_source(const std::filesystem::path& file);
  ~byte_source();
  byte_source(const byte_source&) = delete;
  byte_source& operator=(const byte_source&) = delete;

  // Fills the front of into and returns how much; 0: the end. errc::invalid_argument when the file is no whole gzip
  // file: cut, altered (CRC), or followed by something else.
  std::size_t read(std::span<char> into);

  std::uint64_t file_bytes() const;       // 0: unknown, as of a pipe
  std::uint64_t file_bytes_read() const;  // of the file as it lies on the disk: for progress
  // XXH3-128 of the file as it lies on the disk; call at the end.
  core::digest128 digest() const;

 private:
  struct state;
  std::unique_ptr<state> state_;
};

}  // namespace eunomia::store::table
