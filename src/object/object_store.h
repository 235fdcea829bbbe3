#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/job.h"
#include "object/content.h"
#include "object/key_index.h"
#include "object/object.h"
#include "object/object_reader.h"
#include "object/rows.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"

// Buckets and objects as S3 understands them, without versions: bytes under names, replaced whole. The bytes rest
// sealed in the blob store below "objects/", everything else in SQL (decision 0028).
//
// An object is the old or the new one, whatever happens: its bytes are durable before one transaction names them, and
// what no row names is removed when the store is next opened. Any thread.
namespace eunomia::object {

inline constexpr std::string_view blob_prefix = "objects/";
// Uploads in parts that nobody completes are removed after these.
inline constexpr std::int64_t max_upload_age_ms = std::int64_t{7} * 24 * 60 * 60 * 1000;

struct put_question {
  std::string key;
  object_headers headers;
  expected_bytes expected = {};
  conditions when = {};
  // Only while this is what rests there (object_info::id); for who read it before and writes it anew.
  std::optional<std::int64_t> in_place_of = {};
};

struct copy_question {
  std::string key;
  std::optional<object_headers> headers;  // none: those of the source
  std::optional<checksum_algorithm> algorithm = {};
  conditions when = {};  // of what is there at the destination
};

struct upload_question {
  std::string key;
  object_headers headers;
  std::optional<checksum_algorithm> algorithm;
  checksum_type type = checksum_type::composite;
};

struct completed_part {
  std::uint32_t number = 0;
  std::string etag;                          // without quotes
  std::optional<std::string> checksum = {};  // base64
};

struct complete_question {
  std::vector<completed_part> parts;
  conditions when = {};
  std::optional<std::string> of_all = {};  // the checksum that the client has of the whole
  std::optional<std::uint64_t> size = {};  // and its size
};

struct grant {
  std::string access_key;
  bool may_write = false;
  std::int64_t granted_at = 0;  // UTC ms
};

class object_store {
 public:
  // Brings the schema up to date, and removes blobs that no row names: before anything is written. Both must outlive
  // it.
  object_store(store::sql::database& database, store::blob_store& blobs, object_keys keys);

  // Buckets. what else belongs to a change, in its transaction: also.
  using also = std::function<void(store::sql::transaction& in, const bucket_record& of)>;
  // Throws refused::bucket_exists, invalid_bucket_name, too_many.
  bucket_record create_bucket(std::string_view name, const also& more = {});
  // Throws refused::bucket_not_empty, also while something is being uploaded in parts; no_such_bucket.
  void delete_bucket(std::string_view name, const also& more = {});
  bucket_record bucket(std::string_view name) const;  // throws refused::no_such_bucket
  std::vector<bucket_record> buckets() const;         // by name

  // Who may use a bucket without a role that may use all: by id of the access key. Writing includes reading.
  void allow(std::string_view bucket, std::string_view access_key, bool may_write, const also& more = {});
  void disallow(std::string_view bucket, std::string_view access_key, const also& more = {});
  std::vector<grant> grants_of(std::string_view bucket) const;  // by access key
  // Nothing: not at all.
  std::optional<grant> grant_of(std::int64_t bucket, std::string_view access_key) const;

  // Objects. Throw refused::no_such_key, precondition_failed, bad_digest, entity_too_large, ...
  object_info put(const bucket_record& in, const put_question& asked, content& from);
  object_info head(const bucket_record& in, std::string_view key) const;
  std::unique_ptr<object_reader> open(const bucket_record& in, std::string_view key) const;
  // False when there was none.
  bool remove(const bucket_record& in, std::string_view key, const conditions& when = {});
  object_info copy(object_reader& from, const bucket_record& to, const copy_question& asked);
  listing list(const bucket_record& in, const list_question& asked) const;
  bool is_empty(const bucket_record& in) const;
  // Of all buckets: by bucket, then by name.
  struct placed_object {
    bucket_record bucket;
    listed_object object;
  };
  std::vector<placed_object> all() const;

  // In parts. Throw refused::no_such_upload, invalid_part, invalid_part_order, entity_too_small, ...
  upload_row begin_upload(const bucket_record& in, const upload_question& asked);
  upload_row find_upload(const bucket_record& in, std::string_view key, std::string_view token) const;
  part_row put_part(const bucket_record& in, const upload_row& of, std::uint32_t number, const expected_bytes& expected,
                    content& from);
  object_info complete(const bucket_record& in, const upload_row& of, const complete_question& asked);
  void abort(const bucket_record& in, const upload_row& of);
  // Of what has come of it so far, one part behind the other.
  std::unique_ptr<object_reader> open_upload(const upload_row& of) const;
  std::vector<part_row> parts_of(const upload_row& of) const;      // by number
  std::vector<upload_row> uploads(const bucket_record& in) const;  // by key, then in the order begun
  // Those that were begun before; how many. What was erased elsewhere may still rest in them.
  std::size_t abort_uploads_before(std::int64_t begun_at);

  // Once what was removed rests nowhere (store::blob_store::wait_for_removed).
  void wait_for_removed(const core::job& job) const { blobs_.wait_for_removed(job); }
  // Whatever of their names and keys the database's log still holds leaves it.
  void leave_log() { database_.checkpoint_truncate(); }

 private:
  struct read_part {
    part_row row;
    bool fits = true;
  };
  // Held from before a row of this name changes until the index knows.
  std::unique_lock<std::mutex> changing(std::int64_t bucket, std::string_view key) const;
  void know_all() const;
  part_row read_in(const expected_bytes& expected, std::uint32_t number, std::uint64_t limit, content& from);
  object_info name(const bucket_record& in, object_info made, const put_question& asked,
                   const std::function<void(store::sql::transaction&, std::int64_t entry)>& name_parts);
  void check_replaces(const put_question& asked, const object_info* there) const;
  void remove_blobs(const blob_keys& gone) noexcept;
  void forget_index() const noexcept;

  store::sql::database& database_;
  store::blob_store& blobs_;
  const rows rows_;
  // By a hash of the name: two changes of one object reach the index in the order in which they were committed.
  mutable std::array<std::mutex, 256> by_name_;
  mutable std::mutex knowing_;
  mutable bool known_ = false;  // the index is what the rows say
  mutable key_index index_;
};

}  // namespace eunomia::object
