#pragma once

#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

namespace eunomia::wire::http {

// Slows down whoever tries wrong credentials again and again: after free_failures from one address within a minute each
// further one is answered later, 250 ms and then twice as late each time, up to 8 s. A success forgets the address.
//
// Few answers wait at a time, of one address and in all: what comes on top is told at once to come back (429).
// Addresses are at most max_addresses; the one that failed longest ago makes room. IPv6 counts by its /64, which one
// customer has.
class failure_delay {
 public:
  static constexpr unsigned free_failures = 5;
  static constexpr std::chrono::seconds window{60};
  static constexpr std::chrono::milliseconds first_delay{250};
  static constexpr std::chrono::milliseconds longest_delay{8000};
  static constexpr std::size_t max_addresses = 4096;
  static constexpr unsigned max_waiting_of_one = 8;
  static constexpr unsigned max_waiting = 512;
  using time_point = std::chrono::steady_clock::time_point;

  struct verdict {
    std::chrono::milliseconds delay{0};
    bool may_wait = true;  // false: answer 429 now; nothing to end_wait()
  };
  // After a failure; with a delay to wait, call end_wait() when it is over.
  verdict failed(const std::string& address, time_point now);
  void end_wait(const std::string& address);
  void succeeded(const std::string& address);

 private:
  struct record {
    unsigned failures = 0;
    unsigned waiting = 0;
    time_point last;
  };
  static std::string key_of(const std::string& address);
  void make_room(time_point now);

  std::mutex mutex_;
  std::unordered_map<std::string, record> records_;
  unsigned waiting_ = 0;
};

}  // namespace eunomia::wire::http
