#include <soci/soci.h>
#include <soci/sqlite3/soci-sqlite3.h>

#include <fmt/format.h>

#include "store/sql/session.h"
#include "store/sql/statement.h"

// SOCI prepares, binds and steps; rows are read from SQLite's statement itself, because SOCI takes the type of a column
// from its declaration, and an expression such as sum(x) has none.
namespace eunomia::store::sql {

namespace {

core::errc code_of(int result) {
  switch (result) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID: return core::errc::already_exists;
    case SQLITE_IOERR_SHMSIZE: return core::errc::resource_exhausted;  // no room for the log's index
    default: break;
  }
  switch (result & 0xff) {
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_TOOBIG: return core::errc::invalid_argument;
    case SQLITE_FULL:
    case SQLITE_NOMEM: return core::errc::resource_exhausted;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return core::errc::corrupt;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL:
    case SQLITE_CANTOPEN:
    case SQLITE_IOERR: return core::errc::unavailable;
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return core::errc::permission_denied;
    default: return core::errc::internal;
  }
}

std::string remedy_of(int result) {
  if (result == SQLITE_IOERR_SHMSIZE) {
    return "; there is no disk space for the log's index: free some and try again";
  }
  switch (result & 0xff) {
    case SQLITE_FULL: return "; free disk space and try again";
    case SQLITE_BUSY: return "; another process holds its lock, try again";
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return "; restore it from a backup";
    default: return "";
  }
}

[[noreturn]] void rethrow(const std::string& name, const soci::soci_error& problem) {
  // Not what(): SOCI adds the values of the parameters to it, and they may be personal.
  const auto* sqlite = dynamic_cast<const soci::sqlite3_soci_error*>(&problem);
  const int result = sqlite ? sqlite->result() : SQLITE_ERROR;
  // "sqlite3_statement_backend::loadOne: " helps nobody.
  std::string message = problem.get_error_message();
  if (message.starts_with("sqlite3_")) {
    message.erase(0, message.find(": ") + 2);
  }
  throw core::error(code_of(result), fmt::format("database \"{}\": {}{}", name, message, remedy_of(result)));
}

template <class Action>
auto translating(const std::string& name, Action action) {
  try {
    return action();
  } catch (const soci::soci_error& problem) {
    rethrow(name, problem);
  }
}

cell read_cell(sqlite_api::sqlite3_stmt* from, int column) {
  const auto view = [&](const void* bytes) {
    return std::string_view(static_cast<const char*>(bytes),
                            static_cast<std::size_t>(sqlite_api::sqlite3_column_bytes(from, column)));
  };
  switch (sqlite_api::sqlite3_column_type(from, column)) {
    case SQLITE_INTEGER: return std::int64_t{sqlite_api::sqlite3_column_int64(from, column)};
    case SQLITE_FLOAT: return sqlite_api::sqlite3_column_double(from, column);
    case SQLITE_TEXT: return view(sqlite_api::sqlite3_column_text(from, column));
    case SQLITE_BLOB: return view(sqlite_api::sqlite3_column_blob(from, column));
    default: return std::monostate{};
  }
}

// Keeps a statement to itself while it runs, and lets go of its locks after.
class running {
 public:
  explicit running(statement& of) : statement_(of) { statement_.in_use = true; }
  ~running() {
    sqlite_api::sqlite3_reset(raw());
    statement_.in_use = false;
  }
  running(const running&) = delete;
  running& operator=(const running&) = delete;

  sqlite_api::sqlite3_stmt* raw() const { return statement_.backend<soci::sqlite3_statement_backend>().stmt_; }

 private:
  statement& statement_;
};

class sqlite_session final : public savepoint_session {
 public:
  sqlite_session(const std::string& path, mode for_what, std::chrono::milliseconds patience)
      : savepoint_session(engine::sqlite, path), statements_(soci_, engine::sqlite), patience_(patience) {
    translating(name(), [&] { soci_.open(soci::sqlite3, fmt::format("db=\"{}\"", path)); });
    sqlite_api::sqlite3_extended_result_codes(raw(), 1);
    wait_for_locks(patience);
    if (for_what == mode::write) {
      configure_writer();
    }
    do_execute("PRAGMA synchronous=FULL", {});
    do_execute("PRAGMA secure_delete=ON", {});
    do_execute("PRAGMA foreign_keys=ON", {});
    do_execute("PRAGMA temp_store=MEMORY", {});  // no personal data in temporary files
    do_execute(for_what == mode::read ? "PRAGMA query_only=ON" : "PRAGMA query_only=OFF", {});
  }

  bool healthy() const override { return in_no_transaction(); }
  bool whole_transaction_lost() const override { return in_no_transaction(); }
  void forget_statements() override { statements_.clear(); }

  bool checkpoint_truncate(std::chrono::milliseconds patience) override {
    wait_for_locks(patience);
    bool done = false;
    try {
      do_query("PRAGMA wal_checkpoint(TRUNCATE)", {}, [&](const row& r) { done = r.int64(0) == 0; });
    } catch (const core::error& problem) {
      wait_for_locks(patience_);
      if (problem.code() != core::errc::unavailable) {
        throw;
      }
      return false;
    }
    wait_for_locks(patience_);
    return done;
  }

  void vacuum() override { do_execute("VACUUM", {}); }

 protected:
  void do_begin(mode for_what) override { do_execute(for_what == mode::write ? "BEGIN IMMEDIATE" : "BEGIN", {}); }
  void do_commit() override { do_execute("COMMIT", {}); }
  void do_rollback() override {
    if (!in_no_transaction()) {
      do_execute("ROLLBACK", {});
    }
  }

  std::uint64_t do_execute(std::string_view sql, connection::arguments args) override {
    // SQLite's own count keeps its old value over statements that change no rows; the total does not mislead.
    const int before = sqlite_api::sqlite3_total_changes(raw());
    do_query(sql, args, [](const row&) {});
    return before == sqlite_api::sqlite3_total_changes(raw())
               ? 0
               : static_cast<std::uint64_t>(sqlite_api::sqlite3_changes(raw()));
  }

  void do_query(std::string_view sql, connection::arguments args,
                const std::function<void(const row&)>& visit) override {
    translating(name(), [&] {
      statement& prepared = statements_.get(sql);
      prepared.bind(args);
      const running now(prepared);
      bool more = prepared.execute();
      std::vector<cell> cells(static_cast<std::size_t>(sqlite_api::sqlite3_column_count(now.raw())));
      while (more) {
        for (std::size_t i = 0; i < cells.size(); ++i) {
          cells[i] = read_cell(now.raw(), static_cast<int>(i));
        }
        visit(row(cells));
        more = prepared.backend<soci::sqlite3_statement_backend>().fetch(1) ==
               soci::details::statement_backend::ef_success;
      }
    });
  }

  void do_each(std::string_view sql, connection::arguments args,
               const std::function<void(const row&)>& visit) override {
    do_query(sql, args, visit);
  }

  std::uint64_t do_insert_many(std::string_view table, std::span<const column> columns, on_conflict conflict) override {
    std::string names;
    std::string values;
    for (const column& c : columns) {
      names += fmt::format("{}{}", names.empty() ? "" : ", ", c.name);
      values += fmt::format("{}:{}", values.empty() ? "" : ", ", c.name);
    }
    const std::string sql = fmt::format("INSERT INTO {} ({}) VALUES ({}){}", table, names, values,
                                        conflict == on_conflict::keep_existing ? " ON CONFLICT DO NOTHING" : "");
    return translating(name(), [&]() -> std::uint64_t {
      statement& prepared = statements_.get(sql);
      const running now(prepared);
      const std::size_t count = std::visit([](const auto& data) { return data.size(); }, columns[0].data);
      const int before = sqlite_api::sqlite3_total_changes(raw());
      for (std::size_t i = 0; i < count; ++i) {
        for (std::size_t c = 0; c < columns.size(); ++c) {
          prepared.bind(c, std::visit([&](const auto& data) { return argument::any(data[i]); }, columns[c].data));
        }
        prepared.execute();
      }
      return static_cast<std::uint32_t>(sqlite_api::sqlite3_total_changes(raw()) - before);
    });
  }

 private:
  void configure_writer() {
    do_query("PRAGMA journal_mode=WAL", {}, [&](const row& r) {
      if (r.text(0) != "wal") {
        throw core::error(core::errc::unavailable,
                          fmt::format("database \"{}\": its file system allows no write-ahead log (mode \"{}\"); keep "
                                      "it on a local disk",
                                      name(), r.text(0)));
      }
    });
  }

  void wait_for_locks(std::chrono::milliseconds patience) {
    sqlite_api::sqlite3_busy_timeout(raw(), static_cast<int>(patience.count()));
  }

  bool in_no_transaction() const { return sqlite_api::sqlite3_get_autocommit(raw()) != 0; }

  sqlite_api::sqlite3* raw() const { return static_cast<soci::sqlite3_session_backend*>(soci_.get_backend())->conn_; }

  mutable soci::session soci_;
  statement_cache statements_;
  std::chrono::milliseconds patience_;
};

}  // namespace

std::unique_ptr<savepoint_session> open_sqlite_session(const std::string& path, session::mode for_what,
                                                       std::chrono::milliseconds patience) {
  return std::make_unique<sqlite_session>(path, for_what, patience);
}

}  // namespace eunomia::store::sql
