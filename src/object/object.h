#pragma once

#include <boost/describe.hpp>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/digest.h"
#include "object/checksum.h"

// What there is to say of an object, as S3 has it.
namespace eunomia::object {

inline constexpr std::uint64_t max_part_bytes = std::uint64_t{5} << 30;  // and of an object that is put at once
inline constexpr std::uint64_t min_part_bytes = std::uint64_t{5} << 20;  // of all parts but the last
inline constexpr std::uint32_t max_parts = 10'000;
inline constexpr std::uint64_t max_object_bytes = std::uint64_t{5} << 40;
inline constexpr std::size_t max_metadata_bytes = 2048;  // names and values
inline constexpr std::size_t max_header_value_bytes = 1024;
inline constexpr std::uint64_t max_objects = 5'000'000;  // their names are in memory
inline constexpr std::size_t max_buckets = 1000;
inline constexpr std::size_t max_uploads = 10'000;  // in parts, under way in one bucket

struct bucket_record {
  std::int64_t id = 0;
  std::string name;
  std::int64_t created_at = 0;  // UTC ms
};

// What is kept with an object as it came.
struct object_headers {
  std::string content_type;                     // empty: none was given
  std::map<std::string, std::string> others;    // "Cache-Control", "Content-Encoding", ...: of kept_headers
  std::map<std::string, std::string> metadata;  // what stands behind x-amz-meta-, lower case
};
BOOST_DESCRIBE_STRUCT(object_headers, (), (content_type, others, metadata))
inline constexpr std::string_view kept_headers[] = {"Cache-Control", "Content-Disposition", "Content-Encoding",
                                                    "Content-Language", "Expires"};
// Throws refused::metadata_too_large.
void check(const object_headers& headers);

struct object_info {
  std::int64_t id = 0;  // no two contents have the same, of one key neither
  std::string key;
  std::uint64_t size = 0;
  std::string etag;              // without quotes: MD5 in hexadecimal; of parts, MD5 of their MD5s, '-' and how many
  std::int64_t modified_at = 0;  // UTC ms
  object_headers headers;
  std::optional<checksum> of_all;
  std::vector<std::uint64_t> part_sizes;  // one where it was put at once
  bool in_parts = false;
};

// Under which the object that is there may be read, or replaced (RFC 9110, section 13). Etags without quotes; "*" is
// any.
struct conditions {
  std::vector<std::string> if_match;
  std::vector<std::string> if_none_match;
  std::optional<std::int64_t> if_modified_since;    // UTC ms, of whole seconds
  std::optional<std::int64_t> if_unmodified_since;  // the same

  bool empty() const { return if_match.empty() && if_none_match.empty() && !if_modified_since && !if_unmodified_since; }
};
enum class verdict { met, not_modified, failed };
// In the order of RFC 9110, section 13.2.2. there: null where there is no object.
verdict judge(const conditions& asked, const object_info* there);

}  // namespace eunomia::object
