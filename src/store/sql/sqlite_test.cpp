#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <fstream>
#include <iterator>
#include <latch>
#include <thread>

#include "store/sql/test_database.h"

namespace eunomia::store::sql {
namespace {

class sqlite : public testing::Test {
 protected:
  static options impatient() {
    options with;
    with.patience = std::chrono::milliseconds(200);
    return with;
  }
  std::string file(const char* name) const {
    std::ifstream in(db.folder() / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }

  test_database db{engine::sqlite, impatient()};
};

TEST_F(sqlite, erased_text_leaves_the_file_and_the_log) {
  db->write([](transaction& in) {
    in.execute("CREATE TABLE person (id BIGINT PRIMARY KEY, mail {text})");
    for (int i = 0; i < 500; ++i) {
      in.execute("INSERT INTO person (id, mail) VALUES (:id, :mail)",
                 {{"id", i}, {"mail", i == 250 ? "canary@example.org" : "somebody@example.org"}});
    }
  });
  db->checkpoint_truncate();
  EXPECT_NE(file("test.db").find("canary@example.org"), std::string::npos);
  db->write([](transaction& in) { in.execute("DELETE FROM person WHERE id = 250"); });
  db->checkpoint_truncate();
  EXPECT_EQ(file("test.db").find("canary@example.org"), std::string::npos);
  EXPECT_TRUE(file("test.db-wal").empty());
}

TEST_F(sqlite, what_no_row_holds_leaves_the_file_when_it_is_written_anew) {
  db->write([](transaction& in) {
    in.execute("CREATE TABLE kept (id BIGINT PRIMARY KEY, mail {text})");
    in.execute("INSERT INTO kept VALUES (1, 'somebody@example.org')");
    in.execute("PRAGMA secure_delete=OFF");
    in.execute("CREATE TABLE dropped (mail {text})");
    in.execute("INSERT INTO dropped VALUES ('canary@example.org')");
    in.execute("DROP TABLE dropped");
    in.execute("PRAGMA secure_delete=ON");
  });
  db->checkpoint_truncate();
  ASSERT_NE(file("test.db").find("canary@example.org"), std::string::npos);
  db->read([&](connection& in) {
    in.query("SELECT * FROM kept");
    db->vacuum();  // readers go on
    EXPECT_EQ(in.query("SELECT * FROM kept").size(), 1U);
  });
  db->checkpoint_truncate();
  EXPECT_EQ(file("test.db").find("canary@example.org"), std::string::npos);
  EXPECT_NE(file("test.db").find("somebody@example.org"), std::string::npos);
  EXPECT_TRUE(file("test.db-wal").empty());
  db->write([](transaction& in) { in.execute("INSERT INTO kept VALUES (2, 'another@example.org')"); });
}

TEST_F(sqlite, a_reader_that_stays_keeps_the_log_and_the_caller_is_told) {
  db->write([](transaction& in) { in.execute("CREATE TABLE t (id BIGINT)"); });
  db->read([&](connection& in) {
    in.query("SELECT * FROM t");
    db->write([](transaction& out) { out.execute("INSERT INTO t VALUES (1)"); });
    EXPECT_EQ(code_thrown_by([&] { db->checkpoint_truncate(); }), core::errc::unavailable);
    db->write([](transaction& out) { out.execute("INSERT INTO t VALUES (2)"); });  // the writer goes on
  });
  db->checkpoint_truncate();
  EXPECT_TRUE(file("test.db-wal").empty());
}

TEST_F(sqlite, the_file_is_for_its_owner_alone) {
  db->write([](transaction& in) { in.execute("CREATE TABLE t (id BIGINT)"); });
  for (const char* name : {"test.db", "test.db-wal", "test.db-shm"}) {
    struct stat found = {};
    ASSERT_EQ(::stat((db.folder() / name).c_str(), &found), 0) << name;
    EXPECT_EQ(found.st_mode & 0777, 0600U) << name;
  }
}

TEST_F(sqlite, a_write_within_a_write_is_a_defect_and_no_deadlock) {
  EXPECT_EQ(code_thrown_by([&] { db->write([&](transaction&) { db->write([](transaction&) {}); }); }),
            core::errc::internal);
}

TEST_F(sqlite, another_process_that_writes_makes_a_write_wait_and_then_unavailable) {
  db->write([](transaction& in) { in.execute("CREATE TABLE t (id BIGINT)"); });
  const auto other = db.reopened();
  other->write([&](transaction& in) {
    in.execute("INSERT INTO t VALUES (1)");
    EXPECT_EQ(code_thrown_by([&] { db->write([](transaction& out) { out.execute("INSERT INTO t VALUES (2)"); }); }),
              core::errc::unavailable);
  });
  db->write([](transaction& in) { in.execute("INSERT INTO t VALUES (3)"); });
}

TEST_F(sqlite, a_full_queue_refuses_and_names_its_limit) {
  options with = impatient();
  with.write_queue = 2;
  const auto narrow = database::open(db.folder() / "narrow.db", with);
  std::latch started(1);
  std::latch release(1);
  std::thread slow([&] {
    narrow->write([&](transaction&) {
      started.count_down();
      release.wait();
    });
  });
  started.wait();
  // Two fit into the queue; of six at least four are refused while the writer is busy.
  std::atomic<int> refused = 0;
  std::vector<std::thread> others;
  for (int i = 0; i < 6; ++i) {
    others.emplace_back([&] {
      try {
        narrow->write([](transaction&) {});
      } catch (const core::error& problem) {
        EXPECT_EQ(problem.code(), core::errc::resource_exhausted);
        EXPECT_NE(std::string(problem.what()).find("options::write_queue = 2"), std::string::npos);
        if (++refused == 4) {
          release.count_down();
        }
      }
    });
  }
  for (std::thread& thread : others) {
    thread.join();
  }
  slow.join();
  EXPECT_EQ(refused, 4);
}

TEST_F(sqlite, a_file_that_is_no_database_is_corrupt) {
  const std::filesystem::path path = db.folder() / "letter.db";
  std::ofstream(path) << "Dear Sir or Madam, this is a letter and by no means a database.";
  EXPECT_EQ(code_thrown_by([&] { database::open(path); }), core::errc::corrupt);
}

TEST_F(sqlite, paths_with_spaces_and_equal_signs_are_paths) {
  const std::filesystem::path path = db.folder() / "my shop=1 two  spaces.db";
  database::open(path)->write([](transaction& in) { in.execute("CREATE TABLE t (id BIGINT)"); });
  EXPECT_TRUE(std::filesystem::exists(path));
}

}  // namespace
}  // namespace eunomia::store::sql
