#include "subject/identifier_cache.h"

#include <string>

#include "core/hash.h"

namespace eunomia::subject {

core::digest128 identifier_cache::key_of(std::string_view space, std::string_view raw) const {
  constexpr std::size_t siphash_key_bytes = 16;
  std::string text(space);
  text += '\0';  // which no space holds
  text += raw;
  return core::siphash(key_.reveal().first(siphash_key_bytes), text);
}

void identifier_cache::find(std::string_view space, std::span<const std::string_view> raw,
                            std::span<core::subject_handle> handles, std::span<core::digest128> keys) const {
  for (std::size_t i = 0; i < raw.size(); ++i) {
    keys[i] = key_of(space, raw[i]);
  }
  const std::shared_lock lock(mutex_);
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const auto found = subjects_.find(keys[i]);
    handles[i] = found == subjects_.end() ? core::subject_handle() : found->second;
  }
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
  told_ += erased_.insert(subject).second ? 1 : 0;  // a transaction that runs again tells it again
  std::erase_if(subjects_, [&](const auto& entry) { return entry.second == subject; });
}

void identifier_cache::clear() {
  const std::unique_lock lock(mutex_);
  subjects_.clear();
}

void identifier_cache::expect(std::int64_t erasures) {
  if (erasures == erasures_) {
    return;
  }
  const std::unique_lock lock(mutex_);
  if (erasures < erasures_ || erasures - erasures_ > told_) {
    subjects_.clear();
  }
  told_ = 0;
  erasures_ = erasures;
}

}  // namespace eunomia::subject
