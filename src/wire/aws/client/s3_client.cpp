#include "wire/aws/client/s3_client.h"

#include <fmt/format.h>
#include <time.h>

#include <algorithm>
#include <pugixml.hpp>

#include "core/file_time.h"
#include "core/log.h"
#include "wire/aws/canonical_request.h"
#include "wire/http/target.h"
#include "wire/http/text.h"

namespace eunomia::wire::aws {

namespace {

using core::errc;
using http::method;

constexpr std::string_view listing_root = "ListBucketResult";

std::string_view local_name(const pugi::xml_node& node) {
  const std::string_view name = node.name();
  const std::size_t colon = name.find(':');
  return colon == std::string_view::npos ? name : name.substr(colon + 1);
}

pugi::xml_node child_of(const pugi::xml_node& parent, std::string_view name) {
  for (const pugi::xml_node& child : parent.children()) {
    if (local_name(child) == name) {
      return child;
    }
  }
  return {};
}

std::string text_in(const pugi::xml_node& parent, std::string_view name) {
  std::string text;
  for (const pugi::xml_node& piece : child_of(parent, name).children()) {
    if (piece.type() == pugi::node_pcdata || piece.type() == pugi::node_cdata) {
      text += piece.value();
    }
  }
  return text;
}

// The root of a document; an empty node for what is no XML. Spaces at the ends of a key are a part of it.
pugi::xml_node read_xml(pugi::xml_document& into, const std::string& text) {
  constexpr unsigned flags = pugi::parse_default | pugi::parse_ws_pcdata_single;
  return into.load_buffer(text.data(), text.size(), flags, pugi::encoding_utf8) ? into.document_element()
                                                                                : pugi::xml_node();
}

named_error s3_error_in(const http::client::answer& answer) {
  pugi::xml_document document;
  const pugi::xml_node root = read_xml(document, answer.body);
  if (local_name(root) == "Error") {
    return {text_in(root, "Code"), text_in(root, "Message")};
  }
  // Of a HEAD there is no body: the status tells.
  return {};
}

std::string target_of(const std::string& bucket, std::string_view key = {}, std::string_view query = {}) {
  std::string target = "/" + percent_encoded(bucket);
  if (!key.empty()) {
    target += "/";
    while (true) {
      const std::size_t slash = key.find('/');
      target += percent_encoded(key.substr(0, slash));
      if (slash == std::string_view::npos) {
        break;
      }
      target += "/";
      key.remove_prefix(slash + 1);
    }
  }
  return query.empty() ? target : fmt::format("{}?{}", target, query);
}

std::string place(const std::string& bucket, std::string_view key) {
  return fmt::format("s3://{}/{}", bucket, key);
}

std::string header_in(const http::client::answer& answer, std::string_view name) {
  for (const http::header& each : answer.headers) {
    if (http::equal_ignoring_case(each.name, name)) {
      return each.value;
    }
  }
  return {};
}

// "Sun, 06 Nov 1994 08:49:37 GMT" (RFC 9110, section 5.6.7), as UTC ms; nothing for another text.
std::optional<std::int64_t> moment_of(const std::string& text) {
  std::tm parts{};
  const char* const end = ::strptime(text.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') {
    return std::nullopt;
  }
  return std::int64_t{::timegm(&parts)} * 1000;
}

http::plain_request request_of(method verb, std::string target, std::string body = {}) {
  http::plain_request made;
  made.verb = verb;
  made.target = std::move(target);
  made.body = std::move(body);
  return made;
}

// Keys come percent-encoded, because XML cannot hold every byte that a key may have.
std::string decoded_key(const std::string& text, const service_endpoint& at) {
  auto key = http::percent_decoded(text, true);
  if (!key) {
    throw core::error(errc::unavailable, fmt::format("the listing of {} holds a key that cannot be decoded", at.url));
  }
  return *std::move(key);
}

}  // namespace

s3_client::s3_client(service_endpoint at, credentials with, std::function<void()> between, const patience& how)
    : caller_(std::move(at), std::move(with), s3_error_in, std::move(between), how) {}

std::vector<std::string> s3_client::keys(const std::string& bucket, std::string_view prefix) {
  std::vector<std::string> all;
  std::string token;
  while (true) {
    std::string query = "encoding-type=url&list-type=2";
    if (!prefix.empty()) {
      query += "&prefix=" + percent_encoded(prefix);
    }
    if (!token.empty()) {
      query += "&continuation-token=" + percent_encoded(token);
    }
    const auto answer =
        caller_.call(request_of(method::get, target_of(bucket, {}, query)), "the listing of " + place(bucket, prefix));
    pugi::xml_document document;
    const pugi::xml_node root = read_xml(document, answer.body);
    if (local_name(root) != listing_root) {
      throw core::error(errc::unavailable, fmt::format("the listing of {} at {} is no {}; check the URL",
                                                       place(bucket, prefix), at().url, listing_root));
    }
    for (const pugi::xml_node& entry : root.children()) {
      if (local_name(entry) == "Contents") {
        all.push_back(decoded_key(text_in(entry, "Key"), at()));
      }
    }
    if (all.size() > max_objects) {
      throw core::error(errc::resource_exhausted,
                        fmt::format("{} holds more than max_objects = {} objects", place(bucket, prefix), max_objects));
    }
    const std::string next = text_in(root, "NextContinuationToken");
    if (text_in(root, "IsTruncated") != "true") {
      std::sort(all.begin(), all.end());
      return all;
    }
    // Else part of the files would be taken for all, or the same page asked for again and again.
    if (next.empty() || next == token) {
      throw core::error(errc::unavailable, fmt::format("the listing of {} at {} goes on, and does not say where",
                                                       place(bucket, prefix), at().url));
    }
    token = next;
  }
}

void s3_client::get(const std::string& bucket, const std::string& key, const std::filesystem::path& into) {
  http::plain_request request = request_of(method::get, target_of(bucket, key));
  request.into = into;
  const auto answer = caller_.call(request, "the reading of " + place(bucket, key));
  if (const auto when = moment_of(header_in(answer, "Last-Modified"))) {
    core::set_last_written_ms(into, *when);
  }
}

std::string s3_client::get_text(const std::string& bucket, const std::string& key) {
  return caller_.call(request_of(method::get, target_of(bucket, key)), "the reading of " + place(bucket, key)).body;
}

void s3_client::put_text(const std::string& bucket, const std::string& key, std::string text) {
  caller_.call(request_of(method::put, target_of(bucket, key), std::move(text)),
               "the writing of " + place(bucket, key));
}

void s3_client::put(const std::string& bucket, const std::string& key, const std::filesystem::path& from,
                    std::string_view type) {
  const std::uint64_t bytes = std::filesystem::file_size(from);
  if (bytes > max_object_bytes) {
    throw core::error(errc::resource_exhausted, fmt::format("{} has {} bytes, more than max_object_bytes = {}",
                                                            from.string(), bytes, max_object_bytes));
  }
  if (bytes > part_bytes) {
    put_in_parts(bucket, key, from, bytes, type);
    return;
  }
  http::plain_request request = request_of(method::put, target_of(bucket, key));
  request.headers.push_back({"Content-Type", std::string(type)});
  request.file = from;
  request.file_bytes = bytes;
  caller_.call(request, "the writing of " + place(bucket, key));
}

void s3_client::put_in_parts(const std::string& bucket, const std::string& key, const std::filesystem::path& from,
                             std::uint64_t bytes, std::string_view type) {
  const std::string what = "the writing of " + place(bucket, key);
  http::plain_request begin = request_of(method::post, target_of(bucket, key, "uploads="));
  begin.headers.push_back({"Content-Type", std::string(type)});
  const auto begun = caller_.call(begin, what);
  pugi::xml_document document;
  const std::string upload = percent_encoded(text_in(read_xml(document, begun.body), "UploadId"));
  if (upload.empty()) {
    throw core::error(errc::unavailable, fmt::format("{} at {} was given no UploadId", what, at().url));
  }
  const std::uint64_t each = std::max(part_bytes, (bytes + max_parts - 1) / max_parts);
  try {
    std::string parts;
    for (std::uint64_t number = 1, offset = 0; offset < bytes; ++number, offset += each) {
      http::plain_request request =
          request_of(method::put, target_of(bucket, key, fmt::format("partNumber={}&uploadId={}", number, upload)));
      request.file = from;
      request.file_at = offset;
      request.file_bytes = std::min(each, bytes - offset);
      const auto answer = caller_.call(request, what);
      // An ETag is quoted hexadecimal: nothing that XML would have to escape but the quotes, which it allows.
      parts +=
          fmt::format("<Part><PartNumber>{}</PartNumber><ETag>{}</ETag></Part>", number, header_in(answer, "ETag"));
    }
    const auto done =
        caller_.call(request_of(method::post, target_of(bucket, key, "uploadId=" + upload),
                                fmt::format("<CompleteMultipartUpload>{}</CompleteMultipartUpload>", parts)),
                     what);
    // S3 may say that it failed after it said 200, because putting parts together takes it minutes.
    if (const named_error why = s3_error_in(done); !why.name.empty()) {
      throw core::error(errc::unavailable,
                        fmt::format("{} at {} failed: {}: {}; try again", what, at().url, why.name, why.message));
    }
  } catch (...) {
    try {
      caller_.call(request_of(method::delete_, target_of(bucket, key, "uploadId=" + upload)), what);
    } catch (const core::error& problem) {
      core::log::warning("parts of an object stay at the endpoint", {{"why", problem.kept_message()}});
    }
    throw;
  }
}

void s3_client::remove(const std::string& bucket, const std::string& key) {
  caller_.call(request_of(method::delete_, target_of(bucket, key)), "the removal of " + place(bucket, key));
}

bool s3_client::has_bucket(const std::string& bucket) {
  try {
    caller_.call(request_of(method::head, target_of(bucket)), "the look at bucket " + bucket);
    return true;
  } catch (const core::error& problem) {
    if (problem.code() != errc::not_found) {
      throw;
    }
    return false;
  }
}

void s3_client::create_bucket(const std::string& bucket) {
  caller_.call(request_of(method::put, target_of(bucket)), "the creation of bucket " + bucket);
}

}  // namespace eunomia::wire::aws
