#include "store/table/record_writer.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <fstream>
#include <random>

#include "core/error.h"
#include "core/temporary_directory.h"
#include "store/table/record_reader.h"

namespace eunomia::store::table {
namespace {

using core::errc;

const std::vector<column> three = {
    {"item", column_type::int64}, {"value", column_type::float64}, {"note", column_type::text}};

class record_writer_test : public testing::TestWithParam<const char*> {
 protected:
  std::filesystem::path target() const { return folder_.path() / (std::string("out") + GetParam()); }
  std::size_t files() const {
    return static_cast<std::size_t>(std::distance(std::filesystem::directory_iterator(folder_.path()), {}));
  }
  static std::unique_ptr<record_reader> open(const std::filesystem::path& file) {
    return is_parquet(file) ? open_parquet(file) : open_csv(file);
  }
  static void add(column_batch& batch, std::int64_t item, std::optional<double> value, std::string_view note) {
    batch.columns[0].add(item);
    value ? batch.columns[1].add(*value) : batch.columns[1].add_null();
    note.empty() ? batch.columns[2].add_null() : batch.columns[2].add(note);
  }
  template <class Body>
  static std::string refused(errc code, Body body) {
    try {
      body();
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), code) << problem.what();
      return problem.what();
    }
    ADD_FAILURE() << "nothing was thrown";
    return "";
  }

  core::temporary_directory folder_;
};

TEST_P(record_writer_test, rows_read_back_in_order_over_many_batches) {
  const auto out = open_record_writer(target(), three);
  column_batch batch(three);
  std::vector<std::string> wanted;
  for (int b = 0; b < 40; ++b) {
    for (int i = 0; i < 1 + b * 131; ++i) {
      const std::string note = i % 7 == 0 ? "" : fmt::format("a,\"b\"\n{}🦉", i);
      add(batch, b, i % 3 == 0 ? std::nullopt : std::optional(i + 0.25), note);
      wanted.insert(wanted.end(), {std::to_string(b), i % 3 == 0 ? "" : std::to_string(i) + ".25", note});
    }
    out->write(batch);
    EXPECT_EQ(batch.rows(), 0U);
  }
  EXPECT_FALSE(std::filesystem::exists(target()));
  out->finish();
  const auto reader = open(target());
  EXPECT_EQ(reader->header(), (std::vector<std::string>{"item", "value", "note"}));
  std::vector<std::string> seen;
  for (record_block block; reader->next(block);) {
    seen.insert(seen.end(), block.fields.begin(), block.fields.end());
  }
  EXPECT_EQ(seen, wanted);
}

TEST_P(record_writer_test, the_file_is_for_its_owner_only_and_takes_the_place_of_another) {
  std::ofstream(target()) << "old";
  const auto out = open_record_writer(target(), three);
  out->finish();
  struct stat about {};
  ASSERT_EQ(stat(target().c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  EXPECT_EQ(open(target())->header().size(), 3U);
  EXPECT_EQ(files(), 1U);
}

TEST_P(record_writer_test, without_finish_the_old_file_stays_and_nothing_else) {
  std::ofstream(target()) << "old";
  {
    const auto out = open_record_writer(target(), three);
    column_batch batch(three);
    add(batch, 1, 1.5, "x");
    out->write(batch);
  }
  EXPECT_EQ(std::filesystem::file_size(target()), 3U);
  EXPECT_EQ(files(), 1U);
}

TEST_P(record_writer_test, a_full_disk_is_said_and_leaves_nothing) {
  const auto small = folder_.path() / "small";
  std::filesystem::create_directories(small);
  if (mount("tmpfs", small.c_str(), "tmpfs", 0, "size=1m") != 0) {
    GTEST_SKIP() << "a small tmpfs cannot be mounted here (not root?): the full disk is NOT tested";
  }
  const auto file = small / (std::string("out") + GetParam());
  const std::string message = refused(errc::resource_exhausted, [&] {
    const auto out = open_record_writer(file, three);
    column_batch batch(three);
    std::mt19937_64 random(1);
    for (int b = 0; b < 400; ++b) {
      for (int i = 0; i < 2048; ++i) {
        add(batch, static_cast<std::int64_t>(random()), static_cast<double>(random()), std::to_string(random()));
      }
      out->write(batch);
    }
    out->finish();
  });
  EXPECT_NE(message.find(file.string()), std::string::npos) << message;
  EXPECT_TRUE(std::filesystem::is_empty(small));
  umount(small.c_str());
}

INSTANTIATE_TEST_SUITE_P(formats, record_writer_test, testing::Values(".csv", ".csv.gz", ".parquet"),
                         [](const auto& tested) {
                           return std::string(tested.param) == ".csv"      ? "csv"
                                  : std::string(tested.param) == ".csv.gz" ? "csv_gzip"
                                                                           : "parquet";
                         });

TEST(record_format, is_told_by_the_end_of_the_name) {
  EXPECT_EQ(record_format_of("a.csv"), record_format::csv);
  EXPECT_EQ(record_format_of("/x/a.csv.gz"), record_format::csv_gzip);
  EXPECT_EQ(record_format_of("a.b.parquet"), record_format::parquet);
  for (const char* name : {"a.json", "csv", "a.gz", "a.parquet.gz", ""}) {
    try {
      record_format_of(name);
      ADD_FAILURE() << name;
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), errc::invalid_argument);
      EXPECT_NE(std::string(problem.what()).find(".csv, .csv.gz or .parquet"), std::string::npos) << problem.what();
    }
  }
}

TEST(parquet_writer, a_file_of_its_own_that_was_cut_is_refused_by_name) {
  const core::temporary_directory folder;
  const auto path = folder.path() / "cut.parquet";
  const auto out = open_record_writer(path, three);
  column_batch batch(three);
  for (int i = 0; i < 5000; ++i) {
    batch.columns[0].add(std::int64_t(i));
    batch.columns[1].add(i / 7.0);
    batch.columns[2].add(std::string_view("note"));
  }
  out->write(batch);
  out->finish();
  const auto size = std::filesystem::file_size(path);
  for (const std::uintmax_t cut : {size - 1, size / 2, std::uintmax_t(20)}) {
    std::filesystem::resize_file(path, cut);
    try {
      open_parquet(path);
      ADD_FAILURE() << cut;
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), errc::invalid_argument);
      EXPECT_NE(std::string(problem.what()).find("cut.parquet"), std::string::npos) << problem.what();
    }
  }
}

}  // namespace
}  // namespace eunomia::store::table
