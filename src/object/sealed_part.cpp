#include "object/sealed_part.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>

#include "core/error.h"

namespace eunomia::object {

namespace {

std::string bound_to(std::string_view blob, std::uint64_t number, bool is_last) {
  return fmt::format("object {} {}{}", blob, number, is_last ? " last" : "");
}

std::uint64_t last_piece_of(std::uint64_t size) {
  return size == 0 ? 0 : (size - 1) / piece_bytes;
}

}  // namespace

sealed_part seal_part(store::blob_store& blobs, const std::string& blob_key, content& from,
                      const std::function<void(core::bytes_view)>& told) {
  sealed_part made;
  const auto to = blobs.create(blob_key);
  // Whether a piece is the last shows when the next one is empty.
  std::vector<std::byte> piece(piece_bytes);
  std::vector<std::byte> next(piece_bytes);
  piece.resize(from.read(piece));
  for (std::uint64_t number = 0;; ++number) {
    next.resize(piece_bytes);
    next.resize(piece.size() < piece_bytes ? 0 : from.read(next));
    const bool is_last = next.empty();
    told(piece);
    to->write(core::seal(made.key, piece, core::as_bytes(bound_to(blob_key, number, is_last))));
    made.size += piece.size();
    if (is_last) {
      break;
    }
    std::swap(piece, next);
  }
  core::wipe(piece);
  core::wipe(next);
  made.blob = to->commit();
  return made;
}

part_reader::part_reader(store::blob_hold& held, sealed_part part)
    : part_(std::move(part)), file_(held.open(part_.blob)) {}

void part_reader::open_piece(std::uint64_t number) {
  if (piece_number_ == number) {
    return;
  }
  const std::uint64_t last = last_piece_of(part_.size);
  const std::size_t plain = number < last ? piece_bytes : static_cast<std::size_t>(part_.size - last * piece_bytes);
  sealed_.resize(plain + core::sealed_overhead);
  const std::uint64_t at = number * (piece_bytes + core::sealed_overhead);
  piece_number_.reset();
  if (read_at(file_, at, sealed_, part_.blob.key) < sealed_.size()) {
    throw core::error(core::errc::corrupt,
                      fmt::format("blob \"{}\" ends too early; restore it from a backup", part_.blob.key));
  }
  try {
    piece_ = core::unseal(part_.key, sealed_, core::as_bytes(bound_to(part_.blob.key, number, number == last)));
  } catch (const core::error&) {
    throw core::error(
        core::errc::corrupt,
        fmt::format("blob \"{}\": piece {} is not what was written; restore it from a backup", part_.blob.key, number));
  }
  piece_number_ = number;
}

std::size_t part_reader::read(std::uint64_t offset, std::span<std::byte> out) {
  std::size_t filled = 0;
  while (filled < out.size() && offset < part_.size) {
    open_piece(offset / piece_bytes);
    const std::size_t within = offset % piece_bytes;
    const std::size_t some = std::min(out.size() - filled, piece_.size() - within);
    std::copy_n(piece_.begin() + static_cast<std::ptrdiff_t>(within), some,
                out.begin() + static_cast<std::ptrdiff_t>(filled));
    filled += some;
    offset += some;
  }
  return filled;
}

}  // namespace eunomia::object
