#include "bench/gdprbench/journal.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <utility>
#include <vector>

#include "core/file.h"
#include "core/temporary_directory.h"
#include "store/sql/test_database.h"

namespace eunomia::gdprbench {
namespace {

using frames = std::vector<std::pair<std::uint64_t, std::string>>;

class journal_test : public testing::Test {
 protected:
  frames read(journal& from) {
    frames found;
    from.replay([&](std::uint64_t number, std::string_view bytes) { found.emplace_back(number, bytes); });
    return found;
  }
  frames reopened() {
    journal again(file);
    return read(again);
  }
  void write(std::size_t at, std::string_view bytes) {
    std::fstream out(file, std::ios::in | std::ios::out | std::ios::binary);
    out.seekp(static_cast<std::streamoff>(at)).write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }

  core::temporary_directory folder;
  const std::filesystem::path file = folder.path() / "journal";
};

TEST_F(journal_test, what_was_appended_is_there_in_order_when_it_is_opened_again) {
  {
    journal made(file);
    EXPECT_TRUE(read(made).empty());
    made.append(7, "first");
    made.append(8, "");
    made.append(9, std::string("third\0", 6));
  }
  EXPECT_EQ(reopened(), (frames{{7, "first"}, {8, ""}, {9, std::string("third\0", 6)}}));
}

TEST_F(journal_test, it_goes_on_behind_what_it_has) {
  journal(file).append(1, "first");
  {
    journal again(file);
    read(again);
    again.append(2, "second");
  }
  EXPECT_EQ(reopened(), (frames{{1, "first"}, {2, "second"}}));
}

TEST_F(journal_test, a_frame_that_is_not_whole_is_the_end_and_is_written_over) {
  journal(file).append(1, "first");
  std::size_t end = 0;
  {
    journal made(file);
    read(made);
    made.append(2, "second, and longer than the one that takes its place");
    end = made.bytes();
  }
  write(end - 1, "?");
  EXPECT_EQ(reopened(), (frames{{1, "first"}}));
  {
    journal again(file);
    read(again);
    again.append(2, "2");
  }
  EXPECT_EQ(reopened(), (frames{{1, "first"}, {2, "2"}}));
}

TEST_F(journal_test, a_frame_that_was_damaged_where_others_follow_is_told) {
  std::size_t second = 0;
  {
    journal made(file);
    read(made);
    made.append(1, "first");
    second = made.bytes();
    made.append(2, "second");
    made.append(3, "third");
  }
  write(second + 34, "?");
  EXPECT_EQ(store::sql::code_thrown_by([&] { reopened(); }), core::errc::corrupt);
}

TEST_F(journal_test, it_grows_ahead_of_its_frames) {
  journal made(file);
  EXPECT_EQ(std::filesystem::file_size(file), journal::initial_bytes);
  const std::string large(journal::initial_bytes, 'x');
  made.append(1, large);
  made.append(2, "second");
  EXPECT_GE(std::filesystem::file_size(file), 2 * journal::initial_bytes);
  EXPECT_EQ(read(made), (frames{{1, large}, {2, "second"}}));
}

TEST_F(journal_test, nothing_is_left_of_what_was_cleared) {
  journal made(file);
  made.append(1, "UNMISTAKABLE");
  made.append(2, std::string(2 * journal::initial_bytes, 'x'));
  made.clear();
  EXPECT_EQ(made.bytes(), 0U);
  EXPECT_EQ(core::read_file(file), std::string(journal::initial_bytes, '\0'));
  made.append(3, "after");
  EXPECT_EQ(read(made), (frames{{3, "after"}}));
}

}  // namespace
}  // namespace eunomia::gdprbench
