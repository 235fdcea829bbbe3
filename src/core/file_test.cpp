#include "core/file.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <random>
#include <thread>

#include "core/error.h"
#include "core/temporary_directory.h"

namespace eunomia::core {
namespace {

namespace fs = std::filesystem;

std::size_t entries_in(const fs::path& directory) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(directory), fs::directory_iterator()));
}

void expect_error(errc code, const std::string& part, const std::function<void()>& action) {
  try {
    action();
    ADD_FAILURE() << "nothing was thrown";
  } catch (const error& failure) {
    EXPECT_EQ(failure.code(), code) << failure.what();
    EXPECT_NE(std::string(failure.what()).find(part), std::string::npos) << failure.what();
  }
}

class file : public testing::Test {
 protected:
  temporary_directory directory_;
  fs::path target_ = directory_.path() / "target";
};

// Runs the body in a child process and gives its exit status; the child never returns into the test.
int in_child(const std::function<int()>& body) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 100;
    try {
      status = body();
    } catch (const std::exception&) {
      status = 101;
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

TEST_F(file, the_target_holds_what_was_written_once_committed) {
  atomic_file out(target_);
  out.write("hello, ");
  out.write("world");
  EXPECT_EQ(out.size(), 12U);
  EXPECT_FALSE(fs::exists(target_));
  out.commit();
  EXPECT_EQ(read_file(target_), "hello, world");
  EXPECT_EQ(entries_in(directory_.path()), 1U);
}

TEST_F(file, pieces_of_any_size_arrive_in_order) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  std::string whole;
  atomic_file out(target_);
  for (const std::size_t size : {std::size_t{1}, atomic_file::block_bytes - 1, std::size_t{1}, atomic_file::block_bytes,
                                 atomic_file::block_bytes * 2 + 7, std::size_t{0}, std::size_t{13}}) {
    std::string piece(size, '\0');
    for (std::size_t i = 0; i < size; ++i) {
      piece[i] = static_cast<char>(i % 8 == 0 ? random() : i);
    }
    out.write(piece);
    whole += piece;
    EXPECT_EQ(out.size(), whole.size());
  }
  out.commit();
  EXPECT_TRUE(read_file(target_) == whole);
}

TEST_F(file, bytes_written_before_can_be_replaced) {
  atomic_file out(target_, 4096);
  out.write("????????body");
  out.write_at(0, as_bytes("the head"));
  out.write(" and more");
  out.commit();
  EXPECT_EQ(read_file(target_), "the headbody and more");
}

TEST_F(file, without_commit_the_old_file_stays_and_nothing_else) {
  write_file(target_, "old");
  {
    atomic_file out(target_);
    out.write(std::string(3 << 20, 'x'));
  }
  EXPECT_EQ(read_file(target_), "old");
  EXPECT_EQ(entries_in(directory_.path()), 1U);
}

TEST_F(file, a_reservation_does_not_lengthen_the_file) {
  atomic_file out(target_, 10 << 20);
  out.write("short");
  out.commit();
  EXPECT_EQ(fs::file_size(target_), 5U);
}

TEST_F(file, a_reservation_beyond_the_disk_is_refused_before_anything_is_written) {
  expect_error(errc::resource_exhausted, target_.string(), [&] { atomic_file(target_, std::uint64_t{1} << 60); });
  EXPECT_EQ(entries_in(directory_.path()), 0U);
}

TEST_F(file, a_new_file_is_readable_by_its_owner_only) {
  write_file(target_, "x");
  struct stat about {};
  ASSERT_EQ(::stat(target_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
}

TEST_F(file, a_name_as_long_as_names_can_be_is_no_problem) {
  const fs::path longest = directory_.path() / std::string(255, 'n');
  write_file(longest, "x");
  EXPECT_EQ(read_file(longest), "x");
}

TEST_F(file, a_target_that_is_no_regular_file_is_refused) {
  expect_error(errc::invalid_argument, "not a regular file", [&] { atomic_file out(directory_.path()); });
  expect_error(errc::invalid_argument, "not a regular file", [&] { atomic_file out("/dev/null"); });
}

TEST_F(file, a_folder_that_is_missing_is_named) {
  expect_error(errc::not_found, "absent/target", [&] { atomic_file out(directory_.path() / "absent" / "target"); });
}

// The file size limit fails a write in the middle like a full disk does.
TEST_F(file, running_out_of_room_is_resource_exhausted_and_leaves_the_old_file) {
  write_file(target_, "old");
  const int status = in_child([&] {
    ::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{5 << 20, 5 << 20};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    try {
      atomic_file out(target_);
      out.write(std::string(20 << 20, 'x'));
      out.commit();
    } catch (const error& failure) {
      return failure.code() == errc::resource_exhausted &&
                     std::string(failure.what()).find(target_.string()) != std::string::npos
                 ? 0
                 : 2;
    }
    return 1;
  });
  EXPECT_EQ(status, 0);
  EXPECT_EQ(read_file(target_), "old");
  EXPECT_EQ(entries_in(directory_.path()), 1U);
}

TEST_F(file, system_errors_say_what_to_do) {
  expect_error(errc::resource_exhausted, "No space left on device; free space",
               [] { throw_system_error(ENOSPC, "write", "/data/x"); });
  expect_error(errc::resource_exhausted, "quota", [] { throw_system_error(EDQUOT, "write", "/data/x"); });
  expect_error(errc::permission_denied, "/data/x", [] { throw_system_error(EACCES, "open", "/data/x"); });
  expect_error(errc::unavailable, "disk may be failing", [] { throw_system_error(EIO, "read", "/data/x"); });
  expect_error(errc::not_found, "/absent", [] { open_file("/absent", O_RDONLY); });
}

TEST_F(file, temporaries_of_a_killed_process_are_swept_and_those_in_use_are_not) {
  EXPECT_EQ(in_child([&] {
              auto* out = new atomic_file(target_);
              out->write("never finished");
              ::raise(SIGKILL);
              return 0;
            }),
            128 + SIGKILL);
  EXPECT_EQ(entries_in(directory_.path()), 1U);
  write_file(directory_.path() / "kept.tmp", "x");
  atomic_file alive(target_);
  EXPECT_EQ(sweep_temporaries(directory_.path()), 1U);
  alive.write("done");
  alive.commit();
  EXPECT_EQ(read_file(target_), "done");
  EXPECT_EQ(entries_in(directory_.path()), 2U);
  expect_error(errc::not_found, "absent", [&] { sweep_temporaries(directory_.path() / "absent"); });
}

TEST_F(file, a_reader_sees_the_old_content_or_the_new) {
  const std::string one(300000, '1');
  const std::string two(400000, '2');
  write_file(target_, one);
  std::thread writer([&] {
    for (int i = 0; i < 20; ++i) {
      write_file(target_, i % 2 == 0 ? two : one);
    }
  });
  for (int i = 0; i < 200; ++i) {
    const auto content = read_file(target_);
    EXPECT_TRUE(content == one || content == two);
  }
  writer.join();
}

TEST_F(file, a_file_longer_than_the_limit_is_not_read) {
  write_file(target_, std::string(1001, 'x'));
  expect_error(errc::resource_exhausted, "limit of 1000 bytes", [&] { read_file(target_, 1000); });
  EXPECT_EQ(read_file(target_, 1001).size(), 1001U);
  expect_error(errc::resource_exhausted, "limit of 1000 bytes", [&] { read_file("/dev/zero", 1000); });
}

TEST_F(file, a_mapping_shows_the_content_also_after_it_was_replaced) {
  write_file(target_, "the first");
  const auto mapping = mapped_file::open(target_);
  mapping->will_need();
  write_file(target_, "second");
  const auto text = [](const mapped_file& mapped) {
    return std::string(reinterpret_cast<const char*>(mapped.bytes().data()), mapped.bytes().size());
  };
  EXPECT_EQ(text(*mapping), "the first");
  EXPECT_EQ(text(*mapped_file::open(target_)), "second");
}

TEST_F(file, an_empty_file_maps_to_no_bytes_and_what_is_no_file_not_at_all) {
  write_file(target_, "");
  EXPECT_TRUE(mapped_file::open(target_)->bytes().empty());
  expect_error(errc::not_found, "absent", [&] { mapped_file::open(directory_.path() / "absent"); });
  expect_error(errc::invalid_argument, "not a regular file", [&] { mapped_file::open(directory_.path()); });
  const fs::path pipe = directory_.path() / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  expect_error(errc::invalid_argument, "not a regular file", [&] { mapped_file::open(pipe); });
}

TEST_F(file, a_second_holder_of_a_directory_is_refused_and_told_the_first) {
  const fs::path data = directory_.path() / "new" / "data";
  {
    const file_lock lock(data);
    expect_error(errc::unavailable, "process id " + std::to_string(::getpid()), [&] { file_lock second(data); });
    expect_error(errc::unavailable, data.string(), [&] { file_lock second(data); });
    EXPECT_EQ(in_child([&] {
                try {
                  const file_lock second(data);
                } catch (const error& failure) {
                  return failure.code() == errc::unavailable ? 0 : 2;
                }
                return 1;
              }),
              0);
  }
  EXPECT_NO_THROW(file_lock{data});
}

TEST_F(file, the_lock_of_a_killed_process_is_free) {
  EXPECT_EQ(in_child([&] {
              const file_lock lock(directory_.path());
              ::raise(SIGKILL);
              return 0;
            }),
            128 + SIGKILL);
  EXPECT_NO_THROW(file_lock{directory_.path()});
}

}  // namespace
}  // namespace eunomia::core
