// What of a dataset is past its time, and who is in it at all.
#include <algorithm>

#include "core/subject_handles.h"
#include "core/time.h"
#include "recommend/dataset.h"
#include "recommend/dataset_state.h"
#include "recommend/dataset_tables.h"

namespace eunomia::recommend {

namespace sql = store::sql;
namespace table = store::table;

expired_rows dataset::expire(std::int64_t before, std::span<const core::subject_handle> spared, core::thread_pool& pool,
                             core::job& job) const {
  settle(pool, job);
  expired_rows taken;
  state_->log.while_nothing_is_rewritten([&] {
    const auto staged =
        owner_->tables_.stage_expire(table_name(data_kind::interactions), {"TIMESTAMP", before}, spared, pool, job);
    taken.interactions = commit_expired(*staged, before);
    taken.profiles = expire_profiles(before, spared, pool, job);
  });
  if (taken.interactions > 0) {
    state_->tell([](dataset_listener& to) { to.interactions_changed(); });
  }
  if (taken.profiles > 0) {
    state_->tell([](dataset_listener& to) { to.people_changed(); });
  }
  return taken;
}

std::uint64_t dataset::expire_profiles(std::int64_t before, std::span<const core::subject_handle> spared,
                                       core::thread_pool& pool, core::job& job) const {
  table::table_store& tables = owner_->tables_;
  const std::string profiles = table_name(data_kind::users);
  auto gone = tables.people_of(profiles, table::rows_below{"IMPORTED_AT", before}, pool, job);
  core::leave_out(gone, spared);
  if (!gone.empty()) {
    core::leave_out(gone, tables.people_of(table_name(data_kind::interactions), {}, pool, job));
  }
  std::uint64_t rows = 0;
  for (std::size_t first = 0; first < gone.size(); first += table::max_named_rows) {
    const auto some = std::span(gone).subspan(first, std::min(table::max_named_rows, gone.size() - first));
    rows += commit_expired(*tables.stage_erase(profiles, some, pool, job), before);
  }
  return rows;
}

std::uint64_t dataset::commit_expired(table::removal& staged, std::int64_t before) const {
  if (staged.rows() == 0) {
    return 0;
  }
  table::staged_change* const one = &staged;
  table::write_naming(owner_->sql_, {&one, 1}, [&](sql::transaction& in) {
    staged.commit(in);
    in.execute(
        "INSERT INTO dataset_expiry (dataset_id, times, rows_before, last_at) VALUES (:id, 1, :before, :now)"
        " ON CONFLICT (dataset_id) DO UPDATE SET times = dataset_expiry.times + 1, rows_before = excluded.rows_before,"
        " last_at = excluded.last_at",
        {{"id", id_}, {"before", before}, {"now", core::now_ms()}});
  });
  staged.committed();
  return staged.rows();
}

std::int64_t dataset::expiries() const {
  return owner_->sql_.read([&](sql::connection& in) {
    return in.query_one("SELECT COALESCE(MAX(times), 0) FROM dataset_expiry WHERE dataset_id = :id", {{"id", id_}})[0]
        .int64(0);
  });
}

std::vector<core::subject_handle> dataset::people(core::thread_pool& pool, core::job& job) const {
  auto all = owner_->tables_.people_of(table_name(data_kind::interactions), {}, pool, job);
  const auto profiles = owner_->tables_.people_of(table_name(data_kind::users), {}, pool, job);
  all.insert(all.end(), profiles.begin(), profiles.end());
  core::sort_and_unite(all);
  return all;
}

std::vector<core::subject_handle> datasets::people_with_waiting_events() const {
  return sql_.read([](sql::connection& in) {
    std::vector<core::subject_handle> people;
    in.each("SELECT DISTINCT subject FROM dataset_event", {},
            [&](const sql::row& r) { people.emplace_back(r.uint64(0)); });
    core::sort_and_unite(people);
    return people;
  });
}

}  // namespace eunomia::recommend
