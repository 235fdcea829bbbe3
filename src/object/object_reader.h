#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "object/content.h"
#include "object/object.h"
#include "object/rows.h"
#include "object/sealed_part.h"
#include "store/blob/blob_store.h"

namespace eunomia::object {

// Reads one object as it was when this was made, also when it is replaced or removed meanwhile: then its bytes rest
// until this is gone. For one thread at a time.
class object_reader {
 public:
  object_reader(std::unique_ptr<store::blob_hold> held, object_info info, std::vector<part_row> parts);

  const object_info& info() const { return info_; }
  const std::vector<part_row>& parts() const { return parts_; }
  // Fills out from the offset on, as far as the object has something. Throws errc::corrupt.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out);

 private:
  std::unique_ptr<store::blob_hold> held_;
  object_info info_;
  std::vector<part_row> parts_;
  std::vector<std::uint64_t> begins_;  // of each part, in the object
  std::optional<part_reader> open_;
  std::size_t open_part_ = 0;
};

// Some of an object, from the beginning of the range to its end. The reader must outlive it.
class range_content final : public content {
 public:
  range_content(object_reader& from, std::uint64_t offset, std::uint64_t length)
      : from_(from), at_(offset), left_(length) {}
  std::size_t read(std::span<std::byte> out) override;

 private:
  object_reader& from_;
  std::uint64_t at_;
  std::uint64_t left_;
};

}  // namespace eunomia::object
