#include "wire/aws/client/signed_caller.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <thread>

#include "core/file.h"
#include "core/hash.h"
#include "core/seal.h"
#include "core/time.h"

namespace eunomia::wire::aws {

namespace {

using core::errc;

constexpr std::size_t max_answer_bytes = std::size_t{16} << 20U;
constexpr std::size_t piece_bytes = std::size_t{1} << 16U;
constexpr std::chrono::milliseconds look_interval(100);
constexpr std::size_t longest_message = 500;

constexpr std::array<std::string_view, 9> told_to_wait = {
    "ThrottlingException", "Throttling",    "TooManyRequestsException", "RequestLimitExceeded",   "SlowDown",
    "RequestTimeout",      "InternalError", "ServiceUnavailable",       "InternalServerException"};
constexpr std::array<std::string_view, 12> not_let_in = {
    "AccessDenied",         "AccessDeniedException",     "UnrecognizedClientException",
    "InvalidAccessKeyId",   "InvalidSignatureException", "SignatureDoesNotMatch",
    "ExpiredToken",         "ExpiredTokenException",     "IncompleteSignatureException",
    "RequestTimeTooSkewed", "InvalidClientTokenId",      "MissingAuthenticationTokenException"};

template <std::size_t Size>
bool has(const std::array<std::string_view, Size>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

bool should_wait(unsigned status, std::string_view name) {
  return has(told_to_wait, name) || status == 429 || status >= 500;
}

errc code_of(unsigned status, std::string_view name) {
  if (should_wait(status, name)) {
    return errc::unavailable;
  }
  if (has(not_let_in, name) || status == 401 || status == 403) {
    return errc::permission_denied;
  }
  if (name == "ResourceNotFoundException" || status == 404) {
    return errc::not_found;
  }
  if (name == "ResourceAlreadyExistsException" || name == "BucketAlreadyOwnedByYou" || name == "BucketAlreadyExists") {
    return errc::already_exists;
  }
  if (name == "ResourceInUseException" || status == 409 || status == 412) {
    return errc::failed_precondition;
  }
  if (name == "LimitExceededException" || name == "TooManyTagsException") {
    return errc::resource_exhausted;
  }
  return errc::invalid_argument;
}

std::string_view remedy_for(errc code) {
  switch (code) {
    case errc::permission_denied:
      return "; check the access key, its secret, its rights, the region, and this machine's clock";
    case errc::unavailable: return "; try again later";
    default: return "";
  }
}

std::string hash_of(const http::plain_request& request) {
  if (request.file.empty()) {
    return core::to_hex(core::sha256(request.body));
  }
  const core::file_descriptor file = core::open_file(request.file, O_RDONLY);
  core::sha256_hasher hash;
  std::array<std::byte, piece_bytes> piece{};
  for (std::uint64_t at = 0; at < request.file_bytes;) {
    const std::size_t wanted = std::min<std::uint64_t>(piece.size(), request.file_bytes - at);
    const ssize_t got = ::pread(file.get(), piece.data(), wanted, static_cast<off_t>(request.file_at + at));
    if (got < 0 && errno == EINTR) {
      continue;
    }
    if (got <= 0) {
      core::throw_system_error(got < 0 ? errno : EIO, "read to its end", request.file);
    }
    hash.update(core::bytes_view(piece).first(static_cast<std::size_t>(got)));
    at += static_cast<std::uint64_t>(got);
  }
  return core::to_hex(hash.finish());
}

}  // namespace

signed_caller::signed_caller(service_endpoint at, credentials with, error_reader read_error,
                             std::function<void()> between, const patience& how)
    : at_(std::move(at)),
      with_(std::move(with)),
      read_error_(read_error),
      between_(std::move(between)),
      how_(how),
      client_(http::client::open({.url = at_.url,
                                  .token = {},
                                  .certificate_authority = at_.certificate_authority,
                                  .timeout = how.answer_within})) {}

http::plain_request signed_caller::signed_now(const http::plain_request& request) const {
  http::request head;
  head.verb = request.verb;
  head.target = request.target;
  head.headers = request.headers;
  head.headers.push_back({"Host", client_->authority()});
  const destination to{at_.region, at_.service};
  sign(head, {.with = with_, .to = to, .now = core::now_ms()}, hash_of(request));
  http::plain_request ready = request;
  ready.headers = std::move(head.headers);
  return ready;
}

void signed_caller::wait(unsigned before_try) const {
  const std::int64_t most =
      std::min<std::int64_t>(how_.longest_wait.count(), how_.first_wait.count() << std::min(before_try, 20U));
  const auto half = static_cast<std::uint64_t>(std::max<std::int64_t>(most / 2, 1));
  // Clients that were told to wait at the same time come back at different times.
  auto left = std::chrono::milliseconds(half + core::random_number() % half);
  while (left.count() > 0) {
    if (between_) {
      between_();
    }
    const auto now = std::min(left, look_interval);
    std::this_thread::sleep_for(now);
    left -= now;
  }
}

void signed_caller::refuse(const http::client::answer& answer, std::string_view what) const {
  const named_error why = read_error_(answer);
  const errc code = code_of(answer.status, why.name);
  const std::string said = why.name.empty() ? fmt::format("status {}", answer.status)
                                            : fmt::format("{}: {}", why.name, why.message.substr(0, longest_message));
  throw service_error(
      code, why.name,
      fmt::format("{} of {} at {} was refused: {}{}", what, at_.service, at_.url, said, remedy_for(code)));
}

http::client::answer signed_caller::call(const http::plain_request& request, std::string_view what) {
  unsigned unanswered = 0;
  for (unsigned number = 1;; ++number) {
    if (between_) {
      between_();
    }
    try {
      http::client::answer answer = client_->perform(signed_now(request), max_answer_bytes);
      if (answer.status < 300) {
        return answer;
      }
      if (number >= how_.tries || !should_wait(answer.status, read_error_(answer).name)) {
        refuse(answer, what);
      }
    } catch (const service_error&) {
      throw;
    } catch (const core::error& problem) {
      if (problem.code() != errc::unavailable) {
        throw;
      }
      if (++unanswered >= how_.connect_tries || number >= how_.tries) {
        throw core::error(errc::unavailable,
                          fmt::format("{} of {} at {} had no answer: {}", what, at_.service, at_.url, problem.what()));
      }
    }
    wait(number);
  }
}

}  // namespace eunomia::wire::aws
