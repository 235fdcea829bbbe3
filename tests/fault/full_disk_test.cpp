#include <gtest/gtest.h>
#include <sys/mount.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>
#include <fstream>

#include "core/error.h"
#include "plan.h"
#include "store/blob/blob_store.h"
#include "subject/directory.h"

namespace eunomia::fault {
namespace {

namespace fs = std::filesystem;
namespace sql = store::sql;

// A disk of 8 MB: a tmpfs, which only root may mount.
class full_disk : public testing::Test {
 protected:
  static constexpr const char* small = "size=8m";
  static constexpr const char* larger = "size=32m";

  void SetUp() override {
    std::string name = (fs::temp_directory_path() / "eunomia-disk-XXXXXX").string();
    disk = ::mkdtemp(name.data());
    if (::mount("tmpfs", disk.c_str(), "tmpfs", 0, small) != 0) {
      GTEST_SKIP() << "NOT TESTED with a full disk: cannot mount a tmpfs (" << std::strerror(errno) << "); run as root";
    }
    mounted = true;
  }
  void TearDown() override {
    if (mounted) {
      ::umount2(disk.c_str(), MNT_DETACH);
    }
    fs::remove_all(disk);
  }
  void enlarge() { ASSERT_EQ(::mount("tmpfs", disk.c_str(), "tmpfs", MS_REMOUNT, larger), 0); }

  static bool insert_pair(sql::database& db, std::int64_t number) {
    try {
      db.write([&](sql::transaction& in) {
        for (const std::int64_t side : {0, 1}) {
          in.execute("INSERT INTO pair (number, side, note) VALUES (:number, :side, :note)",
                     {{"number", number}, {"side", side}, {"note", std::string(3000, 'x')}});
        }
      });
      return true;
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), core::errc::resource_exhausted) << problem.what();
      return false;
    }
  }

  fs::path disk;
  bool mounted = false;
};

TEST_F(full_disk, refuses_writes_keeps_what_was_acknowledged_and_works_again_with_room) {
  auto db = sql::database::open(disk / "full.db");
  db->migrate(migrations);
  std::int64_t written = 0;
  while (written < 100'000 && insert_pair(*db, written)) {
    ++written;
  }
  ASSERT_GT(written, 100);
  ASSERT_LT(written, 100'000);
  EXPECT_FALSE(insert_pair(*db, 500'000));
  const auto count = [&] {
    return db->read([](sql::connection& in) { return in.query_one("SELECT count(*) FROM pair")[0].int64(0); });
  };
  EXPECT_EQ(count(), 2 * written);
  enlarge();
  EXPECT_TRUE(insert_pair(*db, 500'001));
  db.reset();
  db = sql::database::open(disk / "full.db");
  EXPECT_EQ(count(), 2 * written + 2);
}

TEST_F(full_disk, a_large_write_that_does_not_fit_leaves_small_ones_their_place) {
  const auto db = sql::database::open(disk / "full.db");
  db->migrate(migrations);
  std::vector<std::int64_t> numbers(20'000);
  std::vector<std::string> notes(20'000, std::string(1000, 'y'));
  const std::vector<std::string_view> views(notes.begin(), notes.end());
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    numbers[i] = static_cast<std::int64_t>(i);
  }
  try {
    db->write([&](sql::transaction& in) {
      in.insert_many("pair", {{"number", std::span<const std::int64_t>(numbers)},
                              {"side", std::span<const std::int64_t>(numbers)},
                              {"note", std::span(views)}});
    });
    FAIL() << "20 MB fitted on a disk of 8 MB";
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::resource_exhausted) << problem.what();
  }
  EXPECT_EQ(db->read([](sql::connection& in) { return in.query_one("SELECT count(*) FROM pair")[0].int64(0); }), 0);
  // What the large one wrote of the log is used again.
  EXPECT_TRUE(insert_pair(*db, 1));
  EXPECT_TRUE(insert_pair(*db, 2));
}

TEST_F(full_disk, a_blob_that_does_not_fit_leaves_nothing) {
  const auto blobs = store::open_disk_blob_store(disk / "blobs");
  const std::string content(3 << 20, 'x');
  const store::blob_ref first = blobs->put("fits/1", core::as_bytes(content));
  for (int attempt = 0; attempt < 3; ++attempt) {
    const auto writer = blobs->create("too/large");
    try {
      for (int i = 0; i < 4; ++i) {
        writer->write(core::as_bytes(content));
      }
      writer->commit();
      FAIL() << "15 MB fitted on a disk of 8 MB";
    } catch (const core::error& problem) {
      EXPECT_EQ(problem.code(), core::errc::resource_exhausted) << problem.what();
    }
  }
  EXPECT_NO_THROW(blobs->verify(first));
  EXPECT_EQ(blobs->list("").size(), 1U);
  EXPECT_NO_THROW(blobs->put("fits/2", core::as_bytes(content)));
}

TEST_F(full_disk, an_import_that_does_not_fit_leaves_no_person) {
  const auto db = sql::database::open(disk / "full.db");
  db->migrate(subject::directory_migrations());
  const auto people = subject::open_directory(*db, subject::open_vault(*db, disk / "keys"));
  std::vector<std::string> names;
  for (int i = 0; i < 2000; ++i) {
    names.push_back(std::to_string(i) + std::string(8000, 'x'));
  }
  const std::vector<std::string_view> raw(names.begin(), names.end());
  try {
    people->resolve("user", raw);
    FAIL() << "16 MB fitted on a disk of 8 MB";
  } catch (const core::error& problem) {
    EXPECT_EQ(problem.code(), core::errc::resource_exhausted) << problem.what();
  }
  EXPECT_EQ(people->count("user"), 0U);
}

}  // namespace
}  // namespace eunomia::fault
