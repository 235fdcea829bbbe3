// What is held of one person put right (GDPR Art. 16).
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <optional>

#include "core/error.h"
#include "core/time.h"
#include "recommend/dataset.h"
#include "recommend/dataset_state.h"
#include "recommend/dataset_tables.h"
#include "recommend/metadata_values.h"

namespace eunomia::recommend {

namespace sql = store::sql;
namespace table = store::table;

void dataset::check(const rectification& wanted) const {
  checked_profile(wanted);
  if (wanted.wrong.size() > max_wrong_interactions) {
    throw core::error(core::errc::invalid_argument,
                      fmt::format("wrong_interactions: {}, more than max_wrong_interactions = {}", wanted.wrong.size(),
                                  max_wrong_interactions));
  }
}

std::map<std::string, std::string> dataset::checked_profile(const rectification& wanted) const {
  return check_metadata_values(wanted.profile, description_.users, "profile",
                               fmt::format("users of dataset \"{}\"", description_.name));
}

rectified_rows dataset::rectify(core::subject_handle who, const rectification& wanted, core::thread_pool& pool,
                                core::job& job) const {
  check(wanted);
  const auto profile = checked_profile(wanted);
  settle(pool, job);
  rectified_rows done;
  state_->log.while_nothing_is_rewritten([&] {
    std::vector<std::unique_ptr<table::staged_change>> changes;
    if (!wanted.wrong.empty()) {
      auto wrong = stage_wrong(who, wanted.wrong, pool, job);
      done.interactions = wrong->rows();
      changes.push_back(std::move(wrong));
    }
    if (!profile.empty()) {
      // Before its successor, which is in a part that this must not see.
      changes.push_back(owner_->tables_.stage_erase(table_name(data_kind::users), {&who, 1}, pool, job));
      changes.push_back(stage_profile(who, profile, pool, job));
      done.profiles = 1;
    }
    std::vector<table::staged_change*> staged;
    staged.reserve(changes.size());
    for (const auto& change : changes) {
      staged.push_back(change.get());
    }
    table::write_naming(owner_->sql_, staged, [&](sql::transaction& in) {
      for (table::staged_change* const change : staged) {
        change->commit(in);
      }
    });
    for (const auto& change : changes) {
      change->committed();
    }
  });
  state_->tell([&](dataset_listener& to) { to.forgotten({&who, 1}); });
  return done;
}

std::unique_ptr<table::removal> dataset::stage_wrong(core::subject_handle who, std::span<const wrong_interaction> wrong,
                                                     core::thread_pool& pool, core::job& job) const {
  std::vector<std::string_view> ids;
  ids.reserve(wrong.size());
  for (const wrong_interaction& one : wrong) {
    ids.push_back(one.item_id);
  }
  const auto handles = state_->items.find(ids);
  std::vector<table::row_key> keys;
  for (std::size_t i = 0; i < wrong.size(); ++i) {
    if (!handles[i]) {
      continue;
    }
    table::row_key& key = keys.emplace_back();
    key.emplace_back("ITEM_ID", *handles[i]);
    key.emplace_back("TIMESTAMP", wrong[i].time);
    if (!wrong[i].event_type.empty()) {
      key.emplace_back("EVENT_TYPE", wrong[i].event_type);
    }
    for (const auto& [column, text] : wrong[i].texts) {
      key.emplace_back(column, text.empty() ? table::key_value() : table::key_value(text));
    }
  }
  return owner_->tables_.stage_erase_some(table_name(data_kind::interactions), {who, keys}, pool, job);
}

std::unique_ptr<table::appender> dataset::stage_profile(core::subject_handle who,
                                                        const std::map<std::string, std::string>& changed,
                                                        core::thread_pool& pool, core::job& job) const {
  table::table_store& tables = owner_->tables_;
  const std::string name = table_name(data_kind::users);
  const std::vector<table::column> columns = tables.describe(name).columns;
  std::vector<std::string_view> names(columns.size());
  std::transform(columns.begin(), columns.end(), names.begin(),
                 [](const table::column& one) -> std::string_view { return one.name; });
  // The row that counts now: the last.
  std::optional<table::column_batch> now;
  tables.scan(name, core::purpose::rights_of_the_data_subject(), names, {.subjects = {&who, 1}}, pool, job,
              [&](const table::chunk& rows) {
                now.emplace(columns);
                for (std::size_t c = 0; c < columns.size(); ++c) {
                  now->columns[c].add_from(rows.columns[c], rows.rows - 1);
                }
              });
  table::column_batch right(columns);
  right.subjects.push_back(static_cast<std::int64_t>(who.value()));
  right.columns[0].add(core::now_ms());  // IMPORTED_AT
  for (std::size_t c = 1; c < columns.size(); ++c) {
    if (const auto value = changed.find(columns[c].name); value != changed.end()) {
      add_metadata_value(right.columns[c], value->second.empty() ? nullptr : &value->second);
    } else if (now) {
      right.columns[c].add_from(now->columns[c], 0);
    } else {
      right.columns[c].add_null();
    }
  }
  auto rows = tables.append(name, pool);
  rows->append(right);
  rows->finish();
  return rows;
}

}  // namespace eunomia::recommend
