#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "core/digest.h"
#include "core/seal.h"

// Signatures with Ed25519 (RFC 8032): deterministic, so that the same key and bytes always give the same signature.
// Sign bytes that begin with what they are for ("eunomia certificate 1"), so that a signature under one kind of
// document is none under another.
namespace eunomia::core {

// 64 bytes. Ordered by them; no secret.
using signature = digest<64>;

// Who may have signed: 32 bytes that everybody may have.
class public_key {
 public:
  static constexpr std::size_t size = 32;

  // Throws errc::invalid_argument unless there are 32 bytes.
  static public_key from_bytes(bytes_view bytes);
  // What text() gave; white space around it is not tolerated. Throws errc::invalid_argument.
  static public_key from_text(std::string_view base64);

  bytes_view bytes() const noexcept { return bytes_; }
  // Base64 (RFC 4648, section 4): 44 characters.
  std::string text() const;
  // The short name of the key: the first 16 hexadecimal digits of its BLAKE2b-256. Says which key to try; only verify()
  // says whether it fits.
  std::string id() const;

  friend auto operator<=>(const public_key&, const public_key&) = default;

 private:
  friend class signing_key;
  public_key() = default;
  std::array<std::byte, size> bytes_ = {};
};

// The most keys, old ones included, that a file of public keys lists.
inline constexpr std::size_t max_public_keys = 64;

// Reads a file of public keys: public_key::text(), one a line, newest first. Throws errc::invalid_argument naming the
// line, also when there is no key or there are more than max_public_keys.
std::vector<public_key> public_keys_from_text(std::string_view lines);

// What signs: wiped when destroyed or moved from, never copied or printed. A key that was moved from must not sign.
class signing_key {
 public:
  // Derived from 32 secret bytes: the same seed gives the same key.
  explicit signing_key(const secret_key& seed);
  ~signing_key();
  signing_key(signing_key&& other) noexcept;
  signing_key& operator=(signing_key&& other) noexcept;
  signing_key(const signing_key&) = delete;
  signing_key& operator=(const signing_key&) = delete;

  const public_key& public_half() const noexcept { return public_; }

  friend signature sign(const signing_key& key, bytes_view message);
  friend std::ostream& operator<<(std::ostream&, const signing_key&) = delete;

 private:
  static constexpr std::size_t expanded_size = 64;  // the seed and the public key, as libsodium keeps them

  public_key public_;
  std::array<std::byte, expanded_size> expanded_ = {};
};

signature sign(const signing_key& key, bytes_view message);
inline signature sign(const signing_key& key, std::string_view message) {
  return sign(key, as_bytes(message));
}

// Whether the owner of the key signed exactly these bytes. A signature has one form only: one that was altered into
// another that older verifiers would take is refused.
bool verify(const public_key& key, bytes_view message, const signature& claimed);
inline bool verify(const public_key& key, std::string_view message, const signature& claimed) {
  return verify(key, as_bytes(message), claimed);
}

}  // namespace eunomia::core
