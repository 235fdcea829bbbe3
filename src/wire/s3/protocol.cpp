#include "wire/s3/protocol.h"

#include <optional>
#include <utility>

#include "core/log.h"
#include "core/time.h"
#include "object/object.h"
#include "wire/aws/claim.h"
#include "wire/aws/names.h"
#include "wire/s3/answers.h"
#include "wire/s3/bodies.h"

namespace eunomia::wire::s3 {

namespace {

// The framing of aws-chunked bodies comes on top of the bytes.
constexpr std::uint64_t max_object_body_bytes = object::max_part_bytes + object::max_part_bytes / 64;
constexpr std::size_t max_small_body_bytes = std::size_t{64} << 10;

constexpr std::string_view scope_end = "/s3/aws4_request";
// Version 2 was S3's alone; it is claimed so that who signs with it is told, in words that it reads.
constexpr std::string_view version_2 = "AWS ";
constexpr std::string_view version_2_in_query = "AWSAccessKeyId";

}  // namespace

aws::sigv4_authenticator::clock protocol::default_clock() {
  return [] { return core::now_ms(); };
}

protocol::protocol(services with, aws::key_lookup keys, aws::replay_window& window, aws::sigv4_authenticator::clock now)
    : with_(with), credentials_("s3", std::move(keys), aws::s3_error_of, now), window_(window), now_(std::move(now)) {
  using http::method;
  using kind = http::body_policy::kind;
  add(method::get, "/", get_service);
  for (const char* const bucket : {"/{bucket}", "/{bucket}/"}) {
    add(method::get, bucket, get_bucket);
    add(method::head, bucket, head_bucket);
    add(method::put, bucket, put_bucket, {kind::memory, max_small_body_bytes});
    add(method::post, bucket, post_bucket, {kind::memory, max_body_bytes});
    add(method::delete_, bucket, delete_bucket);
  }
  const char* const object = "/{bucket}/{key*}";
  add(method::get, object, get_object);
  add(method::head, object, head_object);
  add(method::put, object, put_object, {kind::file, max_object_body_bytes});
  add(method::post, object, post_object, {kind::memory, max_body_bytes});
  add(method::delete_, object, delete_object);
}

void protocol::add(http::method verb, const char* path, operation run, http::body_policy body) {
  // Which buckets somebody may use is the operation's to ask.
  const http::access everybody = http::access::roles(http::role::privacy_officer, http::role::engineer,
                                                     http::role::annotator, http::role::service);
  routes_.push_back({.verb = verb,
                     .path = path,
                     .who = everybody,
                     .run = [this, run](http::request& request) { return answered(run, request); },
                     .body = body,
                     .where = http::execution::worker,
                     .open_sink = nullptr});
}

bool protocol::claims(const http::request& head) const {
  if (head.query_parameter(version_2_in_query)) {
    return true;
  }
  if (!aws::is_signed(head)) {
    return false;
  }
  const auto signed_by = head.header_named("Authorization").value_or("");
  const auto in_query = head.query_parameter(aws::query_name::credential).value_or("");
  return signed_by.find(scope_end) != std::string_view::npos || in_query.find(scope_end) != std::string_view::npos ||
         signed_by.starts_with(version_2);
}

http::response protocol::answer_of(const http::request& head, const http::failure& why) const {
  return error_response(s3::answer_of(why), head);
}

http::response protocol::answered(operation run, http::request& request) const {
  const auto claim = aws::read_claim(request);
  const auto* const says = std::get_if<aws::claim>(&claim);
  const bool once = says != nullptr && !aws::may_come_again(request.verb, *says);
  auto use = once ? window_.begin(says->signature, now_()) : std::nullopt;
  if (once && !use) {
    const aws::error_name again = aws::s3_error_of(aws::refusal_kind::already_used);
    return error_response({again.status, std::string(again.code), "Please reduce your request rate."}, request);
  }
  call of{request, with_};
  try {
    http::response answer = run(of);
    answer.headers.push_back({"x-amz-request-id", request.id});
    if (use) {
      use->keep();
    }
    return answer;
  } catch (const std::exception& problem) {
    const error_answer why = s3::answer_of(problem);
    if (why.status == 500) {
      core::log::error("a request of S3 failed", {{"reason", core::kept_message_of(problem)}, {"request", request.id}});
    }
    return error_response(why, request);
  }
}

}  // namespace eunomia::wire::s3
