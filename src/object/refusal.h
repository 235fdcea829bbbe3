#pragma once

#include <string>
#include <string_view>

#include "core/error.h"

namespace eunomia::object {

// What objects and buckets are refused for, as a client of S3 tells them apart.
enum class refused {
  no_such_bucket,
  no_such_key,
  no_such_upload,
  bucket_exists,
  bucket_not_empty,
  invalid_bucket_name,
  key_too_long,
  invalid_key,
  metadata_too_large,
  entity_too_large,
  entity_too_small,  // a part that is not the last, below min_part_bytes
  invalid_part,
  invalid_part_order,
  bad_digest,  // the bytes are not those that the client's digest is of
  precondition_failed,
  too_many
};

class refusal final : public core::error {
 public:
  // kept: as core::error has it; names of objects may hold somebody's identifier.
  refusal(refused why, const std::string& message) : refusal(why, message, message) {}
  refusal(refused why, const std::string& message, std::string kept)
      : error(code_of(why), message, std::move(kept)), why_(why) {}

  refused why() const noexcept { return why_; }

 private:
  static core::errc code_of(refused why) noexcept;
  refused why_;
};

}  // namespace eunomia::object
