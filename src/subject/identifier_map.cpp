#include "subject/identifier_map.h"

#include <algorithm>
#include <cstring>
#include <functional>
#include <limits>

#include "core/error.h"

namespace eunomia::subject {

namespace {

constexpr std::size_t first_slots = 64;
constexpr std::size_t chunk_bytes = 1 << 18;
constexpr std::size_t group = 16;

std::uint64_t hash_of(std::string_view raw) {
  return std::hash<std::string_view>{}(raw);
}

}  // namespace

identifier_map::identifier_map() : slots_(first_slots) {}

core::subject_handle identifier_map::find(std::string_view raw) const {
  return find(raw, hash_of(raw));
}

void identifier_map::find(std::span<const std::string_view> raw, std::span<core::subject_handle> handles) const {
  const std::size_t mask = slots_.size() - 1;
  std::uint64_t hashes[group];
  for (std::size_t first = 0; first < raw.size(); first += group) {
    const std::size_t count = std::min(group, raw.size() - first);
    for (std::size_t i = 0; i < std::min(group, raw.size() - first - count); ++i) {
      __builtin_prefetch(raw[first + group + i].data());
    }
    for (std::size_t i = 0; i < count; ++i) {
      hashes[i] = hash_of(raw[first + i]);
      __builtin_prefetch(&slots_[hashes[i] & mask]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (const std::uint32_t at = slots_[hashes[i] & mask].entry; at != 0) {
        __builtin_prefetch(&entries_[at - 1]);
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      if (const std::uint32_t at = slots_[hashes[i] & mask].entry; at != 0) {
        __builtin_prefetch(entries_[at - 1].bytes);
      }
    }
    for (std::size_t i = 0; i < count; ++i) {
      handles[first + i] = find(raw[first + i], hashes[i]);
    }
  }
}

core::subject_handle identifier_map::find(std::string_view raw, std::uint64_t hash) const {
  const auto tag = static_cast<std::uint32_t>(hash >> 32);
  const std::size_t mask = slots_.size() - 1;
  for (std::size_t i = hash & mask; slots_[i].entry != 0; i = (i + 1) & mask) {
    if (slots_[i].tag == tag && identifier(slots_[i].entry - 1) == raw) {
      return entries_[slots_[i].entry - 1].subject;
    }
  }
  return {};
}

std::size_t identifier_map::insert(std::string_view raw, core::subject_handle subject) {
  if (entries_.size() >= std::numeric_limits<std::uint32_t>::max() - 1) {
    throw core::error(core::errc::resource_exhausted, "more than 2^32 - 2 identifiers in memory");
  }
  if ((entries_.size() + 1) * 3 > slots_.size() * 2) {
    grow();
  }
  const std::uint64_t hash = hash_of(raw);
  const std::size_t mask = slots_.size() - 1;
  std::size_t i = hash & mask;
  while (slots_[i].entry != 0) {
    i = (i + 1) & mask;
  }
  entries_.push_back({keep(raw), subject, static_cast<std::uint32_t>(raw.size())});
  slots_[i] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(entries_.size())};
  return entries_.size() - 1;
}

void identifier_map::grow() {
  std::vector<slot> larger(slots_.size() * 2);
  const std::size_t mask = larger.size() - 1;
  for (std::size_t e = 0; e < entries_.size(); ++e) {
    const std::uint64_t hash = hash_of(identifier(e));
    std::size_t i = hash & mask;
    while (larger[i].entry != 0) {
      i = (i + 1) & mask;
    }
    larger[i] = {static_cast<std::uint32_t>(hash >> 32), static_cast<std::uint32_t>(e + 1)};
  }
  slots_ = std::move(larger);
}

const char* identifier_map::keep(std::string_view raw) {
  if (free_bytes_ < raw.size()) {
    chunks_.push_back(std::make_unique_for_overwrite<char[]>(chunk_bytes));
    free_ = chunks_.back().get();
    free_bytes_ = chunk_bytes;
  }
  char* const kept = free_;
  std::memcpy(kept, raw.data(), raw.size());
  free_ += raw.size();
  free_bytes_ -= raw.size();
  return kept;
}

}  // namespace eunomia::subject
