#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "core/hash.h"
#include "store/sql/database.h"
#include "store/sql/dialect.h"
#include "store/sql/schema_steps.h"

namespace eunomia::store::sql {

namespace {

constexpr std::string_view table_of_steps = R"(
  CREATE TABLE IF NOT EXISTS schema_migration (
    room {text} NOT NULL,
    version BIGINT NOT NULL,
    applied_at BIGINT NOT NULL,  -- UTC, milliseconds since 1970
    digest {text} NOT NULL,      -- BLAKE2b of the step's text
    PRIMARY KEY (room, version)
  )
)";

// Two processes that start together migrate one after the other; SQLite's writers do so anyway. Creating the table is
// guarded by any number that nothing else locks.
constexpr std::int64_t creation_lock = 0x65756e6f6d6961;

// LOCK and not a function: it is the one that waits before the transaction's snapshot is taken, which then shows what
// the other process applied.
void lock_steps(transaction& in) {
  if (in.speaks() == engine::postgresql) {
    in.execute("LOCK TABLE schema_migration IN EXCLUSIVE MODE");
  }
}

std::int64_t now_milliseconds() {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::system_clock::now().time_since_epoch())
      .count();
}

using steps_by_room = std::map<std::string_view, std::vector<const migration*>>;

steps_by_room in_order(std::span<const migration> steps) {
  steps_by_room rooms;
  for (const migration& step : steps) {
    rooms[step.room].push_back(&step);
  }
  for (auto& [room, own] : rooms) {
    std::ranges::sort(own, {}, &migration::version);
    for (std::size_t i = 0; i < own.size(); ++i) {
      if (own[i]->version != static_cast<std::int64_t>(i) + 1) {
        throw core::error(core::errc::failed_precondition,
                          fmt::format("room \"{}\": its migrations are not numbered 1, 2, 3, ... (version {} stands "
                                      "where {} belongs)",
                                      room, own[i]->version, i + 1));
      }
    }
  }
  return rooms;
}

// The number of steps of the room that were applied, each the same as now.
std::size_t applied_steps(connection& in, const std::string& database, std::string_view room,
                          const std::vector<const migration*>& own) {
  const auto refuse = [&](std::string_view why) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("database \"{}\", room \"{}\": {}", database, room, why));
  };
  const rows applied =
      in.query("SELECT version, digest FROM schema_migration WHERE room = :room ORDER BY version", {{"room", room}});
  for (std::size_t i = 0; i < applied.size(); ++i) {
    const row was = applied[i];
    if (was.int64(0) != static_cast<std::int64_t>(i) + 1) {
      refuse(fmt::format("migration {} is missing before {}; restore the database from a backup", i + 1, was.int64(0)));
    }
    if (i >= own.size()) {
      refuse(fmt::format("its schema has version {}, newer than this program's {}; use the newer program",
                         applied[applied.size() - 1].int64(0), own.size()));
    }
    if (was.text(1) != core::to_hex(core::blake2b(own[i]->sql))) {
      refuse(fmt::format("migration {} differs from the one that was applied; add a new step instead of changing it",
                         was.int64(0)));
    }
  }
  return applied.size();
}

void apply(transaction& in, const migration& step) {
  run_step(in, step.sql);
  in.execute("INSERT INTO schema_migration (room, version, applied_at, digest) VALUES (:room, :version, :at, :digest)",
             {{"room", step.room},
              {"version", step.version},
              {"at", now_milliseconds()},
              {"digest", core::to_hex(core::blake2b(step.sql))}});
}

}  // namespace

void create_table_of_steps(transaction& in) {
  if (in.speaks() == engine::postgresql) {
    in.execute("SELECT pg_advisory_xact_lock(:key)", {{"key", creation_lock}});
  }
  in.execute(table_of_steps);
}

void run_step(transaction& in, std::string_view sql) {
  for (const std::string& statement : split_statements(sql)) {
    in.execute(statement);
  }
}

void apply_missing_steps(transaction& in, const std::string& database, std::span<const migration> steps) {
  const steps_by_room rooms = in_order(steps);
  for (const auto& [room, own] : rooms) {
    for (std::size_t next = applied_steps(in, database, room, own); next < own.size(); ++next) {
      apply(in, *own[next]);
    }
  }
}

void database::remember(std::span<const migration> steps) {
  const std::lock_guard lock(steps_mutex_);
  for (const migration& step : steps) {
    steps_.insert_or_assign({std::string(step.room), step.version}, std::string(step.sql));
  }
}

database::steps_by_name database::steps() const {
  const std::lock_guard lock(steps_mutex_);
  return steps_;
}

void database::migrate(std::span<const migration> steps) {
  const steps_by_room rooms = in_order(steps);
  write(create_table_of_steps);
  // All rooms are checked before any is changed.
  const auto applied_of = [&](connection& in, const steps_by_room::value_type& room) {
    return applied_steps(in, name(), room.first, room.second);
  };
  const bool complete = read([&](connection& in) {
    bool all = true;
    for (const auto& room : rooms) {
      all = applied_of(in, room) == room.second.size() && all;
    }
    return all;
  });
  if (complete) {
    remember(steps);
    return;
  }
  for (const auto& room : rooms) {
    for (bool more = true; more;) {
      more = write([&](transaction& in) {
        lock_steps(in);
        const std::size_t done = applied_of(in, room);
        if (done == room.second.size()) {
          return false;
        }
        apply(in, *room.second[done]);
        return true;
      });
    }
  }
  remember(steps);
  schema_changed();
}

}  // namespace eunomia::store::sql
