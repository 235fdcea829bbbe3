#include "recommend/event_buffer.h"

#include <algorithm>
#include <cassert>
#include <unordered_set>

namespace eunomia::recommend {

namespace {

constexpr core::subject_handle nobody;  // has the keys whose events are not committed yet

}  // namespace

std::vector<bool> event_buffer::claim(std::span<const event_key> keys) {
  std::unique_lock lock(mutex_);
  // All or none, or two batches could wait for each other.
  released_.wait(lock, [&] {
    return std::none_of(keys.begin(), keys.end(), [&](const event_key& key) {
      const auto found = keys_.find(key);
      return found != keys_.end() && found->second == nobody;
    });
  });
  std::vector<bool> taken;
  taken.reserve(keys.size());
  for (const event_key& key : keys) {
    taken.push_back(keys_.try_emplace(key, nobody).second);
  }
  return taken;
}

void event_buffer::release(std::span<const event_key> keys) {
  if (keys.empty()) {
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    for (const event_key& key : keys) {
      if (const auto found = keys_.find(key); found != keys_.end() && found->second == nobody) {
        keys_.erase(found);
      }
    }
  }
  released_.notify_all();
}

void event_buffer::insert(const row& added) {
  auto& events = by_subject_[added.who];
  // Batches are added in the order in which they were committed, which need not be that of their numbers.
  const auto after = std::upper_bound(events.begin(), events.end(), added.id,
                                      [](std::int64_t id, const waiting_event& e) { return id < e.id; });
  events.insert(after, {added.id, added.what});
  ++count_;
  if (added.key) {
    keys_[*added.key] = added.who;
  }
}

std::uint64_t event_buffer::add(std::span<const row> rows, std::int64_t recorded_at) {
  assert(!rows.empty());
  bool any_key = false;
  std::uint64_t now = 0;
  {
    const std::lock_guard lock(mutex_);
    for (const row& one : rows) {
      insert(one);
      any_key = any_key || one.key;
    }
    batches_.emplace_back(rows.back().id, recorded_at);
    now = ++clock_;
  }
  if (any_key) {
    released_.notify_all();
  }
  return now;
}

event_buffer::snapshot event_buffer::of(core::subject_handle who) const {
  snapshot found;
  const std::lock_guard lock(mutex_);
  found.clock = clock_;
  if (const auto known = by_subject_.find(who); known != by_subject_.end()) {
    found.events.reserve(known->second.size());
    for (const waiting_event& e : known->second) {
      found.events.push_back(e.what);
    }
  }
  return found;
}

waiting_events event_buffer::waiting() const {
  const std::lock_guard lock(mutex_);
  return {count_, count_ == 0 || batches_.empty() ? 0 : batches_.front().second};
}

void event_buffer::settled(std::int64_t last) {
  const std::lock_guard lock(mutex_);
  count_ = 0;
  for (auto subject = by_subject_.begin(); subject != by_subject_.end();) {
    auto& events = subject->second;
    const auto rest = std::upper_bound(events.begin(), events.end(), last,
                                       [](std::int64_t id, const waiting_event& e) { return id < e.id; });
    events.erase(events.begin(), rest);
    count_ += events.size();
    subject = events.empty() ? by_subject_.erase(subject) : std::next(subject);
  }
  std::erase_if(batches_, [last](const auto& batch) { return batch.first <= last; });
}

void event_buffer::forget_keys(std::span<const event_key> keys) {
  const std::lock_guard lock(mutex_);
  for (const event_key& key : keys) {
    if (const auto found = keys_.find(key); found != keys_.end() && found->second != nobody) {
      keys_.erase(found);
    }
  }
}

std::vector<std::int64_t> event_buffer::ids_of(std::span<const core::subject_handle> gone) const {
  std::vector<std::int64_t> ids;
  const std::lock_guard lock(mutex_);
  for (const core::subject_handle who : gone) {
    if (const auto known = by_subject_.find(who); known != by_subject_.end()) {
      for (const waiting_event& e : known->second) {
        ids.push_back(e.id);
      }
    }
  }
  return ids;
}

std::vector<event_key> event_buffer::keys_of(core::subject_handle who) const {
  std::vector<event_key> keys;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, whose] : keys_) {
    if (whose == who) {
      keys.push_back(key);
    }
  }
  return keys;
}

void event_buffer::erase(std::span<const core::subject_handle> gone) {
  const std::unordered_set<core::subject_handle> them(gone.begin(), gone.end());
  const std::lock_guard lock(mutex_);
  for (const core::subject_handle who : them) {
    if (const auto known = by_subject_.find(who); known != by_subject_.end()) {
      count_ -= known->second.size();
      by_subject_.erase(known);
    }
  }
  std::erase_if(keys_, [&](const auto& entry) { return entry.second != nobody && them.contains(entry.second); });
}

void event_buffer::replace(std::span<const row> rows,
                           std::span<const std::pair<event_key, core::subject_handle>> further_keys,
                           std::int64_t oldest) {
  const std::lock_guard lock(mutex_);
  by_subject_.clear();
  keys_.clear();
  batches_.clear();
  count_ = 0;
  for (const row& one : rows) {
    insert(one);
  }
  for (const auto& [key, who] : further_keys) {
    keys_.emplace(key, who);
  }
  if (!rows.empty()) {
    batches_.emplace_back(rows.back().id, oldest);
  }
  ++clock_;
}

}  // namespace eunomia::recommend
