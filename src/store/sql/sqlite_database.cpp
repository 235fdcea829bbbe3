#include "store/sql/sqlite_database.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <condition_variable>
#include <deque>
#include <exception>
#include <filesystem>
#include <mutex>
#include <system_error>
#include <thread>

#include "core/memory.h"
#include "store/sql/session_pool.h"

// SQLite has one writer at a time, and a durable commit costs an fsync. So one thread writes for everybody, and commits
// together what is waiting together:
//
//   BEGIN IMMEDIATE
//     SAVEPOINT part; body 1; RELEASE part
//     SAVEPOINT part; body 2 throws; ROLLBACK TO part     its caller gets the exception, the others do not notice
//     SAVEPOINT part; body 3; RELEASE part
//   COMMIT                                                one fsync, then all callers are answered
//
// While one group waits for the disk the next one gathers, so the groups grow with the load. When a group fails as a
// whole (a full disk), each of its bodies is run again alone: whoever fits is not punished for a neighbour who does
// not.
namespace eunomia::store::sql {

namespace {

constexpr std::size_t max_group = 256;
// How long one attempt to empty the log may hold up the writer.
constexpr std::chrono::milliseconds checkpoint_attempt(100);

struct job {
  const std::function<void(transaction&)>* body = nullptr;  // one of the two
  const std::function<void(savepoint_session&)>* maintenance = nullptr;
  std::exception_ptr failure;
  bool done = false;
};

class group_writer {
 public:
  group_writer(std::string database, std::unique_ptr<savepoint_session> on, std::size_t queue_limit)
      : database_(std::move(database)),
        session_(std::move(on)),
        queue_limit_(queue_limit),
        thread_([this] { run(); }) {}

  // Finishes what is queued.
  ~group_writer() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }

  group_writer(const group_writer&) = delete;
  group_writer& operator=(const group_writer&) = delete;

  // Returns when the job is done, and throws what it threw.
  void perform(job& asked) {
    if (std::this_thread::get_id() == thread_.get_id()) {
      throw core::error(core::errc::internal,
                        fmt::format("database \"{}\": write() was called from within a write", database_));
    }
    std::unique_lock lock(mutex_);
    if (queue_.size() >= queue_limit_) {
      throw core::error(core::errc::resource_exhausted,
                        fmt::format("database \"{}\": options::write_queue = {} writes are waiting already", database_,
                                    queue_limit_));
    }
    queue_.push_back(&asked);
    wake_.notify_one();
    answered_.wait(lock, [&] { return asked.done; });
    if (asked.failure) {
      std::rethrow_exception(std::move(asked.failure));
    }
  }

 private:
  void run() {
    while (job* first = wait_for_job()) {
      if (first->maintenance) {
        attempt(*first, [&] { (*first->maintenance)(*session_); });
        answer({first});
      } else {
        run_group(*first);
      }
    }
  }

  void run_group(job& first) {
    std::vector<job*> group;
    try {
      session_->begin(session::mode::write);
      for (job* next = &first; next != nullptr; next = group.size() < max_group ? next_body() : nullptr) {
        group.push_back(next);
        run_in_savepoint(*next);
      }
      session_->commit();
    } catch (...) {
      const std::exception_ptr failure = std::current_exception();
      session_->rollback();
      if (group.size() > 1) {
        for (job* const alone : group) {
          run_alone(*alone);
        }
      } else {
        // Moved in the end, so that this thread holds nothing of it once the caller has it.
        first.failure = failure;
        group = {&first};
      }
    }
    answer(group);
  }

  // A failure is the body's own, unless the engine gave up the whole transaction: that comes out.
  void run_in_savepoint(job& asked) {
    try {
      session_->within_savepoint([&] {
        transaction in(*session_);
        (*asked.body)(in);
      });
    } catch (...) {
      if (session_->whole_transaction_lost()) {
        throw;
      }
      asked.failure = std::current_exception();
    }
  }

  void run_alone(job& asked) {
    attempt(asked, [&] {
      session_->begin(session::mode::write);
      try {
        transaction in(*session_);
        (*asked.body)(in);
        session_->commit();
      } catch (...) {
        session_->rollback();
        throw;
      }
    });
  }

  template <class Action>
  static void attempt(job& asked, Action action) {
    asked.failure = nullptr;
    try {
      action();
    } catch (...) {
      asked.failure = std::current_exception();
    }
  }

  // Nothing once the writer is to stop and has nothing left to do.
  job* wait_for_job() {
    std::unique_lock lock(mutex_);
    wake_.wait(lock, [&] { return stopping_ || !queue_.empty(); });
    return pop();
  }

  job* next_body() {
    const std::lock_guard lock(mutex_);
    return queue_.empty() || queue_.front()->maintenance ? nullptr : pop();
  }

  job* pop() {
    if (queue_.empty()) {
      return nullptr;
    }
    job* const next = queue_.front();
    queue_.pop_front();
    return next;
  }

  void answer(const std::vector<job*>& group) {
    {
      const std::lock_guard lock(mutex_);
      for (job* const finished : group) {
        finished->done = true;
      }
    }
    answered_.notify_all();
  }

  const std::string database_;
  const std::unique_ptr<savepoint_session> session_;
  const std::size_t queue_limit_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable answered_;
  std::deque<job*> queue_;
  bool stopping_ = false;
  std::thread thread_;
};

class sqlite_database final : public database {
 public:
  sqlite_database(const std::string& path, const options& with)
      : path_(path),
        patience_(with.patience),
        writer_(path, open_sqlite_session(path, session::mode::write, with.patience), with.write_queue),
        readers_(path, with.connections, with.patience, [path, patience = with.patience] {
          return open_sqlite_session(path, session::mode::read, patience);
        }) {}

  engine speaks() const override { return engine::sqlite; }
  const std::string& name() const override { return path_; }

  void checkpoint_truncate() override {
    const auto deadline = std::chrono::steady_clock::now() + patience_;
    for (;;) {
      bool done = false;
      maintain([&](savepoint_session& on) { done = on.checkpoint_truncate(checkpoint_attempt); });
      if (done) {
        return;
      }
      if (std::chrono::steady_clock::now() >= deadline) {
        throw core::error(core::errc::unavailable,
                          fmt::format("database \"{}\": a reader has kept the write-ahead log in use for {} s; erased "
                                      "bytes are still in it, try again",
                                      path_, std::chrono::duration_cast<std::chrono::seconds>(patience_).count()));
      }
    }
  }

  void vacuum() override {
    const std::uint64_t needed = std::filesystem::file_size(path_);
    const std::uint64_t available = core::read_memory_status().available_bytes;
    if (needed > available) {
      throw core::error(core::errc::resource_exhausted,
                        fmt::format("database \"{}\": to be written anew it needs {} of memory, and {} are available; "
                                    "free some and try again",
                                    path_, core::human_bytes(needed), core::human_bytes(available)));
    }
    maintain([](savepoint_session& on) { on.vacuum(); });
  }

 protected:
  void run_read(const std::function<void(connection&)>& body) override {
    const session_pool::lease on = readers_.begin(session::mode::read);
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
    job asked;
    asked.body = &body;
    writer_.perform(asked);
  }

  // SQLite prepares outdated statements again by itself.
  void schema_changed() override {}

 private:
  void maintain(const std::function<void(savepoint_session&)>& work) {
    job asked;
    asked.maintenance = &work;
    writer_.perform(asked);
  }

  const std::string path_;
  const std::chrono::milliseconds patience_;
  group_writer writer_;
  session_pool readers_;
};

// Creates the file for this user alone; SQLite would let everybody read it, and its log has the same permissions.
void create_private_file(const std::string& path) {
  const int file = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (file < 0) {
    const int problem = errno;
    const core::errc code = problem == EACCES || problem == EPERM || problem == EROFS ? core::errc::permission_denied
                            : problem == ENOSPC || problem == EDQUOT                  ? core::errc::resource_exhausted
                            : problem == ENOENT || problem == EISDIR                  ? core::errc::invalid_argument
                                                                                      : core::errc::unavailable;
    throw core::error(
        code, fmt::format("database \"{}\" cannot be opened: {}", path, std::generic_category().message(problem)));
  }
  ::close(file);
}

}  // namespace

std::unique_ptr<database> open_sqlite(const std::string& path, const options& with) {
  if (path.empty() || path.find('"') != std::string::npos || path.find('\0') != std::string::npos ||
      path.starts_with(":memory:") || path.starts_with("file:")) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("database \"{}\": give the path of a file, without '\"'", path));
  }
  create_private_file(path);
  return std::make_unique<sqlite_database>(path, with);
}

}  // namespace eunomia::store::sql
