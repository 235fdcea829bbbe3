// Buckets, and who may use them.
#include <fmt/format.h>

#include "core/time.h"
#include "object/names.h"
#include "object/object_store.h"
#include "object/refusal.h"

namespace eunomia::object {

namespace sql = store::sql;

namespace {

std::optional<bucket_record> find_bucket(sql::connection& in, std::string_view name) {
  const sql::rows found =
      in.query_one("SELECT id, name, created_at FROM object_bucket WHERE name = :name", {{"name", name}});
  if (found.empty()) {
    return std::nullopt;
  }
  return bucket_record{found[0].int64(0), std::string(found[0].text(1)), found[0].int64(2)};
}

bucket_record existing(sql::connection& in, std::string_view name) {
  check_bucket_name(name);
  if (auto found = find_bucket(in, name)) {
    return *std::move(found);
  }
  throw refusal(refused::no_such_bucket, fmt::format("there is no bucket {}; create it first", name));
}

}  // namespace

bucket_record object_store::create_bucket(std::string_view name, const also& more) {
  check_bucket_name(name);
  return database_.write([&](sql::transaction& in) {
    if (find_bucket(in, name)) {
      throw refusal(refused::bucket_exists, fmt::format("there is a bucket {} already", name));
    }
    if (in.query_one("SELECT count(*) FROM object_bucket")[0].uint64(0) >= max_buckets) {
      throw refusal(refused::too_many, fmt::format("there are max_buckets = {} buckets", max_buckets));
    }
    const std::int64_t now = core::now_ms();
    const sql::rows added =
        in.query_one("INSERT INTO object_bucket (name, created_at) VALUES (:name, :now) RETURNING id",
                     {{"name", name}, {"now", now}});
    bucket_record made{added[0].int64(0), std::string(name), now};
    if (more) {
      more(in, made);
    }
    return made;
  });
}

void object_store::delete_bucket(std::string_view name, const also& more) {
  const bucket_record gone = database_.write([&](sql::transaction& in) {
    bucket_record of = existing(in, name);
    for (const char* const table : {"object_entry", "object_upload"}) {
      if (in.query_one(
                fmt::format("SELECT count(*) FROM (SELECT 1 FROM {} WHERE bucket = :bucket LIMIT 1) AS first", table),
                {{"bucket", of.id}})[0]
              .int64(0) != 0) {
        throw refusal(refused::bucket_not_empty,
                      fmt::format("bucket {} is not empty: delete its objects, and abort what is being uploaded in "
                                  "parts",
                                  name));
      }
    }
    in.execute("DELETE FROM object_grant WHERE bucket = :bucket", {{"bucket", of.id}});
    in.execute("DELETE FROM object_bucket WHERE id = :bucket", {{"bucket", of.id}});
    if (more) {
      more(in, of);
    }
    return of;
  });
  index_.remove_bucket(gone.id);
}

bucket_record object_store::bucket(std::string_view name) const {
  return database_.read([&](sql::connection& in) { return existing(in, name); });
}

std::vector<bucket_record> object_store::buckets() const {
  return database_.read([](sql::connection& in) {
    std::vector<bucket_record> all;
    in.each("SELECT id, name, created_at FROM object_bucket ORDER BY name", {}, [&](const sql::row& row) {
      all.push_back({row.int64(0), std::string(row.text(1)), row.int64(2)});
    });
    return all;
  });
}

void object_store::allow(std::string_view bucket, std::string_view access_key, bool may_write, const also& more) {
  database_.write([&](sql::transaction& in) {
    const bucket_record of = existing(in, bucket);
    in.execute("DELETE FROM object_grant WHERE bucket = :bucket AND access_key = :key",
               {{"bucket", of.id}, {"key", access_key}});
    in.execute(
        "INSERT INTO object_grant (bucket, access_key, may_write, granted_at) VALUES (:bucket, :key, :write, :now)",
        {{"bucket", of.id}, {"key", access_key}, {"write", may_write ? 1 : 0}, {"now", core::now_ms()}});
    if (more) {
      more(in, of);
    }
  });
}

void object_store::disallow(std::string_view bucket, std::string_view access_key, const also& more) {
  database_.write([&](sql::transaction& in) {
    const bucket_record of = existing(in, bucket);
    if (in.execute("DELETE FROM object_grant WHERE bucket = :bucket AND access_key = :key",
                   {{"bucket", of.id}, {"key", access_key}}) == 0) {
      throw core::error(core::errc::not_found,
                        fmt::format("access key {} was not allowed bucket {}", access_key, bucket));
    }
    if (more) {
      more(in, of);
    }
  });
}

std::vector<grant> object_store::grants_of(std::string_view bucket) const {
  return database_.read([&](sql::connection& in) {
    std::vector<grant> all;
    in.each("SELECT access_key, may_write, granted_at FROM object_grant WHERE bucket = :bucket ORDER BY access_key",
            {{"bucket", existing(in, bucket).id}}, [&](const sql::row& row) {
              all.push_back({std::string(row.text(0)), row.int64(1) != 0, row.int64(2)});
            });
    return all;
  });
}

std::optional<grant> object_store::grant_of(std::int64_t bucket, std::string_view access_key) const {
  return database_.read([&](sql::connection& in) -> std::optional<grant> {
    const sql::rows found =
        in.query_one("SELECT may_write, granted_at FROM object_grant WHERE bucket = :bucket AND access_key = :key",
                     {{"bucket", bucket}, {"key", access_key}});
    if (found.empty()) {
      return std::nullopt;
    }
    return grant{std::string(access_key), found[0].int64(0) != 0, found[0].int64(1)};
  });
}

}  // namespace eunomia::object
