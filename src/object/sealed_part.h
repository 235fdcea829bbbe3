#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "core/file.h"
#include "core/seal.h"
#include "object/content.h"
#include "store/blob/blob_store.h"

// How the bytes of an object rest: pieces of piece_bytes, each sealed with the key of the part (core/seal.h), one after
// another. What a piece is bound to is the name of its blob, its number, and whether it is the last; so a piece that is
// changed, moved, left out or cut off does not open, and any piece can be read without those before it. There is at
// least one, so that nothing at all is sealed too.
namespace eunomia::object {

inline constexpr std::size_t piece_bytes = 64 * 1024;

// Where one part rests, and what opens it.
struct sealed_part {
  store::blob_ref blob;
  std::uint64_t size = 0;  // of the plain bytes
  core::secret_key key = core::secret_key::random();

  sealed_part clone() const { return {blob, size, key.clone()}; }
};

// Seals everything that there is to read into a new blob, which is durable when it returns. Called with each piece in
// the clear: told. Throws errc::resource_exhausted for a full disk.
sealed_part seal_part(store::blob_store& blobs, const std::string& blob_key, content& from,
                      const std::function<void(core::bytes_view)>& told);

// Reads a part from wherever it is asked for. For one thread.
class part_reader {
 public:
  part_reader(store::blob_hold& held, sealed_part part);

  std::uint64_t size() const { return part_.size; }
  // Fills out from the offset on, as far as the part has something. Throws errc::corrupt for bytes that are not what
  // was written.
  std::size_t read(std::uint64_t offset, std::span<std::byte> out);

 private:
  void open_piece(std::uint64_t number);

  sealed_part part_;
  core::file_descriptor file_;
  std::vector<std::byte> sealed_;
  std::vector<std::byte> piece_;
  std::optional<std::uint64_t> piece_number_;  // which piece_ is
};

}  // namespace eunomia::object
