#include "store/blob/blob_store.h"

#include <fmt/format.h>

#include <algorithm>

#include "core/error.h"

namespace eunomia::store {

namespace {

bool may_stand_in_key(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-_.=+@~").find(c) != std::string_view::npos;
}

}  // namespace

void check_blob_key(std::string_view key) {
  const auto refuse = [&](std::string_view why) {
    // A key that is refused may hold anything: what is shown of it is only its length.
    throw core::error(core::errc::invalid_argument, fmt::format("a blob key of {} bytes {}", key.size(), why));
  };
  if (key.size() > max_blob_key_bytes) {
    refuse(fmt::format("is longer than max_blob_key_bytes = {}", max_blob_key_bytes));
  }
  for (std::size_t begin = 0; begin <= key.size();) {
    const std::size_t end = std::min(key.find('/', begin), key.size());
    const std::string_view part = key.substr(begin, end - begin);
    if (part.empty() || part.size() > max_blob_key_part_bytes || part.front() == '.') {
      refuse(fmt::format("has a part that is empty, begins with '.' or is longer than max_blob_key_part_bytes = {}",
                         max_blob_key_part_bytes));
    }
    if (!std::ranges::all_of(part, may_stand_in_key)) {
      refuse("holds a character other than letters, digits, '/' and -_.=+@~");
    }
    begin = end + 1;
  }
}

blob_ref blob_store::put(std::string_view key, core::bytes_view bytes, overwrite mode) {
  const std::unique_ptr<blob_writer> writer = create(key, mode);
  writer->write(bytes);
  return writer->commit();
}

}  // namespace eunomia::store
