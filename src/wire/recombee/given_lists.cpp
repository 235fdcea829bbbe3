#include "wire/recombee/given_lists.h"

#include <array>

#include "core/hash.h"
#include "core/seal.h"

namespace eunomia::wire::recombee {

std::string given_lists::new_id() {
  std::array<std::byte, 16> bytes{};
  core::random_bytes(bytes);
  std::string id = core::to_hex(bytes);
  for (const std::size_t at : {8U, 13U, 18U, 23U}) {
    id.insert(at, "-");
  }
  return id;
}

void given_lists::keep(const std::string& id, list given) {
  if (given.shown.size() > max_shown) {
    given.shown.resize(max_shown);
  }
  const std::lock_guard lock(mutex_);
  if (const auto found = places_.find(id); found != places_.end()) {
    lists_.erase(found->second);
    places_.erase(found);
  }
  while (lists_.size() >= max_lists) {
    places_.erase(lists_.back().first);
    lists_.pop_back();
  }
  lists_.emplace_front(id, std::move(given));
  places_.emplace(id, lists_.begin());
}

std::optional<given_lists::list> given_lists::find(std::string_view database, const std::string& id, std::int64_t now) {
  const std::lock_guard lock(mutex_);
  const auto found = places_.find(id);
  if (found == places_.end() || found->second->second.database != database ||
      now - found->second->second.at > given_lifetime_ms) {
    return std::nullopt;
  }
  return found->second->second;
}

}  // namespace eunomia::wire::recombee
