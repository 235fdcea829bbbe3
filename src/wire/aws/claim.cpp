#include "wire/aws/claim.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "wire/aws/names.h"
#include "wire/http/text.h"

namespace eunomia::wire::aws {

namespace {

// The parts as they are written, before anything is known of them.
struct parts {
  std::string_view credential;
  std::string_view signed_headers;
  std::string_view signature;
  std::string_view date;
  std::string_view expires;
};

refusal incomplete(std::string message) {
  return {refusal_kind::incomplete_signature, std::move(message)};
}

std::size_t count_of_header(const http::request& head, std::string_view name) {
  return static_cast<std::size_t>(
      std::count_if(head.headers.begin(), head.headers.end(),
                    [&](const http::header& each) { return http::equal_ignoring_case(each.name, name); }));
}

std::size_t count_of_parameter(const http::request& head, std::string_view name) {
  return static_cast<std::size_t>(std::count_if(head.query.begin(), head.query.end(),
                                                [&](const http::parameter& each) { return each.name == name; }));
}

or_refusal<parts> parts_of_header(const http::request& head) {
  if (count_of_header(head, "Authorization") > 1) {
    return incomplete("There are several Authorization headers.");
  }
  std::string_view rest = *head.header_named("Authorization");
  const std::size_t space = rest.find(' ');
  if (rest.substr(0, space) != algorithm) {
    return incomplete(
        fmt::format("The authorization mechanism you have provided is not supported. Please use {}.", algorithm));
  }
  rest.remove_prefix(std::min(rest.size(), algorithm.size()));
  parts found;
  while (!rest.empty()) {
    const std::size_t comma = rest.find(',');
    const std::string_view one = http::trimmed(rest.substr(0, comma));
    rest.remove_prefix(comma == std::string_view::npos ? rest.size() : comma + 1);
    const std::size_t equals = one.find('=');
    const std::string_view name = one.substr(0, equals);
    std::string_view* const into = name == "Credential"      ? &found.credential
                                   : name == "SignedHeaders" ? &found.signed_headers
                                   : name == "Signature"     ? &found.signature
                                                             : nullptr;
    if (into == nullptr || equals == std::string_view::npos || !into->empty()) {
      return incomplete("The Authorization header has Credential, SignedHeaders and Signature, once each.");
    }
    *into = one.substr(equals + 1);
  }
  for (const auto& [name, value] : {std::pair{"Credential", found.credential},
                                    {"SignedHeaders", found.signed_headers},
                                    {"Signature", found.signature}}) {
    if (value.empty()) {
      return incomplete(fmt::format("Authorization header requires '{}' parameter.", name));
    }
  }
  if (count_of_header(head, header_name::date) != 1) {
    return incomplete("Authorization header requires existence of one 'X-Amz-Date' header.");
  }
  found.date = *head.header_named(header_name::date);
  return found;
}

or_refusal<parts> parts_of_query(const http::request& head) {
  parts found;
  std::string_view algorithm_named;
  const std::array<std::pair<std::string_view, std::string_view*>, 6> wanted = {
      {{query_name::algorithm, &algorithm_named},
       {query_name::credential, &found.credential},
       {query_name::date, &found.date},
       {query_name::expires, &found.expires},
       {query_name::signed_headers, &found.signed_headers},
       {query_name::signature, &found.signature}}};
  for (const auto& [name, into] : wanted) {
    if (count_of_parameter(head, name) != 1) {
      return incomplete(fmt::format("Query-string authentication requires the {} query parameter, once.", name));
    }
    *into = *head.query_parameter(name);
  }
  if (algorithm_named != algorithm) {
    return incomplete(fmt::format("X-Amz-Algorithm only supports \"{}\"", algorithm));
  }
  return found;
}

std::optional<refusal> read_credential(std::string_view text, claim& into) {
  std::array<std::string_view, 5> elements;
  std::size_t count = 0;
  for (std::size_t from = 0; from <= text.size() && count <= elements.size();) {
    const std::size_t slash = std::min(text.find('/', from), text.size());
    if (count < elements.size()) {
      elements[count] = text.substr(from, slash - from);
    }
    ++count;
    from = slash + 1;
  }
  const bool filled = std::none_of(elements.begin(), elements.end(), [](std::string_view e) { return e.empty(); });
  if (count != elements.size() || !filled || elements[4] != "aws4_request") {
    return incomplete(
        "Credential must have exactly 5 slash-delimited elements: keyid/date/region/service/aws4_request.");
  }
  into.access_key_id = elements[0];
  into.scope = {std::string(elements[1]), std::string(elements[2]), std::string(elements[3])};
  return std::nullopt;
}

std::optional<refusal> read_time(const parts& from, claim& into) {
  const auto signed_at = parse_date(from.date);
  if (!signed_at) {
    return incomplete("X-Amz-Date must be in the ISO 8601 basic format, such as 20150830T123600Z.");
  }
  into.date = from.date;
  into.signed_at = *signed_at;
  if (into.scope.date != from.date.substr(0, into.scope.date.size()) || into.scope.date.size() != 8) {
    return incomplete("Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP.");
  }
  if (into.where == placement::header) {
    return std::nullopt;
  }
  const char* const begin = from.expires.data();
  const char* const end = begin + from.expires.size();
  const auto [stopped, problem] = std::from_chars(begin, end, into.lifetime_s);
  if (problem != std::errc() || stopped != end || into.lifetime_s < 1 || into.lifetime_s > claim::max_lifetime_s) {
    return incomplete(
        fmt::format("X-Amz-Expires must be a number of seconds from 1 to {} (a week).", claim::max_lifetime_s));
  }
  return std::nullopt;
}

bool is_signed_header(const claim& by, std::string_view lower_name) {
  return std::binary_search(by.signed_headers.begin(), by.signed_headers.end(), lower_name, std::less<>());
}

std::optional<refusal> read_signed_headers(std::string_view text, const http::request& head, claim& into) {
  while (!text.empty()) {
    const std::size_t end = text.find(';');
    into.signed_headers.emplace_back(text.substr(0, end));
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (into.signed_headers.size() > claim::max_signed_headers) {
      return incomplete(
          fmt::format("SignedHeaders names more than {} headers (max_signed_headers).", claim::max_signed_headers));
    }
  }
  const auto& names = into.signed_headers;
  const bool ascending = std::adjacent_find(names.begin(), names.end(),
                                            [](const auto& a, const auto& b) { return a >= b; }) == names.end();
  const bool fit = std::all_of(names.begin(), names.end(),
                               [](const std::string& name) { return !name.empty() && lower_case(name) == name; });
  if (!ascending || !fit) {
    return incomplete("SignedHeaders names each header once, in lower case and in order.");
  }
  if (!is_signed_header(into, "host")) {
    return incomplete("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.");
  }
  for (const http::header& each : head.headers) {
    const std::string name = lower_case(each.name);
    if (name.starts_with(header_name::prefix) && !is_signed_header(into, name)) {
      return refusal{refusal_kind::headers_not_signed,
                     "There were headers present in the request which were not signed: " + name};
    }
  }
  return std::nullopt;
}

std::optional<payload> streaming_payload(std::string_view text) {
  return text == payload_name::is_unsigned                   ? std::optional(payload::not_signed)
         : text == payload_name::signed_chunks               ? std::optional(payload::signed_chunks)
         : text == payload_name::signed_chunks_and_trailer   ? std::optional(payload::signed_chunks_and_trailer)
         : text == payload_name::unsigned_chunks_and_trailer ? std::optional(payload::unsigned_chunks_and_trailer)
                                                             : std::nullopt;
}

std::optional<refusal> read_payload(const http::request& head, claim& into) {
  const bool s3 = into.scope.service == s3_service;
  const auto said = head.header_named(header_name::content_sha256);
  if (!said && s3 && into.where == placement::header) {
    return refusal{refusal_kind::invalid_digest, "Missing required header for this request: x-amz-content-sha256"};
  }
  if (!said) {
    into.signs = s3 ? payload::not_signed : payload::body;
    into.payload_hash = s3 ? payload_name::is_unsigned : std::string_view();
    return std::nullopt;
  }
  const auto streaming = s3 ? streaming_payload(*said) : std::nullopt;
  if (!streaming && !is_digest_text(*said)) {
    return refusal{refusal_kind::invalid_digest,
                   s3 ? "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-UNSIGNED-PAYLOAD-TRAILER, "
                        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER or a valid "
                        "sha256 value."
                      : "x-amz-content-sha256 must be a valid sha256 value."};
  }
  into.signs = streaming.value_or(payload::digest);
  into.payload_hash = *said;
  return std::nullopt;
}

std::optional<refusal> read_parts(const parts& from, const http::request& head, claim& into) {
  if (auto why = read_credential(from.credential, into)) {
    return why;
  }
  if (auto why = read_time(from, into)) {
    return why;
  }
  if (auto why = read_signed_headers(from.signed_headers, head, into)) {
    return why;
  }
  if (!is_digest_text(from.signature)) {
    return incomplete("The signature has 64 lower-case hexadecimal digits.");
  }
  into.signature = from.signature;
  return read_payload(head, into);
}

bool is_presigned(const http::request& head) {
  return count_of_parameter(head, query_name::algorithm) != 0 || count_of_parameter(head, query_name::signature) != 0;
}

bool has_aws_authorization(const http::request& head) {
  const auto authorization = head.header_named("Authorization");
  return authorization && authorization->starts_with("AWS");
}

}  // namespace

bool is_signed(const http::request& head) {
  return has_aws_authorization(head) || is_presigned(head);
}

or_refusal<claim> read_claim(const http::request& head) {
  const bool presigned = is_presigned(head);
  if (!presigned && !has_aws_authorization(head)) {
    return refusal{refusal_kind::missing_authentication_token, "Missing Authentication Token"};
  }
  if (presigned && head.header_named("Authorization")) {
    return incomplete(
        "Only one auth mechanism allowed; only the X-Amz-Algorithm query parameter or the Authorization "
        "header should be specified");
  }
  const or_refusal<parts> found = presigned ? parts_of_query(head) : parts_of_header(head);
  if (const refusal* why = std::get_if<refusal>(&found)) {
    return *why;
  }
  claim read;
  read.where = presigned ? placement::query : placement::header;
  if (auto why = read_parts(std::get<parts>(found), head, read)) {
    return *why;
  }
  return read;
}

}  // namespace eunomia::wire::aws
