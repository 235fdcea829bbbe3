#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "object/object_reader.h"
#include "wire/http/message.h"
#include "wire/s3/failure.h"
#include "wire/s3/reading.h"

namespace eunomia::wire::s3 {

inline constexpr std::string_view xml_type = "application/xml";

http::response xml_answer(std::string document);
// The document that S3 tells an error by; of HEAD and 304 the status alone is sent.
http::response error_response(const error_answer& why, const http::request& of);

std::string quoted_etag(std::string_view etag);
// "2026-11-22T05:46:17.000Z"
std::string xml_date(std::int64_t ms);

// What describes an object in headers, with its checksum where the client asks for it.
std::vector<http::header> headers_of(const object::object_info& of, bool with_checksum);
void add_checksum(std::vector<http::header>& to, const std::optional<object::checksum>& of);

// Sends some of an object, decrypting it meanwhile.
std::shared_ptr<http::body_source> source_of(std::unique_ptr<object::object_reader> from, const byte_range& range);

}  // namespace eunomia::wire::s3
