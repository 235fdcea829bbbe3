#pragma once

#include <boost/describe.hpp>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/digest.h"

// The checksums that clients of S3 send and ask for.
namespace eunomia::object {

// As S3 names them, in capitals there. crc64nvme: the polynomial of the NVM Express specification.
enum class checksum_algorithm { crc32, crc32c, crc64nvme, sha1, sha256 };
BOOST_DESCRIBE_ENUM(checksum_algorithm, crc32, crc32c, crc64nvme, sha1, sha256)
std::string_view name_of(checksum_algorithm algorithm) noexcept;  // "CRC64NVME"
// Either case.
std::optional<checksum_algorithm> algorithm_named(std::string_view name) noexcept;
constexpr bool is_crc(checksum_algorithm algorithm) noexcept {
  return algorithm <= checksum_algorithm::crc64nvme;
}

// Of an object in parts: of all its bytes, or of the checksums of its parts, one after another.
enum class checksum_type { full_object, composite };
BOOST_DESCRIBE_ENUM(checksum_type, full_object, composite)

struct checksum {
  checksum_algorithm algorithm = checksum_algorithm::crc32;
  std::string value;  // the bytes in base64, most significant first; composite: and "-N"
  checksum_type type = checksum_type::full_object;
};
BOOST_DESCRIBE_STRUCT(checksum, (), (algorithm, value, type))

// Piece by piece, then finish() once: the bytes, most significant first.
class checksummer {
 public:
  virtual ~checksummer() = default;
  virtual void update(core::bytes_view data) = 0;
  virtual std::vector<std::byte> finish() = 0;

  static std::unique_ptr<checksummer> of(checksum_algorithm algorithm);
  // MD5 (RFC 1321): what an ETag is.
  static std::unique_ptr<checksummer> md5();
};

// What a client says of the bytes it sends.
struct expected_bytes {
  std::optional<std::vector<std::byte>> md5 = {};
  std::optional<checksum_algorithm> computed = {};  // kept with an object, and compared with `value` where there is one
  std::optional<std::string> value = {};            // base64
};
// Throws refused::bad_digest.
void check_bytes(const expected_bytes& expected, core::bytes_view bytes);

struct part_checksum {
  std::vector<std::byte> bytes;
  std::uint64_t size = 0;  // of what it is of
};

// Of the whole from those of its parts in order; each has what the algorithm gives. full_object is for CRCs alone, and
// reads nothing: crc(AB) follows from crc(A), crc(B) and the length of B, as the remainder of a polynomial. Throws
// errc::invalid_argument.
checksum combined(checksum_algorithm algorithm, checksum_type type, const std::vector<part_checksum>& parts);

}  // namespace eunomia::object
