#include "wire/s3/reading.h"

#include <fmt/format.h>
#include <time.h>

#include <array>
#include <charconv>

#include "core/error.h"
#include "core/hash.h"
#include "core/utf8.h"
#include "wire/aws/names.h"
#include "wire/http/target.h"
#include "wire/http/text.h"
#include "wire/s3/bodies.h"
#include "wire/s3/failure.h"

namespace eunomia::wire::s3 {

namespace {

using object::checksum_algorithm;

constexpr std::string_view metadata_prefix = "x-amz-meta-";
constexpr std::array<checksum_algorithm, 5> algorithms = {checksum_algorithm::crc32, checksum_algorithm::crc32c,
                                                          checksum_algorithm::crc64nvme, checksum_algorithm::sha1,
                                                          checksum_algorithm::sha256};

// "Sun, 06 Nov 1994 08:49:37 GMT" as UTC ms. Another text is no condition (RFC 9110, section 13.1.3).
std::optional<std::int64_t> date_of(std::string_view text) {
  const std::string whole(text);
  std::tm parts{};
  const char* const end = ::strptime(whole.c_str(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
  if (end == nullptr || *end != '\0') {
    return std::nullopt;
  }
  return std::int64_t{::timegm(&parts)} * 1000;
}

std::vector<std::string> etags_of(std::string_view list) {
  std::vector<std::string> all;
  while (true) {
    const std::size_t comma = list.find(',');
    const std::string_view one = http::trimmed(list.substr(0, comma));
    if (!one.empty()) {
      all.push_back(unquoted(one));
    }
    if (comma == std::string_view::npos) {
      return all;
    }
    list.remove_prefix(comma + 1);
  }
}

std::string without_aws_chunked(std::string_view coding) {
  std::string kept;
  while (!coding.empty()) {
    const std::size_t comma = coding.find(',');
    const std::string_view one = http::trimmed(coding.substr(0, comma));
    if (!one.empty() && !http::equal_ignoring_case(one, "aws-chunked")) {
      kept.append(kept.empty() ? "" : ",").append(one);
    }
    coding.remove_prefix(comma == std::string_view::npos ? coding.size() : comma + 1);
  }
  return kept;
}

std::optional<std::string> checksum_header(const http::request& from, checksum_algorithm algorithm) {
  const std::string name = header_of(algorithm);
  if (const auto value = from.header_named(name)) {
    return std::string(*value);
  }
  for (const http::header& each : from.trailers) {
    if (http::equal_ignoring_case(each.name, name)) {
      return each.value;
    }
  }
  return std::nullopt;
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  return text.empty() || wrong != std::errc() || end != text.data() + text.size() ? std::nullopt
                                                                                  : std::optional(number);
}

}  // namespace

object::object_headers headers_of(const http::request& from) {
  object::object_headers made;
  const auto kept = [](std::string_view name, std::string_view value) {
    if (!core::is_utf8(value)) {
      throw invalid_argument(fmt::format("the header {} is not UTF-8", name));
    }
    return std::string(value);
  };
  if (const auto type = from.header_named("Content-Type")) {
    made.content_type = kept("Content-Type", *type);
  }
  for (const std::string_view name : object::kept_headers) {
    if (const auto value = from.header_named(name)) {
      std::string text = kept(name, *value);
      if (name == "Content-Encoding") {
        text = without_aws_chunked(text);
      }
      if (!text.empty()) {
        made.others.emplace(name, std::move(text));
      }
    }
  }
  for (const http::header& each : from.headers) {
    std::string name = aws::lower_case(each.name);
    if (name.starts_with(metadata_prefix)) {
      std::string& value = made.metadata[name.substr(metadata_prefix.size())];
      value.append(value.empty() ? "" : ",").append(kept(name, each.value));
    }
  }
  return made;
}

std::string header_of(checksum_algorithm algorithm) {
  return "x-amz-checksum-" + aws::lower_case(object::name_of(algorithm));
}

std::string element_of(checksum_algorithm algorithm) {
  return fmt::format("Checksum{}", object::name_of(algorithm));
}

std::optional<checksum_algorithm> algorithm_of(const http::request& from) {
  for (const char* const name : {"x-amz-checksum-algorithm", "x-amz-sdk-checksum-algorithm"}) {
    if (const auto value = from.header_named(name)) {
      const auto named = object::algorithm_named(*value);
      if (!named) {
        throw failed(400, "InvalidRequest", fmt::format("{} is none that is known", name));
      }
      return named;
    }
  }
  return std::nullopt;
}

object::expected_bytes expected_of(const http::request& from) {
  object::expected_bytes made;
  if (const auto md5 = from.header_named("Content-MD5")) {
    try {
      made.md5 = core::from_base64(*md5);
    } catch (const core::error&) {
      made.md5.emplace();
    }
    if (made.md5->size() != 16) {
      throw failed(400, "InvalidDigest", "The Content-MD5 you specified is not valid.");
    }
  }
  for (const checksum_algorithm algorithm : algorithms) {
    if (auto value = checksum_header(from, algorithm)) {
      if (made.computed) {
        throw failed(400, "InvalidRequest",
                     "Expecting a single x-amz-checksum- header. Multiple checksum Types are "
                     "not allowed.");
      }
      made.computed = algorithm;
      made.value = std::move(value);
    }
  }
  if (!made.computed) {
    made.computed = algorithm_of(from);
  }
  return made;
}

object::conditions conditions_of(const http::request& from, std::string_view prefix) {
  object::conditions made;
  const auto header = [&](std::string_view name) { return from.header_named(fmt::format("{}{}", prefix, name)); };
  if (const auto value = header("if-match")) {
    made.if_match = etags_of(*value);
  }
  if (const auto value = header("if-none-match")) {
    made.if_none_match = etags_of(*value);
  }
  if (const auto value = header("if-modified-since")) {
    made.if_modified_since = date_of(*value);
  }
  if (const auto value = header("if-unmodified-since")) {
    made.if_unmodified_since = date_of(*value);
  }
  return made;
}

std::optional<byte_range> range_of(std::string_view header, std::uint64_t size) {
  constexpr std::string_view unit = "bytes=";
  if (!header.starts_with(unit)) {
    return std::nullopt;
  }
  const std::string_view spec = http::trimmed(header.substr(unit.size()));
  const std::size_t dash = spec.find('-');
  if (dash == std::string_view::npos || spec.find(',') != std::string_view::npos) {
    return std::nullopt;
  }
  const std::string_view before = spec.substr(0, dash);
  const std::string_view after = spec.substr(dash + 1);
  const auto first = whole_number(before);
  const auto last = whole_number(after);
  if ((!before.empty() && !first) || (!after.empty() && !last) || (before.empty() && after.empty()) ||
      (first && last && *last < *first)) {
    return std::nullopt;
  }
  if ((first && *first >= size) || (!first && (*last == 0 || size == 0))) {
    throw failed(416, "InvalidRange", "The requested range is not satisfiable");
  }
  if (!first) {
    const std::uint64_t length = std::min(*last, size);
    return byte_range{size - length, length};
  }
  return byte_range{*first, last ? std::min(*last, size - 1) - *first + 1 : size - *first};
}

copy_source copy_source_of(std::string_view header) {
  std::string_view path = header.substr(0, header.find("?versionId="));
  if (path.size() != header.size() && header.substr(path.size()) != "?versionId=null") {
    throw not_implemented("versionId");
  }
  const auto plain = http::percent_decoded(path, false);
  std::string_view whole = plain ? std::string_view(*plain) : path;
  if (whole.starts_with('/')) {
    whole.remove_prefix(1);
  }
  const std::size_t slash = whole.find('/');
  if (slash == std::string_view::npos || slash + 1 == whole.size()) {
    throw invalid_argument("Copy Source must mention the source bucket and key: sourcebucket/sourcekey");
  }
  return {std::string(whole.substr(0, slash)), std::string(whole.substr(slash + 1))};
}

std::uint64_t number_of(const http::request& from, std::string_view name, std::uint64_t otherwise) {
  const auto text = from.query_parameter(name);
  if (!text || text->empty()) {
    return otherwise;
  }
  const auto number = whole_number(*text);
  if (!number || *number > INT32_MAX) {
    throw invalid_argument(fmt::format("{} must be an integer between 0 and 2147483647", name));
  }
  return *number;
}

bool has_query(const http::request& from, std::string_view name) {
  return from.query_parameter(name).has_value();
}

std::string query_of(const http::request& from, std::string_view name) {
  return std::string(from.query_parameter(name).value_or(""));
}

void refuse_unknown(const http::request& from) {
  for (const http::header& each : from.headers) {
    const std::string name = aws::lower_case(each.name);
    const bool is_default =
        (name == "x-amz-server-side-encryption" && each.value == "AES256") ||
        (name == "x-amz-acl" && (each.value == "private" || each.value == "bucket-owner-full-control")) ||
        (name == "x-amz-storage-class" && each.value == "STANDARD") || each.value.empty();
    const bool is_wish = name.starts_with("x-amz-server-side-encryption") || name.starts_with("x-amz-grant-") ||
                         name.starts_with("x-amz-object-lock-") || name == "x-amz-acl" ||
                         name == "x-amz-storage-class" || name == "x-amz-tagging" ||
                         name == "x-amz-website-redirect-location" || name == "x-amz-write-offset-bytes";
    if (is_wish && !is_default) {
      throw not_implemented(name);
    }
  }
  const std::string version = query_of(from, "versionId");
  if (!version.empty() && version != "null") {
    throw not_implemented("versionId");
  }
}

}  // namespace eunomia::wire::s3
