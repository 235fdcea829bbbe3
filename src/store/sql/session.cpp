#include "store/sql/session.h"

#include <fmt/format.h>

#include <algorithm>

namespace eunomia::store::sql {

template <class Action>
auto session::guarded(Action action) {
  try {
    return action();
  } catch (const core::error& problem) {
    if (!failure_) {
      // With a text of its own. A copy of an exception shares its text, and this one is destroyed by whichever thread
      // uses the session next, while the thrown one may still be shown: sound, but ThreadSanitizer cannot see the
      // counter within the library that makes it so.
      failure_.emplace(problem.code(), problem.what());
    }
    throw;
  }
}

void session::begin(mode for_what) {
  failure_.reset();
  ++transactions_;
  do_begin(for_what);
}

void session::refuse_after_failure() const {
  if (failure_) {
    throw core::error(failure_->code(),
                      fmt::format("nothing was committed, because a statement failed: {}", failure_->what()));
  }
}

void session::commit() {
  refuse_after_failure();
  do_commit();
}

void session::rollback() noexcept {
  try {
    do_rollback();
  } catch (const std::exception&) {  // NOLINT(bugprone-empty-catch)
    // healthy() tells; the error that led here is the one that the caller wants to see.
  }
}

std::uint64_t session::execute(std::string_view sql, connection::arguments args) {
  return guarded([&] { return do_execute(sql, args); });
}

void session::query(std::string_view sql, connection::arguments args, const std::function<void(const row&)>& visit) {
  guarded([&] { do_query(sql, args, visit); });
}

void session::each(std::string_view sql, connection::arguments args, const std::function<void(const row&)>& visit) {
  guarded([&] { do_each(sql, args, visit); });
}

std::uint64_t session::insert_many(std::string_view table, std::span<const column> columns, on_conflict conflict) {
  return guarded([&]() -> std::uint64_t {
    const auto length = [](const column& c) {
      return std::visit([](const auto& values) { return values.size(); }, c.data);
    };
    if (columns.empty() ||
        !std::ranges::all_of(columns, [&](const column& c) { return length(c) == length(columns[0]); })) {
      throw core::error(core::errc::internal, fmt::format("insert into {}: columns of different lengths", table));
    }
    return length(columns[0]) == 0 ? 0 : do_insert_many(table, columns, conflict);
  });
}

void savepoint_session::within_savepoint(const std::function<void()>& body) {
  do_execute("SAVEPOINT part", {});
  try {
    forgive();
    body();
    refuse_after_failure();
    do_execute("RELEASE part", {});
  } catch (...) {
    if (!whole_transaction_lost()) {
      do_execute("ROLLBACK TO part", {});
      do_execute("RELEASE part", {});
      forgive();
    }
    throw;
  }
}

engine connection::speaks() const {
  return session_.speaks();
}

rows connection::query(std::string_view sql, arguments args) {
  rows result;
  session_.query(sql, args, [&](const row& r) {
    if (result.size() == max_result_rows) {
      throw core::error(core::errc::resource_exhausted,
                        fmt::format("database \"{}\": a result has more than max_result_rows = {} rows",
                                    session_.name(), max_result_rows));
    }
    result.append(r.cells());
  });
  return result;
}

rows connection::query_one(std::string_view sql, arguments args) {
  rows result = query(sql, args);
  if (result.size() > 1) {
    throw core::error(core::errc::internal,
                      fmt::format("database \"{}\": {} rows where one was expected", session_.name(), result.size()));
  }
  return result;
}

void connection::each(std::string_view sql, arguments args, const std::function<void(const row&)>& visit) {
  session_.each(sql, args, visit);
}

std::uint64_t transaction::number() const {
  return session_.transaction_number();
}

std::uint64_t transaction::execute(std::string_view sql, arguments args) {
  return session_.execute(sql, args);
}

std::uint64_t transaction::insert_many(std::string_view table, std::span<const column> columns, on_conflict conflict) {
  return session_.insert_many(table, columns, conflict);
}

}  // namespace eunomia::store::sql
