// Items and users put one by one: a small import of what several threads put at the same time, without a record of
// files. A part is written for each bucket that gets a row, and the rows that are replaced stay where they are, as the
// last row of an id counts: to take them out would rewrite 100,000 items for one. join_put() does that for many.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "core/error.h"
#include "core/time.h"
#include "core/utf8.h"
#include "recommend/admitted_people.h"
#include "recommend/dataset.h"
#include "recommend/dataset_state.h"
#include "recommend/import_reader.h"
#include "recommend/incoming_rows.h"
#include "recommend/metadata_values.h"

namespace eunomia::recommend {

namespace {

using core::errc;
using core::error;

constexpr int max_attempts = 3;
constexpr unsigned most_writers = 8;  // of parts at the same time

std::vector<metadata_record> checked(data_kind kind, std::span<const metadata_record> rows,
                                     const dataset_description& into) {
  if (kind == data_kind::interactions) {
    throw error(errc::invalid_argument, "rows of items and users are put; what people did is recorded as events");
  }
  if (rows.size() > max_records_per_put) {
    throw error(errc::invalid_argument, fmt::format("rows: {} are put at once, more than max_records_per_put = {}",
                                                    rows.size(), max_records_per_put));
  }
  const std::string of = fmt::format("{} of dataset \"{}\"", name_of(kind), into.name);
  std::vector<metadata_record> good;
  good.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    const std::string place = fmt::format("rows[{}]", i);
    const auto fault = import_identifier_fault(rows[i].id);
    if (fault || !core::is_utf8(rows[i].id)) {
      throw error(errc::invalid_argument, fmt::format("{}.id: {}", place, fault.value_or("is not UTF-8")));
    }
    good.push_back({rows[i].id, check_metadata_values(rows[i].values, into.columns_of(kind), place, of)});
  }
  return good;
}

// Rows by column, as an import reads them. Views of the records.
import_rows columns_of(std::span<const metadata_record* const> rows, data_kind kind,
                       std::span<const metadata_column> columns) {
  import_rows all;
  all.metadata.resize(columns.size());
  for (const metadata_record* const one : rows) {
    (kind == data_kind::items ? all.item : all.user).emplace_back(one->id);
    for (std::size_t c = 0; c < columns.size(); ++c) {
      const auto found = one->values.find(columns[c].name);
      all.metadata[c].emplace_back(found == one->values.end() ? std::string_view() : found->second);
    }
  }
  return all;
}

class function_listener final : public dataset_listener {
 public:
  function_listener(std::shared_ptr<dataset_state> in, dataset::told_of to)
      : state_(std::move(in)), to_(std::move(to)) {
    state_->add(*this);
  }
  ~function_listener() override { state_->remove(*this); }
  function_listener(const function_listener&) = delete;
  function_listener& operator=(const function_listener&) = delete;

  void recorded(std::span<const recorded_event>, std::uint64_t) override {}
  void forgotten(std::span<const core::subject_handle> gone) override { to_.forgotten(gone); }
  void interactions_changed() override {
    if (to_.interactions_changed) {
      to_.interactions_changed();
    }
  }
  void people_changed() override {}
  void items_put(std::span<const metadata_record> rows) override { to_.items_put(rows); }

 private:
  const std::shared_ptr<dataset_state> state_;
  const dataset::told_of to_;
};

std::vector<const metadata_record*> rows_of(std::span<put_order* const> orders) {
  std::vector<const metadata_record*> rows;
  for (const put_order* const one : orders) {
    for (const metadata_record& row : one->rows) {
      rows.push_back(&row);
    }
  }
  return rows;
}

}  // namespace

put_report dataset::put(data_kind kind, std::span<const metadata_record> rows) const {
  const std::vector<metadata_record> good = checked(kind, rows, description_);
  put_order order{.rows = good, .columns = &description_.columns_of(kind), .report = {}};
  if (good.empty()) {
    return order.report;
  }
  const auto store = [&](std::span<put_order* const> orders) {
    for (int attempt = 1;; ++attempt) {
      try {
        kind == data_kind::items ? put_items(orders) : put_users(orders);
        return;
      } catch (const error& problem) {
        // Somebody of these was forgotten, and is a new person now; or another process was here.
        if (problem.code() != errc::failed_precondition || attempt == max_attempts) {
          throw;
        }
      }
    }
  };
  (kind == data_kind::items ? state_->item_puts : state_->user_puts).put(order, store);
  return order.report;
}

std::shared_ptr<void> dataset::tell(told_of to) const {
  return std::make_shared<function_listener>(state_, std::move(to));
}

void dataset::put_items(std::span<put_order* const> orders) const {
  const std::vector<metadata_column>& columns = *orders.front()->columns;
  const auto rows = rows_of(orders);
  core::thread_pool pool(1);
  incoming_rows incoming(*this, data_kind::items, columns, std::nullopt, pool);
  incoming.take(columns_of(rows, data_kind::items, columns));
  incoming.finish();
  state_->log.while_open_to({}, [&] { incoming.publish(); });
  for (put_order* const one : orders) {
    one->report = {.stored = one->rows.size()};
    state_->tell([&](dataset_listener& to) { to.items_put(one->rows); });
  }
}

void dataset::put_users(std::span<put_order* const> orders) const {
  const std::vector<metadata_column>& columns = *orders.front()->columns;
  const auto rows = rows_of(orders);
  core::thread_pool pool(static_cast<unsigned>(std::min<std::size_t>(rows.size(), most_writers)));
  incoming_rows incoming(*this, data_kind::users, columns, std::nullopt, pool);
  std::vector<std::string_view> users;
  users.reserve(rows.size());
  for (const metadata_record* const one : rows) {
    users.emplace_back(one->id);
  }
  admissions who_may;
  for (const core::purpose& why : description_.purposes) {
    who_may.push_back(owner_->purposes_.admission_for(why));
  }
  const admitted_people admitted = admit(owner_->people_, *incoming.people(), who_may, users);
  std::vector<const metadata_record*> kept;
  kept.reserve(admitted.kept.size());
  for (const std::size_t i : admitted.kept) {
    kept.push_back(rows[i]);
  }
  if (!kept.empty()) {
    // Before parts are written for nothing.
    state_->log.refuse_closed(admitted.who);
    incoming.append(columns_of(kept, data_kind::users, columns), admitted.who);
    incoming.finish();
    state_->log.while_open_to(admitted.who, [&] { incoming.publish(); });
    state_->tell([&](dataset_listener& to) { to.profiles_put(admitted.who); });
  }
  auto next = admitted.kept.begin();
  std::size_t end = 0;
  for (put_order* const one : orders) {
    end += one->rows.size();
    const auto last = std::lower_bound(next, admitted.kept.end(), end);
    const auto stored = static_cast<std::uint64_t>(last - next);
    one->report = {.stored = stored, .not_admitted = one->rows.size() - stored};
    next = last;
  }
}

bool dataset::join_put_due() const {
  return std::ranges::any_of(
      std::array{state_->item_puts.waiting(), state_->user_puts.waiting()}, [](const put_queue::unjoined& now) {
        return now.commits >= join_after_puts || (now.commits > 0 && core::now_ms() - now.since >= join_age_ms);
      });
}

void dataset::join_put(core::thread_pool& pool, core::job& job) const {
  const auto join = [&](put_queue& puts, data_kind kind, std::string_view key) {
    const auto before = puts.waiting();
    if (before.commits == 0) {
      return;
    }
    state_->log.while_nothing_is_scanned([&] {
      puts.joined();  // what is put from here on may come too late for this
      owner_->tables_.compact(table_name(kind), 1, pool, job, key);
    });
  };
  join(state_->item_puts, data_kind::items, "ITEM_ID");
  join(state_->user_puts, data_kind::users, store::table::subject_column);
}

}  // namespace eunomia::recommend
