#include "object/checksum.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <zlib.h>

#include <algorithm>
#include <array>
#include <boost/crc.hpp>

#include "core/error.h"
#include "core/hash.h"
#include "object/refusal.h"

namespace eunomia::object {

namespace {

struct named_algorithm {
  checksum_algorithm algorithm;
  std::string_view name;
};
constexpr std::array<named_algorithm, 5> all = {{{checksum_algorithm::crc32, "CRC32"},
                                                 {checksum_algorithm::crc32c, "CRC32C"},
                                                 {checksum_algorithm::crc64nvme, "CRC64NVME"},
                                                 {checksum_algorithm::sha1, "SHA1"},
                                                 {checksum_algorithm::sha256, "SHA256"}}};

constexpr std::uint64_t crc32_polynomial = 0x04C11DB7;
constexpr std::uint64_t crc32c_polynomial = 0x1EDC6F41;
constexpr std::uint64_t crc64nvme_polynomial = 0xAD93D23594C93659;

std::vector<std::byte> big_endian(std::uint64_t value, std::size_t bytes) {
  std::vector<std::byte> out(bytes);
  for (std::size_t i = 0; i < bytes; ++i) {
    out[i] = static_cast<std::byte>(value >> (8 * (bytes - 1 - i)));
  }
  return out;
}

std::uint64_t number_of(const std::vector<std::byte>& bytes) {
  std::uint64_t value = 0;
  for (const std::byte each : bytes) {
    value = value << 8 | std::to_integer<std::uint64_t>(each);
  }
  return value;
}

// zlib's is several times faster than a table of bytes.
class zlib_crc32 final : public checksummer {
 public:
  void update(core::bytes_view data) override {
    value_ = ::crc32_z(value_, reinterpret_cast<const Bytef*>(data.data()), data.size());
  }
  std::vector<std::byte> finish() override { return big_endian(value_, 4); }

 private:
  uLong value_ = 0;
};

template <class Crc, std::size_t Bytes>
class boost_crc final : public checksummer {
 public:
  void update(core::bytes_view data) override { crc_.process_bytes(data.data(), data.size()); }
  std::vector<std::byte> finish() override { return big_endian(crc_.checksum(), Bytes); }

 private:
  Crc crc_;
};
using crc32c = boost_crc<boost::crc_optimal<32, crc32c_polynomial, 0xFFFFFFFF, 0xFFFFFFFF, true, true>, 4>;
using crc64nvme =
    boost_crc<boost::crc_optimal<64, crc64nvme_polynomial, ~std::uint64_t{0}, ~std::uint64_t{0}, true, true>, 8>;

class openssl_digest final : public checksummer {
 public:
  explicit openssl_digest(const EVP_MD* kind) : context_(EVP_MD_CTX_new(), &EVP_MD_CTX_free) {
    if (!context_ || EVP_DigestInit_ex(context_.get(), kind, nullptr) != 1) {
      throw core::error(core::errc::internal, "OpenSSL has no such digest");
    }
  }
  void update(core::bytes_view data) override { EVP_DigestUpdate(context_.get(), data.data(), data.size()); }
  std::vector<std::byte> finish() override {
    std::vector<std::byte> out(EVP_MAX_MD_SIZE);
    unsigned size = 0;
    EVP_DigestFinal_ex(context_.get(), reinterpret_cast<unsigned char*>(out.data()), &size);
    out.resize(size);
    return out;
  }

 private:
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context_;
};

// Polynomials over GF(2), of degree below Bits, reflected: the highest bit is the coefficient of x^0.
struct field {
  unsigned bits;
  std::uint64_t reflected;  // the CRC's polynomial

  static field of(unsigned bits, std::uint64_t polynomial) {
    std::uint64_t reversed = 0;
    for (unsigned i = 0; i < bits; ++i) {
      reversed |= (polynomial >> i & 1U) << (bits - 1 - i);
    }
    return {bits, reversed};
  }
  std::uint64_t one() const { return std::uint64_t{1} << (bits - 1); }
  std::uint64_t times(std::uint64_t a, std::uint64_t b) const {
    std::uint64_t product = 0;
    for (std::uint64_t bit = one(); bit != 0 && a != 0; bit >>= 1) {
      if ((a & bit) != 0) {
        product ^= b;
        a ^= bit;
      }
      b = (b & 1U) != 0 ? b >> 1 ^ reflected : b >> 1;
    }
    return product;
  }
  // x^(8 * bytes)
  std::uint64_t shift_by(std::uint64_t bytes) const {
    std::uint64_t power = one() >> 8;  // x^8
    std::uint64_t result = one();
    for (; bytes != 0; bytes >>= 1) {
      if ((bytes & 1U) != 0) {
        result = times(result, power);
      }
      power = times(power, power);
    }
    return result;
  }
};

// With all ones before and after, crc(AB) = crc(A) * x^(8 |B|) + crc(B).
std::vector<std::byte> combined_crc(const field& in, const std::vector<part_checksum>& parts) {
  std::uint64_t whole = 0;
  for (const part_checksum& part : parts) {
    whole = in.times(in.shift_by(part.size), whole) ^ number_of(part.bytes);
  }
  return big_endian(whole, in.bits / 8);
}

field field_of(checksum_algorithm algorithm) {
  switch (algorithm) {
    case checksum_algorithm::crc32: return field::of(32, crc32_polynomial);
    case checksum_algorithm::crc32c: return field::of(32, crc32c_polynomial);
    case checksum_algorithm::crc64nvme: return field::of(64, crc64nvme_polynomial);
    default:
      throw core::error(core::errc::invalid_argument,
                        fmt::format("{} of a whole object does not follow from those of its parts: use COMPOSITE",
                                    name_of(algorithm)));
  }
}

}  // namespace

std::string_view name_of(checksum_algorithm algorithm) noexcept {
  return all[static_cast<std::size_t>(algorithm)].name;
}

std::optional<checksum_algorithm> algorithm_named(std::string_view name) noexcept {
  const auto same = [](char a, char b) { return a == (b >= 'a' && b <= 'z' ? static_cast<char>(b - 'a' + 'A') : b); };
  for (const named_algorithm& one : all) {
    if (std::ranges::equal(one.name, name, same)) {
      return one.algorithm;
    }
  }
  return std::nullopt;
}

std::unique_ptr<checksummer> checksummer::of(checksum_algorithm algorithm) {
  switch (algorithm) {
    case checksum_algorithm::crc32: return std::make_unique<zlib_crc32>();
    case checksum_algorithm::crc32c: return std::make_unique<crc32c>();
    case checksum_algorithm::crc64nvme: return std::make_unique<crc64nvme>();
    case checksum_algorithm::sha1: return std::make_unique<openssl_digest>(EVP_sha1());
    case checksum_algorithm::sha256: return std::make_unique<openssl_digest>(EVP_sha256());
  }
  throw core::error(core::errc::internal, "no such checksum");
}

std::unique_ptr<checksummer> checksummer::md5() {
  return std::make_unique<openssl_digest>(EVP_md5());
}

void check_bytes(const expected_bytes& expected, core::bytes_view bytes) {
  if (expected.md5) {
    const auto md5 = checksummer::md5();
    md5->update(bytes);
    if (md5->finish() != *expected.md5) {
      throw refusal(refused::bad_digest, "the bytes are not those that Content-MD5 is of");
    }
  }
  if (expected.computed && expected.value) {
    const auto sum = checksummer::of(*expected.computed);
    sum->update(bytes);
    if (core::to_base64(sum->finish()) != *expected.value) {
      throw refusal(refused::bad_digest,
                    fmt::format("the {} that was sent is not that of the bytes", name_of(*expected.computed)));
    }
  }
}

checksum combined(checksum_algorithm algorithm, checksum_type type, const std::vector<part_checksum>& parts) {
  if (type == checksum_type::full_object) {
    return {algorithm, core::to_base64(combined_crc(field_of(algorithm), parts)), type};
  }
  const auto of_all = checksummer::of(algorithm);
  for (const part_checksum& part : parts) {
    of_all->update(part.bytes);
  }
  return {algorithm, fmt::format("{}-{}", core::to_base64(of_all->finish()), parts.size()), type};
}

}  // namespace eunomia::object
