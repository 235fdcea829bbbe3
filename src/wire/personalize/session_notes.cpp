#include "wire/personalize/session_notes.h"

#include <utility>

namespace eunomia::wire::personalize {

namespace {

std::size_t hash_of(std::string_view session) {
  return std::hash<std::string_view>()(session);
}

}  // namespace

bool session_notes::is_due() const {
  const std::lock_guard lock(mutex_);
  return !was_read_ || noted_.size() > most_;
}

void session_notes::read() {
  const std::unique_lock nobody_keeps(keeping_);
  std::unordered_set<std::size_t> all;
  read_([&](std::string_view session) { all.insert(hash_of(session)); });
  const std::lock_guard lock(mutex_);
  all.insert(unsure_.begin(), unsure_.end());
  noted_ = std::move(all);
  most_ = 2 * noted_.size() + fewest_;
  was_read_ = true;
}

bool session_notes::may_have(std::string_view session) {
  if (is_due()) {
    read();
  }
  const std::lock_guard lock(mutex_);
  return noted_.contains(hash_of(session));
}

std::shared_lock<std::shared_mutex> session_notes::begin_keeping(std::string_view session) {
  if (is_due()) {
    read();
  }
  std::shared_lock keeps(keeping_);
  const std::lock_guard lock(mutex_);
  noted_.insert(hash_of(session));
  return keeps;
}

void session_notes::is_unsure(std::string_view session) {
  const std::lock_guard lock(mutex_);
  unsure_.insert(hash_of(session));
  noted_.insert(hash_of(session));
}

}  // namespace eunomia::wire::personalize
