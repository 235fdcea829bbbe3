#include "core/sign.h"

#include <sodium.h>

#include <algorithm>

#include "core/error.h"
#include "core/hash.h"
#include "core/sodium.h"

namespace eunomia::core {

static_assert(public_key::size == crypto_sign_PUBLICKEYBYTES);
static_assert(secret_key::size == crypto_sign_SEEDBYTES);
static_assert(sizeof(signature) == crypto_sign_BYTES);

namespace {

constexpr std::size_t digits_of_id = 16;

const unsigned char* data_of(bytes_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

}  // namespace

public_key public_key::from_bytes(bytes_view bytes) {
  if (bytes.size() != size) {
    throw error(errc::invalid_argument,
                "a public key has " + std::to_string(size) + " bytes, found " + std::to_string(bytes.size()));
  }
  public_key key;
  std::copy(bytes.begin(), bytes.end(), key.bytes_.begin());
  return key;
}

public_key public_key::from_text(std::string_view base64) {
  return from_bytes(from_base64(base64));
}

std::string public_key::text() const {
  return to_base64(bytes());
}

std::string public_key::id() const {
  return to_hex(blake2b(bytes())).substr(0, digits_of_id);
}

std::vector<public_key> public_keys_from_text(std::string_view lines) {
  std::vector<public_key> keys;
  for (std::size_t number = 1; !lines.empty(); ++number) {
    const std::size_t end = lines.find('\n');
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(end == std::string_view::npos ? lines.size() : end + 1);
    if (keys.size() == max_public_keys) {
      throw error(errc::invalid_argument, "line " + std::to_string(number) + ": more than max_public_keys = " +
                                              std::to_string(max_public_keys) + " public keys");
    }
    try {
      keys.push_back(public_key::from_text(line));
    } catch (const error& problem) {
      throw error(errc::invalid_argument, "line " + std::to_string(number) + " is no public key: " + problem.what());
    }
  }
  if (keys.empty()) {
    throw error(errc::invalid_argument, "there is no public key; expected one a line, 44 characters of base64");
  }
  return keys;
}

signing_key::signing_key(const secret_key& seed) {
  ensure_sodium();
  crypto_sign_seed_keypair(reinterpret_cast<unsigned char*>(public_.bytes_.data()),
                           reinterpret_cast<unsigned char*>(expanded_.data()), data_of(seed.reveal()));
}

signing_key::~signing_key() {
  wipe(expanded_);
}

signing_key::signing_key(signing_key&& other) noexcept : public_(other.public_), expanded_(other.expanded_) {
  wipe(other.expanded_);
}

signing_key& signing_key::operator=(signing_key&& other) noexcept {
  if (this != &other) {
    public_ = other.public_;
    expanded_ = other.expanded_;
    wipe(other.expanded_);
  }
  return *this;
}

signature sign(const signing_key& key, bytes_view message) {
  // Moved from, the key would sign with zeros, which anybody can.
  if (sodium_is_zero(data_of(key.expanded_), key.expanded_.size()) != 0) {
    throw error(errc::internal, "a signing key that was moved from was to sign");
  }
  signature made;
  crypto_sign_detached(reinterpret_cast<unsigned char*>(made.bytes.data()), nullptr, data_of(message), message.size(),
                       data_of(key.expanded_));
  return made;
}

bool verify(const public_key& key, bytes_view message, const signature& claimed) {
  ensure_sodium();
  return crypto_sign_verify_detached(data_of(claimed.bytes), data_of(message), message.size(), data_of(key.bytes())) ==
         0;
}

}  // namespace eunomia::core
