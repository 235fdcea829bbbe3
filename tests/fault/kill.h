#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <map>
#include <set>
#include <sstream>
#include <string>

extern char** environ;

// Programs that say what was acknowledged to them, until they are killed.
namespace eunomia::fault {

inline constexpr int soak_kills = 1000;

inline int kills_to_do(int usually) {
  if (const char* count = std::getenv("EUNOMIA_KILLS")) {
    return std::atoi(count);
  }
  return std::getenv("EUNOMIA_SOAK") != nullptr ? soak_kills : usually;
}

// What a program said: the numbers of each kind.
using acknowledged = std::map<std::string, std::set<std::int64_t>>;

// Runs a program for that long, kills it, and returns what it said.
inline std::string run_and_kill(std::string program, const std::filesystem::path& folder, std::int64_t run,
                                std::chrono::microseconds life) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string arguments[] = {program, folder.string(), std::to_string(run)};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(::posix_spawn(&child, program.c_str(), &actions, nullptr, argv, environ), 0);
  posix_spawn_file_actions_destroy(&actions);
  ::close(ends[1]);

  const auto death = std::chrono::steady_clock::now() + life;
  bool killed = false;
  std::string said;
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(death - std::chrono::steady_clock::now());
    if (!killed && left.count() <= 0) {
      ::kill(child, SIGKILL);
      killed = true;
    }
    pollfd readable = {ends[0], POLLIN, 0};
    const timespec wait = {left.count() / 1'000'000'000, left.count() % 1'000'000'000};
    if (::ppoll(&readable, 1, killed ? nullptr : &wait, nullptr) == 0) {
      continue;
    }
    char block[4096];
    const ssize_t got = ::read(ends[0], block, sizeof block);
    if (got <= 0) {
      break;
    }
    said.append(block, static_cast<std::size_t>(got));
  }
  ::close(ends[0]);
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) << "the writer ended by itself: " << status;
  return said;
}

inline void remember(const std::string& said, acknowledged& all) {
  std::istringstream lines(said);
  std::string what;
  std::int64_t number = 0;
  while (lines >> what >> number) {
    all[what].insert(number);
  }
}

}  // namespace eunomia::fault
