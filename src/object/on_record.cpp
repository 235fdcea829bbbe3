#include "object/on_record.h"

#include <boost/describe.hpp>
#include <optional>
#include <string>

#include "core/json.h"

namespace eunomia::object {

namespace {

struct details {
  std::string bucket;
  std::optional<std::string> access_key;
  std::optional<bool> write;
};
BOOST_DESCRIBE_STRUCT(details, (), (bucket, access_key, write))

object_store::also with_entry(subject::audit_log& log, const char* action, const subject::actor& by,
                              const std::optional<std::string>& access_key = {}, std::optional<bool> write = {}) {
  return [&log, action, by, access_key, write](store::sql::transaction& in, const bucket_record& of) {
    subject::audit_entry entry;
    entry.by = by;
    entry.action = action;
    entry.details = core::write_json(details{of.name, access_key, write});
    log.append(in, entry);
  };
}

}  // namespace

bucket_record create_on_record(object_store& objects, subject::audit_log& log, std::string_view bucket,
                               const subject::actor& by) {
  return objects.create_bucket(bucket, with_entry(log, "bucket.created", by));
}

void delete_on_record(object_store& objects, subject::audit_log& log, std::string_view bucket,
                      const subject::actor& by) {
  objects.delete_bucket(bucket, with_entry(log, "bucket.deleted", by));
}

void allow_on_record(object_store& objects, subject::audit_log& log, std::string_view bucket,
                     std::string_view access_key, bool may_write, const subject::actor& by) {
  objects.allow(bucket, access_key, may_write,
                with_entry(log, "bucket.allowed", by, std::string(access_key), may_write));
}

void disallow_on_record(object_store& objects, subject::audit_log& log, std::string_view bucket,
                        std::string_view access_key, const subject::actor& by) {
  objects.disallow(bucket, access_key, with_entry(log, "bucket.disallowed", by, std::string(access_key)));
}

}  // namespace eunomia::object
