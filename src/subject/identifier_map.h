#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

#include "core/subject_handle.h"

namespace eunomia::subject {

// Identifiers of one space and their handles in memory: a hash table with linear probing over entries whose bytes lie
// one after another in chunks. 24 bytes an entry, 8 to 16 in the table, and the bytes themselves. Nothing is removed.
class identifier_map {
 public:
  identifier_map();

  // 0, nobody, when it is not there.
  core::subject_handle find(std::string_view raw) const;
  // The same for many, into handles of the same length: several times faster, because it waits for memory once for a
  // group and not four times for each.
  void find(std::span<const std::string_view> raw, std::span<core::subject_handle> handles) const;
  // Adds what is not there yet: its position among the entries.
  std::size_t insert(std::string_view raw, core::subject_handle subject);

  std::size_t size() const { return entries_.size(); }
  // In the order of insertion; 0 <= i < size().
  std::string_view identifier(std::size_t i) const { return {entries_[i].bytes, entries_[i].length}; }
  core::subject_handle subject(std::size_t i) const { return entries_[i].subject; }

 private:
  struct entry {
    const char* bytes;
    core::subject_handle subject;
    std::uint32_t length;
  };
  struct slot {
    std::uint32_t tag = 0;    // upper half of the hash
    std::uint32_t entry = 0;  // position + 1; 0: free
  };

  core::subject_handle find(std::string_view raw, std::uint64_t hash) const;
  void grow();
  const char* keep(std::string_view raw);

  std::vector<slot> slots_;  // a power of two, at most two thirds full
  std::vector<entry> entries_;
  std::vector<std::unique_ptr<char[]>> chunks_;
  char* free_ = nullptr;
  std::size_t free_bytes_ = 0;
};

}  // namespace eunomia::subject
