#pragma once

#include <string_view>

#include "object/object_store.h"
#include "subject/audit/audit_log.h"

// What is done to buckets, and to who may use them, with its entry in the audit log.
namespace eunomia::object {

// "bucket.created", "bucket.deleted".
bucket_record create_on_record(object_store& objects, subject::audit_log& log, std::string_view bucket,
                               const subject::actor& by);
void delete_on_record(object_store& objects, subject::audit_log& log, std::string_view bucket,
                      const subject::actor& by);
// "bucket.allowed", "bucket.disallowed".
void allow_on_record(object_store& objects, subject::audit_log& log, std::string_view bucket,
                     std::string_view access_key, bool may_write, const subject::actor& by);
void disallow_on_record(object_store& objects, subject::audit_log& log, std::string_view bucket,
                        std::string_view access_key, const subject::actor& by);

}  // namespace eunomia::object
