#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <iosfwd>
#include <span>
#include <string_view>
#include <vector>

#include "core/digest.h"

namespace eunomia::core {

// Fills with random bytes that nobody can guess.
void random_bytes(std::span<std::byte> out);
std::uint64_t random_number();

// 256 bits that must not leak: wiped when destroyed or moved from, copied only by clone(), never printed.
class secret_key {
 public:
  static constexpr std::size_t size = 32;

  static secret_key random();
  // A copy of bytes that the caller wipes. Throws errc::invalid_argument unless there are 32.
  static secret_key from_bytes(bytes_view bytes);

  ~secret_key();
  secret_key(secret_key&& other) noexcept;
  secret_key& operator=(secret_key&& other) noexcept;
  secret_key(const secret_key&) = delete;
  secret_key& operator=(const secret_key&) = delete;
  secret_key clone() const;

  // For the function that uses or wraps the key; the view lasts as long as the key.
  bytes_view reveal() const noexcept { return bytes_; }

  // In constant time.
  friend bool operator==(const secret_key& a, const secret_key& b) noexcept;
  friend std::ostream& operator<<(std::ostream&, const secret_key&) = delete;

 private:
  secret_key() = default;
  std::array<std::byte, size> bytes_ = {};
};

// Seals bytes with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03), so that only the key opens them and any change is
// noticed. The associated data is not kept in the result but must be the same to unseal: name there what the bytes
// belong to (table, column, subject), so that sealed bytes moved elsewhere do not open. The result is the random nonce
// of 24 bytes, the ciphertext, the tag of 16: plain.size() + sealed_overhead bytes. A key may seal any number of times.
inline constexpr std::size_t sealed_overhead = 24 + 16;
std::vector<std::byte> seal(const secret_key& key, bytes_view plain, bytes_view associated);

// Throws errc::corrupt when the bytes, the associated data or the key are not those of seal(); there is no telling
// which.
std::vector<std::byte> unseal(const secret_key& key, bytes_view sealed, bytes_view associated);

inline std::vector<std::byte> seal(const secret_key& key, std::string_view plain, std::string_view associated) {
  return seal(key, as_bytes(plain), as_bytes(associated));
}

// Overwrites memory in a way that the compiler does not leave out.
void wipe(std::span<std::byte> bytes) noexcept;

}  // namespace eunomia::core
