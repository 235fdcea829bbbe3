#include "core/seal.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <new>
#include <string>
#include <type_traits>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::core {
namespace {

template <class T>
concept printable = requires(std::ostream& out, const T& value) {
  out << value;
};

std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

bool is_corrupt(const std::function<void()>& action) {
  try {
    action();
  } catch (const error& failure) {
    return failure.code() == errc::corrupt;
  }
  return false;
}

TEST(seal, what_was_sealed_opens_with_the_same_key_and_associated_data) {
  const auto key = secret_key::random();
  for (const std::string& plain : {std::string(), std::string("profile of somebody"), std::string(100000, 'x')}) {
    const auto sealed = seal(key, plain, "profiles/7");
    EXPECT_EQ(sealed.size(), plain.size() + sealed_overhead);
    EXPECT_EQ(text_of(unseal(key, sealed, as_bytes("profiles/7"))), plain);
  }
}

// draft-irtf-cfrg-xchacha-03, appendix A.3.1.
TEST(seal, the_published_ciphertext_opens) {
  std::string hex;
  for (int i = 0x80; i < 0xA0; ++i) {
    hex += to_hex(as_bytes(std::string(1, static_cast<char>(i))));
  }
  const auto key = secret_key::from_bytes(from_hex(hex));
  const auto associated = from_hex("50515253c0c1c2c3c4c5c6c7");
  const auto sealed = from_hex(
      "404142434445464748494a4b4c4d4e4f5051525354555657"
      "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e39ae64c6708c54c216"
      "cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3fff921f9664c97637da9768812f615c68b13"
      "b52e"
      "c0875924c1c7987947deafd8780acf49");
  EXPECT_EQ(text_of(unseal(key, sealed, associated)),
            "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, sunscreen "
            "would be it.");
}

TEST(seal, any_change_is_noticed) {
  const auto key = secret_key::random();
  const auto associated = as_bytes("profiles/7");
  const auto sealed = seal(key, "something", "profiles/7");
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    auto altered = sealed;
    altered[at] ^= std::byte{1};
    EXPECT_TRUE(is_corrupt([&] { unseal(key, altered, associated); })) << at;
    EXPECT_TRUE(is_corrupt([&] { unseal(key, std::span(sealed).first(at), associated); })) << at;
  }
  EXPECT_TRUE(is_corrupt([&] { unseal(key, sealed, as_bytes("profiles/8")); }));
  EXPECT_TRUE(is_corrupt([&] { unseal(secret_key::random(), sealed, associated); }));
}

TEST(seal, the_same_bytes_are_sealed_differently_each_time) {
  const auto key = secret_key::random();
  EXPECT_NE(seal(key, "x", ""), seal(key, "x", ""));
}

TEST(seal, a_key_is_neither_copied_nor_printed_by_accident) {
  static_assert(!std::is_copy_constructible_v<secret_key> && !std::is_copy_assignable_v<secret_key>);
  static_assert(printable<int> && !printable<secret_key>);
  const auto key = secret_key::random();
  EXPECT_TRUE(key.clone() == key);
  EXPECT_FALSE(secret_key::random() == key);
  EXPECT_THROW(secret_key::from_bytes(as_bytes("short")), error);
}

TEST(seal, a_key_is_wiped_when_moved_from_and_when_destroyed) {
  alignas(secret_key) std::array<std::byte, sizeof(secret_key)> place;
  auto* const key = new (place.data()) secret_key(secret_key::random());
  const auto copy = key->clone();
  const secret_key moved = std::move(*key);
  EXPECT_TRUE(moved == copy);
  const auto is_zero = [](std::byte b) { return b == std::byte{0}; };
  EXPECT_TRUE(std::all_of(place.begin(), place.end(), is_zero));
  *key = moved.clone();
  EXPECT_FALSE(std::all_of(place.begin(), place.end(), is_zero));
  key->~secret_key();
  EXPECT_TRUE(std::all_of(place.begin(), place.end(), is_zero));
}

TEST(seal, random_numbers_differ) {
  EXPECT_NE(random_number(), random_number());
}

}  // namespace
}  // namespace eunomia::core
