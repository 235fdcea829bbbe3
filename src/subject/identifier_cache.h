#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
#include <span>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "core/digest.h"
#include "core/seal.h"
#include "core/subject_handle.h"

namespace eunomia::subject {

// Handles that were found in the table lately, by a digest of space and identifier with a key of this process: an
// application asks for the same people again and again. Holds no raw identifier. What it says was true once; somebody
// who was erased since is never found in it, because a handle never comes back. Safe from any number of threads.
class identifier_cache {
 public:
  // About 60 bytes each; emptied when there would be more.
  static constexpr std::size_t max_entries = 500'000;

  // 0, nobody, for those that are not there; the keys of insert(). All three of one length.
  void find(std::string_view space, std::span<const std::string_view> raw, std::span<core::subject_handle> handles,
            std::span<core::digest128> keys) const;
  void insert(const core::digest128& key, core::subject_handle subject);
  // Call before an erasure commits: from here on the subject is not found, whatever is inserted.
  void erase(core::subject_handle subject);

  // The table's count of all erasures there were, as it was last expected: never ahead of what is committed.
  std::int64_t erasures() const { return erasures_.load(); }
  // The table's count as it was read now. Forgets everything when there was an erasure that erase() was not told of:
  // another process's.
  void expect(std::int64_t erasures);
  void clear();

 private:
  core::digest128 key_of(std::string_view space, std::string_view raw) const;

  const core::secret_key key_ = core::secret_key::random();
  mutable std::shared_mutex mutex_;
  std::unordered_map<core::digest128, core::subject_handle> subjects_;
  std::unordered_set<core::subject_handle> erased_;
  std::atomic<std::int64_t> erasures_ = 0;
  std::int64_t told_ = 0;  // erasures since that count
};

}  // namespace eunomia::subject
