#include "core/hash.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/sha.h>
#include <sodium.h>
#include <xxhash.h>

#include <algorithm>

#include "core/error.h"
#include "core/sodium.h"

namespace eunomia::core {

namespace {

constexpr std::size_t sha256_block = 64;

const unsigned char* data_of(bytes_view bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
template <std::size_t Size>
unsigned char* data_of(digest<Size>& value) {
  return reinterpret_cast<unsigned char*>(value.bytes.data());
}

void require(bool success, const char* what) {
  if (!success) {
    throw error(errc::internal, std::string(what) + " of the cryptographic library failed");
  }
}

// OpenSSL 3 looks EVP_sha256() up by its name whenever a hash begins; what was fetched it takes as it is.
const EVP_MD* fetched_sha256() {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  require(method != nullptr, "finding SHA-256");
  return method;
}

}  // namespace

struct sha256_hasher::state {
  state() {
    require(context != nullptr, "allocating a hash");
    restart();
  }
  ~state() { EVP_MD_CTX_free(context); }
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  void restart() { require(EVP_DigestInit_ex(context, fetched_sha256(), nullptr) == 1, "starting SHA-256"); }
  void update(bytes_view data) { require(EVP_DigestUpdate(context, data.data(), data.size()) == 1, "SHA-256"); }
  digest256 finish() {
    digest256 result;
    require(EVP_DigestFinal_ex(context, data_of(result), nullptr) == 1, "SHA-256");
    return result;
  }

  EVP_MD_CTX* context = EVP_MD_CTX_new();
};

sha256_hasher::sha256_hasher() : state_(std::make_unique<state>()) {}
sha256_hasher::~sha256_hasher() = default;
sha256_hasher::sha256_hasher(sha256_hasher&&) noexcept = default;
sha256_hasher& sha256_hasher::operator=(sha256_hasher&&) noexcept = default;
void sha256_hasher::update(bytes_view data) {
  state_->update(data);
}
digest256 sha256_hasher::finish() {
  return state_->finish();
}

// H((K ^ opad) || H((K ^ ipad) || text)), RFC 2104: over our SHA-256 because OpenSSL 3's own HMAC looks the algorithm
// up by name at every call, which costs more than the hash of a short identifier.
struct hmac_sha256_hasher::state {
  explicit state(bytes_view key) {
    std::array<unsigned char, sha256_block> padded{};
    if (key.size() > sha256_block) {
      digest256 hashed = sha256(key);
      std::copy_n(data_of(hashed), hashed.bytes.size(), padded.begin());
      sodium_memzero(hashed.bytes.data(), hashed.bytes.size());
    } else {
      std::copy_n(data_of(key), key.size(), padded.begin());
    }
    for (unsigned char& byte : padded) {
      byte ^= 0x36;
    }
    inner.update(std::as_bytes(std::span(padded)));
    for (unsigned char& byte : padded) {
      byte ^= 0x36 ^ 0x5C;
    }
    outer.update(std::as_bytes(std::span(padded)));
    sodium_memzero(padded.data(), padded.size());
  }

  sha256_hasher inner;
  sha256_hasher outer;
};

hmac_sha256_hasher::hmac_sha256_hasher(bytes_view key) : state_(std::make_unique<state>(key)) {}
hmac_sha256_hasher::~hmac_sha256_hasher() = default;
hmac_sha256_hasher::hmac_sha256_hasher(hmac_sha256_hasher&&) noexcept = default;
hmac_sha256_hasher& hmac_sha256_hasher::operator=(hmac_sha256_hasher&&) noexcept = default;
void hmac_sha256_hasher::update(bytes_view data) {
  state_->inner.update(data);
}
digest256 hmac_sha256_hasher::finish() {
  state_->outer.update(state_->inner.finish().bytes);
  return state_->outer.finish();
}

struct blake2b_hasher::state {
  state() {
    ensure_sodium();
    crypto_generichash_init(&context, nullptr, 0, sizeof(digest256));
  }
  crypto_generichash_state context;
};

blake2b_hasher::blake2b_hasher() : state_(std::make_unique<state>()) {}
blake2b_hasher::~blake2b_hasher() = default;
blake2b_hasher::blake2b_hasher(blake2b_hasher&&) noexcept = default;
blake2b_hasher& blake2b_hasher::operator=(blake2b_hasher&&) noexcept = default;
void blake2b_hasher::update(bytes_view data) {
  crypto_generichash_update(&state_->context, data_of(data), data.size());
}
digest256 blake2b_hasher::finish() {
  digest256 result;
  crypto_generichash_final(&state_->context, data_of(result), sizeof result);
  return result;
}

struct xxh3_hasher::state {
  state() {
    require(context != nullptr, "allocating a checksum");
    XXH3_128bits_reset(context);
  }
  ~state() { XXH3_freeState(context); }
  state(const state&) = delete;
  state& operator=(const state&) = delete;

  XXH3_state_t* context = XXH3_createState();
};

namespace {

digest128 canonical(XXH128_hash_t hash) {
  XXH128_canonical_t bytes;
  XXH128_canonicalFromHash(&bytes, hash);
  digest128 result;
  std::memcpy(result.bytes.data(), bytes.digest, sizeof result);
  return result;
}

}  // namespace

xxh3_hasher::xxh3_hasher() : state_(std::make_unique<state>()) {}
xxh3_hasher::~xxh3_hasher() = default;
xxh3_hasher::xxh3_hasher(xxh3_hasher&&) noexcept = default;
xxh3_hasher& xxh3_hasher::operator=(xxh3_hasher&&) noexcept = default;
void xxh3_hasher::update(bytes_view data) {
  XXH3_128bits_update(state_->context, data.data(), data.size());
}
digest128 xxh3_hasher::finish() {
  return canonical(XXH3_128bits_digest(state_->context));
}

digest256 sha256(bytes_view data) {
  digest256 result;
  require(SHA256(data_of(data), data.size(), data_of(result)) != nullptr, "SHA-256");
  return result;
}

digest256 hmac_sha256(bytes_view key, bytes_view data) {
  hmac_sha256_hasher hasher(key);
  hasher.update(data);
  return hasher.finish();
}

digest256 blake2b(bytes_view data) {
  ensure_sodium();
  digest256 result;
  crypto_generichash(data_of(result), sizeof result, data_of(data), data.size(), nullptr, 0);
  return result;
}

digest128 siphash(bytes_view key, bytes_view data) {
  if (key.size() != crypto_shorthash_siphashx24_KEYBYTES) {
    throw error(errc::invalid_argument,
                fmt::format("a key of SipHash has {} bytes, got {}", crypto_shorthash_siphashx24_KEYBYTES, key.size()));
  }
  digest128 result;
  static_assert(sizeof(result.bytes) == crypto_shorthash_siphashx24_BYTES);
  crypto_shorthash_siphashx24(reinterpret_cast<unsigned char*>(result.bytes.data()), data_of(data), data.size(),
                              data_of(key));
  return result;
}

digest128 xxh3(bytes_view data) {
  return canonical(XXH3_128bits(data.data(), data.size()));
}

bool equal_in_constant_time(bytes_view a, bytes_view b) noexcept {
  // libsodium takes no null pointer, which an empty span may hold.
  return a.size() == b.size() && (a.empty() || sodium_memcmp(a.data(), b.data(), a.size()) == 0);
}

std::string to_hex(bytes_view data) {
  std::string text(data.size() * 2 + 1, '\0');
  sodium_bin2hex(text.data(), text.size(), data_of(data), data.size());
  text.pop_back();
  return text;
}

std::vector<std::byte> from_hex(std::string_view text) {
  std::vector<std::byte> bytes(text.size() / 2 + 1);  // libsodium takes no null pointer, so never empty
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                     &size, &end) != 0 ||
      end != text.data() + text.size()) {
    throw error(errc::invalid_argument, "not hexadecimal: expected pairs of the digits 0-9, a-f and A-F only");
  }
  bytes.resize(size);
  return bytes;
}

namespace {

template <std::size_t Size>
digest<Size> digest_from_hex(std::string_view text) {
  const auto bytes = from_hex(text);
  if (bytes.size() != Size) {
    throw error(errc::invalid_argument, "this digest has " + std::to_string(2 * Size) + " hexadecimal digits, found " +
                                            std::to_string(text.size()));
  }
  digest<Size> result;
  std::copy(bytes.begin(), bytes.end(), result.bytes.begin());
  return result;
}

}  // namespace

digest128 digest128_from_hex(std::string_view text) {
  return digest_from_hex<16>(text);
}

digest256 digest256_from_hex(std::string_view text) {
  return digest_from_hex<32>(text);
}

std::string to_base64(bytes_view data) {
  std::string text(sodium_base64_ENCODED_LEN(data.size(), sodium_base64_VARIANT_ORIGINAL), '\0');
  sodium_bin2base64(text.data(), text.size(), data_of(data), data.size(), sodium_base64_VARIANT_ORIGINAL);
  text.pop_back();
  return text;
}

std::vector<std::byte> from_base64(std::string_view text) {
  std::vector<std::byte> bytes(text.size() / 4 * 3 + 1);
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(), text.size(), nullptr,
                        &size, &end, sodium_base64_VARIANT_ORIGINAL) != 0 ||
      end != text.data() + text.size()) {
    throw error(errc::invalid_argument,
                "not base64: expected A-Z, a-z, 0-9, + and /, padded with = to a multiple of 4");
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace eunomia::core
