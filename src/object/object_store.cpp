#include "object/object_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <string>
#include <unordered_set>
#include <utility>

#include "core/hash.h"
#include "core/log.h"
#include "core/seal.h"
#include "core/time.h"
#include "object/names.h"
#include "object/refusal.h"

namespace eunomia::object {

namespace sql = store::sql;

namespace {

std::string random_blob_key() {
  std::array<std::byte, 16> bytes;
  core::random_bytes(bytes);
  const std::string name = core::to_hex(core::bytes_view(bytes));
  return fmt::format("{}{}/{}", blob_prefix, name.substr(0, 2), name);
}

refusal no_such_key() {
  return {refused::no_such_key, "there is no object of this key in the bucket"};
}

// Counts, and stops who sends more than they may.
class limited_content final : public content {
 public:
  limited_content(content& from, std::uint64_t limit) : from_(from), limit_(limit) {}
  std::size_t read(std::span<std::byte> out) override {
    const std::size_t got = from_.read(out);
    taken_ += got;
    if (taken_ > limit_) {
      throw refusal(refused::entity_too_large, fmt::format("more than max_part_bytes = {} bytes at once", limit_));
    }
    return got;
  }

 private:
  content& from_;
  std::uint64_t limit_;
  std::uint64_t taken_ = 0;
};

void compare(const expected_bytes& expected, const std::vector<std::byte>& md5,
             const std::optional<checksum>& computed) {
  if (expected.md5 && *expected.md5 != md5) {
    throw refusal(refused::bad_digest, "the bytes are not those that Content-MD5 is of");
  }
  if (expected.value && computed && *expected.value != computed->value) {
    throw refusal(refused::bad_digest,
                  fmt::format("the {} that was sent is not that of the bytes", name_of(computed->algorithm)));
  }
}

}  // namespace

object_store::object_store(sql::database& database, store::blob_store& blobs, object_keys keys)
    : database_(database), blobs_(blobs), rows_(std::move(keys)) {
  database_.migrate(migrations());
  std::unordered_set<std::string> named;
  for (store::blob_ref& one : database_.read([](sql::connection& in) { return named_blobs(in); })) {
    named.insert(std::move(one.key));
  }
  blobs_.sweep(blob_prefix, [&](std::string_view key) { return named.contains(std::string(key)); });
}

std::unique_lock<std::mutex> object_store::changing(std::int64_t bucket, std::string_view key) const {
  const std::size_t hash = std::hash<std::string_view>{}(key) ^ static_cast<std::size_t>(bucket);
  return std::unique_lock(by_name_[hash % by_name_.size()]);
}

// Reading every row takes seconds where there are millions: whoever lists first, or writes, waits for it.
void object_store::know_all() const {
  const std::lock_guard lock(knowing_);
  if (known_) {
    return;
  }
  // Whoever changes something has told the index, or begins once it knows all.
  std::vector<std::unique_lock<std::mutex>> nobody_changes;
  nobody_changes.reserve(by_name_.size());
  for (std::mutex& each : by_name_) {
    nobody_changes.emplace_back(each);
  }
  index_.clear();
  database_.read([&](sql::connection& in) {
    rows_.each(in, [&](std::int64_t bucket, const object_info& of) {
      index_.put(bucket, {of.key, of.id, of.size, of.modified_at, of.etag});
    });
  });
  known_ = true;
}

void object_store::forget_index() const noexcept {
  const std::lock_guard lock(knowing_);
  known_ = false;
}

void object_store::remove_blobs(const blob_keys& gone) noexcept {
  for (const std::string& key : gone) {
    try {
      blobs_.remove(key);
    } catch (const std::exception& problem) {
      core::log::error("a blob that no row names could not be removed; the next start does",
                       {{"why", core::kept_message_of(problem)}});
    }
  }
}

// Seals what comes, and compares it with what the client says of it.
part_row object_store::read_in(const expected_bytes& expected, std::uint32_t number, std::uint64_t limit,
                               content& from) {
  const auto md5 = checksummer::md5();
  const auto asked_for = expected.computed ? checksummer::of(*expected.computed) : nullptr;
  limited_content bounded(from, limit);
  part_row made;
  made.number = number;
  made.part = seal_part(blobs_, random_blob_key(), bounded, [&](core::bytes_view piece) {
    md5->update(piece);
    if (asked_for) {
      asked_for->update(piece);
    }
  });
  try {
    made.md5 = md5->finish();
    if (asked_for) {
      made.of_part = checksum{*expected.computed, core::to_base64(asked_for->finish()), checksum_type::full_object};
    }
    compare(expected, made.md5, made.of_part);
  } catch (...) {
    remove_blobs({made.part.blob.key});
    throw;
  }
  made.written_at = core::now_ms();
  return made;
}

void object_store::check_replaces(const put_question& asked, const object_info* there) const {
  if (asked.in_place_of && (there == nullptr || there->id != *asked.in_place_of)) {
    throw refusal(refused::precondition_failed, "the object was replaced or removed meanwhile");
  }
  if (!asked.when.if_match.empty() && there == nullptr) {
    throw no_such_key();
  }
  if (judge(asked.when, there) != verdict::met) {
    throw refusal(refused::precondition_failed, "At least one of the pre-conditions you specified did not hold");
  }
  if (there == nullptr && index_.size() >= max_objects) {
    throw refusal(refused::too_many, fmt::format("there are max_objects = {} objects", max_objects));
  }
}

// Makes it what the name leads to, in one transaction.
object_info object_store::name(const bucket_record& in, object_info made, const put_question& asked,
                               const std::function<void(sql::transaction&, std::int64_t)>& name_parts) {
  know_all();
  const auto lock = changing(in.id, made.key);
  blob_keys gone;
  try {
    made.id = database_.write([&](sql::transaction& to) {
      gone.clear();
      // It may have been deleted meanwhile.
      if (to.query_one("SELECT id FROM object_bucket WHERE id = :id", {{"id", in.id}}).empty()) {
        throw refusal(refused::no_such_bucket, fmt::format("there is no bucket {}", in.name));
      }
      const auto there = rows_.find(to, in.id, made.key);
      check_replaces(asked, there ? &*there : nullptr);
      if (there) {
        gone = rows_.remove(to, there->id);
      }
      const std::int64_t id = rows_.insert(to, in.id, made);
      name_parts(to, id);
      return id;
    });
  } catch (const core::error& problem) {
    if (problem.code() == core::errc::unavailable) {
      forget_index();  // whether it was committed is not known
    }
    throw;
  }
  index_.put(in.id, {made.key, made.id, made.size, made.modified_at, made.etag});
  remove_blobs(gone);
  return made;
}

object_info object_store::put(const bucket_record& in, const put_question& asked, content& from) {
  check_key(asked.key);
  check(asked.headers);
  const part_row part = read_in(asked.expected, 1, max_part_bytes, from);
  object_info made;
  made.key = asked.key;
  made.size = part.part.size;
  made.etag = core::to_hex(part.md5);
  made.modified_at = part.written_at;
  made.headers = asked.headers;
  made.of_all = part.of_part;
  made.part_sizes = {made.size};
  try {
    return name(in, std::move(made), asked,
                [&](sql::transaction& to, std::int64_t entry) { rows_.insert_part(to, entry, 0, part); });
  } catch (const core::error& problem) {
    if (problem.code() != core::errc::unavailable) {
      remove_blobs({part.part.blob.key});
    }
    throw;
  }
}

object_info object_store::head(const bucket_record& in, std::string_view key) const {
  return database_.read([&](sql::connection& from) {
    auto found = rows_.find(from, in.id, key);
    if (!found) {
      throw no_such_key();
    }
    if (found->in_parts) {
      for (const part_row& part : rows_.parts_of(from, *found)) {
        found->part_sizes.push_back(part.part.size);
      }
    } else {
      found->part_sizes = {found->size};
    }
    return *std::move(found);
  });
}

std::unique_ptr<object_reader> object_store::open(const bucket_record& in, std::string_view key) const {
  auto held = blobs_.hold();
  return database_.read([&](sql::connection& from) {
    auto found = rows_.find(from, in.id, key);
    if (!found) {
      throw no_such_key();
    }
    auto parts = rows_.parts_of(from, *found);
    for (const part_row& part : parts) {
      found->part_sizes.push_back(part.part.size);
    }
    return std::make_unique<object_reader>(std::move(held), *std::move(found), std::move(parts));
  });
}

bool object_store::remove(const bucket_record& in, std::string_view key, const conditions& when) {
  know_all();
  const auto lock = changing(in.id, key);
  blob_keys gone;
  std::optional<object_info> there;
  try {
    database_.write([&](sql::transaction& to) {
      gone.clear();
      there = rows_.find(to, in.id, key);
      if (!there && !when.empty()) {
        throw no_such_key();
      }
      if (there) {
        if (judge(when, &*there) != verdict::met) {
          throw refusal(refused::precondition_failed, "At least one of the pre-conditions you specified did not hold");
        }
        gone = rows_.remove(to, there->id);
      }
    });
  } catch (const core::error& problem) {
    if (problem.code() == core::errc::unavailable) {
      forget_index();
    }
    throw;
  }
  if (there) {
    index_.remove(in.id, key, there->id);
    remove_blobs(gone);
  }
  return there.has_value();
}

object_info object_store::copy(object_reader& from, const bucket_record& to, const copy_question& asked) {
  const object_info& source = from.info();
  if (source.size > max_part_bytes) {
    throw refusal(refused::entity_too_large,
                  fmt::format("the source has {} bytes, more than max_part_bytes = {}: copy it in parts", source.size,
                              max_part_bytes));
  }
  put_question made;
  made.key = asked.key;
  made.headers = asked.headers.value_or(source.headers);
  made.expected.computed =
      asked.algorithm ? asked.algorithm : (source.of_all ? std::optional(source.of_all->algorithm) : std::nullopt);
  made.when = asked.when;
  range_content all(from, 0, source.size);
  return put(to, made, all);
}

listing object_store::list(const bucket_record& in, const list_question& asked) const {
  know_all();
  return index_.list(in.id, asked);
}

bool object_store::is_empty(const bucket_record& in) const {
  know_all();
  return index_.is_empty(in.id);
}

std::vector<object_store::placed_object> object_store::all() const {
  know_all();
  std::vector<placed_object> every;
  const auto there = buckets();
  auto found = index_.all();
  std::ranges::stable_sort(found, {}, &std::pair<std::int64_t, listed_object>::first);
  for (auto& [bucket, object] : found) {
    const auto of = std::ranges::find(there, bucket, &bucket_record::id);
    if (of != there.end()) {
      every.push_back({*of, std::move(object)});
    }
  }
  return every;
}

}  // namespace eunomia::object
