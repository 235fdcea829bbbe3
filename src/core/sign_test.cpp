#include "core/sign.h"

#include <gtest/gtest.h>

#include <functional>
#include <new>
#include <ostream>
#include <type_traits>

#include "core/error.h"
#include "core/hash.h"

namespace eunomia::core {
namespace {

template <class T>
concept printable = requires(std::ostream& out, const T& value) {
  out << value;
};

signing_key key_of(std::string_view seed_hex) {
  return signing_key(secret_key::from_bytes(from_hex(seed_hex)));
}

bool is_invalid(const std::function<void()>& action) {
  try {
    action();
  } catch (const error& failure) {
    return failure.code() == errc::invalid_argument;
  }
  return false;
}

struct published {
  const char* seed;
  const char* public_key;
  const char* message;
  const char* signature;
};

// RFC 8032, section 7.1: TEST 1, 2 and 3.
constexpr published vectors[] = {{"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
                                  "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
                                  "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
                                  "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"},
                                 {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
                                  "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
                                  "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
                                  "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"},
                                 {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
                                  "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
                                  "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
                                  "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"}};

TEST(sign, the_published_vectors_are_met) {
  for (const published& vector : vectors) {
    const signing_key key = key_of(vector.seed);
    EXPECT_EQ(to_hex(key.public_half().bytes()), vector.public_key);
    const auto message = from_hex(vector.message);
    const signature made = sign(key, message);
    EXPECT_EQ(to_hex(made), vector.signature);
    EXPECT_TRUE(verify(key.public_half(), message, made));
  }
}

TEST(sign, any_changed_bit_of_message_signature_or_key_is_refused) {
  const signing_key key(secret_key::random());
  std::string message = "a proof";
  const signature made = sign(key, message);
  ASSERT_TRUE(verify(key.public_half(), message, made));
  for (std::size_t bit = 0; bit < message.size() * 8; ++bit) {
    std::string other = message;
    other[bit / 8] = static_cast<char>(other[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(verify(key.public_half(), other, made));
  }
  for (std::size_t bit = 0; bit < sizeof(signature) * 8; ++bit) {
    signature other = made;
    other.bytes[bit / 8] ^= std::byte(1U << bit % 8);
    EXPECT_FALSE(verify(key.public_half(), message, other));
  }
  for (std::size_t bit = 0; bit < public_key::size * 8; ++bit) {
    std::vector<std::byte> other(key.public_half().bytes().begin(), key.public_half().bytes().end());
    other[bit / 8] ^= std::byte(1U << bit % 8);
    EXPECT_FALSE(verify(public_key::from_bytes(other), message, made));
  }
}

// RFC 8032, section 5.1.7: S must be less than L. Verifiers without that check take S + L as well.
TEST(sign, a_second_form_of_the_same_signature_is_refused) {
  const auto order = from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  const signing_key key(secret_key::random());
  signature made = sign(key, "a proof");
  unsigned carry = 0;
  for (std::size_t i = 0; i < order.size(); ++i) {
    std::byte& digit = made.bytes[32 + i];
    carry += std::to_integer<unsigned>(digit) + std::to_integer<unsigned>(order[i]);
    digit = std::byte(carry & 0xFF);
    carry >>= 8;
  }
  EXPECT_FALSE(verify(key.public_half(), "a proof", made));
}

// Whose secret everybody knows: the point of order 1, with which R = S = 0 would sign anything.
TEST(sign, a_public_key_of_small_order_verifies_nothing) {
  std::vector<std::byte> one(public_key::size);
  one[0] = std::byte{1};
  signature forged;
  forged.bytes[0] = std::byte{1};
  EXPECT_FALSE(verify(public_key::from_bytes(one), "anything", forged));
}

TEST(sign, a_public_key_comes_back_from_its_text) {
  const public_key key = signing_key(secret_key::random()).public_half();
  EXPECT_EQ(key.text().size(), 44U);
  EXPECT_EQ(public_key::from_text(key.text()), key);
  EXPECT_TRUE(is_invalid([&] { public_key::from_text(key.text() + "\n"); }));
  EXPECT_TRUE(is_invalid([&] { public_key::from_text(key.text().substr(4)); }));
  EXPECT_TRUE(is_invalid([&] { public_key::from_text(""); }));
}

TEST(sign, the_id_of_a_key_is_the_start_of_its_hash) {
  const public_key key = key_of(vectors[0].seed).public_half();
  EXPECT_EQ(key.id(), to_hex(blake2b(key.bytes())).substr(0, 16));
}

TEST(sign, a_file_of_public_keys_has_one_a_line) {
  const public_key a = signing_key(secret_key::random()).public_half();
  const public_key b = signing_key(secret_key::random()).public_half();
  EXPECT_EQ(public_keys_from_text(a.text()), std::vector{a});
  EXPECT_EQ(public_keys_from_text(a.text() + "\n" + b.text() + "\n"), (std::vector{a, b}));
  EXPECT_TRUE(is_invalid([] { public_keys_from_text(""); }));
  EXPECT_TRUE(is_invalid([&] { public_keys_from_text(a.text() + "\n\n"); }));
  std::string many;
  for (std::size_t i = 0; i <= max_public_keys; ++i) {
    many += a.text() + "\n";
  }
  EXPECT_TRUE(is_invalid([&] { public_keys_from_text(many); }));
}

TEST(sign, a_signing_key_is_wiped_when_it_ends_or_moves) {
  alignas(signing_key) std::byte memory[sizeof(signing_key)];
  const auto seed = secret_key::random();
  const auto holds_seed = [&] {
    const std::string_view all(reinterpret_cast<const char*>(memory), sizeof memory);
    const auto wanted = seed.reveal();
    return all.find({reinterpret_cast<const char*>(wanted.data()), wanted.size()}) != std::string_view::npos;
  };
  auto* const key = new (memory) signing_key(seed);
  EXPECT_TRUE(holds_seed());
  const signing_key moved(std::move(*key));
  EXPECT_FALSE(holds_seed());
  key->~signing_key();
  auto* const other = new (memory) signing_key(seed);
  other->~signing_key();
  EXPECT_FALSE(holds_seed());
  EXPECT_TRUE(verify(moved.public_half(), "still", sign(moved, "still")));
}

TEST(sign, a_signing_key_is_neither_copied_nor_printed) {
  static_assert(!std::is_copy_constructible_v<signing_key> && !std::is_copy_assignable_v<signing_key>);
  static_assert(!printable<signing_key>);
  SUCCEED();
}

}  // namespace
}  // namespace eunomia::core
