#include "wire/s3/failure.h"

#include <fmt/format.h>

#include <array>

namespace eunomia::wire::s3 {

namespace {

using object::refused;

struct code_of_refusal {
  refused why;
  unsigned status;
  std::string_view code;
};
constexpr std::array<code_of_refusal, 16> refusals = {{{refused::no_such_bucket, 404, "NoSuchBucket"},
                                                       {refused::no_such_key, 404, "NoSuchKey"},
                                                       {refused::no_such_upload, 404, "NoSuchUpload"},
                                                       {refused::bucket_exists, 409, "BucketAlreadyOwnedByYou"},
                                                       {refused::bucket_not_empty, 409, "BucketNotEmpty"},
                                                       {refused::invalid_bucket_name, 400, "InvalidBucketName"},
                                                       {refused::key_too_long, 400, "KeyTooLongError"},
                                                       {refused::invalid_key, 400, "InvalidArgument"},
                                                       {refused::metadata_too_large, 400, "MetadataTooLarge"},
                                                       {refused::entity_too_large, 400, "EntityTooLarge"},
                                                       {refused::entity_too_small, 400, "EntityTooSmall"},
                                                       {refused::invalid_part, 400, "InvalidPart"},
                                                       {refused::invalid_part_order, 400, "InvalidPartOrder"},
                                                       {refused::bad_digest, 400, "BadDigest"},
                                                       {refused::precondition_failed, 412, "PreconditionFailed"},
                                                       {refused::too_many, 400, "TooManyBuckets"}}};

error_answer answer_of_refusal(const object::refusal& problem) {
  for (const code_of_refusal& one : refusals) {
    if (one.why == problem.why()) {
      return {one.status, std::string(one.code), problem.what()};
    }
  }
  return {};
}

error_answer answer_of_error(const core::error& problem) {
  using core::errc;
  switch (problem.code()) {
    case errc::invalid_argument: return {400, "InvalidArgument", problem.what()};
    case errc::not_found: return {404, "NoSuchKey", problem.what()};
    case errc::already_exists:
    case errc::failed_precondition:
    case errc::cancelled: return {409, "OperationAborted", problem.what()};
    case errc::permission_denied: return {403, "AccessDenied", problem.what()};
    case errc::resource_exhausted: return {507, "InsufficientStorage", problem.kept_message()};
    case errc::unavailable: return {503, "ServiceUnavailable", "the server cannot answer now; try again"};
    case errc::corrupt:
    case errc::internal: break;
  }
  return {500, "InternalError", "We encountered an internal error. Please try again."};
}

}  // namespace

failed invalid_argument(const std::string& message) {
  return {400, "InvalidArgument", message};
}

failed not_implemented(std::string_view what) {
  return {501, "NotImplemented",
          fmt::format("A header or query you provided implies functionality that is not "
                      "implemented: {}",
                      what)};
}

error_answer answer_of(const std::exception& problem) {
  if (const auto* const ours = dynamic_cast<const failed*>(&problem)) {
    return ours->answer();
  }
  if (const auto* const theirs = dynamic_cast<const object::refusal*>(&problem)) {
    return answer_of_refusal(*theirs);
  }
  if (const auto* const any = dynamic_cast<const core::error*>(&problem)) {
    return answer_of_error(*any);
  }
  return {500, "InternalError", "We encountered an internal error. Please try again."};
}

error_answer answer_of(const http::failure& why) {
  struct known {
    std::string_view from;
    unsigned status;
    std::string_view code;
  };
  constexpr std::array<known, 9> all = {{{"content_too_large", 400, "EntityTooLarge"},
                                         {"length_required", 411, "MissingContentLength"},
                                         {"method_not_allowed", 405, "MethodNotAllowed"},
                                         {"not_found", 404, "NoSuchKey"},
                                         {"permission_denied", 403, "AccessDenied"},
                                         {"unauthenticated", 403, "AccessDenied"},
                                         {"request_timeout", 400, "RequestTimeout"},
                                         {"unavailable", 503, "SlowDown"},
                                         {"invalid_argument", 400, "InvalidRequest"}}};
  for (const known& one : all) {
    if (one.from == why.code) {
      return {one.status, std::string(one.code), why.message};
    }
  }
  // The authenticator has S3's names already; what is none says what it is by its status.
  const bool is_name = !why.code.empty() && why.code.front() >= 'A' && why.code.front() <= 'Z';
  if (is_name) {
    return {why.status, why.code, why.message};
  }
  return {why.status,
          why.status == 503 || why.status == 429 ? "SlowDown"
          : why.status >= 500                    ? "InternalError"
                                                 : "InvalidRequest",
          why.message};
}

}  // namespace eunomia::wire::s3
