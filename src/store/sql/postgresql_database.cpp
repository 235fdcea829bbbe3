#include "store/sql/postgresql_database.h"

#include <fmt/format.h>

#include <random>
#include <thread>

#include "store/sql/dialect.h"
#include "store/sql/session_pool.h"

namespace eunomia::store::sql {

namespace {

constexpr int connect_timeout_seconds = 10;

// A random pause, doubling with each attempt, so that transactions that met do not meet again.
void pause_before_attempt(int attempt) {
  thread_local std::minstd_rand generator{std::random_device{}()};
  std::uniform_int_distribution<int> up_to(0, 1 << std::min(attempt, 8));
  std::this_thread::sleep_for(std::chrono::milliseconds(up_to(generator)));
}

std::string with_connect_timeout(const std::string& url) {
  if (url.find("connect_timeout=") != std::string::npos) {
    return url;
  }
  return fmt::format("{}{}connect_timeout={}", url, url.find('?') == std::string::npos ? '?' : '&',
                     connect_timeout_seconds);
}

class postgresql_database final : public database {
 public:
  postgresql_database(const std::string& url, const options& with)
      : name_(without_password(url)),
        sessions_(name_, with.connections, with.patience,
                  [target = with_connect_timeout(url), patience = with.patience] {
                    return open_postgresql_session(target, patience);
                  }) {
    // A wrong URL is told now and not at the first use.
    read([](connection&) {});
  }

  engine speaks() const override { return engine::postgresql; }
  const std::string& name() const override { return name_; }
  void checkpoint_truncate() override {}
  void vacuum() override {}

 protected:
  void run_read(const std::function<void(connection&)>& body) override {
    const session_pool::lease on = sessions_.begin(session::mode::read);
    try {
      connection snapshot(*on);
      body(snapshot);
    } catch (...) {
      on->rollback();
      throw;
    }
    on->rollback();
  }

  void run_write(const std::function<void(transaction&)>& body) override {
    for (int attempt = 1;; ++attempt) {
      const session_pool::lease on = sessions_.begin(session::mode::write);
      try {
        transaction in(*on);
        body(in);
        commit(*on);
        return;
      } catch (const conflict&) {
        on->rollback();
        if (attempt >= max_write_attempts) {
          throw;
        }
      } catch (...) {
        on->rollback();
        throw;
      }
      pause_before_attempt(attempt);
    }
  }

  void schema_changed() override { sessions_.forget_statements(); }

 private:
  void commit(session& on) {
    try {
      on.commit();
    } catch (const connection_lost& problem) {
      throw connection_lost(core::errc::unavailable,
                            fmt::format("{}; the change may or may not have been committed", problem.what()));
    }
  }

  const std::string name_;
  session_pool sessions_;
};

}  // namespace

std::unique_ptr<database> open_postgresql(const std::string& url, const options& with) {
  return std::make_unique<postgresql_database>(url, with);
}

}  // namespace eunomia::store::sql
