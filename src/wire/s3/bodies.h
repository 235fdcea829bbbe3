#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "object/object_store.h"

// What requests say in XML. Each throws `failed` MalformedXML for what is no such document, and knows neither document
// types nor entities but XML's own five.
namespace eunomia::wire::s3 {

inline constexpr std::size_t max_deleted_at_once = 1000;
inline constexpr std::size_t max_body_bytes = std::size_t{8} << 20;

struct delete_body {
  struct one {
    std::string key;
    std::string etag;  // without quotes; empty: whatever it is
  };
  std::vector<one> objects;
  bool quiet = false;
};
delete_body read_delete(std::string_view xml);

// CompleteMultipartUpload: the parts alone.
std::vector<object::completed_part> read_complete(std::string_view xml);

// CreateBucketConfiguration: the LocationConstraint, empty where there is none. An empty body is none.
std::string read_create_bucket(std::string_view xml);

// "abc" as abc, and W/ off.
std::string unquoted(std::string_view etag);

}  // namespace eunomia::wire::s3
