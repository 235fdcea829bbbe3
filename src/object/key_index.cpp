#include "object/key_index.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "core/hash.h"

namespace eunomia::object {

namespace {

// The first text behind all that begin so.
std::string behind(std::string prefix) {
  while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xFF) {
    prefix.pop_back();
  }
  if (!prefix.empty()) {
    prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  }
  return prefix;
}

}  // namespace

listed_object key_index::shown(const std::string& key, const entry& of) {
  std::string etag = core::to_hex(core::bytes_view(of.md5));
  if (of.parts != 0) {
    etag += fmt::format("-{}", of.parts);
  }
  return {key, of.id, of.size, of.modified_at, std::move(etag)};
}

void key_index::put(std::int64_t bucket, const listed_object& object) {
  entry made{object.id, object.size, object.modified_at, {}, 0};
  made.md5 = core::digest128_from_hex(std::string_view(object.etag).substr(0, 32)).bytes;
  if (object.etag.size() > 33) {
    std::from_chars(object.etag.data() + 33, object.etag.data() + object.etag.size(), made.parts);
  }
  const std::unique_lock lock(mutex_);
  if (buckets_[bucket].insert_or_assign(object.key, made).second) {
    ++size_;
  }
}

void key_index::remove(std::int64_t bucket, std::string_view key, std::int64_t id) {
  const std::unique_lock lock(mutex_);
  keys& in = buckets_[bucket];
  const auto found = in.find(key);
  if (found != in.end() && found->second.id == id) {
    in.erase(found);
    --size_;
  }
}

void key_index::remove_bucket(std::int64_t bucket) {
  const std::unique_lock lock(mutex_);
  const auto found = buckets_.find(bucket);
  if (found != buckets_.end()) {
    size_ -= found->second.size();
    buckets_.erase(found);
  }
}

void key_index::clear() {
  const std::unique_lock lock(mutex_);
  buckets_.clear();
  size_ = 0;
}

listing key_index::list(std::int64_t bucket, const list_question& asked) const {
  listing result;
  const std::shared_lock lock(mutex_);
  const auto found = buckets_.find(bucket);
  if (found == buckets_.end() || asked.limit == 0) {
    return result;
  }
  const keys& in = found->second;
  auto at = asked.after < asked.prefix ? in.lower_bound(asked.prefix) : in.upper_bound(asked.after);
  // A page that ended with a common prefix goes on behind all that begin so.
  const bool ended_with_prefix = !asked.delimiter.empty() && asked.after.size() > asked.prefix.size() &&
                                 asked.after.starts_with(asked.prefix) && asked.after.ends_with(asked.delimiter);
  if (ended_with_prefix) {
    at = in.lower_bound(behind(asked.after));
  }
  std::size_t count = 0;
  std::string last;
  while (at != in.end() && at->first.starts_with(asked.prefix)) {
    if (count == asked.limit) {
      result.last = last;
      return result;
    }
    const std::size_t end =
        asked.delimiter.empty() ? std::string::npos : at->first.find(asked.delimiter, asked.prefix.size());
    if (end == std::string::npos) {
      result.objects.push_back(shown(at->first, at->second));
      last = at->first;
      ++at;
    } else {
      last = at->first.substr(0, end + asked.delimiter.size());
      result.common_prefixes.push_back(last);
      const std::string next = behind(last);
      at = next.empty() ? in.end() : in.lower_bound(next);
    }
    ++count;
  }
  return result;
}

bool key_index::is_empty(std::int64_t bucket) const {
  const std::shared_lock lock(mutex_);
  const auto found = buckets_.find(bucket);
  return found == buckets_.end() || found->second.empty();
}

std::uint64_t key_index::size() const {
  const std::shared_lock lock(mutex_);
  return size_;
}

std::vector<std::pair<std::int64_t, listed_object>> key_index::all() const {
  std::vector<std::pair<std::int64_t, listed_object>> every;
  const std::shared_lock lock(mutex_);
  every.reserve(size_);
  for (const auto& [bucket, in] : buckets_) {
    for (const auto& [key, of] : in) {
      every.emplace_back(bucket, shown(key, of));
    }
  }
  return every;
}

}  // namespace eunomia::object
