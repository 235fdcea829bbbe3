#pragma once

#include <cstddef>
#include <cstdint>
#include <mutex>
#include <shared_mutex>
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

  core::digest128 key_of(std::string_view space, std::string_view raw) const;

  core::subject_handle find(const core::digest128& key) const;  // 0, nobody, when it is not there
  void insert(const core::digest128& key, core::subject_handle subject);
  // Call before an erasure commits: from here on the subject is not found, whatever is inserted.
  void erase(core::subject_handle subject);
  // erasures: the table's count of all erasures there were. Forgets everything when there was one that erase() was not
  // told of: another process's.
  void expect(std::int64_t erasures);

 private:
  const core::secret_key key_ = core::secret_key::random();
  mutable std::shared_mutex mutex_;
  std::unordered_map<core::digest128, core::subject_handle> subjects_;
  std::unordered_set<core::subject_handle> erased_;
  std::int64_t erasures_ = 0;
};

}  // namespace eunomia::subject
