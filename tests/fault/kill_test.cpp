#include <gtest/gtest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <iostream>
#include <random>
#include <set>

#include "core/error.h"
#include "core/file.h"
#include "core/hash.h"
#include "kill.h"
#include "plan.h"
#include "store/blob/blob_store.h"
#include "subject/directory.h"

namespace eunomia::fault {
namespace {

namespace fs = std::filesystem;
namespace sql = store::sql;

constexpr int default_kills = 50;
// A folder serves this many runs, each going on where the one before was killed.
constexpr int runs_in_one_folder = 10;
constexpr std::chrono::microseconds longest_life(120'000);

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

void check_people(sql::database& db, const fs::path& folder, const acknowledged& all) {
  const auto people = subject::open_directory(db, subject::open_vault(db, folder / "keys"));
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
  check_people(*db, folder, all);
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
  const int kills = kills_to_do(default_kills);
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
      remember(run_and_kill(EUNOMIA_FAULT_WRITER, folder, run, std::chrono::microseconds(life(random))), all);
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
