#pragma once

#include <libpq-fe.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace eunomia::gdprbench {

// A result of a statement; text format.
class postgresql_result {
 public:
  explicit postgresql_result(PGresult* of) : result_(of, PQclear) {}
  std::size_t rows() const { return static_cast<std::size_t>(PQntuples(result_.get())); }
  std::string_view text(std::size_t row, int column) const {
    const int at = static_cast<int>(row);
    return {PQgetvalue(result_.get(), at, column), static_cast<std::size_t>(PQgetlength(result_.get(), at, column))};
  }
  bool is_null(std::size_t row, int column) const {
    return PQgetisnull(result_.get(), static_cast<int>(row), column) != 0;
  }
  std::int64_t number(std::size_t row, int column) const;
  // Rows that the statement inserted, changed or deleted.
  std::uint64_t changed() const;

 private:
  std::unique_ptr<PGresult, void (*)(PGresult*)> result_;
};

// A connection of its own to a PostgreSQL, by libpq and not by store/sql, so that the peer pays for nothing of ours:
// statements are prepared once, and one statement outside begin/commit is one round trip. For one thread.
class postgresql_session {
 public:
  // Over the server's socket where it tells one, as a program on the server's machine would.
  explicit postgresql_session(const std::string& url);

  // Prepares a statement when it is new, and runs it with $1, $2, ... as text. Throws errc::unavailable with the
  // server's message.
  postgresql_result run(std::string_view sql, const std::vector<std::string>& parameters = {});
  // Statements without parameters, not prepared.
  postgresql_result script(const std::string& sql);
  // COPY ... FROM STDIN of rows in text format.
  void copy(const std::string& sql, const std::string& rows);

 private:
  postgresql_result checked(PGresult* of) const;

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
  std::unordered_map<std::string, std::string> prepared_;
};

}  // namespace eunomia::gdprbench
