#include "core/seal.h"

#include <sodium.h>

#include <algorithm>
#include <string>

#include "core/error.h"
#include "core/hash.h"
#include "core/sodium.h"

namespace eunomia::core {

namespace {

constexpr std::size_t nonce_size = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t tag_size = crypto_aead_xchacha20poly1305_ietf_ABYTES;
static_assert(nonce_size + tag_size == sealed_overhead);
static_assert(secret_key::size == crypto_aead_xchacha20poly1305_ietf_KEYBYTES);

const unsigned char* data_of(bytes_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

void random_bytes(std::span<std::byte> out) {
  ensure_sodium();
  randombytes_buf(out.data(), out.size());
}

std::uint64_t random_number() {
  std::uint64_t number = 0;
  random_bytes(std::as_writable_bytes(std::span(&number, 1)));
  return number;
}

void wipe(std::span<std::byte> bytes) noexcept {
  sodium_memzero(bytes.data(), bytes.size());
}

secret_key secret_key::random() {
  secret_key key;
  random_bytes(key.bytes_);
  return key;
}

secret_key secret_key::from_bytes(bytes_view bytes) {
  if (bytes.size() != size) {
    throw error(errc::invalid_argument,
                "a secret key has " + std::to_string(size) + " bytes, found " + std::to_string(bytes.size()));
  }
  secret_key key;
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

secret_key::~secret_key() {
  wipe(bytes_);
}

secret_key::secret_key(secret_key&& other) noexcept : bytes_(other.bytes_) {
  wipe(other.bytes_);
}

secret_key& secret_key::operator=(secret_key&& other) noexcept {
  if (this != &other) {
    bytes_ = other.bytes_;
    wipe(other.bytes_);
  }
  return *this;
}

secret_key secret_key::clone() const {
  return from_bytes(bytes_);
}

bool operator==(const secret_key& a, const secret_key& b) noexcept {
  return equal_in_constant_time(a.bytes_, b.bytes_);
}

std::vector<std::byte> seal(const secret_key& key, bytes_view plain, bytes_view associated) {
  std::vector<std::byte> sealed(plain.size() + sealed_overhead);
  random_bytes(std::span(sealed).first(nonce_size));
  auto* const out = reinterpret_cast<unsigned char*>(sealed.data());
  crypto_aead_xchacha20poly1305_ietf_encrypt(out + nonce_size, nullptr, data_of(plain), plain.size(),
                                             data_of(associated), associated.size(), nullptr, out,
                                             data_of(key.reveal()));
  return sealed;
}

std::vector<std::byte> unseal(const secret_key& key, bytes_view sealed, bytes_view associated) {
  ensure_sodium();
  const bool long_enough = sealed.size() >= sealed_overhead;
  std::vector<std::byte> plain(long_enough ? sealed.size() - sealed_overhead : 0);
  if (!long_enough || crypto_aead_xchacha20poly1305_ietf_decrypt(
                          reinterpret_cast<unsigned char*>(plain.data()), nullptr, nullptr,
                          data_of(sealed.subspan(nonce_size)), sealed.size() - nonce_size, data_of(associated),
                          associated.size(), data_of(sealed), data_of(key.reveal())) != 0) {
    throw error(errc::corrupt,
                "sealed bytes do not open: they were altered, belong elsewhere or were sealed with "
                "another key");
  }
  return plain;
}

}  // namespace eunomia::core
