#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string_view>

#include "core/digest.h"
#include "core/file.h"

namespace eunomia::gdprbench {

// Bytes that rest on disk before anybody is answered, in frames one behind the other in a file, until what they say is
// in the database too.
//
//   file     frames, then zeros
//   frame    its number and its size (8 bytes each, of this machine's order), XXH3-128 of both and of the bytes (16),
//            the bytes
//
// A frame costs one write and one fdatasync. The file is filled with zeros ahead of the frames, so that a write changes
// neither its size nor where it rests, and the file system's own journal has no part in it. The first frame that is not
// whole is the end: it is one that nobody was told of. For one thread.
class journal {
 public:
  static constexpr std::uint64_t initial_bytes = std::uint64_t{512} << 10;
  // The file grows by as much as it has, but by no more than this at a time.
  static constexpr std::uint64_t max_growth_bytes = std::uint64_t{16} << 20;

  // Creates the file, for this user alone, when there is none. Throws as core::open_file.
  explicit journal(std::filesystem::path file);

  // Every frame with its bytes, in order. Frames are appended behind the last of them: call it first. errc::corrupt
  // when a frame that is not whole has one behind it.
  void replay(const std::function<void(std::uint64_t number, std::string_view bytes)>& visit);

  // Durable when it returns. Numbers count up by one. Throws as core::throw_system_error when there is no room, and
  // nothing was appended. errc::unavailable when the disk did not say that it has the bytes: is_broken() is true then,
  // nobody knows whether they are there, and nothing more is appended until the journal is opened again.
  void append(std::uint64_t number, std::string_view bytes);
  bool is_broken() const { return broken_; }

  // What was appended is durable elsewhere: overwrites it, and gives back all space but the initial.
  void clear();

  // Of the frames, without the zeros behind them.
  std::uint64_t bytes() const { return end_; }

 private:
  void write_at(std::uint64_t offset, std::string_view bytes);
  void fill_up_to(std::uint64_t size);
  void sync();

  const std::filesystem::path path_;
  const core::file_descriptor file_;
  std::uint64_t end_ = 0;
  std::uint64_t size_ = 0;
  bool broken_ = false;
};

}  // namespace eunomia::gdprbench
