// Objects that come in parts.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/hash.h"
#include "core/seal.h"
#include "core/time.h"
#include "object/names.h"
#include "object/object_store.h"
#include "object/refusal.h"

namespace eunomia::object {

namespace sql = store::sql;

namespace {

std::string random_token() {
  std::array<std::byte, 24> bytes;
  core::random_bytes(bytes);
  return core::to_hex(core::bytes_view(bytes));
}

refusal no_such_upload() {
  return {refused::no_such_upload,
          "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
          "completed."};
}

// The parts that the client names, in its order.
std::vector<part_row> chosen(std::vector<part_row> there, const complete_question& asked) {
  if (asked.parts.empty()) {
    throw refusal(refused::invalid_part, "an upload is completed with at least one part");
  }
  std::vector<part_row> parts;
  std::uint32_t before = 0;
  for (const completed_part& named : asked.parts) {
    if (named.number <= before) {
      throw refusal(refused::invalid_part_order,
                    "The list of parts was not in ascending order. Parts must be ordered by part number.");
    }
    before = named.number;
    const auto found = std::ranges::find(there, named.number, &part_row::number);
    const bool fits = found != there.end() && named.etag == core::to_hex(found->md5) &&
                      (!named.checksum || (found->of_part && found->of_part->value == *named.checksum));
    if (!fits) {
      throw refusal(refused::invalid_part,
                    fmt::format("part {} was not uploaded, or its ETag or checksum is another", named.number));
    }
    parts.push_back(std::move(*found));
  }
  for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
    if (parts[i].part.size < min_part_bytes) {
      throw refusal(refused::entity_too_small,
                    fmt::format("part {} has {} bytes, fewer than min_part_bytes = {}, and is not the last",
                                parts[i].number, parts[i].part.size, min_part_bytes));
    }
  }
  return parts;
}

std::string etag_of(const std::vector<part_row>& parts) {
  const auto md5 = checksummer::md5();
  for (const part_row& part : parts) {
    md5->update(part.md5);
  }
  return fmt::format("{}-{}", core::to_hex(md5->finish()), parts.size());
}

std::optional<checksum> checksum_of(const upload_row& of, const std::vector<part_row>& parts) {
  if (!of.algorithm) {
    return std::nullopt;
  }
  std::vector<part_checksum> each;
  each.reserve(parts.size());
  for (const part_row& part : parts) {
    if (!part.of_part || part.of_part->algorithm != *of.algorithm) {
      return std::nullopt;
    }
    each.push_back({core::from_base64(part.of_part->value), part.part.size});
  }
  return combined(*of.algorithm, of.type, each);
}

object_info info_of(const upload_row& of, const std::vector<part_row>& parts) {
  object_info made;
  made.key = of.key;
  made.etag = etag_of(parts);
  made.modified_at = core::now_ms();
  made.headers = of.headers;
  made.of_all = checksum_of(of, parts);
  made.in_parts = true;
  for (const part_row& part : parts) {
    made.size += part.part.size;
    made.part_sizes.push_back(part.part.size);
  }
  return made;
}

void check(const object_info& made, const complete_question& asked) {
  if (made.size > max_object_bytes) {
    throw refusal(refused::entity_too_large,
                  fmt::format("the object has {} bytes, more than max_object_bytes = {}", made.size, max_object_bytes));
  }
  if (asked.size && *asked.size != made.size) {
    throw refusal(refused::bad_digest, fmt::format("the parts have {} bytes, not {}", made.size, *asked.size));
  }
  if (asked.of_all && made.of_all && *asked.of_all != made.of_all->value) {
    throw refusal(refused::bad_digest,
                  fmt::format("the {} that was sent is not that of the object", name_of(made.of_all->algorithm)));
  }
}

}  // namespace

upload_row object_store::begin_upload(const bucket_record& in, const upload_question& asked) {
  check_key(asked.key);
  object::check(asked.headers);
  if (asked.algorithm && asked.type == checksum_type::full_object && !is_crc(*asked.algorithm)) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("{} has no FULL_OBJECT checksum in parts; use COMPOSITE", name_of(*asked.algorithm)));
  }
  upload_row made{0, random_token(), asked.key, asked.headers, asked.algorithm, asked.type, core::now_ms()};
  made.id = database_.write([&](sql::transaction& to) {
    if (to.query_one("SELECT id FROM object_bucket WHERE id = :id", {{"id", in.id}}).empty()) {
      throw refusal(refused::no_such_bucket, fmt::format("there is no bucket {}", in.name));
    }
    const sql::rows under_way =
        to.query_one("SELECT count(*) FROM object_upload WHERE bucket = :bucket", {{"bucket", in.id}});
    if (under_way[0].uint64(0) >= max_uploads) {
      throw refusal(refused::too_many, fmt::format("max_uploads = {} uploads in parts are under way in bucket {}: "
                                                   "complete or abort some",
                                                   max_uploads, in.name));
    }
    return rows_.insert_upload(to, in.id, made);
  });
  return made;
}

upload_row object_store::find_upload(const bucket_record& in, std::string_view key, std::string_view token) const {
  auto found = database_.read([&](sql::connection& from) { return rows_.find_upload(from, in.id, token); });
  if (!found || found->key != key) {
    throw no_such_upload();
  }
  return *std::move(found);
}

part_row object_store::put_part(const bucket_record& in, const upload_row& of, std::uint32_t number,
                                const expected_bytes& expected, content& from) {
  if (number < 1 || number > max_parts) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("Part number must be an integer between 1 and {}, inclusive", max_parts));
  }
  expected_bytes computed = expected;
  if (of.algorithm && !computed.computed) {
    computed.computed = of.algorithm;
  }
  part_row made = read_in(computed, number, max_part_bytes, from);
  blob_keys gone;
  try {
    database_.write([&](sql::transaction& to) {
      if (!rows_.find_upload(to, in.id, of.token)) {
        throw no_such_upload();
      }
      gone = rows_.remove_upload_part(to, of.id, number);
      rows_.insert_part(to, 0, of.id, made);
    });
  } catch (const core::error& problem) {
    if (problem.code() != core::errc::unavailable) {
      remove_blobs({made.part.blob.key});
    }
    throw;
  }
  remove_blobs(gone);
  return made;
}

object_info object_store::complete(const bucket_record& in, const upload_row& of, const complete_question& asked) {
  const std::vector<part_row> parts = chosen(parts_of(of), asked);
  object_info made = info_of(of, parts);
  check(made, asked);
  std::vector<std::int64_t> numbers;
  numbers.reserve(parts.size());
  for (const part_row& part : parts) {
    numbers.push_back(part.number);
  }
  blob_keys left_over;
  put_question as;
  as.key = of.key;
  as.when = asked.when;
  made = name(in, std::move(made), as, [&](sql::transaction& to, std::int64_t entry) {
    if (!rows_.find_upload(to, in.id, of.token)) {
      throw no_such_upload();
    }
    // A part that was replaced since it was looked at is not what was named.
    const auto now = rows_.parts_of_upload(to, of.id);
    for (const part_row& part : parts) {
      const auto same = std::ranges::find(now, part.number, &part_row::number);
      if (same == now.end() || same->part.blob != part.part.blob) {
        throw refusal(refused::invalid_part, fmt::format("part {} was replaced meanwhile", part.number));
      }
    }
    rows_.take_parts(to, of.id, entry, numbers);
    left_over = rows_.remove_upload(to, of.id);
  });
  remove_blobs(left_over);
  return made;
}

void object_store::abort(const bucket_record& in, const upload_row& of) {
  const blob_keys gone = database_.write([&](sql::transaction& to) {
    if (!rows_.find_upload(to, in.id, of.token)) {
      throw no_such_upload();
    }
    return rows_.remove_upload(to, of.id);
  });
  remove_blobs(gone);
}

std::vector<part_row> object_store::parts_of(const upload_row& of) const {
  return database_.read([&](sql::connection& in) { return rows_.parts_of_upload(in, of.id); });
}

std::unique_ptr<object_reader> object_store::open_upload(const upload_row& of) const {
  auto held = blobs_.hold();
  std::vector<part_row> parts = parts_of(of);
  object_info made;
  made.key = of.key;
  made.headers = of.headers;
  for (const part_row& part : parts) {
    made.size += part.part.size;
  }
  return std::make_unique<object_reader>(std::move(held), std::move(made), std::move(parts));
}

std::vector<upload_row> object_store::uploads(const bucket_record& in) const {
  auto all = database_.read([&](sql::connection& from) { return rows_.uploads_of(from, in.id); });
  std::ranges::sort(
      all, [](const upload_row& a, const upload_row& b) { return a.key != b.key ? a.key < b.key : a.id < b.id; });
  return all;
}

std::size_t object_store::abort_uploads_before(std::int64_t begun_at) {
  const auto old = database_.read([&](sql::connection& in) { return rows_.uploads_before(in, begun_at); });
  for (const std::int64_t upload : old) {
    remove_blobs(database_.write([&](sql::transaction& to) { return rows_.remove_upload(to, upload); }));
  }
  return old.size();
}

}  // namespace eunomia::object
