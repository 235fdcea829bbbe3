#include "core/hash.h"

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "core/error.h"

namespace eunomia::core {
namespace {

void expect_refused(const std::function<void()>& action) {
  try {
    action();
    ADD_FAILURE() << "accepted";
  } catch (const error& failure) {
    EXPECT_EQ(failure.code(), errc::invalid_argument);
  }
}

// FIPS 180-4 examples and the NIST long message.
TEST(hash, sha256_gives_the_published_digests) {
  EXPECT_EQ(to_hex(sha256("")), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(to_hex(sha256("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(to_hex(sha256("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(to_hex(sha256(std::string(1000000, 'a'))),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

// The first vectors of the reference implementation: key 00 01 .. 0f, texts "", 00, 00 01.
TEST(hash, siphash_gives_the_published_codes) {
  std::string key;
  for (char c = 0; c < 16; ++c) {
    key += c;
  }
  EXPECT_EQ(to_hex(siphash(as_bytes(key), "")), "a3817f04ba25a8e66df67214c7550293");
  EXPECT_EQ(to_hex(siphash(as_bytes(key), std::string_view("\0", 1))), "da87c1d86b99af44347659119b22fc45");
  EXPECT_EQ(to_hex(siphash(as_bytes(key), std::string_view("\0\1", 2))), "8177228da4a45dc7fca38bdef60affe4");
  expect_refused([] { siphash(as_bytes("short"), "text"); });
}

// RFC 4231, test cases 1, 2, 3, 6 and 7.
TEST(hash, hmac_sha256_gives_the_published_codes) {
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\x0b'), "Hi There")),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  EXPECT_EQ(to_hex(hmac_sha256("Jefe", "what do ya want for nothing?")),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(20, '\xaa'), std::string(50, '\xdd'))),
            "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'), "Test Using Larger Than Block-Size Key - Hash Key First")),
            "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
  EXPECT_EQ(to_hex(hmac_sha256(std::string(131, '\xaa'),
                               "This is a test using a larger than block-size key and a larger than block-size data. "
                               "The key needs to be hashed before being used by the HMAC algorithm.")),
            "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2");
}

// b2sum -l 256 of GNU coreutils.
TEST(hash, blake2b_gives_the_published_digests) {
  EXPECT_EQ(to_hex(blake2b("")), "0e5751c026e543b2e8ab2eb06099daa1d1e5df47778f7787faab45cdf12fe3a8");
  EXPECT_EQ(to_hex(blake2b("abc")), "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

// xxhsum -H2 of xxHash 0.8.
TEST(hash, xxh3_gives_the_published_checksums) {
  EXPECT_EQ(to_hex(xxh3("")), "99aa06d3014798d86001c324468d497f");
  EXPECT_EQ(to_hex(xxh3("abc")), "06b05ab6733a618578af5f94892f3950");
}

TEST(hash, pieces_hash_like_the_whole) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::string data(100000, '\0');
  for (char& c : data) {
    c = static_cast<char>(random());
  }
  sha256_hasher sha;
  hmac_sha256_hasher mac(as_bytes("key"));
  blake2b_hasher blake;
  xxh3_hasher xxh;
  for (std::size_t at = 0; at < data.size();) {
    const auto piece = std::string_view(data).substr(at, random() % 3000);
    sha.update(piece);
    mac.update(piece);
    blake.update(piece);
    xxh.update(piece);
    at += piece.size();
  }
  EXPECT_EQ(sha.finish(), sha256(data));
  EXPECT_EQ(mac.finish(), hmac_sha256("key", data));
  EXPECT_EQ(blake.finish(), blake2b(data));
  EXPECT_EQ(xxh.finish(), xxh3(data));
}

TEST(hash, equality_in_constant_time_is_equality) {
  EXPECT_TRUE(equal_in_constant_time(as_bytes("secret"), as_bytes("secret")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("secret"), as_bytes("secreT")));
  EXPECT_FALSE(equal_in_constant_time(as_bytes("secret"), as_bytes("secre")));
  EXPECT_TRUE(equal_in_constant_time({}, {}));
}

TEST(hash, hexadecimal_reads_back_and_refuses_anything_else) {
  const auto all = sha256("x");
  EXPECT_EQ(digest256_from_hex(to_hex(all)), all);
  EXPECT_EQ(from_hex("00fFAb"), (std::vector{std::byte{0}, std::byte{0xFF}, std::byte{0xAB}}));
  EXPECT_TRUE(from_hex("").empty());
  for (const char* text : {"0", "0g", "00 ", " 00", "0x00", "00:11", "zz"}) {
    expect_refused([&] { from_hex(text); });
  }
  expect_refused([] { digest256_from_hex("00"); });
}

// RFC 4648, section 10.
TEST(hash, base64_gives_the_published_texts_and_reads_them_back) {
  const std::vector<std::pair<std::string, std::string>> vectors = {{"", ""},
                                                                    {"f", "Zg=="},
                                                                    {"fo", "Zm8="},
                                                                    {"foo", "Zm9v"},
                                                                    {"foob", "Zm9vYg=="},
                                                                    {"fooba", "Zm9vYmE="},
                                                                    {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(to_base64(plain), text);
    const auto read = from_base64(text);
    EXPECT_EQ(std::string(reinterpret_cast<const char*>(read.data()), read.size()), plain);
  }
  EXPECT_EQ(to_base64("\xFB\xFF\xFE"), "+//+");
}

TEST(hash, base64_is_read_strictly) {
  for (const char* text :
       {"Zg", "Zg=", "Zh==", "Zm9=", "Zg==\n", " Zg==", "Z g=", "Zg==Zg==", "-__-", "====", "Z===", "Zm9vY"}) {
    SCOPED_TRACE(text);
    expect_refused([&] { from_base64(text); });
  }
}

}  // namespace
}  // namespace eunomia::core
