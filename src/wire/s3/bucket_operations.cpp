#include <fmt/format.h>

#include <array>
#include <optional>

#include "object/checksum.h"
#include "object/names.h"
#include "object/on_record.h"
#include "wire/s3/answers.h"
#include "wire/s3/bodies.h"
#include "wire/s3/operations.h"
#include "wire/s3/xml_writer.h"

namespace eunomia::wire::s3 {

namespace {

subject::actor caller_of(const call& of) {
  return subject::actor::token(of.request.caller->id);
}

// What buckets of ours have none of, in the words in which S3 says so of a bucket without it.
struct absent_setting {
  std::string_view query;
  unsigned status;
  std::string_view code;
};
constexpr std::array<absent_setting, 6> absent = {{{"policy", 404, "NoSuchBucketPolicy"},
                                                   {"tagging", 404, "NoSuchTagSet"},
                                                   {"cors", 404, "NoSuchCORSConfiguration"},
                                                   {"lifecycle", 404, "NoSuchLifecycleConfiguration"},
                                                   {"website", 404, "NoSuchWebsiteConfiguration"},
                                                   {"publicAccessBlock", 404, "NoSuchPublicAccessBlockConfiguration"}}};

// Those that S3 has and this has not.
constexpr std::array<std::string_view, 22> unknown = {"accelerate",
                                                      "analytics",
                                                      "encryption",
                                                      "intelligent-tiering",
                                                      "inventory",
                                                      "lifecycle",
                                                      "logging",
                                                      "metrics",
                                                      "notification",
                                                      "object-lock",
                                                      "ownershipControls",
                                                      "policy",
                                                      "policyStatus",
                                                      "publicAccessBlock",
                                                      "replication",
                                                      "requestPayment",
                                                      "session",
                                                      "tagging",
                                                      "versions",
                                                      "website",
                                                      "cors",
                                                      "acl"};

// The path of Eunomia's own API on the port. "/health" and the others take no PUT, so no bucket is called so.
constexpr std::string_view reserved = "api";

void refuse_settings(const call& of) {
  for (const std::string_view name : unknown) {
    if (has_query(of.request, name)) {
      throw not_implemented(name);
    }
  }
  if (has_query(of.request, "versioning")) {
    throw not_implemented("versioning");
  }
}

http::response delete_objects(call& of) {
  const object::bucket_record bucket = of.bucket(access::write);
  const object::expected_bytes expected = expected_of(of.request);
  object::check_bytes(expected, core::as_bytes(of.request.body));
  const delete_body asked = read_delete(of.request.body);
  xml_writer document("DeleteResult");
  for (const delete_body::one& each : asked.objects) {
    try {
      object::conditions when;
      if (!each.etag.empty()) {
        when.if_match = {each.etag};
      }
      object::check_key(each.key);
      of.objects().remove(bucket, each.key, when);
      if (!asked.quiet) {
        document.open("Deleted").element("Key", each.key).close();
      }
    } catch (const core::error& problem) {
      const error_answer why = answer_of(problem);
      document.open("Error").element("Key", each.key).element("Code", why.code).element("Message", why.message).close();
    }
  }
  return xml_answer(document.finish());
}

}  // namespace

bool call::may_all() const {
  switch (request.caller->as) {
    case http::role::administrator:
    case http::role::privacy_officer:
    case http::role::engineer: return true;
    case http::role::annotator:
    case http::role::service: break;
  }
  return false;
}

void call::want_all() const {
  if (!may_all()) {
    throw failed(403, "AccessDenied", "Access Denied: this access key may only use the buckets that it was allowed");
  }
}

object::bucket_record call::bucket(std::string_view name, access wanted) const {
  if (may_all()) {
    return with.objects.bucket(name);
  }
  // Who may not use a bucket is not told whether there is one.
  const auto denied = [] {
    return failed(403, "AccessDenied", "Access Denied: this access key was not allowed this bucket");
  };
  std::optional<object::bucket_record> found;
  try {
    found = with.objects.bucket(name);
  } catch (const object::refusal&) {
    throw denied();
  }
  const auto allowed = with.objects.grant_of(found->id, request.caller->id);
  if (!allowed || (wanted == access::write && !allowed->may_write)) {
    throw denied();
  }
  return *std::move(found);
}

http::response get_service(call& of) {
  xml_writer document("ListAllMyBucketsResult");
  document.open("Owner").element("ID", "eunomia").element("DisplayName", "eunomia").close();
  document.open("Buckets");
  for (const object::bucket_record& each : of.objects().buckets()) {
    if (of.may_all() || of.objects().grant_of(each.id, of.request.caller->id)) {
      document.open("Bucket").element("Name", each.name).element("CreationDate", xml_date(each.created_at)).close();
    }
  }
  return xml_answer(document.finish());
}

http::response get_bucket(call& of) {
  const http::request& asked = of.request;
  if (has_query(asked, "uploads")) {
    return list_uploads(of);
  }
  const object::bucket_record bucket = of.bucket(access::read);
  if (has_query(asked, "location")) {
    // As S3 says it of us-east-1: no constraint.
    return xml_answer(xml_writer("LocationConstraint").finish());
  }
  if (has_query(asked, "versioning")) {
    return xml_answer(xml_writer("VersioningConfiguration").finish());
  }
  for (const absent_setting& one : absent) {
    if (has_query(asked, one.query)) {
      throw failed(one.status, one.code,
                   fmt::format("bucket {} has no such setting: this server has none", bucket.name));
    }
  }
  refuse_settings(of);
  return query_of(asked, "list-type") == "2" ? list_objects_v2(of) : list_objects(of);
}

http::response head_bucket(call& of) {
  of.bucket(access::read);
  http::response made = xml_answer({});
  made.headers.push_back({"x-amz-bucket-region", "us-east-1"});
  return made;
}

http::response put_bucket(call& of) {
  of.want_all();
  refuse_settings(of);
  refuse_unknown(of.request);
  if (of.bucket_name() == reserved) {
    throw failed(400, "InvalidBucketName", "the server answers other requests at this path; choose another name");
  }
  read_create_bucket(of.request.body);  // wherever it is to be: this is one place
  const object::bucket_record made =
      object::create_on_record(of.objects(), of.with.audit, of.bucket_name(), caller_of(of));
  http::response answer = xml_answer({});
  answer.headers.push_back({"Location", "/" + made.name});
  return answer;
}

http::response post_bucket(call& of) {
  if (has_query(of.request, "delete")) {
    return delete_objects(of);
  }
  throw not_implemented("POST of a form");
}

http::response delete_bucket(call& of) {
  of.want_all();
  refuse_settings(of);
  object::delete_on_record(of.objects(), of.with.audit, of.bucket_name(), caller_of(of));
  http::response made = xml_answer({});
  made.status = 204;
  return made;
}

}  // namespace eunomia::wire::s3
