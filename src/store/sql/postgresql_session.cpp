#include <soci/postgresql/soci-postgresql.h>
#include <soci/soci.h>

#include <fmt/format.h>

#include <charconv>

#include "store/sql/session.h"
#include "store/sql/statement.h"

namespace eunomia::store::sql {

namespace {

// Type numbers of pg_type.dat, which never change.
enum type_number : unsigned {
  boolean = 16,
  int8 = 20,
  int2 = 21,
  int4 = 23,
  oid = 26,
  float4 = 700,
  float8 = 701,
  numeric = 1700
};

constexpr std::size_t cursor_rows = 4096;
constexpr std::size_t insert_rows = 16384;
constexpr std::size_t insert_bytes = 8 << 20;

// PostgreSQL 15, appendix A.
core::errc code_of(std::string_view state) {
  if (state == "23505" || state == "23P01") {
    return core::errc::already_exists;
  }
  if (state == "XX001" || state == "XX002") {
    return core::errc::corrupt;
  }
  if (state == "53300" || state == "55P03") {
    return core::errc::unavailable;
  }
  if (state == "42501") {
    return core::errc::permission_denied;
  }
  const std::string_view group = state.substr(0, 2);
  if (group == "22" || group == "23") {
    return core::errc::invalid_argument;
  }
  if (group == "53" || group == "54") {
    return core::errc::resource_exhausted;
  }
  if (group == "08" || group == "57" || group == "58" || group == "40") {
    return core::errc::unavailable;
  }
  return group == "28" ? core::errc::permission_denied : core::errc::internal;
}

// The server's own sentence. Its DETAIL shows the values of a key, and messages of class 22 the offending value: both
// may be personal and are left out.
std::string message_of(const soci::soci_error& problem, std::string_view state) {
  if (state.starts_with("22")) {
    return fmt::format("a value that the column cannot hold (SQLSTATE {})", state);
  }
  std::string message = problem.get_error_message();
  if (const std::size_t at = message.find("ERROR:  "); at != std::string::npos) {
    message.erase(0, at + 8);
  }
  message.erase(std::min(message.find('\n'), message.size()));
  return message;
}

cell read_cell(const PGresult* from, int at, int column) {
  if (PQgetisnull(from, at, column)) {
    return std::monostate{};
  }
  const std::string_view text(PQgetvalue(from, at, column), static_cast<std::size_t>(PQgetlength(from, at, column)));
  const auto parsed = [&]<class T>(T value) {
    const char* const first = text.data();
    const char* const last = first + text.size();
    const auto [end, problem] = std::from_chars(first, last, value);
    return problem == std::errc() && end == last ? cell(value) : cell(text);
  };
  switch (PQftype(from, column)) {
    case boolean: return std::int64_t{text == "t"};
    case int2:
    case int4:
    case int8:
    case oid: return parsed(std::int64_t{});
    case float4:
    case float8: return parsed(double{});
    case numeric: {  // what sum() over BIGINT gives
      const cell whole = parsed(std::int64_t{});
      return std::holds_alternative<std::int64_t>(whole) ? whole : parsed(double{});
    }
    default: return text;
  }
}

// Keeps a statement to itself while its result is read, and frees the result after.
class running {
 public:
  explicit running(statement& of) : statement_(of) { statement_.in_use = true; }
  ~running() {
    backend().result_.reset();
    statement_.in_use = false;
  }
  running(const running&) = delete;
  running& operator=(const running&) = delete;

  soci::postgresql_statement_backend& backend() const {
    return statement_.backend<soci::postgresql_statement_backend>();
  }

 private:
  statement& statement_;
};

std::size_t text_bytes(const column& c, std::size_t row) {
  const auto* texts = std::get_if<std::span<const std::string_view>>(&c.data);
  return texts ? (*texts)[row].size() : sizeof(std::int64_t);
}

class postgresql_session final : public session {
 public:
  postgresql_session(const std::string& url, std::chrono::milliseconds patience)
      : session(engine::postgresql, without_password(url)), statements_(soci_, engine::postgresql) {
    open(url);
    do_execute(fmt::format("SET lock_timeout = {}", patience.count()), {});
    do_execute("SET client_min_messages = warning", {});
  }

  bool healthy() const override {
    return PQstatus(raw()) == CONNECTION_OK && PQtransactionStatus(raw()) == PQTRANS_IDLE;
  }
  void forget_statements() override { statements_.clear(); }

 protected:
  void do_begin(mode for_what) override {
    do_execute(for_what == mode::write ? "BEGIN ISOLATION LEVEL SERIALIZABLE"
                                       : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY",
               {});
  }
  void do_commit() override { do_execute("COMMIT", {}); }
  void do_rollback() override {
    if (PQtransactionStatus(raw()) != PQTRANS_IDLE) {
      do_execute("ROLLBACK", {});
    }
  }

  std::uint64_t do_execute(std::string_view sql, connection::arguments args) override {
    return translating([&] {
      statement& prepared = statements_.get(sql);
      prepared.bind(args);
      const running now(prepared);
      prepared.execute();
      return changed(now);
    });
  }

  void do_query(std::string_view sql, connection::arguments args,
                const std::function<void(const row&)>& visit) override {
    translating([&] { run_query(sql, args, visit); });
  }

  // Through a cursor: libpq would otherwise bring the whole result into memory.
  void do_each(std::string_view sql, connection::arguments args,
               const std::function<void(const row&)>& visit) override {
    const std::string cursor = fmt::format("each_{}", open_cursors_);
    do_execute(fmt::format("DECLARE {} NO SCROLL CURSOR FOR {}", cursor, sql), args);
    const depth deeper(open_cursors_);
    const std::string fetch = fmt::format("FETCH {} FROM {}", cursor_rows, cursor);
    for (std::size_t read = cursor_rows; read == cursor_rows;) {
      read = 0;
      do_query(fetch, {}, [&](const row& r) {
        ++read;
        visit(r);
      });
    }
    do_execute(fmt::format("CLOSE {}", cursor), {});
  }

  // One array a column: one prepared statement, whatever the number of rows.
  std::uint64_t do_insert_many(std::string_view table, std::span<const column> columns, on_conflict conflict) override {
    std::string names;
    std::string arrays;
    for (const column& c : columns) {
      static constexpr const char* types[] = {"bigint", "double precision", "text"};
      names += fmt::format("{}{}", names.empty() ? "" : ", ", c.name);
      arrays += fmt::format("{}CAST(:{} AS {}[])", arrays.empty() ? "" : ", ", c.name, types[c.data.index()]);
    }
    const std::string sql = fmt::format("INSERT INTO {} ({}) SELECT * FROM unnest({}){}", table, names, arrays,
                                        conflict == on_conflict::keep_existing ? " ON CONFLICT DO NOTHING" : "");
    const std::size_t count = std::visit([](const auto& data) { return data.size(); }, columns[0].data);
    return translating([&] {
      statement& prepared = statements_.get(sql);
      const running now(prepared);
      std::uint64_t inserted = 0;
      for (std::size_t begin = 0; begin < count;) {
        std::size_t end = begin;
        for (std::size_t bytes = 0; end < count && end - begin < insert_rows && bytes < insert_bytes; ++end) {
          for (const column& c : columns) {
            bytes += text_bytes(c, end);
          }
        }
        for (std::size_t c = 0; c < columns.size(); ++c) {
          bind_slice(prepared, c, columns[c], begin, end - begin);
        }
        prepared.execute();
        inserted += changed(now);
        begin = end;
      }
      return inserted;
    });
  }

 private:
  struct depth {
    explicit depth(int& of) : level(of) { ++level; }
    ~depth() { --level; }
    depth(const depth&) = delete;
    depth& operator=(const depth&) = delete;
    int& level;
  };

  static void bind_slice(statement& into, std::size_t parameter, const column& c, std::size_t begin,
                         std::size_t count) {
    if (const auto* numbers = std::get_if<std::span<const std::int64_t>>(&c.data)) {
      into.bind(parameter, numbers->subspan(begin, count));
    } else if (const auto* texts = std::get_if<std::span<const std::string_view>>(&c.data)) {
      into.bind(parameter, texts->subspan(begin, count));
    } else {
      const std::string reals = real_array_literal(std::get<std::span<const double>>(c.data).subspan(begin, count));
      into.bind(parameter, std::string_view(reals));
    }
  }

  static std::uint64_t changed(const running& now) {
    const std::string_view count = PQcmdTuples(now.backend().result_.get_result());
    std::uint64_t value = 0;
    std::from_chars(count.data(), count.data() + count.size(), value);
    return value;
  }

  void run_query(std::string_view sql, connection::arguments args, const std::function<void(const row&)>& visit) {
    statement& prepared = statements_.get(sql);
    prepared.bind(args);
    const running now(prepared);
    prepared.execute();
    const PGresult* const result = now.backend().result_.get_result();
    std::vector<cell> cells(static_cast<std::size_t>(PQnfields(result)));
    const int count = PQntuples(result);
    for (int at = 0; at < count; ++at) {
      for (std::size_t i = 0; i < cells.size(); ++i) {
        cells[i] = read_cell(result, at, static_cast<int>(i));
      }
      visit(row(cells));
    }
  }

  void open(const std::string& url) {
    try {
      soci_.open(soci::postgresql, url);
    } catch (const soci::soci_error& problem) {
      std::string message = problem.get_error_message();
      std::replace(message.begin(), message.end(), '\n', ' ');
      const bool refused = message.find("authentication failed") != std::string::npos;
      throw core::error(refused ? core::errc::permission_denied : core::errc::unavailable,
                        fmt::format("database \"{}\": {}", name(), message));
    }
  }

  template <class Action>
  std::invoke_result_t<Action> translating(Action action) {
    try {
      return action();
    } catch (const soci::soci_error& problem) {
      const auto* server = dynamic_cast<const soci::postgresql_soci_error*>(&problem);
      const std::string state = server ? server->sqlstate() : "     ";
      const std::string message = fmt::format("database \"{}\": {}", name(), message_of(problem, state));
      if (PQstatus(raw()) != CONNECTION_OK || state.starts_with("08") || state.starts_with("57P0")) {
        throw connection_lost(core::errc::unavailable, message + "; the connection was lost, try again");
      }
      if (state == "40001" || state == "40P01") {
        throw conflict(core::errc::unavailable, message + "; try again");
      }
      // The server's own words may quote a value: "Key (name)=(...) already exists".
      throw core::error(code_of(state), message, fmt::format("database \"{}\": SQLSTATE {}", name(), state));
    }
  }

  PGconn* raw() const { return static_cast<soci::postgresql_session_backend*>(soci_.get_backend())->conn_; }

  mutable soci::session soci_;
  statement_cache statements_;
  int open_cursors_ = 0;
};

}  // namespace

std::unique_ptr<session> open_postgresql_session(const std::string& url, std::chrono::milliseconds patience) {
  return std::make_unique<postgresql_session>(url, patience);
}

}  // namespace eunomia::store::sql
