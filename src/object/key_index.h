#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace eunomia::object {

inline constexpr std::size_t max_page = 1000;  // keys and common prefixes of one answer

// What a listing says of an object.
struct listed_object {
  std::string key;
  std::int64_t id = 0;
  std::uint64_t size = 0;
  std::int64_t modified_at = 0;  // UTC ms
  std::string etag;
};

struct list_question {
  std::string prefix;
  std::string delimiter;  // empty: none
  std::string after;      // keys and common prefixes behind this one; empty: from the first
  std::size_t limit = max_page;
};

struct listing {
  std::vector<listed_object> objects;        // ascending, by byte
  std::vector<std::string> common_prefixes;  // the same
  std::string last;                          // what the next page is asked for after; empty: this is the last
};

// The names of all objects, in byte order, in memory: names rest sealed, so that the database can neither order nor
// search them. Some 200 bytes an object. Any thread.
class key_index {
 public:
  void put(std::int64_t bucket, const listed_object& object);
  // Unless another object has come in its place.
  void remove(std::int64_t bucket, std::string_view key, std::int64_t id);
  void remove_bucket(std::int64_t bucket);
  void clear();

  listing list(std::int64_t bucket, const list_question& asked) const;
  bool is_empty(std::int64_t bucket) const;
  std::uint64_t size() const;
  // Of all buckets, with the bucket's id; ascending in each bucket.
  std::vector<std::pair<std::int64_t, listed_object>> all() const;

 private:
  struct entry {
    std::int64_t id = 0;
    std::uint64_t size = 0;
    std::int64_t modified_at = 0;
    std::array<std::byte, 16> md5 = {};
    std::uint32_t parts = 0;  // 0: put at once
  };
  using keys = std::map<std::string, entry, std::less<>>;

  static listed_object shown(const std::string& key, const entry& of);

  mutable std::shared_mutex mutex_;
  std::unordered_map<std::int64_t, keys> buckets_;
  std::uint64_t size_ = 0;
};

}  // namespace eunomia::object
