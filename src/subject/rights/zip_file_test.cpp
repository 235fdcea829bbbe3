#include "subject/rights/zip_file.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <random>

#include "core/error.h"
#include "core/file.h"
#include "core/temporary_directory.h"
#include "subject/rights/testing.h"

namespace eunomia::subject {
namespace {

namespace fs = std::filesystem;

class zip_file_test : public ::testing::Test {
 protected:
  core::temporary_directory folder_;
  const fs::path file_ = folder_.path() / "a.zip";
};

TEST_F(zip_file_test, has_what_was_written_under_each_name) {
  std::string long_text;
  std::mt19937_64 random(7);
  for (int i = 0; i < 300'000; ++i) {
    long_text += static_cast<char>(random());
  }
  zip_file out(file_);
  out.begin("data/long.bin");
  for (std::size_t at = 0; at < long_text.size(); at += 999) {
    out.write(std::string_view(long_text).substr(at, 999));
  }
  out.begin("empty");
  out.begin("data/zwölf.txt");
  out.write("zwölf");
  const std::uint64_t bytes = out.finish();
  EXPECT_EQ(bytes, fs::file_size(file_));
  EXPECT_EQ(testing::read_zip(file_), (std::map<std::string, std::string>{
                                          {"data/long.bin", long_text}, {"empty", ""}, {"data/zwölf.txt", "zwölf"}}));
}

TEST_F(zip_file_test, of_the_same_content_is_the_same_bytes) {
  for (const char* name : {"a", "b"}) {
    zip_file out(folder_.path() / name);
    out.begin("one");
    out.write("some text, some text, some text");
    out.finish();
  }
  EXPECT_EQ(core::read_file(folder_.path() / "a"), core::read_file(folder_.path() / "b"));
}

TEST_F(zip_file_test, is_for_its_owner_only_and_there_whole_or_not_at_all) {
  core::write_file(file_, "the old file");
  {
    zip_file out(file_);
    out.begin("one");
    out.write("not finished");
  }
  EXPECT_EQ(core::read_file(file_), "the old file");
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 1);
  zip_file out(file_);
  out.begin("one");
  out.finish();
  struct stat about {};
  ASSERT_EQ(::stat(file_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777, 0600U);
}

// In a process of its own, because the limit stays: a limit of file sizes fails a write in the middle like a full disk.
bool refused_for_want_of_room(const fs::path& file) {
  const pid_t child = ::fork();
  if (child == 0) {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{3 << 20, 3 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::mt19937_64 random(7);
    try {
      zip_file out(file);
      out.begin("one");
      for (int i = 0; i < 1'000'000; ++i) {
        const std::uint64_t noise = random();
        out.write(std::string_view(reinterpret_cast<const char*>(&noise), sizeof noise));
      }
      out.finish();
    } catch (const core::error& problem) {
      ::_exit(problem.code() == core::errc::resource_exhausted ? 0 : 2);
    }
    ::_exit(1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

TEST_F(zip_file_test, for_which_there_is_no_room_leaves_the_old_file) {
  core::write_file(file_, "the old file");
  EXPECT_TRUE(refused_for_want_of_room(file_));
  EXPECT_EQ(core::read_file(file_), "the old file");
}

TEST_F(zip_file_test, says_why_it_cannot_be_written) {
  try {
    const zip_file out(folder_.path() / "nowhere" / "a.zip");
    FAIL() << "written into a folder that is not there";
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::not_found);
  }
}

}  // namespace
}  // namespace eunomia::subject
