#include "store/table/manifest.h"

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::store::table::manifest {

namespace {

using core::errc;
using core::error;

constexpr std::string_view version_1 = R"(
CREATE TABLE stored_table (
  id {id},
  name {text} NOT NULL UNIQUE,
  about_people BIGINT NOT NULL,
  buckets BIGINT NOT NULL
);
CREATE TABLE stored_table_column (
  table_id BIGINT NOT NULL,
  position BIGINT NOT NULL,
  name {text} NOT NULL,
  type {text} NOT NULL,
  PRIMARY KEY (table_id, position)
);
CREATE TABLE stored_table_purpose (
  table_id BIGINT NOT NULL,
  purpose {text} NOT NULL,
  PRIMARY KEY (table_id, purpose)
);
CREATE TABLE stored_part (
  id {id},
  table_id BIGINT NOT NULL,
  bucket BIGINT NOT NULL,
  sequence BIGINT NOT NULL,
  blob_key {text} NOT NULL UNIQUE,
  size BIGINT NOT NULL,
  digest {text} NOT NULL,
  row_count BIGINT NOT NULL,
  column_count BIGINT NOT NULL,
  UNIQUE (table_id, bucket, sequence)
)
)";

constexpr std::string_view version_2 = "ALTER TABLE stored_table_column ADD COLUMN sealed BIGINT NOT NULL DEFAULT 0";

column_type type_named(std::string_view name) {
  for (const column_type type : {column_type::int64, column_type::float64, column_type::text}) {
    if (name == name_of(type)) {
      return type;
    }
  }
  throw error(errc::corrupt, "stored_table_column names a type that there is not: " + std::string(name));
}

core::digest128 digest_of(std::string_view hex) {
  const std::vector<std::byte> bytes = core::from_hex(hex);
  core::digest128 digest;
  if (bytes.size() != digest.bytes.size()) {
    throw error(errc::corrupt, "stored_part holds a digest of another length");
  }
  std::copy(bytes.begin(), bytes.end(), digest.bytes.begin());
  return digest;
}

void insert_column(sql::transaction& in, std::int64_t table, std::size_t position, const column& added) {
  in.execute(
      "INSERT INTO stored_table_column (table_id, position, name, type, sealed)"
      " VALUES (:table_id, :position, :name, :type, :sealed)",
      {{"table_id", table},
       {"position", position},
       {"name", added.name},
       {"type", name_of(added.type)},
       {"sealed", added.sealed ? 1 : 0}});
}

void check_sealed_about(bool about_people, std::string_view table, const column& one) {
  if (one.sealed && !about_people) {
    throw error(errc::invalid_argument, "table \"" + std::string(table) + "\": column \"" + one.name +
                                            "\" cannot rest sealed: the table is not about people");
  }
}

void insert_part(sql::transaction& in, std::int64_t table, const part& added, std::int64_t sequence) {
  in.execute(
      "INSERT INTO stored_part (table_id, bucket, sequence, blob_key, size, digest, row_count, column_count)"
      " VALUES (:table_id, :bucket, :sequence, :blob_key, :size, :digest, :row_count, :column_count)",
      {{"table_id", table},
       {"bucket", added.bucket},
       {"sequence", sequence},
       {"blob_key", added.blob.key},
       {"size", added.blob.size},
       {"digest", core::to_hex(added.blob.digest)},
       {"row_count", added.rows},
       {"column_count", added.columns}});
}

}  // namespace

std::span<const sql::migration> migrations() {
  static constexpr std::array<sql::migration, 2> steps = {
      {{"store/table", 1, version_1}, {"store/table", 2, version_2}}};
  return steps;
}

std::string lower(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
  return out;
}

void check(const column& column) {
  const auto control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  if (column.name.empty() || column.name.size() > max_column_name_bytes ||
      std::any_of(column.name.begin(), column.name.end(), control)) {
    throw error(errc::invalid_argument, "column \"" + column.name.substr(0, max_column_name_bytes) +
                                            "\": a name has 1 to max_column_name_bytes = 128 bytes, no control ones");
  }
  if (lower(column.name) == subject_column || lower(column.name) == sealed_column) {
    throw error(errc::invalid_argument, "column \"" + column.name +
                                            "\": this name is kept for the handles of people, or " +
                                            "for what rests sealed with their keys; give it another");
  }
}

void check(const table_description& description) {
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' || c == '/';
  };
  const std::string& name = description.name;
  if (name.empty() || name.size() > max_table_name_bytes || !std::all_of(name.begin(), name.end(), allowed)) {
    throw error(errc::invalid_argument,
                "table \"" + name + "\": a name is 1 to 128 of a-z, 0-9, '-', '_', '.' and '/'");
  }
  if (description.columns.empty() || description.columns.size() > max_columns) {
    throw error(errc::invalid_argument, "table \"" + name + "\": a table has 1 to max_columns = 256 columns");
  }
  if (description.buckets == 0 || description.buckets > max_buckets ||
      (!description.about_people && description.buckets != 1)) {
    throw error(errc::invalid_argument, "table \"" + name + "\": a table about people has 1 to max_buckets = 65536 " +
                                            "buckets, another has one");
  }
  std::set<std::string> seen;
  for (const column& c : description.columns) {
    check(c);
    check_sealed_about(description.about_people, name, c);
    if (!seen.insert(lower(c.name)).second) {
      throw error(errc::invalid_argument, "table \"" + name + "\": column \"" + c.name + "\" occurs twice");
    }
  }
}

void create(sql::transaction& in, const table_description& description) {
  if (!in.query_one("SELECT id FROM stored_table WHERE name = :name", {{"name", description.name}}).empty()) {
    throw error(errc::already_exists, "table \"" + description.name + "\" exists already");
  }
  in.execute("INSERT INTO stored_table (name, about_people, buckets) VALUES (:name, :about_people, :buckets)",
             {{"name", description.name},
              {"about_people", description.about_people ? 1 : 0},
              {"buckets", description.buckets}});
  const std::int64_t id = find(in, description.name).id;
  for (std::size_t i = 0; i < description.columns.size(); ++i) {
    insert_column(in, id, i, description.columns[i]);
  }
  const std::set<core::purpose> purposes(description.purposes.begin(), description.purposes.end());
  for (const core::purpose& why : purposes) {
    in.execute("INSERT INTO stored_table_purpose (table_id, purpose) VALUES (:table_id, :purpose)",
               {{"table_id", id}, {"purpose", why.name()}});
  }
}

void add_column(sql::transaction& in, std::string_view table, const column& added) {
  check(added);
  const table_entry entry = find(in, table);
  const auto& columns = entry.description.columns;
  if (columns.size() == max_columns) {
    throw error(errc::resource_exhausted, "table \"" + entry.description.name + "\" has max_columns = 256 columns");
  }
  for (const column& c : columns) {
    if (lower(c.name) == lower(added.name)) {
      throw error(errc::already_exists,
                  "table \"" + entry.description.name + "\" has a column \"" + c.name + "\" already");
    }
  }
  check_sealed_about(entry.description.about_people, entry.description.name, added);
  insert_column(in, entry.id, columns.size(), added);
}

void add_purpose(sql::transaction& in, std::string_view table, const core::purpose& added) {
  const table_entry entry = find(in, table);
  const auto& listed = entry.description.purposes;
  if (!entry.description.about_people || added == core::purpose::rights_of_the_data_subject()) {
    throw error(errc::invalid_argument,
                "table \"" + entry.description.name + "\" lists no purpose \"" + added.name() +
                    "\": " + (entry.description.about_people ? "every table has it unsaid" : "it is not about people"));
  }
  if (std::find(listed.begin(), listed.end(), added) == listed.end()) {
    in.execute("INSERT INTO stored_table_purpose (table_id, purpose) VALUES (:table_id, :purpose)",
               {{"table_id", entry.id}, {"purpose", added.name()}});
  }
}

void drop(sql::transaction& in, std::string_view table) {
  const std::int64_t id = find(in, table).id;
  in.execute("DELETE FROM stored_part WHERE table_id = :id", {{"id", id}});
  in.execute("DELETE FROM stored_table_purpose WHERE table_id = :id", {{"id", id}});
  in.execute("DELETE FROM stored_table_column WHERE table_id = :id", {{"id", id}});
  in.execute("DELETE FROM stored_table WHERE id = :id", {{"id", id}});
}

table_entry find(sql::connection& in, std::string_view table) {
  const sql::rows found =
      in.query_one("SELECT id, about_people, buckets FROM stored_table WHERE name = :name", {{"name", table}});
  if (found.empty()) {
    throw error(errc::not_found, "there is no table \"" + std::string(table) + "\"");
  }
  table_entry entry;
  entry.id = found[0].int64(0);
  entry.description.name = table;
  entry.description.about_people = found[0].int64(1) != 0;
  entry.description.buckets = static_cast<std::uint32_t>(found[0].int64(2));
  in.each("SELECT name, type, sealed FROM stored_table_column WHERE table_id = :id ORDER BY position",
          {{"id", entry.id}}, [&](const sql::row& r) {
            entry.description.columns.push_back({std::string(r.text(0)), type_named(r.text(1)), r.int64(2) != 0});
          });
  in.each("SELECT purpose FROM stored_table_purpose WHERE table_id = :id ORDER BY purpose", {{"id", entry.id}},
          [&](const sql::row& r) { entry.description.purposes.emplace_back(std::string(r.text(0))); });
  return entry;
}

std::vector<std::string> names(sql::connection& in) {
  std::vector<std::string> all;
  in.each("SELECT name FROM stored_table ORDER BY name", {}, [&](const sql::row& r) { all.emplace_back(r.text(0)); });
  return all;
}

std::vector<part> parts_of(sql::connection& in, std::int64_t table) {
  std::vector<part> parts;
  in.each(
      "SELECT id, bucket, sequence, blob_key, size, digest, row_count, column_count FROM stored_part"
      " WHERE table_id = :table_id ORDER BY bucket, sequence",
      {{"table_id", table}}, [&](const sql::row& r) {
        parts.push_back({r.int64(0),
                         static_cast<std::uint32_t>(r.int64(1)),
                         r.int64(2),
                         {std::string(r.text(3)), r.uint64(4), digest_of(r.text(5))},
                         r.uint64(6),
                         r.uint64(7)});
      });
  return parts;
}

bool has(sql::connection& in, std::int64_t table) {
  return !in.query_one("SELECT id FROM stored_table WHERE id = :id", {{"id", table}}).empty();
}

bool is_named(sql::connection& in, std::string_view key) {
  return !in.query_one("SELECT id FROM stored_part WHERE blob_key = :key", {{"key", key}}).empty();
}

std::set<std::string, std::less<>> keys(sql::connection& in) {
  std::set<std::string, std::less<>> all;
  in.each("SELECT blob_key FROM stored_part", {}, [&](const sql::row& r) { all.emplace(r.text(0)); });
  return all;
}

void check_sealed(sql::connection& in, std::int64_t table, std::span<const column> described) {
  in.each("SELECT position, sealed FROM stored_table_column WHERE table_id = :id", {{"id", table}},
          [&](const sql::row& r) {
            const std::uint64_t position = r.uint64(0);
            if (position < described.size() && described[position].sealed != (r.int64(1) != 0)) {
              throw error(errc::failed_precondition,
                          "columns of the table were sealed while rows were on their way into it; try again");
            }
          });
}

void set_sealed(sql::transaction& in, std::int64_t table, std::span<const column> sealed) {
  for (const column& c : sealed) {
    in.execute("UPDATE stored_table_column SET sealed = 1 WHERE table_id = :id AND name = :name",
               {{"id", table}, {"name", c.name}});
  }
}

void add_part(sql::transaction& in, std::int64_t table, const part& added) {
  const sql::rows columns =
      in.query_one("SELECT count(*) FROM stored_table_column WHERE table_id = :id", {{"id", table}});
  if (columns[0].uint64(0) < added.columns) {
    throw error(errc::failed_precondition, "the table was dropped while rows were on their way into it");
  }
  const sql::rows last =
      in.query_one("SELECT COALESCE(MAX(sequence), 0) FROM stored_part WHERE table_id = :table_id AND bucket = :bucket",
                   {{"table_id", table}, {"bucket", added.bucket}});
  insert_part(in, table, added, last[0].int64(0) + 1);
}

void replace_parts(sql::transaction& in, std::int64_t table, std::span<const part> old, const part& replacement) {
  std::vector<std::int64_t> ids;
  for (const part& gone : old) {
    ids.push_back(gone.id);
  }
  const std::uint64_t removed =
      in.execute("DELETE FROM stored_part WHERE id IN {int64s:ids}", {{"ids", sql::int64_list(ids)}});
  if (removed != ids.size()) {
    throw error(errc::unavailable, "somebody else rewrote the table meanwhile; try again");
  }
  if (replacement.rows > 0) {
    insert_part(in, table, replacement, old.front().sequence);
  }
}

}  // namespace eunomia::store::table::manifest

namespace eunomia::store::table {

std::vector<blob_ref> named_blobs(sql::connection& in) {
  std::vector<blob_ref> all;
  in.each("SELECT blob_key, size, digest FROM stored_part ORDER BY blob_key", {}, [&](const sql::row& r) {
    all.push_back({std::string(r.text(0)), r.uint64(1), core::digest128_from_hex(r.text(2))});
  });
  return all;
}

}  // namespace eunomia::store::table
