#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/subject_handle.h"

namespace eunomia::recommend {

// An item that was just shown to somebody loses a share of its relevance, and gets it back as time goes by.
struct rotation {
  static constexpr double max_seconds = 7 * 86'400;

  double rate = 0;        // 0 to 1: the share that is lost at once
  double seconds = 7200;  // until all of it is back, more than 0 and at most max_seconds

  // Throws errc::invalid_argument, naming the limit.
  void check() const;
};

// What people were shown of late, for rotation: digests of item ids and times, in memory only, and only of who was
// asked about with rotation. The least lately shown leave where memory_limit is reached. Any thread.
class shown_lately {
 public:
  static constexpr std::size_t default_memory = std::size_t{32} << 20;  // bytes
  static constexpr std::size_t max_items = 1'000;                       // of one person; the newest are kept

  explicit shown_lately(std::size_t memory_limit = default_memory) : limit_(memory_limit) {}

  static std::uint64_t digest_of(std::string_view item);

  // now: UTC ms.
  void add(core::subject_handle who, std::span<const std::uint64_t> items, std::int64_t now);
  // The share of its relevance that each item keeps that was shown to them, by its digest: 0 to 1.
  std::unordered_map<std::uint64_t, double> kept(core::subject_handle who, const rotation& how, std::int64_t now);

  void forget(std::span<const core::subject_handle> gone);
  // Those to whom nothing was shown for as long as rotation can last.
  void forget_idle(std::int64_t now);

 private:
  struct shown_item {
    std::uint64_t item = 0;
    std::int64_t at = 0;  // UTC ms
  };
  struct entry {
    core::subject_handle who;
    std::vector<shown_item> items;  // oldest first, each once
  };
  static std::size_t bytes_of(const entry& one) { return 128 + one.items.capacity() * sizeof(shown_item); }
  void drop(std::list<entry>::iterator place);

  const std::size_t limit_;
  std::mutex mutex_;          // of what follows
  std::list<entry> entries_;  // last shown to first
  std::unordered_map<core::subject_handle, std::list<entry>::iterator> places_;
  std::size_t bytes_ = 0;
};

}  // namespace eunomia::recommend
