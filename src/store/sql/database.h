#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <initializer_list>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "store/sql/value.h"

// One schema on two engines: SQLite in a file by default, PostgreSQL by URL.
//
// Statements are written once, in SQL that both speak, with named parameters (:name) and, where the engines differ, a
// placeholder in braces, in migrations and statements alike:
//
//   {id}           the definition of a primary key that the database numbers from 1, never twice the same
//   {text}         TEXT that is compared and ordered byte by byte
//   {int64s:name}  the list bound to :name as a sub-select of one column: handle IN {int64s:handles}
//   {texts:name}   the same for text
//
// Columns are BIGINT, DOUBLE PRECISION or {text}; truth values are BIGINT 0 and 1. PostgreSQL infers a parameter's type
// from where it stands: where it stands alone, write CAST(:n AS BIGINT). Text is UTF-8 without U+0000 on both; bind
// anything else and the statement throws errc::invalid_argument.
//
// Errors are core::error and name the database (a URL without its password), never the value of a parameter:
// already_exists (a unique constraint), invalid_argument (another constraint or an impossible value),
// resource_exhausted (disk full, or a limit below), corrupt, unavailable (locked, or the connection was lost: trying
// again may help), permission_denied, internal (a wrong statement).
namespace eunomia::store::sql {

enum class engine { sqlite, postgresql };

struct options {
  static constexpr std::size_t default_readers = 8;
  static constexpr std::size_t default_write_queue = 1024;

  // Read connections (SQLite), or connections altogether (PostgreSQL); opened when first needed.
  std::size_t connections = default_readers;
  // Writes that may wait for SQLite's one writer; one more is refused with errc::resource_exhausted.
  std::size_t write_queue = default_write_queue;
  // How long a read waits for a connection, and a statement for another process's lock, before errc::unavailable.
  std::chrono::milliseconds patience = std::chrono::seconds(30);
};

// The most rows that query() keeps in memory; each() has no limit.
inline constexpr std::size_t max_result_rows = 1'000'000;
// How often a PostgreSQL write is tried while it meets serialization failures and deadlocks.
inline constexpr int max_write_attempts = 10;

class session;  // the engine's side of a connection

// A snapshot of the database to read from, for the length of one read() or write(); for one thread.
class connection {
 public:
  using arguments = std::span<const argument>;

  explicit connection(session& on) : session_(on) {}
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  engine speaks() const;

  // All rows; errc::resource_exhausted above max_result_rows.
  rows query(std::string_view sql, arguments args);
  rows query(std::string_view sql, std::initializer_list<argument> args = {}) { return query(sql, view(args)); }

  // At most one row, in a result that is empty or has one; errc::internal when there are more.
  rows query_one(std::string_view sql, arguments args);
  rows query_one(std::string_view sql, std::initializer_list<argument> args = {}) { return query_one(sql, view(args)); }

  // Calls visit for every row, in constant memory. The same statement must not run again from within visit.
  void each(std::string_view sql, arguments args, const std::function<void(const row&)>& visit);
  void each(std::string_view sql, std::initializer_list<argument> args, const std::function<void(const row&)>& visit) {
    each(sql, view(args), visit);
  }

 protected:
  static arguments view(std::initializer_list<argument> args) { return {args.begin(), args.size()}; }

  session& session_;
};

// A column of insert_many: its name and one value a row. Null is not possible here: insert such rows one by one.
struct column {
  using values =
      std::variant<std::span<const std::int64_t>, std::span<const double>, std::span<const std::string_view>>;
  std::string_view name;
  values data;
};

// What to do with a row of insert_many that a unique constraint refuses.
enum class on_conflict { fail, keep_existing };

// A connection that also writes. What it wrote is seen by its own queries at once and by others after the commit.
class transaction : public connection {
 public:
  using connection::connection;

  // SQLite's bodies that are committed together have one number, which no other body of the database has had: nobody
  // else writes between them. Says nothing on PostgreSQL.
  std::uint64_t number() const;

  // Runs one statement; the number of rows that it inserted, changed or deleted.
  std::uint64_t execute(std::string_view sql, arguments args);
  std::uint64_t execute(std::string_view sql, std::initializer_list<argument> args = {}) {
    return execute(sql, view(args));
  }

  // Inserts rows given by columns of equal length, several 100,000 a second; the number of rows inserted.
  std::uint64_t insert_many(std::string_view table, std::span<const column> columns,
                            on_conflict conflict = on_conflict::fail);
  std::uint64_t insert_many(std::string_view table, std::initializer_list<column> columns,
                            on_conflict conflict = on_conflict::fail) {
    return insert_many(table, std::span(columns.begin(), columns.size()), conflict);
  }
};

// A step of a room's schema: version 1, 2, 3, ... without a gap. A step that was released never changes; sql holds
// statements separated by semicolons (no triggers).
struct migration {
  std::string_view room;
  std::int64_t version;
  std::string_view sql;
};

class database {
 public:
  // A file (created when absent; its folder must exist) or postgresql://[user[:password]@]host[:port]/name[?options].
  // errc::invalid_argument for another URL, an in-memory SQLite or a path that holds '"'; unavailable, corrupt.
  static std::unique_ptr<database> open(const std::string& url_or_path, const options& with = {});
  // Waits for the writes under way.
  virtual ~database() = default;

  virtual engine speaks() const = 0;
  // The file, or the URL without its password: what errors and logs show.
  virtual const std::string& name() const = 0;

  // Runs body(connection&) on a snapshot and returns its result. Any number of threads at once; they wait for a free
  // connection.
  template <class Body>
  std::invoke_result_t<Body&, connection&> read(Body&& body) {
    return captured<connection>(body, [this](const auto& f) { run_read(f); });
  }

  // Runs body(transaction&) and returns its result once the change rests on disk. A body that throws changes nothing,
  // and its exception comes out here. Transactions run as if one after another; body may be called again after a
  // conflict or a failed commit, so it must do nothing that cannot be done twice, and must not call write(). SQLite
  // runs bodies on its writer thread and commits those that are waiting together. errc::unavailable "... may or may not
  // have been committed" when the connection was lost during the commit.
  template <class Body>
  std::invoke_result_t<Body&, transaction&> write(Body&& body) {
    return captured<transaction>(body, [this](const auto& f) { run_write(f); });
  }

  // Brings every room named in steps to its newest version, one transaction a step; the table
  // schema_migration(room, version, applied_at, digest) says what was applied. errc::failed_precondition, and nothing
  // changed: a gap in the steps, a step whose text differs from the one applied, a database newer than these steps.
  void migrate(std::span<const migration> steps);

  // The text of every step that migrate() was given, by room and version: what a dump needs to make the schema again.
  using steps_by_name = std::map<std::pair<std::string, std::int64_t>, std::string>;
  steps_by_name steps() const;

  // Moves everything into the database file and empties the write-ahead log, so that erased bytes rest nowhere: call
  // after an erasure was committed. Waits for readers up to options::patience, then errc::unavailable. Nothing to do
  // on PostgreSQL.
  virtual void checkpoint_truncate() = 0;

  // Writes the database file anew, so that nothing but its rows is in it: a page that was split keeps copies of rows
  // that moved, where the overwriting of deleted ones does not come. Follow it with checkpoint_truncate(). Writes wait
  // meanwhile. Takes as much memory as the file has bytes, because temporary files must hold nothing personal, and as
  // much disk for the log: errc::resource_exhausted when there is not so much, and the file is as it was. Nothing to do
  // on PostgreSQL, whose files are its own.
  virtual void vacuum() = 0;

 protected:
  virtual void run_read(const std::function<void(connection&)>& body) = 0;
  virtual void run_write(const std::function<void(transaction&)>& body) = 0;
  // Prepared statements may be out of date.
  virtual void schema_changed() = 0;

 private:
  template <class Argument, class Body, class Run>
  static std::invoke_result_t<Body&, Argument&> captured(Body& body, Run run) {
    using result = std::invoke_result_t<Body&, Argument&>;
    if constexpr (std::is_void_v<result>) {
      run([&](Argument& argument) { body(argument); });
    } else {
      std::optional<result> value;
      run([&](Argument& argument) { value.emplace(body(argument)); });
      return std::move(*value);
    }
  }

  void remember(std::span<const migration> steps);

  mutable std::mutex steps_mutex_;
  steps_by_name steps_;
};

}  // namespace eunomia::store::sql
