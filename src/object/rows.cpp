#include "object/rows.h"

#include <fmt/format.h>

#include "core/hash.h"
#include "core/json.h"

namespace eunomia::object {

namespace sql = store::sql;

namespace {

constexpr sql::migration steps[] = {{"object", 1, R"(
  CREATE TABLE object_bucket (
    id {id},
    name {text} NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
  );
  CREATE TABLE object_entry (
    id {id},
    bucket BIGINT NOT NULL,
    lookup {text} NOT NULL,   -- keyed digest of the object's name
    size BIGINT NOT NULL,
    modified_at BIGINT NOT NULL,
    sealed {text} NOT NULL,   -- name, ETag, headers, metadata, checksum
    UNIQUE (bucket, lookup)
  );
  CREATE TABLE object_upload (
    id {id},
    token {text} NOT NULL UNIQUE,
    bucket BIGINT NOT NULL,
    begun_at BIGINT NOT NULL,
    sealed {text} NOT NULL    -- name, headers, metadata
  );
  CREATE INDEX object_upload_bucket ON object_upload (bucket);
  CREATE TABLE object_part (
    blob {text} PRIMARY KEY,
    entry BIGINT NOT NULL,    -- 0: of an upload
    upload BIGINT NOT NULL,   -- 0: of an object
    number BIGINT NOT NULL,
    size BIGINT NOT NULL,     -- in the clear
    stored_size BIGINT NOT NULL,
    digest {text} NOT NULL,
    written_at BIGINT NOT NULL,
    sealed {text} NOT NULL    -- the key that opens it, MD5, checksum
  );
  CREATE INDEX object_part_entry ON object_part (entry, number);
  CREATE INDEX object_part_upload ON object_part (upload, number);
  CREATE TABLE object_grant (
    bucket BIGINT NOT NULL,
    access_key {text} NOT NULL,
    may_write BIGINT NOT NULL,
    granted_at BIGINT NOT NULL,
    PRIMARY KEY (bucket, access_key)
  );
)"}};

// What rests sealed.
struct entry_facts {
  std::string key;
  std::string etag;
  object_headers headers;
  std::optional<checksum> of_all;
  bool in_parts = false;
};
BOOST_DESCRIBE_STRUCT(entry_facts, (), (key, etag, headers, of_all, in_parts))

struct upload_facts {
  std::string key;
  object_headers headers;
  std::optional<checksum_algorithm> algorithm;
  checksum_type type = checksum_type::composite;
};
BOOST_DESCRIBE_STRUCT(upload_facts, (), (key, headers, algorithm, type))

struct part_facts {
  std::string data_key;  // base64
  std::string md5;       // hexadecimal
  std::optional<checksum> of_part;
};
BOOST_DESCRIBE_STRUCT(part_facts, (), (data_key, md5, of_part))

template <class Facts>
std::string sealed(const core::secret_key& with, const Facts& facts, const std::string& where) {
  return core::to_base64(core::seal(with, core::write_json(facts), where));
}

template <class Facts>
Facts unsealed(const core::secret_key& with, std::string_view text, const std::string& where) {
  const auto plain = core::unseal(with, core::from_base64(text), core::as_bytes(where));
  return core::read_json<Facts>(std::string_view(reinterpret_cast<const char*>(plain.data()), plain.size()));
}

std::string place_of_entry(std::int64_t bucket, std::string_view lookup) {
  return fmt::format("object_entry.sealed {} {}", bucket, lookup);
}
std::string place_of_upload(std::int64_t bucket, std::string_view token) {
  return fmt::format("object_upload.sealed {} {}", bucket, token);
}
std::string place_of_part(std::string_view blob) {
  return fmt::format("object_part.sealed {}", blob);
}

object_info info_of(std::int64_t bucket, const sql::row& row, const core::secret_key& sealing) {
  auto facts = unsealed<entry_facts>(sealing, row.text(4), place_of_entry(bucket, row.text(1)));
  object_info made;
  made.id = row.int64(0);
  made.key = std::move(facts.key);
  made.size = static_cast<std::uint64_t>(row.int64(2));
  made.etag = std::move(facts.etag);
  made.modified_at = row.int64(3);
  made.headers = std::move(facts.headers);
  made.of_all = std::move(facts.of_all);
  made.in_parts = facts.in_parts;
  return made;
}

#define EUNOMIA_OBJECT_PART_COLUMNS "number, blob, size, stored_size, digest, written_at, sealed"

blob_keys blobs_of(const sql::rows& found) {
  blob_keys names;
  for (const sql::row& row : found) {
    names.emplace_back(row.text(0));
  }
  return names;
}

}  // namespace

std::span<const sql::migration> migrations() {
  return steps;
}

std::string rows::lookup_of(std::int64_t bucket, std::string_view key) const {
  core::hmac_sha256_hasher digest(keys_.lookup.reveal());
  digest.update(fmt::format("{} ", bucket));
  digest.update(key);
  const core::digest256 whole = digest.finish();
  return core::to_base64(core::bytes_view(whole.bytes).first(18));
}

std::optional<object_info> rows::find(sql::connection& in, std::int64_t bucket, std::string_view key) const {
  const sql::rows found = in.query_one(
      "SELECT id, lookup, size, modified_at, sealed FROM object_entry WHERE bucket = :bucket AND lookup = :lookup",
      {{"bucket", bucket}, {"lookup", lookup_of(bucket, key)}});
  return found.empty() ? std::nullopt : std::optional(info_of(bucket, found[0], keys_.sealing));
}

void rows::each(sql::connection& in, const std::function<void(std::int64_t, const object_info&)>& visit) const {
  in.each("SELECT id, lookup, size, modified_at, sealed, bucket FROM object_entry", {},
          [&](const sql::row& row) { visit(row.int64(5), info_of(row.int64(5), row, keys_.sealing)); });
}

part_row rows::part_of(const sql::row& row) const {
  part_row made;
  made.number = static_cast<std::uint32_t>(row.int64(0));
  made.part.blob = {std::string(row.text(1)), static_cast<std::uint64_t>(row.int64(3)),
                    core::digest128_from_hex(row.text(4))};
  made.part.size = static_cast<std::uint64_t>(row.int64(2));
  made.written_at = row.int64(5);
  auto facts = unsealed<part_facts>(keys_.sealing, row.text(6), place_of_part(row.text(1)));
  auto key = core::from_base64(facts.data_key);
  made.part.key = core::secret_key::from_bytes(key);
  core::wipe(key);
  core::wipe(std::as_writable_bytes(std::span(facts.data_key)));
  made.md5 = core::from_hex(facts.md5);
  made.of_part = std::move(facts.of_part);
  return made;
}

std::vector<part_row> rows::parts_of(sql::connection& in, const object_info& of) const {
  std::vector<part_row> parts;
  in.each("SELECT " EUNOMIA_OBJECT_PART_COLUMNS " FROM object_part WHERE entry = :entry ORDER BY number",
          {{"entry", of.id}}, [&](const sql::row& row) { parts.push_back(part_of(row)); });
  return parts;
}

std::int64_t rows::insert(sql::transaction& in, std::int64_t bucket, const object_info& made) const {
  const std::string lookup = lookup_of(bucket, made.key);
  const entry_facts facts{made.key, made.etag, made.headers, made.of_all, made.in_parts};
  const sql::rows added = in.query_one(
      "INSERT INTO object_entry (bucket, lookup, size, modified_at, sealed) "
      "VALUES (:bucket, :lookup, :size, :modified, :sealed) RETURNING id",
      {{"bucket", bucket},
       {"lookup", lookup},
       {"size", static_cast<std::int64_t>(made.size)},
       {"modified", made.modified_at},
       {"sealed", sealed(keys_.sealing, facts, place_of_entry(bucket, lookup))}});
  return added[0].int64(0);
}

void rows::insert_part(sql::transaction& in, std::int64_t entry, std::int64_t upload, const part_row& part) const {
  const part_facts facts{core::to_base64(part.part.key.reveal()), core::to_hex(part.md5), part.of_part};
  const store::blob_ref& blob = part.part.blob;
  in.execute(
      "INSERT INTO object_part (blob, entry, upload, number, size, stored_size, digest, written_at, sealed) "
      "VALUES (:blob, :entry, :upload, :number, :size, :stored, :digest, :written, :sealed)",
      {{"blob", blob.key},
       {"entry", entry},
       {"upload", upload},
       {"number", std::int64_t{part.number}},
       {"size", static_cast<std::int64_t>(part.part.size)},
       {"stored", static_cast<std::int64_t>(blob.size)},
       {"digest", core::to_hex(blob.digest)},
       {"written", part.written_at},
       {"sealed", sealed(keys_.sealing, facts, place_of_part(blob.key))}});
}

void rows::take_parts(sql::transaction& in, std::int64_t upload, std::int64_t entry,
                      std::span<const std::int64_t> numbers) const {
  in.execute("UPDATE object_part SET entry = :entry, upload = 0 WHERE upload = :upload AND number IN {int64s:numbers}",
             {{"entry", entry}, {"upload", upload}, {"numbers", sql::int64_list(numbers)}});
}

blob_keys rows::remove(sql::transaction& in, std::int64_t entry) const {
  blob_keys gone = blobs_of(in.query("SELECT blob FROM object_part WHERE entry = :entry", {{"entry", entry}}));
  in.execute("DELETE FROM object_part WHERE entry = :entry", {{"entry", entry}});
  in.execute("DELETE FROM object_entry WHERE id = :entry", {{"entry", entry}});
  return gone;
}

std::int64_t rows::insert_upload(sql::transaction& in, std::int64_t bucket, const upload_row& made) const {
  const upload_facts facts{made.key, made.headers, made.algorithm, made.type};
  const sql::rows added = in.query_one(
      "INSERT INTO object_upload (token, bucket, begun_at, sealed) VALUES (:token, :bucket, :begun, :sealed) "
      "RETURNING id",
      {{"token", made.token},
       {"bucket", bucket},
       {"begun", made.begun_at},
       {"sealed", sealed(keys_.sealing, facts, place_of_upload(bucket, made.token))}});
  return added[0].int64(0);
}

upload_row rows::upload_of(std::int64_t bucket, const sql::row& row) const {
  auto facts = unsealed<upload_facts>(keys_.sealing, row.text(3), place_of_upload(bucket, row.text(1)));
  return {row.int64(0),         std::string(row.text(1)),
          std::move(facts.key), std::move(facts.headers),
          facts.algorithm,      facts.type,
          row.int64(2)};
}

std::optional<upload_row> rows::find_upload(sql::connection& in, std::int64_t bucket, std::string_view token) const {
  const sql::rows found =
      in.query_one("SELECT id, token, begun_at, sealed FROM object_upload WHERE token = :token AND bucket = :bucket",
                   {{"token", token}, {"bucket", bucket}});
  return found.empty() ? std::nullopt : std::optional(upload_of(bucket, found[0]));
}

std::vector<upload_row> rows::uploads_of(sql::connection& in, std::int64_t bucket) const {
  std::vector<upload_row> all;
  in.each("SELECT id, token, begun_at, sealed FROM object_upload WHERE bucket = :bucket", {{"bucket", bucket}},
          [&](const sql::row& row) { all.push_back(upload_of(bucket, row)); });
  return all;
}

std::vector<part_row> rows::parts_of_upload(sql::connection& in, std::int64_t upload) const {
  std::vector<part_row> parts;
  in.each("SELECT " EUNOMIA_OBJECT_PART_COLUMNS " FROM object_part WHERE upload = :upload ORDER BY number",
          {{"upload", upload}}, [&](const sql::row& row) { parts.push_back(part_of(row)); });
  return parts;
}

blob_keys rows::remove_upload_part(sql::transaction& in, std::int64_t upload, std::uint32_t number) const {
  const std::initializer_list<sql::argument> which = {{"upload", upload}, {"number", std::int64_t{number}}};
  blob_keys gone =
      blobs_of(in.query("SELECT blob FROM object_part WHERE upload = :upload AND number = :number", which));
  in.execute("DELETE FROM object_part WHERE upload = :upload AND number = :number", which);
  return gone;
}

blob_keys rows::remove_upload(sql::transaction& in, std::int64_t upload) const {
  blob_keys gone = blobs_of(in.query("SELECT blob FROM object_part WHERE upload = :upload", {{"upload", upload}}));
  in.execute("DELETE FROM object_part WHERE upload = :upload", {{"upload", upload}});
  in.execute("DELETE FROM object_upload WHERE id = :upload", {{"upload", upload}});
  return gone;
}

std::vector<std::int64_t> rows::uploads_before(sql::connection& in, std::int64_t begun_at) const {
  std::vector<std::int64_t> old;
  in.each("SELECT id FROM object_upload WHERE begun_at < :begun", {{"begun", begun_at}},
          [&](const sql::row& row) { old.push_back(row.int64(0)); });
  return old;
}

std::vector<store::blob_ref> named_blobs(sql::connection& in) {
  std::vector<store::blob_ref> named;
  in.each("SELECT blob, stored_size, digest FROM object_part", {}, [&](const sql::row& row) {
    named.push_back(
        {std::string(row.text(0)), static_cast<std::uint64_t>(row.int64(1)), core::digest128_from_hex(row.text(2))});
  });
  return named;
}

}  // namespace eunomia::object
