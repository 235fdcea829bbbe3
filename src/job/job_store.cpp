#include "job/job_store.h"

#include <fmt/format.h>

#include <array>
#include <utility>

#include "core/error.h"
#include "core/time.h"

namespace eunomia::job {

namespace sql = store::sql;

namespace {

constexpr sql::migration steps[] = {{"job", 1, R"(
  CREATE TABLE job (
    id {id},
    kind {text} NOT NULL,
    subject {text} NOT NULL,
    arguments {text} NOT NULL,
    state {text} NOT NULL CHECK (state IN ('queued', 'running', 'succeeded', 'failed', 'cancelled')),
    cancel_requested BIGINT NOT NULL DEFAULT 0,
    stage {text} NOT NULL DEFAULT '',  -- where it ended; progress under way is in memory
    done BIGINT NOT NULL DEFAULT 0,
    total BIGINT NOT NULL DEFAULT 0,
    result {text} NOT NULL DEFAULT '',
    error_code {text} NOT NULL DEFAULT '',
    error_message {text} NOT NULL DEFAULT '',
    created_at BIGINT NOT NULL,
    started_at BIGINT NOT NULL DEFAULT 0,
    ended_at BIGINT NOT NULL DEFAULT 0,
    attempts BIGINT NOT NULL DEFAULT 0,
    changes BIGINT NOT NULL DEFAULT 1  -- of the state: the durable part of a record's revision
  );
  CREATE INDEX job_state ON job (state, id);
  CREATE INDEX job_kind ON job (kind, id);
  CREATE INDEX job_ended ON job (ended_at, id);
)"}};

constexpr std::size_t max_pruned = 4096;

constexpr std::array names = {"queued", "running", "succeeded", "failed", "cancelled"};

state state_named(std::string_view name) {
  for (std::size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) {
      return static_cast<state>(i);
    }
  }
  throw core::error(core::errc::corrupt, fmt::format("the table job holds the unknown state \"{}\"", name));
}

std::int64_t oldest_kept(std::uint32_t keep_days) {
  return core::now_ms() - std::int64_t{keep_days} * core::milliseconds_per_day;
}

#define EUNOMIA_JOB_COLUMNS                                                                                        \
  "id, kind, subject, arguments, state, cancel_requested, stage, done, total, result, error_code, error_message, " \
  "created_at, started_at, ended_at, attempts, changes"

record record_of(const sql::row& row) {
  record of;
  of.id = row.int64(0);
  of.kind = row.text(1);
  of.about = row.text(2);
  of.arguments = row.text(3);
  of.is = state_named(row.text(4));
  of.cancel_requested = row.int64(5) != 0;
  of.stage = row.text(6);
  of.done = row.uint64(7);
  of.total = row.uint64(8);
  of.result = row.text(9);
  of.error_code = row.text(10);
  of.error_message = row.text(11);
  of.created_at = row.int64(12);
  of.started_at = row.int64(13);
  of.ended_at = row.int64(14);
  of.attempts = static_cast<std::uint32_t>(row.uint64(15));
  of.revision = row.uint64(16) << reports_bits;
  return of;
}

std::uint64_t changes_of(const record& of) {
  return of.revision >> reports_bits;
}

}  // namespace

const std::span<const sql::migration> migrations = steps;

std::string_view name_of(state s) noexcept {
  return names[static_cast<std::size_t>(s)];
}

void check_queue(sql::connection& in, std::size_t max_queued) {
  const std::uint64_t queued = in.query_one("SELECT count(*) FROM job WHERE state = 'queued'")[0].uint64(0);
  if (queued >= max_queued) {
    throw core::error(
        core::errc::unavailable,
        fmt::format("{} jobs are waiting (max_queued = {}): let some end, or cancel them", queued, max_queued));
  }
}

std::int64_t insert(sql::transaction& in, std::string_view kind, std::string_view about, std::string_view arguments) {
  return in
      .query_one(
          "INSERT INTO job (kind, subject, arguments, state, created_at) "
          "VALUES (:kind, :subject, :arguments, 'queued', :now) RETURNING id",
          {{"kind", kind}, {"subject", about}, {"arguments", arguments}, {"now", core::now_ms()}})[0]
      .int64(0);
}

record select(sql::connection& in, std::int64_t id) {
  const sql::rows found = in.query_one("SELECT " EUNOMIA_JOB_COLUMNS " FROM job WHERE id = :id", {{"id", id}});
  if (found.empty()) {
    throw core::error(core::errc::not_found,
                      fmt::format("job {}: there is none (ended jobs are removed after a time)", id));
  }
  return record_of(found[0]);
}

jobs::page select_page(sql::connection& in, std::size_t count, std::int64_t before, std::string_view kind) {
  const std::int64_t below = before == 0 ? INT64_MAX : before;
  // One more than asked for tells whether there are more.
  const std::int64_t limit = static_cast<std::int64_t>(count) + 1;
  const sql::rows found = kind.empty()
                              ? in.query("SELECT " EUNOMIA_JOB_COLUMNS
                                         " FROM job WHERE id < :below ORDER BY id DESC LIMIT CAST(:limit AS BIGINT)",
                                         {{"below", below}, {"limit", limit}})
                              : in.query("SELECT " EUNOMIA_JOB_COLUMNS
                                         " FROM job WHERE kind = :kind AND id < :below ORDER BY id DESC "
                                         "LIMIT CAST(:limit AS BIGINT)",
                                         {{"kind", kind}, {"below", below}, {"limit", limit}});
  jobs::page page;
  for (std::size_t i = 0; i < std::min(count, found.size()); ++i) {
    page.jobs.push_back(record_of(found[i]));
  }
  if (found.size() > count) {
    page.next = page.jobs.back().id;
  }
  return page;
}

std::vector<record> select_unfinished(sql::connection& in, std::string_view kind) {
  std::vector<record> found;
  in.each("SELECT " EUNOMIA_JOB_COLUMNS " FROM job WHERE kind = :kind AND state IN ('queued', 'running') ORDER BY id",
          {{"kind", kind}}, [&](const sql::row& r) { found.push_back(record_of(r)); });
  return found;
}

bool any_queued(sql::connection& in, kinds_view kinds) {
  return !in.query_one("SELECT id FROM job WHERE state = 'queued' AND kind IN {texts:kinds} LIMIT 1",
                       {{"kinds", kinds}})
              .empty();
}

std::optional<record> take(sql::transaction& in, kinds_view kinds) {
  const sql::rows taken = in.query_one(
      "UPDATE job SET state = 'running', started_at = :now, attempts = attempts + 1, "
      "changes = changes + 1 WHERE id = (SELECT id FROM job WHERE state = 'queued' AND "
      "kind IN {texts:kinds} ORDER BY id LIMIT 1) RETURNING " EUNOMIA_JOB_COLUMNS,
      {{"now", core::now_ms()}, {"kinds", kinds}});
  return taken.empty() ? std::nullopt : std::optional(record_of(taken[0]));
}

std::optional<state> end(sql::transaction& in, const record& begun, const ending& how) {
  constexpr std::string_view only_this_attempt = " WHERE id = :id AND state = 'running' AND changes = :changes";
  const sql::argument id("id", begun.id);
  const sql::argument changes("changes", changes_of(begun));
  if (how.is == state::queued) {
    const std::uint64_t put_back =
        in.execute(fmt::format("UPDATE job SET state = 'queued', started_at = 0, attempts = attempts - 1, "
                               "changes = changes + 1{} AND cancel_requested = 0",
                               only_this_attempt),
                   {id, changes});
    if (put_back != 0) {
      return state::queued;
    }
  }
  const state last = how.is == state::queued ? state::cancelled : how.is;
  const std::uint64_t ended =
      in.execute(fmt::format("UPDATE job SET state = :state, stage = :stage, done = :done, total = :total, "
                             "result = :result, error_code = :code, error_message = :message, ended_at = :now, "
                             "changes = changes + 1{}",
                             only_this_attempt),
                 {{"state", name_of(last)},
                  {"stage", how.stage},
                  {"done", how.done},
                  {"total", how.total},
                  {"result", how.result},
                  {"code", how.error_code},
                  {"message", how.error_message},
                  {"now", core::now_ms()},
                  id,
                  changes});
  return ended == 0 ? std::nullopt : std::optional(last);
}

record request_cancel(sql::transaction& in, std::int64_t id, bool at_work) {
  const record now = select(in, id);
  if (now.is != state::queued && now.is != state::running) {
    throw core::error(core::errc::failed_precondition,
                      fmt::format("job {} has ended ({}): there is nothing to cancel", id, name_of(now.is)));
  }
  if (now.is == state::running && at_work) {
    in.execute("UPDATE job SET cancel_requested = 1 WHERE id = :id", {{"id", id}});
  } else {
    in.execute(
        "UPDATE job SET state = 'cancelled', cancel_requested = 1, ended_at = :now, changes = changes + 1 "
        "WHERE id = :id",
        {{"id", id}, {"now", core::now_ms()}});
  }
  return select(in, id);
}

void recover(sql::transaction& in, kinds_view kinds, std::uint32_t max_attempts) {
  const std::int64_t now = core::now_ms();
  in.execute(
      "UPDATE job SET state = 'cancelled', ended_at = :now, changes = changes + 1 "
      "WHERE state = 'running' AND cancel_requested = 1 AND kind IN {texts:kinds}",
      {{"now", now}, {"kinds", kinds}});
  in.execute(
      "UPDATE job SET state = 'failed', ended_at = :now, changes = changes + 1, error_code = :code, "
      "error_message = 'the process ended ' || CAST(attempts AS TEXT) || :why "
      "WHERE state = 'running' AND attempts >= :max_attempts AND kind IN {texts:kinds}",
      {{"now", now},
       {"code", core::name_of(core::errc::resource_exhausted)},
       {"why", fmt::format(" times during this job (max_attempts = {}): look for what ended it, such as too "
                           "little memory, and submit it again",
                           max_attempts)},
       {"max_attempts", max_attempts},
       {"kinds", kinds}});
  in.execute(
      "UPDATE job SET state = 'queued', started_at = 0, changes = changes + 1 "
      "WHERE state = 'running' AND kind IN {texts:kinds}",
      {{"kinds", kinds}});
}

std::vector<unknown_kind> unknown_kinds(sql::connection& in, kinds_view known) {
  std::vector<unknown_kind> unknown;
  in.each(
      "SELECT kind, count(*) FROM job WHERE state IN ('queued', 'running') AND kind NOT IN {texts:known} "
      "GROUP BY kind ORDER BY kind",
      {{"known", known}}, [&](const sql::row& row) {
        unknown.push_back({std::string(row.text(0)), row.uint64(1)});
      });
  return unknown;
}

bool must_prune(sql::connection& in, std::uint32_t keep_days, std::size_t max_kept) {
  return !in.query_one("SELECT id FROM job WHERE ended_at > 0 AND ended_at < :oldest LIMIT 1",
                       {{"oldest", oldest_kept(keep_days)}})
              .empty() ||
         !in.query_one(
                "SELECT id FROM job WHERE ended_at > 0 ORDER BY ended_at DESC, id DESC "
                "LIMIT 1 OFFSET CAST(:kept AS BIGINT)",
                {{"kept", max_kept}})
              .empty();
}

void prune(sql::transaction& in, std::uint32_t keep_days, std::size_t max_kept) {
  in.execute(
      "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE ended_at > 0 AND ended_at < :oldest "
      "ORDER BY ended_at LIMIT CAST(:most AS BIGINT))",
      {{"most", max_pruned}, {"oldest", oldest_kept(keep_days)}});
  in.execute(
      "DELETE FROM job WHERE id IN (SELECT id FROM job WHERE ended_at > 0 ORDER BY ended_at DESC, id DESC "
      "LIMIT CAST(:most AS BIGINT) OFFSET CAST(:kept AS BIGINT))",
      {{"most", max_pruned}, {"kept", max_kept}});
}

}  // namespace eunomia::job
