#include "recommend/model_file.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <random>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"

namespace eunomia::recommend {
namespace {

class model_file_test : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = (std::filesystem::temp_directory_path() / "eunomia-model-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path path(std::string_view name = "model") const { return folder_ / name; }

  static preferences some_preferences() {
    preferences rows;
    rows.items = std::make_shared<catalogue>(std::vector<std::string>{"", "a", "b,\"\xf0\x9f\x98\x80\"", "c"});
    rows.quanta_per_unit = 64;
    rows.subjects = {core::subject_handle(5), core::subject_handle(UINT64_MAX)};
    rows.row_begin = {0, 1, 3};
    rows.item = {2, 0, 3};
    rows.weight = {64, 1, 1023};
    rows.time = {-5, 0, INT64_MAX};
    return rows;
  }

  void write_sample(const std::filesystem::path& to) const {
    model_file_writer writer(to, "popularity", R"({"weighting":{}})");
    const auto rows = some_preferences();
    writer.add("items", *rows.items);
    writer.add("learned", rows);
    writer.add("numbers", std::vector<float>{1, 2, 3.5F});
    writer.add("nothing", std::vector<std::uint32_t>{});
    writer.finish();
  }

  std::string sample() const {
    write_sample(path());
    return core::read_file(path());
  }

  // Without the fsync of core::write_file: there are thousands.
  void write_altered(std::string_view bytes) const { std::ofstream(path("altered"), std::ios::binary) << bytes; }

  void expect_corrupt(std::string_view bytes, std::string_view message = "") const {
    write_altered(bytes);
    try {
      (void)model_file::open(path("altered"));
      ADD_FAILURE() << "an altered file was opened";
    } catch (const core::error& e) {
      EXPECT_EQ(e.code(), core::errc::corrupt) << e.what();
      EXPECT_NE(std::string_view(e.what()).find("altered\""), std::string_view::npos) << e.what();
      EXPECT_NE(std::string_view(e.what()).find(message), std::string_view::npos) << e.what();
    }
  }

  // Makes the header's checksum right again after the header or the table was changed on purpose.
  static void reseal(std::string& bytes) {
    std::uint64_t table = 0;
    std::memcpy(&table, bytes.data() + 16, sizeof table);
    std::memset(bytes.data() + 40, 0, 16);
    core::xxh3_hasher hasher;
    hasher.update(std::string_view(bytes).substr(0, 64));
    hasher.update(std::string_view(bytes).substr(table));
    const auto checksum = hasher.finish();
    std::memcpy(bytes.data() + 40, checksum.bytes.data(), 16);
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(model_file_test, gives_back_what_was_added) {
  write_sample(path());
  const auto file = model_file::open(path());
  EXPECT_EQ(file->family(), "popularity");
  EXPECT_EQ(file->parameters(), R"({"weighting":{}})");
  EXPECT_TRUE(file->has("numbers"));
  EXPECT_FALSE(file->has("number"));
  const auto numbers = file->array<float>("numbers");
  EXPECT_EQ(std::vector<float>(numbers.view().begin(), numbers.view().end()), (std::vector<float>{1, 2, 3.5F}));
  EXPECT_EQ(reinterpret_cast<std::uintptr_t>(numbers.data()) % 64, 0U);
  EXPECT_EQ(file->array<std::uint32_t>("nothing").size(), 0U);
  const auto expected = some_preferences();
  const auto items = file->read_catalogue("items");
  EXPECT_EQ(*items, *expected.items);
  const auto rows = file->read_preferences("learned", items);
  EXPECT_EQ(rows.quanta_per_unit, expected.quanta_per_unit);
  EXPECT_EQ(rows.subjects, expected.subjects);
  EXPECT_EQ(rows.row_begin, expected.row_begin);
  EXPECT_EQ(rows.item, expected.item);
  EXPECT_EQ(rows.weight, expected.weight);
  EXPECT_EQ(rows.time, expected.time);
}

TEST_F(model_file_test, arrays_outlive_the_file_object) {
  write_sample(path());
  const auto numbers = model_file::open(path())->array<float>("numbers");
  std::filesystem::remove(path());
  EXPECT_EQ(numbers[2], 3.5F);
}

TEST_F(model_file_test, the_same_model_gives_the_same_bytes) {
  write_sample(path("one"));
  write_sample(path("two"));
  EXPECT_EQ(core::read_file(path("one")), core::read_file(path("two")));
}

TEST_F(model_file_test, without_finish_the_old_file_stays_and_nothing_else_is_left) {
  const std::string old = sample();
  {
    model_file_writer writer(path(), "ease", "{}");
    writer.add("numbers", std::vector<float>(100'000));
  }
  EXPECT_EQ(core::read_file(path()), old);
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(path().parent_path()), {}), 1);
}

TEST_F(model_file_test, a_missing_file_is_not_found) {
  try {
    (void)model_file::open(path("missing"));
    FAIL();
  } catch (const core::error& e) {
    EXPECT_EQ(e.code(), core::errc::not_found);
  }
}

TEST_F(model_file_test, a_missing_section_or_another_element_size_is_refused_by_name) {
  write_sample(path());
  const auto file = model_file::open(path());
  EXPECT_THROW((void)file->array<float>("number"), core::error);
  EXPECT_THROW((void)file->array<double>("numbers"), core::error);
}

TEST_F(model_file_test, is_refused_when_cut_anywhere) {
  const std::string bytes = sample();
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    expect_corrupt(std::string_view(bytes).substr(0, length));
  }
}

TEST_F(model_file_test, is_refused_when_longer) {
  expect_corrupt(sample() + '\0', "header promises");
}

TEST_F(model_file_test, is_refused_when_any_byte_is_altered) {
  const std::string bytes = sample();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    std::string altered = bytes;
    altered[at] = static_cast<char>(altered[at] ^ (1 << at % 8));
    expect_corrupt(altered);
  }
}

TEST_F(model_file_test, names_the_section_that_was_altered) {
  std::string bytes = sample();
  const float wanted = 3.5F;
  std::string needle(sizeof wanted, '\0');
  std::memcpy(needle.data(), &wanted, sizeof wanted);
  const auto at = bytes.find(needle);
  ASSERT_NE(at, std::string::npos);
  bytes[at] = 1;
  expect_corrupt(bytes, "section \"numbers\"");
}

TEST_F(model_file_test, another_format_version_is_refused_with_the_remedy) {
  std::string bytes = sample();
  bytes[8] = 2;
  reseal(bytes);
  expect_corrupt(bytes, "version 2");
}

TEST_F(model_file_test, wrong_magic_is_refused) {
  std::string bytes = sample();
  bytes[0] = 'x';
  reseal(bytes);
  expect_corrupt(bytes, "magic");
}

// Whoever can write the file can also make its checksums right: then, too, it is refused or read within its bounds.
TEST_F(model_file_test, random_changes_with_a_right_checksum_never_lead_out_of_bounds) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937_64 random(seed);
  const std::string bytes = sample();
  std::uint64_t table = 0;
  std::memcpy(&table, bytes.data() + 16, sizeof table);
  constexpr std::array<std::uint64_t, 8> tempting = {0,          1,       63,         UINT32_MAX,
                                                     UINT64_MAX, 1 << 20, 1ULL << 63, UINT64_MAX / 8 + 1};
  for (int trial = 0; trial < 3000; ++trial) {
    std::string altered = bytes;
    for (std::uint64_t changes = 1 + random() % 3; changes > 0; --changes) {
      const std::size_t region = random() % 2 == 0 ? random() % 40 : table + random() % (bytes.size() - table);
      const std::size_t at = std::min(region, altered.size() - 8) / 4 * 4;
      const std::uint64_t value = random() % 2 == 0 ? random() : tempting[random() % tempting.size()];
      std::memcpy(altered.data() + at, &value, random() % 2 == 0 ? 4 : 8);
    }
    std::uint64_t moved_table = 0;
    std::memcpy(&moved_table, altered.data() + 16, sizeof moved_table);
    if (moved_table <= altered.size()) {
      reseal(altered);
    }
    write_altered(altered);
    try {
      const auto file = model_file::open(path("altered"));
      const auto items = file->read_catalogue("items");
      (void)file->read_preferences("learned", items);
    } catch (const core::error& e) {
      EXPECT_EQ(e.code(), core::errc::corrupt) << e.what();
    }
  }
}

TEST_F(model_file_test, preferences_that_contradict_themselves_are_refused) {
  const auto refuses = [&](auto change) {
    auto rows = some_preferences();
    change(rows);
    model_file_writer writer(path("contradiction"), "f", "{}");
    writer.add("learned", rows);
    writer.finish();
    const auto file = model_file::open(path("contradiction"));
    try {
      (void)file->read_preferences("learned", rows.items);
      ADD_FAILURE() << "not refused";
    } catch (const core::error& e) {
      EXPECT_EQ(e.code(), core::errc::corrupt);
      EXPECT_NE(std::string_view(e.what()).find("section \"learned."), std::string_view::npos) << e.what();
    }
  };
  refuses([](preferences& rows) { rows.item[1] = 4; });
  refuses([](preferences& rows) { std::swap(rows.item[1], rows.item[2]); });
  refuses([](preferences& rows) { std::swap(rows.subjects[0], rows.subjects[1]); });
  refuses([](preferences& rows) { rows.row_begin = {0, 0, 3}; });
  refuses([](preferences& rows) { rows.row_begin = {0, 5, 3}; });
  refuses([](preferences& rows) { rows.row_begin.clear(); });
  refuses([](preferences& rows) { rows.weight[0] = 0; });
  refuses([](preferences& rows) { rows.weight[0] = 2000; });
  refuses([](preferences& rows) { rows.weight.pop_back(); });
  refuses([](preferences& rows) { rows.time.pop_back(); });
  refuses([](preferences& rows) { rows.quanta_per_unit = 0; });
}

}  // namespace
}  // namespace eunomia::recommend
