#include "object/object_reader.h"

#include <algorithm>
#include <utility>

namespace eunomia::object {

object_reader::object_reader(std::unique_ptr<store::blob_hold> held, object_info info, std::vector<part_row> parts)
    : held_(std::move(held)), info_(std::move(info)), parts_(std::move(parts)) {
  std::uint64_t at = 0;
  for (const part_row& part : parts_) {
    begins_.push_back(at);
    at += part.part.size;
  }
}

std::size_t object_reader::read(std::uint64_t offset, std::span<std::byte> out) {
  std::size_t filled = 0;
  while (filled < out.size() && offset < info_.size) {
    const auto next = std::ranges::upper_bound(begins_, offset);
    const auto number = static_cast<std::size_t>(next - begins_.begin()) - 1;
    if (!open_ || open_part_ != number) {
      open_.emplace(*held_, parts_[number].part.clone());
      open_part_ = number;
    }
    const std::size_t got = open_->read(offset - begins_[number], out.subspan(filled));
    if (got == 0) {
      throw core::error(core::errc::corrupt, "an object has fewer bytes than its row says; restore it from a backup");
    }
    filled += got;
    offset += got;
  }
  return filled;
}

std::size_t range_content::read(std::span<std::byte> out) {
  const auto some = static_cast<std::size_t>(std::min<std::uint64_t>(out.size(), left_));
  const std::size_t got = from_.read(at_, out.first(some));
  at_ += got;
  left_ -= got;
  return got;
}

}  // namespace eunomia::object
