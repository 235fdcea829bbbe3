#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "recommend/event.h"

namespace eunomia::recommend {

// A Bloom filter (Bloom 1970) over the keys of dataset_event_key, so that a new event_id, as nearly all are, is known
// to be new without a look into an index that no cache holds. Its keys are digests: their bits are the hash functions.
// With 16 bits a key and 4 probes, 0.24 % of new ids are looked up in vain. Any number of threads may ask while one
// adds.
class event_key_filter {
 public:
  static constexpr std::uint64_t bits_per_key = 16;
  static constexpr std::uint64_t min_bits = std::uint64_t{1} << 16;
  static constexpr std::uint64_t max_bits = std::uint64_t{1} << 29;  // 64 MiB; with more keys it only helps less

  explicit event_key_filter(std::uint64_t keys);

  // Whether the filter has room for so many keys, or can have no more.
  bool suits(std::uint64_t keys) const;
  void add(const event_key& key);
  // False: it was certainly not added.
  bool may_have(const event_key& key) const;

 private:
  static constexpr unsigned probes = 4;
  std::uint64_t bit(const event_key& key, unsigned probe) const;

  std::vector<std::atomic<std::uint64_t>> words_;
};

}  // namespace eunomia::recommend
