#pragma once

#include <string>
#include <string_view>

namespace eunomia::wire::personalize {

// Where a file or a folder of files lies.
struct s3_location {
  std::string bucket;
  std::string key;  // empty: the whole bucket

  // Throws errc::invalid_argument for what is not s3://bucket/key.
  static s3_location parse(std::string_view text);
  std::string text() const;
};

}  // namespace eunomia::wire::personalize
