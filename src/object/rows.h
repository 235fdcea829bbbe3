#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/seal.h"
#include "object/checksum.h"
#include "object/object.h"
#include "object/sealed_part.h"
#include "store/blob/blob_store.h"
#include "store/sql/database.h"

// The rows of this room. Names of objects, what is kept with them, and the keys that open their bytes rest sealed; an
// object is found by a keyed digest of its name.
namespace eunomia::object {

struct object_keys {
  core::secret_key sealing;
  core::secret_key lookup;

  // What vault::key_for is asked for.
  static constexpr std::string_view sealing_use = "objects";
  static constexpr std::string_view lookup_use = "names of objects";
};

std::span<const store::sql::migration> migrations();

// A part of an object, or of an upload that is not completed.
struct part_row {
  std::uint32_t number = 1;
  sealed_part part;
  std::vector<std::byte> md5;
  std::optional<checksum> of_part = {};  // full_object
  std::int64_t written_at = 0;           // UTC ms
};

struct upload_row {
  std::int64_t id = 0;
  std::string token;  // as clients name it
  std::string key;
  object_headers headers;
  std::optional<checksum_algorithm> algorithm;
  checksum_type type = checksum_type::composite;
  std::int64_t begun_at = 0;  // UTC ms
};

// What a blob is named by that nobody names any more.
using blob_keys = std::vector<std::string>;

// Reads and writes rows; holds nothing but the keys.
class rows {
 public:
  explicit rows(object_keys keys) : keys_(std::move(keys)) {}

  std::string lookup_of(std::int64_t bucket, std::string_view key) const;

  // Without part_sizes. Nothing where there is none.
  std::optional<object_info> find(store::sql::connection& in, std::int64_t bucket, std::string_view key) const;
  std::vector<part_row> parts_of(store::sql::connection& in, const object_info& of) const;
  // Every object: for the index.
  void each(store::sql::connection& in,
            const std::function<void(std::int64_t bucket, const object_info&)>& visit) const;

  // In the place of what was there; its id. Its parts are given, or are the upload's of these numbers.
  std::int64_t insert(store::sql::transaction& in, std::int64_t bucket, const object_info& made) const;
  void insert_part(store::sql::transaction& in, std::int64_t entry, std::int64_t upload, const part_row& part) const;
  void take_parts(store::sql::transaction& in, std::int64_t upload, std::int64_t entry,
                  std::span<const std::int64_t> numbers) const;
  // The blobs of its parts; nothing where there is none.
  blob_keys remove(store::sql::transaction& in, std::int64_t entry) const;

  std::int64_t insert_upload(store::sql::transaction& in, std::int64_t bucket, const upload_row& made) const;
  std::optional<upload_row> find_upload(store::sql::connection& in, std::int64_t bucket, std::string_view token) const;
  std::vector<upload_row> uploads_of(store::sql::connection& in, std::int64_t bucket) const;
  std::vector<part_row> parts_of_upload(store::sql::connection& in, std::int64_t upload) const;
  // Those of a number: at most one.
  blob_keys remove_upload_part(store::sql::transaction& in, std::int64_t upload, std::uint32_t number) const;
  blob_keys remove_upload(store::sql::transaction& in, std::int64_t upload) const;
  std::vector<std::int64_t> uploads_before(store::sql::connection& in, std::int64_t begun_at) const;

 private:
  part_row part_of(const store::sql::row& row) const;
  upload_row upload_of(std::int64_t bucket, const store::sql::row& row) const;

  object_keys keys_;
};

// Every blob that a row names.
std::vector<store::blob_ref> named_blobs(store::sql::connection& in);

}  // namespace eunomia::object
