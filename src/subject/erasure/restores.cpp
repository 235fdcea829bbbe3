#include "subject/erasure/restores.h"

#include "store/sql/dump.h"

namespace eunomia::subject {

namespace sql = store::sql;

namespace {

constexpr sql::migration migrations[] = {{"restores", 1, R"(
  CREATE TABLE subject_restore (
    id {text} PRIMARY KEY,
    backup_at BIGINT NOT NULL,
    restored_at BIGINT NOT NULL,
    replayed_at BIGINT NOT NULL,  -- 0: the ledger of erasures is still to be replayed
    erased BIGINT NOT NULL
  )
)"}};

}  // namespace

std::span<const sql::migration> restore_migrations() {
  return migrations;
}

bool was_loaded(sql::connection& in, std::string_view id) {
  return sql::has_table(in, "subject_restore") &&
         !in.query("SELECT id FROM subject_restore WHERE id = :id", {{"id", id}}).empty();
}

void begin_replay(sql::transaction& in, const restore_record& restored, ledger_file& ledger) {
  const core::subject_handle next(in.query_one("SELECT next_handle FROM subject_directory")[0].uint64(0));
  in.execute("UPDATE subject_directory SET next_handle = :next",
             {{"next", ledger.append_restore(next, restored.restored_at)}});
  in.execute(
      "INSERT INTO subject_restore (id, backup_at, restored_at, replayed_at, erased) VALUES (:id, :backup_at, "
      ":restored_at, 0, 0)",
      {{"id", restored.id}, {"backup_at", restored.backup_at}, {"restored_at", restored.restored_at}});
}

std::optional<restore_record> replay_pending(sql::connection& in) {
  const sql::rows found = in.query(
      "SELECT id, backup_at, restored_at FROM subject_restore WHERE replayed_at = 0 ORDER BY restored_at LIMIT 1");
  if (found.empty()) {
    return std::nullopt;
  }
  return restore_record{std::string(found[0].text(0)), found[0].int64(1), found[0].int64(2), 0, 0};
}

void complete_replay(sql::transaction& in, std::string_view id, std::uint64_t erased, std::int64_t now_ms) {
  in.execute("UPDATE subject_restore SET replayed_at = :now, erased = :erased WHERE id = :id",
             {{"now", now_ms}, {"erased", erased}, {"id", id}});
}

}  // namespace eunomia::subject
