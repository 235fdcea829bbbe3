#include "wire/http/failure_delay.h"

#include <arpa/inet.h>

#include <algorithm>

namespace eunomia::wire::http {

std::string failure_delay::key_of(const std::string& address) {
  in6_addr parsed;
  if (address.find(':') == std::string::npos || ::inet_pton(AF_INET6, address.c_str(), &parsed) != 1 ||
      IN6_IS_ADDR_V4MAPPED(&parsed)) {
    return address;
  }
  return {reinterpret_cast<const char*>(parsed.s6_addr), 8};
}

// Whoever waits keeps its place: end_wait() comes back to it.
void failure_delay::make_room(time_point now) {
  std::erase_if(records_, [&](const auto& r) { return r.second.waiting == 0 && now - r.second.last > window; });
  if (records_.size() < max_addresses) {
    return;
  }
  auto oldest = records_.end();
  for (auto at = records_.begin(); at != records_.end(); ++at) {
    if (at->second.waiting == 0 && (oldest == records_.end() || at->second.last < oldest->second.last)) {
      oldest = at;
    }
  }
  if (oldest != records_.end()) {
    records_.erase(oldest);
  }
}

failure_delay::verdict failure_delay::failed(const std::string& address, time_point now) {
  const std::string key = key_of(address);
  const std::lock_guard lock(mutex_);
  auto at = records_.find(key);
  if (at == records_.end()) {
    if (records_.size() >= max_addresses) {
      make_room(now);
    }
    at = records_.try_emplace(key).first;
  }
  record& of = at->second;
  if (of.failures > 0 && now - of.last > window) {
    of.failures = 0;
  }
  of.last = now;
  if (++of.failures <= free_failures) {
    return {};
  }
  const unsigned doublings = std::min(of.failures - free_failures - 1, 16U);
  const auto delay = std::min(first_delay * (1U << doublings), longest_delay);
  if (of.waiting >= max_waiting_of_one || waiting_ >= max_waiting) {
    return {delay, false};
  }
  ++of.waiting;
  ++waiting_;
  return {delay, true};
}

void failure_delay::end_wait(const std::string& address) {
  const std::lock_guard lock(mutex_);
  const auto at = records_.find(key_of(address));
  if (at != records_.end() && at->second.waiting > 0) {
    --at->second.waiting;
    --waiting_;
  }
}

void failure_delay::succeeded(const std::string& address) {
  const std::lock_guard lock(mutex_);
  if (records_.empty()) {
    return;
  }
  const auto at = records_.find(key_of(address));
  if (at == records_.end()) {
    return;
  }
  if (at->second.waiting > 0) {
    at->second.failures = 0;
  } else {
    records_.erase(at);
  }
}

}  // namespace eunomia::wire::http
