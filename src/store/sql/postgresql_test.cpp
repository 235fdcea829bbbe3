#include <gtest/gtest.h>

#include <latch>
#include <thread>

#include "store/sql/test_database.h"

namespace eunomia::store::sql {
namespace {

class postgresql : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("EUNOMIA_TEST_POSTGRESQL") == nullptr) {
      GTEST_SKIP() << "NOT TESTED on PostgreSQL: set EUNOMIA_TEST_POSTGRESQL";
    }
    db = std::make_unique<test_database>(engine::postgresql);
    (*db)->write([](transaction& in) {
      in.execute("CREATE TABLE account (id BIGINT PRIMARY KEY, balance BIGINT NOT NULL)");
      in.execute("INSERT INTO account VALUES (1, 100), (2, 100)");
    });
  }
  static std::int64_t backend(connection& in) { return in.query_one("SELECT pg_backend_pid()")[0].int64(0); }
  void terminate(std::int64_t pid) {
    other->write([&](transaction& in) {
      in.execute("SELECT pg_terminate_backend(CAST(:pid AS int))", {{"pid", pid}});
    });
  }

  std::unique_ptr<test_database> db;
  std::unique_ptr<database> other = std::getenv("EUNOMIA_TEST_POSTGRESQL") == nullptr
                                        ? nullptr
                                        : database::open(std::getenv("EUNOMIA_TEST_POSTGRESQL"));
};

TEST_F(postgresql, a_connection_lost_in_a_transaction_is_unavailable_and_the_next_one_works) {
  EXPECT_EQ(code_thrown_by([&] {
              (*db)->write([&](transaction& in) {
                in.execute("UPDATE account SET balance = 0");
                terminate(backend(in));
                in.execute("UPDATE account SET balance = 1");
              });
            }),
            core::errc::unavailable);
  EXPECT_EQ((*db)->read([](connection& in) { return in.query_one("SELECT sum(balance) FROM account")[0].int64(0); }),
            200);
}

TEST_F(postgresql, a_connection_lost_before_the_commit_is_told_as_uncertain) {
  const std::string message = message_thrown_by([&] {
    (*db)->write([&](transaction& in) {
      in.execute("UPDATE account SET balance = 0");
      terminate(backend(in));
    });
  });
  EXPECT_NE(message.find("may or may not have been committed"), std::string::npos) << message;
}

TEST_F(postgresql, idle_connections_that_died_are_replaced_unnoticed) {
  terminate((*db)->read([](connection& in) { return backend(in); }));
  EXPECT_EQ((*db)->read([](connection& in) { return in.query_one("SELECT count(*) FROM account")[0].int64(0); }), 2);
}

TEST_F(postgresql, write_skew_is_run_again_as_if_one_after_the_other) {
  // Each takes 150 from one account if both together hold it: only one may.
  std::latch both_read(2);
  const auto withdraw = [&](std::int64_t from) {
    bool first_attempt = true;
    return (*db)->write([&, first_attempt](transaction& in) mutable {
      const std::int64_t total = in.query_one("SELECT sum(balance) FROM account")[0].int64(0);
      if (first_attempt) {
        first_attempt = false;
        both_read.arrive_and_wait();
      }
      if (total < 150) {
        return false;
      }
      in.execute("UPDATE account SET balance = balance - 150 WHERE id = :id", {{"id", from}});
      return true;
    });
  };
  bool first = false;
  std::thread thread([&] { first = withdraw(1); });
  const bool second = withdraw(2);
  thread.join();
  EXPECT_NE(first, second);
}

}  // namespace
}  // namespace eunomia::store::sql
