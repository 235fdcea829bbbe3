#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"

namespace eunomia::core {

// SHA-256 (FIPS 180-4): where a protocol or a certificate asks for it.
digest256 sha256(bytes_view data);
inline digest256 sha256(std::string_view data) {
  return sha256(as_bytes(data));
}

// HMAC-SHA256 (RFC 2104), any length of key.
digest256 hmac_sha256(bytes_view key, bytes_view data);
inline digest256 hmac_sha256(std::string_view key, std::string_view data) {
  return hmac_sha256(as_bytes(key), as_bytes(data));
}

// BLAKE2b (RFC 7693) with 32 bytes of output: content addresses and everything else where the choice is ours.
digest256 blake2b(bytes_view data);
inline digest256 blake2b(std::string_view data) {
  return blake2b(as_bytes(data));
}

// XXH3-128, in its canonical (big-endian) form: finds accidents, at the speed of memory. No protection against anybody
// who alters bytes on purpose.
digest128 xxh3(bytes_view data);
inline digest128 xxh3(std::string_view data) {
  return xxh3(as_bytes(data));
}

// SipHash-2-4 with 128 bits of output (Aumasson and Bernstein, 2012) and a key of 16 bytes: for short texts under a key
// that nobody outside the process knows, several times faster than the above; for tables in memory. Throws
// errc::invalid_argument for another key.
digest128 siphash(bytes_view key, bytes_view data);
inline digest128 siphash(bytes_view key, std::string_view data) {
  return siphash(key, as_bytes(data));
}

// SHA-256, HMAC, BLAKE2b and XXH3 piece by piece: update() any number of times, then finish() once. Movable, not
// copyable; one thread at a time.
class sha256_hasher {
 public:
  sha256_hasher();
  ~sha256_hasher();
  sha256_hasher(sha256_hasher&&) noexcept;
  sha256_hasher& operator=(sha256_hasher&&) noexcept;
  void update(bytes_view data);
  void update(std::string_view data) { update(as_bytes(data)); }
  digest256 finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

class hmac_sha256_hasher {
 public:
  explicit hmac_sha256_hasher(bytes_view key);
  ~hmac_sha256_hasher();
  hmac_sha256_hasher(hmac_sha256_hasher&&) noexcept;
  hmac_sha256_hasher& operator=(hmac_sha256_hasher&&) noexcept;
  void update(bytes_view data);
  void update(std::string_view data) { update(as_bytes(data)); }
  digest256 finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

class blake2b_hasher {
 public:
  blake2b_hasher();
  ~blake2b_hasher();
  blake2b_hasher(blake2b_hasher&&) noexcept;
  blake2b_hasher& operator=(blake2b_hasher&&) noexcept;
  void update(bytes_view data);
  void update(std::string_view data) { update(as_bytes(data)); }
  digest256 finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

class xxh3_hasher {
 public:
  xxh3_hasher();
  ~xxh3_hasher();
  xxh3_hasher(xxh3_hasher&&) noexcept;
  xxh3_hasher& operator=(xxh3_hasher&&) noexcept;
  void update(bytes_view data);
  void update(std::string_view data) { update(as_bytes(data)); }
  digest128 finish();

 private:
  struct state;
  std::unique_ptr<state> state_;
};

// Compares secrets, codes and tokens without telling by the time it takes where they differ. The length is no secret.
bool equal_in_constant_time(bytes_view a, bytes_view b) noexcept;

// Lower-case hexadecimal.
std::string to_hex(bytes_view data);
template <std::size_t Size>
std::string to_hex(const digest<Size>& value) {
  return to_hex(bytes_view(value.bytes));
}
// Either case, nothing else: throws errc::invalid_argument for an odd length or another character.
std::vector<std::byte> from_hex(std::string_view text);
// Throw errc::invalid_argument too when the text has not 32 or 64 digits.
digest128 digest128_from_hex(std::string_view text);
digest256 digest256_from_hex(std::string_view text);

// Base64 (RFC 4648, section 4: + and /, with padding).
std::string to_base64(bytes_view data);
inline std::string to_base64(std::string_view data) {
  return to_base64(as_bytes(data));
}
// Strict: throws errc::invalid_argument for white space, missing padding or bits that to_base64 would not have written,
// so that two texts never mean the same bytes.
std::vector<std::byte> from_base64(std::string_view text);

}  // namespace eunomia::core
