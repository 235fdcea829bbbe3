// Whoever can write a model file can make its checksums right. Such a file is refused as corrupt by what loads it,
// before it leads out of bounds or takes more memory than there is.

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <limits>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "core/temporary_directory.h"
#include "recommend/family.h"
#include "recommend/testing.h"

namespace eunomia::recommend {
namespace {

using testing::day;
using testing::events_of;
using testing::message_of;
using testing::numbered_items;
using testing::workshop;

constexpr std::size_t header_bytes = 64;
constexpr std::size_t entry_bytes = 96;

// The bytes of a model file, changed in place and sealed again; model_file.cpp has the format.
class altered_file {
 public:
  explicit altered_file(std::string bytes) : bytes_(std::move(bytes)) {}

  template <class Value>
  void set(std::string_view section, std::size_t index, Value value) {
    const std::size_t entry = entry_of(section);
    const auto offset = number_at<std::uint64_t>(entry + 48);
    const auto length = number_at<std::uint64_t>(entry + 56);
    ASSERT_LE((index + 1) * sizeof value, length) << section;
    std::memcpy(bytes_.data() + offset + index * sizeof value, &value, sizeof value);
    seal(entry);
  }
  // Keeps the first bytes of a section, so many that the next one stays in its place.
  void shorten(std::string_view section, std::uint64_t length) {
    const std::size_t entry = entry_of(section);
    const auto before = number_at<std::uint64_t>(entry + 56);
    ASSERT_LE(length, before);
    ASSERT_EQ((length + 63) / 64, (before + 63) / 64);
    std::memset(bytes_.data() + number_at<std::uint64_t>(entry + 48) + length, 0, before - length);
    std::memcpy(bytes_.data() + entry + 56, &length, sizeof length);
    seal(entry);
  }
  // The parameters are a JSON object, the last bytes of the file.
  void break_parameters() { bytes_.back() = '!'; }

  const std::string& sealed() {
    std::memset(bytes_.data() + 40, 0, 16);
    core::xxh3_hasher hasher;
    hasher.update(std::string_view(bytes_).substr(0, header_bytes));
    hasher.update(std::string_view(bytes_).substr(number_at<std::uint64_t>(16)));
    const auto checksum = hasher.finish();
    std::memcpy(bytes_.data() + 40, checksum.bytes.data(), checksum.bytes.size());
    return bytes_;
  }

 private:
  void seal(std::size_t entry) {
    const auto checksum = core::xxh3(
        std::string_view(bytes_).substr(number_at<std::uint64_t>(entry + 48), number_at<std::uint64_t>(entry + 56)));
    std::memcpy(bytes_.data() + entry + 72, checksum.bytes.data(), checksum.bytes.size());
  }
  template <class Number>
  Number number_at(std::size_t at) const {
    Number number;
    std::memcpy(&number, bytes_.data() + at, sizeof number);
    return number;
  }
  std::size_t entry_of(std::string_view section) const {
    std::size_t entry = number_at<std::uint64_t>(16);
    for (std::uint32_t i = 0; i < number_at<std::uint32_t>(12); ++i, entry += entry_bytes) {
      if (section == bytes_.data() + entry) {
        return entry;
      }
    }
    throw std::invalid_argument("no section " + std::string(section));
  }

  std::string bytes_;
};

class hostile_file : public ::testing::Test {
 protected:
  altered_file trained(const family& of, std::string_view parameters = "{}") {
    const auto events = events_of({{1, 0}, {1, 1}, {2, 1}, {2, 2}, {3, 0}, {3, 1, 2 * day}}, numbered_items(3));
    of.train({events, features_}, parameters, shop_.context())->save(path());
    return altered_file(core::read_file(path()));
  }
  std::string refusal_of(altered_file file) {
    std::ofstream(path(), std::ios::binary) << file.sealed();
    return message_of(core::errc::corrupt, [&] { (void)load_model(path(), shop_.context()); });
  }
  altered_file small_ials() { return trained(family_named("ials"), R"({"factors":2})"); }

  side_features features_;

 private:
  std::filesystem::path path() const { return folder_.path() / "model"; }

  core::temporary_directory folder_;
  workshop shop_{1};
};

class hostile_model : public hostile_file, public ::testing::WithParamInterface<const family*> {};

TEST_P(hostile_model, with_parameters_that_are_none_is_refused) {
  auto file = trained(*GetParam());
  file.break_parameters();
  EXPECT_NE(refusal_of(std::move(file)).find("parameters"), std::string::npos);
}
INSTANTIATE_TEST_SUITE_P(families, hostile_model, ::testing::ValuesIn(families().begin(), families().end()),
                         testing::name_of_family);

TEST_F(hostile_file, an_infinite_similarity_is_refused) {
  auto file = trained(family_named("item-knn"));
  file.set("neighbours.similarity", 0, std::numeric_limits<float>::infinity());
  EXPECT_NE(refusal_of(std::move(file)).find("similarity"), std::string::npos);
}

// Otherwise forgetting somebody takes an item out of the matrices that others still have.
TEST_F(hostile_file, a_gram_matrix_that_is_not_of_the_preferences_is_refused) {
  auto file = trained(family_named("ease"));
  file.set("gram", 0, std::uint32_t{1});
  EXPECT_NE(refusal_of(std::move(file)).find("diagonal"), std::string::npos);
}

TEST_F(hostile_file, an_infinite_inverse_is_refused) {
  auto file = trained(family_named("ease"));
  file.set("inverse", 0, std::numeric_limits<float>::infinity());
  EXPECT_NE(refusal_of(std::move(file)).find("diagonal"), std::string::npos);
}

TEST_F(hostile_file, more_features_than_there_is_memory_for_are_refused) {
  features_.items = {{"PRICE"}, {0, 1, 2, 3}, {{0, 1}, {0, 2}, {0, 3}}};
  auto file = trained(family_named("ials"), R"({"factors":64,"iterations":1})");
  file.set("item_features.count", 0, std::numeric_limits<std::uint32_t>::max());
  EXPECT_NE(refusal_of(std::move(file)).find("item_weights"), std::string::npos);
}

TEST_F(hostile_file, factors_that_are_no_numbers_are_refused) {
  auto file = small_ials();
  file.set("item_factors", 1, std::numeric_limits<float>::quiet_NaN());
  EXPECT_NE(refusal_of(std::move(file)).find("item_factors"), std::string::npos);
}

TEST_F(hostile_file, an_item_neither_known_nor_unknown_is_refused) {
  auto file = small_ials();
  file.set("known", 0, std::uint8_t{3});
  EXPECT_NE(refusal_of(std::move(file)).find("known"), std::string::npos);
}

TEST_F(hostile_file, user_features_without_their_names_are_refused) {
  features_.users = {{"COUNTRY=a", "COUNTRY=b"}, {0, 1, 2, 3}, {{0, 1}, {1, 1}, {0, 1}}};
  features_.user_subjects = {core::subject_handle(1), core::subject_handle(2), core::subject_handle(3)};
  auto file = trained(family_named("ials"), R"({"factors":2})");
  file.shorten("user_feature_names.ends", sizeof(std::uint64_t));
  file.shorten("user_feature_names.text", features_.users.names[0].size());
  EXPECT_NE(refusal_of(std::move(file)).find("1 names of 2 user features"), std::string::npos);
}

}  // namespace
}  // namespace eunomia::recommend
