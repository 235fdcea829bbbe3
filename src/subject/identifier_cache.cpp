#include "subject/identifier_cache.h"

#include <algorithm>

#include "core/hash.h"

namespace eunomia::subject {

core::digest128 identifier_cache::key_of(std::string_view space, std::string_view raw) const {
  core::blake2b_hasher hasher;
  hasher.update(key_.reveal());
  hasher.update(space);
  hasher.update(std::string_view("\0", 1));  // which no space holds
  hasher.update(raw);
  const core::digest256 digest = hasher.finish();
  core::digest128 key;
  std::copy_n(digest.bytes.begin(), key.bytes.size(), key.bytes.begin());
  return key;
}

core::subject_handle identifier_cache::find(const core::digest128& key) const {
  const std::shared_lock lock(mutex_);
  const auto found = subjects_.find(key);
  return found == subjects_.end() ? core::subject_handle() : found->second;
}

void identifier_cache::insert(const core::digest128& key, core::subject_handle subject) {
  const std::unique_lock lock(mutex_);
  if (erased_.contains(subject)) {
    return;
  }
  if (subjects_.size() >= max_entries) {
    subjects_.clear();
  }
  subjects_.insert_or_assign(key, subject);
}

void identifier_cache::erase(core::subject_handle subject) {
  const std::unique_lock lock(mutex_);
  ++erasures_;
  erased_.insert(subject);
  std::erase_if(subjects_, [&](const auto& entry) { return entry.second == subject; });
}

void identifier_cache::expect(std::int64_t erasures) {
  {
    const std::shared_lock lock(mutex_);
    if (erasures == erasures_) {
      return;
    }
  }
  const std::unique_lock lock(mutex_);
  erasures_ = erasures;
  subjects_.clear();
}

}  // namespace eunomia::subject
