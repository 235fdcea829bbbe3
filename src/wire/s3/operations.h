#pragma once

#include <functional>
#include <string>

#include "object/object_store.h"
#include "subject/audit/audit_log.h"
#include "wire/http/message.h"

// What S3's operations do. Each throws what failure.h makes an answer of.
namespace eunomia::wire::s3 {

// What they work on; all outlive it.
struct services {
  object::object_store& objects;
  subject::audit_log& audit;
};

enum class access { read, write };

// One request: who asks, and for what.
struct call {
  http::request& request;
  const services& with;

  std::string bucket_name() const { return request.path_parameter("bucket"); }
  const std::string& key() const { return request.path_parameter("key"); }
  // Whether their role may use every bucket, and make new ones; others use those that they were allowed.
  bool may_all() const;
  // Throws NoSuchBucket, and AccessDenied to who was not allowed it.
  object::bucket_record bucket(access wanted) const { return bucket(bucket_name(), wanted); }
  object::bucket_record bucket(std::string_view name, access wanted) const;
  // Throws AccessDenied.
  void want_all() const;
  object::object_store& objects() const { return with.objects; }
};

// By the query and the headers, as S3 tells operations apart. On the service, a bucket, an object:
http::response get_service(call& of);
http::response get_bucket(call& of);
http::response head_bucket(call& of);
http::response put_bucket(call& of);
http::response post_bucket(call& of);
http::response delete_bucket(call& of);
http::response get_object(call& of);
http::response head_object(call& of);
http::response put_object(call& of);
http::response post_object(call& of);
http::response delete_object(call& of);

// Of an object in parts.
http::response begin_upload(call& of);
http::response put_part(call& of);
http::response complete_upload(call& of);
http::response abort_upload(call& of);
http::response list_parts(call& of);
http::response list_uploads(call& of);

// Listings.
http::response list_objects(call& of);
http::response list_objects_v2(call& of);

}  // namespace eunomia::wire::s3
