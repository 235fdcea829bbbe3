#include "object/checksum.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::object {
namespace {

std::string hex_of(checksum_algorithm algorithm, std::string_view text) {
  const auto of = checksummer::of(algorithm);
  of->update(core::as_bytes(text));
  return core::to_hex(of->finish());
}

// The check values of the catalogue of parametrised CRC algorithms, and of FIPS 180-4.
TEST(checksums, are_what_others_compute) {
  EXPECT_EQ(hex_of(checksum_algorithm::crc32, "123456789"), "cbf43926");
  EXPECT_EQ(hex_of(checksum_algorithm::crc32c, "123456789"), "e3069283");
  EXPECT_EQ(hex_of(checksum_algorithm::crc64nvme, "123456789"), "ae8b14860a799888");
  EXPECT_EQ(hex_of(checksum_algorithm::sha1, "abc"), "a9993e364706816aba3e25717850c26c9cd0d89d");
  EXPECT_EQ(hex_of(checksum_algorithm::sha256, "abc"),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  const auto md5 = checksummer::md5();
  EXPECT_EQ(core::to_hex(md5->finish()), "d41d8cd98f00b204e9800998ecf8427e");
}

TEST(checksums, are_named_in_either_case) {
  EXPECT_EQ(algorithm_named("crc64nvme"), checksum_algorithm::crc64nvme);
  EXPECT_EQ(algorithm_named("SHA256"), checksum_algorithm::sha256);
  EXPECT_FALSE(algorithm_named("MD5"));
}

TEST(checksums, of_a_whole_follow_from_those_of_its_parts) {
  std::mt19937 random(7);
  std::string whole;
  std::vector<std::string> parts;
  for (const std::size_t size : {100'000, 0, 1, 65'537, 12}) {
    std::string part(size, '\0');
    for (char& c : part) {
      c = static_cast<char>(random());
    }
    whole += part;
    parts.push_back(std::move(part));
  }
  for (const auto algorithm : {checksum_algorithm::crc32, checksum_algorithm::crc32c, checksum_algorithm::crc64nvme}) {
    std::vector<part_checksum> each;
    for (const std::string& part : parts) {
      each.push_back({core::from_hex(hex_of(algorithm, part)), part.size()});
    }
    EXPECT_EQ(combined(algorithm, checksum_type::full_object, each).value,
              core::to_base64(core::from_hex(hex_of(algorithm, whole))))
        << name_of(algorithm);
  }
}

TEST(checksums, of_checksums_say_of_how_many) {
  const std::vector<part_checksum> each = {{core::from_hex(hex_of(checksum_algorithm::sha256, "a")), 1},
                                           {core::from_hex(hex_of(checksum_algorithm::sha256, "b")), 1}};
  const checksum made = combined(checksum_algorithm::sha256, checksum_type::composite, each);
  EXPECT_TRUE(made.value.ends_with("-2"));
  EXPECT_EQ(made.type, checksum_type::composite);
  EXPECT_THROW(combined(checksum_algorithm::sha256, checksum_type::full_object, each), core::error);
}

}  // namespace
}  // namespace eunomia::object
