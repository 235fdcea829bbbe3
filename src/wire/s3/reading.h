#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "object/object.h"
#include "wire/http/message.h"

// What requests say in headers and the query. Each throws `failed` for what it cannot read.
namespace eunomia::wire::s3 {

// Content type, what else is kept with an object, and x-amz-meta-.
object::object_headers headers_of(const http::request& from);

// Content-MD5, and x-amz-checksum-… in headers or behind the body.
object::expected_bytes expected_of(const http::request& from);
// x-amz-checksum-algorithm, or x-amz-sdk-checksum-algorithm.
std::optional<object::checksum_algorithm> algorithm_of(const http::request& from);
// "x-amz-checksum-crc32"
std::string header_of(object::checksum_algorithm algorithm);
// "ChecksumCRC32"
std::string element_of(object::checksum_algorithm algorithm);

// If-Match and the others, or those that begin with a prefix: "x-amz-copy-source-".
object::conditions conditions_of(const http::request& from, std::string_view prefix = {});

struct byte_range {
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};
// Of "bytes=0-99", "bytes=100-", "bytes=-100"; nothing for another unit, several ranges, or what cannot be read: then
// all is meant (RFC 9110, section 14.2). Throws 416 InvalidRange where it has no byte of so many.
std::optional<byte_range> range_of(std::string_view header, std::uint64_t size);

struct copy_source {
  std::string bucket;
  std::string key;
};
// Of x-amz-copy-source: "bucket/key", percent-encoded, perhaps with a slash before.
copy_source copy_source_of(std::string_view header);

// Whole numbers of the query; the default where it is not there. Throws InvalidArgument for another text.
std::uint64_t number_of(const http::request& from, std::string_view name, std::uint64_t otherwise);

bool has_query(const http::request& from, std::string_view name);
std::string query_of(const http::request& from, std::string_view name);

// 501 for what an object would be kept as and cannot: with keys of the client, tags, locks, another storage class.
void refuse_unknown(const http::request& from);

}  // namespace eunomia::wire::s3
