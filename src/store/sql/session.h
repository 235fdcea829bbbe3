#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/error.h"
#include "store/sql/database.h"

// One connection to an engine, behind which its library hides. For one thread at a time.
namespace eunomia::store::sql {

// The transaction met another one and was rolled back; it may be run again.
struct conflict : core::error {
  using error::error;
};

// The connection is gone, and the transaction with it.
struct connection_lost : core::error {
  using error::error;
};

class session {
 public:
  enum class mode { read, write };

  virtual ~session() = default;

  engine speaks() const { return speaks_; }
  // What errors call the database.
  const std::string& name() const { return name_; }

  void begin(mode for_what);
  // Numbers its transactions, from 1.
  std::uint64_t transaction_number() const { return transactions_; }
  // Throws when a statement of this transaction failed, even if the caller caught its error: PostgreSQL would answer
  // such a commit with a silent rollback.
  void commit();
  // Never throws; a session that cannot roll back is not healthy() any more.
  void rollback() noexcept;
  virtual bool healthy() const = 0;

  std::uint64_t execute(std::string_view sql, connection::arguments args);
  void query(std::string_view sql, connection::arguments args, const std::function<void(const row&)>& visit);
  void each(std::string_view sql, connection::arguments args, const std::function<void(const row&)>& visit);
  std::uint64_t insert_many(std::string_view table, std::span<const column> columns, on_conflict conflict);

  // Forgets prepared statements, whose plans a change of schema may have outdated.
  virtual void forget_statements() = 0;

 protected:
  session(engine speaks, std::string name) : speaks_(speaks), name_(std::move(name)) {}

  virtual void do_begin(mode for_what) = 0;
  virtual void do_commit() = 0;
  virtual void do_rollback() = 0;
  virtual std::uint64_t do_execute(std::string_view sql, connection::arguments args) = 0;
  virtual void do_query(std::string_view sql, connection::arguments args,
                        const std::function<void(const row&)>& visit) = 0;
  virtual void do_each(std::string_view sql, connection::arguments args,
                       const std::function<void(const row&)>& visit) = 0;
  virtual std::uint64_t do_insert_many(std::string_view table, std::span<const column> columns,
                                       on_conflict conflict) = 0;

  // Forgets a failure that a savepoint undid.
  void forgive() { failure_.reset(); }
  void refuse_after_failure() const;

 private:
  template <class Action>
  auto guarded(Action action);

  engine speaks_;
  std::string name_;
  std::uint64_t transactions_ = 0;
  std::optional<core::error> failure_;  // of the first statement that failed in this transaction
};

// Where bodies of SQLite's group commit run: a part of a transaction that fails alone.
class savepoint_session : public session {
 public:
  // Runs body so that a failure undoes body alone, and rethrows. errc::... of the whole when the engine gave the whole
  // transaction up: then whole_transaction_lost() is true.
  void within_savepoint(const std::function<void()>& body);
  virtual bool whole_transaction_lost() const = 0;
  // True when everything was moved into the database file and the log is empty; false when readers were in the way for
  // as long as the patience. Outside a transaction.
  virtual bool checkpoint_truncate(std::chrono::milliseconds patience) = 0;
  // database::vacuum. Outside a transaction.
  virtual void vacuum() = 0;

 protected:
  using session::session;
};

std::unique_ptr<savepoint_session> open_sqlite_session(const std::string& path, session::mode for_what,
                                                       std::chrono::milliseconds patience);
std::unique_ptr<session> open_postgresql_session(const std::string& url, std::chrono::milliseconds patience);

}  // namespace eunomia::store::sql
