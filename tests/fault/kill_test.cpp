#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <map>
#include <random>
#include <set>
#include <sstream>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "plan.h"
#include "store/blob/blob_store.h"
#include "subject/directory.h"

extern char** environ;

namespace eunomia::fault {
namespace {

namespace fs = std::filesystem;
namespace sql = store::sql;

constexpr int default_kills = 50;
constexpr int soak_kills = 1000;
// A folder serves this many runs, each going on where the one before was killed.
constexpr int runs_in_one_folder = 10;
constexpr std::chrono::microseconds longest_life(120'000);

using acknowledged = std::map<std::string, std::set<std::int64_t>>;

int kills_to_do() {
  if (const char* count = std::getenv("EUNOMIA_KILLS")) {
    return std::atoi(count);
  }
  return std::getenv("EUNOMIA_SOAK") != nullptr ? soak_kills : default_kills;
}

// Runs the writer for that long, kills it, and returns what it said.
std::string run_and_kill(const fs::path& folder, std::int64_t run, std::chrono::microseconds life) {
  int ends[2];
  EXPECT_EQ(::pipe2(ends, O_CLOEXEC), 0);
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  std::string arguments[] = {EUNOMIA_FAULT_WRITER, folder.string(), std::to_string(run)};
  char* argv[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), nullptr};
  pid_t child = 0;
  EXPECT_EQ(::posix_spawn(&child, EUNOMIA_FAULT_WRITER, &actions, nullptr, argv, environ), 0);
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

void remember(const std::string& said, acknowledged& all) {
  std::istringstream lines(said);
  std::string what;
  std::int64_t number = 0;
  while (lines >> what >> number) {
    all[what].insert(number);
  }
}

void check_pairs(sql::database& db, const acknowledged& all) {
  std::map<std::int64_t, int> sides;
  db.read([&](sql::connection& in) {
    in.each("SELECT number, side, note FROM pair", {}, [&](const sql::row& row) {
      ++sides[row.int64(0)];
      EXPECT_EQ(row.text(2), note_of(row.int64(0), row.int64(1)));
    });
  });
  for (const auto& [number, count] : sides) {
    EXPECT_EQ(count, 2) << "pair " << number << " is there by half";
  }
  if (const auto pairs = all.find("pair"); pairs != all.end()) {
    for (const std::int64_t number : pairs->second) {
      EXPECT_TRUE(sides.contains(number)) << "pair " << number << " was acknowledged";
    }
  }
}

void check_blobs(sql::database& db, store::blob_store& blobs, const acknowledged& all) {
  std::set<std::string> named;
  db.read([&](sql::connection& in) {
    in.each("SELECT key, size, digest FROM blob", {}, [&](const sql::row& row) {
      store::blob_ref blob{std::string(row.text(0)), row.uint64(1), {}};
      const auto digest = core::from_hex(row.text(2));
      ASSERT_EQ(digest.size(), blob.digest.bytes.size());
      std::ranges::copy(digest, blob.digest.bytes.begin());
      EXPECT_NO_THROW(blobs.verify(blob)) << blob.key;
      named.insert(blob.key);
    });
  });
  if (const auto numbers = all.find("blob"); numbers != all.end()) {
    for (const std::int64_t number : numbers->second) {
      EXPECT_TRUE(named.contains(blob_key(number))) << "blob " << number << " was acknowledged";
    }
  }
  // At most the one on its way when the writer died.
  EXPECT_LE(blobs.sweep("", [&](std::string_view key) { return named.contains(std::string(key)); }), 1U);
  EXPECT_EQ(blobs.list("").size(), named.size());
}

void check_manifest(const fs::path& folder, const acknowledged& all) {
  if (!fs::exists(folder / "manifest")) {
    EXPECT_FALSE(all.contains("manifest"));
    return;
  }
  const std::string content = core::read_file(folder / "manifest");
  const std::int64_t number = std::stoll(content);
  EXPECT_TRUE(content == manifest_content(number)) << "the manifest is a mixture";
  if (const auto numbers = all.find("manifest"); numbers != all.end()) {
    EXPECT_GE(number, *numbers->second.rbegin());
  }
}

void check_people(sql::database& db, const acknowledged& all) {
  const auto people = subject::open_directory(db);
  std::set<std::uint64_t> handles;
  if (const auto imports = all.find("people"); imports != all.end()) {
    for (const std::int64_t number : imports->second) {
      for (std::int64_t i = number; i < number + 3; ++i) {
        const auto handle = people->find("user", identifier(i));
        ASSERT_TRUE(handle) << "person " << i << " was acknowledged";
        EXPECT_TRUE(handles.insert(handle->value()).second) << "two people share handle " << handle->value();
      }
    }
  }
  // Imports of three: a number that is no multiple would be half an import.
  EXPECT_EQ(people->count("user") % 3, 0U);
}

void check_everything(const fs::path& folder, const acknowledged& all) {
  const auto db = sql::database::open(folder / "fault.db");
  db->migrate(migrations);
  db->migrate(subject::directory_migrations());
  EXPECT_EQ(
      db->read([](sql::connection& in) { return std::string(in.query_one("PRAGMA integrity_check")[0].text(0)); }),
      "ok");
  const auto blobs = store::open_disk_blob_store(folder / "blobs");
  check_pairs(*db, all);
  check_blobs(*db, *blobs, all);
  check_manifest(folder, all);
  check_people(*db, all);
  core::sweep_temporaries(folder);
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    EXPECT_NE(entry.path().extension(), ".tmp") << entry.path().filename();
  }
}

fs::path fresh_folder() {
  std::string name = (fs::temp_directory_path() / "eunomia-fault-XXXXXX").string();
  return ::mkdtemp(name.data());
}

TEST(kill, leaves_everything_acknowledged_and_nothing_by_half) {
  const unsigned seed = std::random_device{}();
  const int kills = kills_to_do();
  std::cout << "seed " << seed << ", " << kills << " kills" << std::endl;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::uniform_int_distribution<std::int64_t> life(0, longest_life.count());
  std::size_t total = 0;
  for (int done = 0; done < kills && !testing::Test::HasFailure();) {
    const fs::path folder = fresh_folder();
    acknowledged all;
    for (int run = 0; run < runs_in_one_folder && done < kills; ++run, ++done) {
      SCOPED_TRACE("kill " + std::to_string(done));
      remember(run_and_kill(folder, run, std::chrono::microseconds(life(random))), all);
      check_everything(folder, all);
    }
    for (const auto& [what, numbers] : all) {
      total += numbers.size();
    }
    fs::remove_all(folder);
  }
  std::cout << total << " acknowledgements checked" << std::endl;
  EXPECT_GT(total, 0U);
}

}  // namespace
}  // namespace eunomia::fault
