#include "bench/gdprbench/postgresql_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>

#include "core/error.h"

namespace eunomia::gdprbench {

namespace {

[[noreturn]] void fail(const char* message) {
  std::string text(message);
  std::replace(text.begin(), text.end(), '\n', ' ');
  throw core::error(core::errc::unavailable, fmt::format("PostgreSQL: {}", text));
}

std::unique_ptr<PGconn, void (*)(PGconn*)> connect(const std::string& url, const std::string& host) {
  // What follows the URL overrides it.
  const std::array<const char*, 3> names = {"dbname", host.empty() ? nullptr : "host", nullptr};
  const std::array<const char*, 3> values = {url.c_str(), host.c_str(), nullptr};
  std::unique_ptr<PGconn, void (*)(PGconn*)> made(PQconnectdbParams(names.data(), values.data(), 1), PQfinish);
  if (PQstatus(made.get()) != CONNECTION_OK) {
    fail(PQerrorMessage(made.get()));
  }
  return made;
}

}  // namespace

std::int64_t postgresql_result::number(std::size_t row, int column) const {
  const std::string_view digits = text(row, column);
  std::int64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

std::uint64_t postgresql_result::changed() const {
  const std::string_view digits = PQcmdTuples(result_.get());
  std::uint64_t value = 0;
  std::from_chars(digits.data(), digits.data() + digits.size(), value);
  return value;
}

postgresql_session::postgresql_session(const std::string& url) : connection_(connect(url, "")) {
  const std::string folders(script("SHOW unix_socket_directories").text(0, 0));
  if (!folders.empty()) {
    connection_ = connect(url, folders.substr(0, folders.find(',')));
  }
  script("SET client_min_messages = warning");
}

postgresql_result postgresql_session::checked(PGresult* of) const {
  postgresql_result made(of);
  const ExecStatusType status = PQresultStatus(of);
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_COPY_IN) {
    fail(PQerrorMessage(connection_.get()));
  }
  return made;
}

postgresql_result postgresql_session::run(std::string_view sql, const std::vector<std::string>& parameters) {
  const auto [known, is_new] = prepared_.try_emplace(std::string(sql));
  if (is_new) {
    known->second = fmt::format("s{}", prepared_.size());
    checked(PQprepare(connection_.get(), known->second.c_str(), known->first.c_str(), 0, nullptr));
  }
  std::vector<const char*> values;
  values.reserve(parameters.size());
  for (const std::string& one : parameters) {
    values.push_back(one.c_str());
  }
  return checked(PQexecPrepared(connection_.get(), known->second.c_str(), static_cast<int>(values.size()),
                                values.data(), nullptr, nullptr, 0));
}

postgresql_result postgresql_session::script(const std::string& sql) {
  return checked(PQexec(connection_.get(), sql.c_str()));
}

void postgresql_session::copy(const std::string& sql, const std::string& rows) {
  checked(PQexec(connection_.get(), sql.c_str()));
  constexpr std::size_t at_once = 1 << 20;
  for (std::size_t sent = 0; sent < rows.size(); sent += at_once) {
    const std::size_t size = std::min(at_once, rows.size() - sent);
    if (PQputCopyData(connection_.get(), rows.data() + sent, static_cast<int>(size)) != 1) {
      fail(PQerrorMessage(connection_.get()));
    }
  }
  if (PQputCopyEnd(connection_.get(), nullptr) != 1) {
    fail(PQerrorMessage(connection_.get()));
  }
  while (PGresult* const rest = PQgetResult(connection_.get())) {
    checked(rest);
  }
}

}  // namespace eunomia::gdprbench
